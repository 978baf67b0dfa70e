//! What a side does while its ring gives it nothing: pause, let others run, or sleep.

use ipcmark_core::{Result, Wait, WaitKind};
use ipcmark_ring::spsc::ASLEEP;
use ipcmark_sys::futex;
use ipcmark_sys::lifeline::Lifeline;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// Looks between two questions to the lifeline: some 0.5 ms of spinning, beside which its system call is nothing.
const LOOKS: u32 = 1 << 14;
/// Yields between two questions to the lifeline.
const YIELDS: u32 = 1 << 10;
/// How long a hybrid wait spins before it sleeps: about what a wake-up across CPUs costs. Shorter, and every wait of
/// that length pays for a wake-up that a little patience would have saved.
const SPIN: Duration = Duration::from_micros(75);
/// How long a sleeper sleeps before it asks its lifeline.
const NAP: Duration = Duration::from_secs(1);

/// Something one half waits for: a message, or room.
pub trait Turn {
    /// Has it come? Also fails as the ring does.
    fn look(&mut self) -> Result<bool>;
    /// Says that this side sleeps.
    fn announce_sleep(&self);
    /// Says that it runs again.
    fn retract_sleep(&self);
    /// The word to sleep on.
    fn flag(&self) -> &AtomicU32;
}

/// What a wait may know of where it will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// Both sides must share one CPU: a side that spins keeps its peer from running.
    pub one_cpu: bool,
}

/// A wait strategy over a ring, as a type.
pub trait RingWait: Wait + Sized + Send {
    /// True when a side may sleep, so that its peer must look after each publication whether to wake it.
    const SLEEPS: bool;
    /// Made on each side, before the first message.
    fn prepare(site: Site) -> Self;
    /// Waits until `turn` has come, or fails, or the peer is gone.
    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()>;
}

/// Looks again and again, with a pause instruction between. The CPU never rests.
#[derive(Debug)]
pub struct Spin;

impl Wait for Spin {
    const KIND: WaitKind = WaitKind::Spin;
}

impl RingWait for Spin {
    const SLEEPS: bool = false;

    fn prepare(_: Site) -> Self {
        Spin
    }

    #[inline]
    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
        loop {
            for _ in 0..LOOKS {
                if turn.look()? {
                    return Ok(());
                }
                spin_loop();
            }
            if last_look(turn, lifeline)? {
                return Ok(());
            }
        }
    }
}

/// Looks again and again, with `sched_yield(2)` between.
#[derive(Debug)]
pub struct Yield;

impl Wait for Yield {
    const KIND: WaitKind = WaitKind::Yield;
}

impl RingWait for Yield {
    const SLEEPS: bool = false;

    fn prepare(_: Site) -> Self {
        Yield
    }

    #[inline]
    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
        loop {
            for _ in 0..YIELDS {
                if turn.look()? {
                    return Ok(());
                }
                yield_now();
            }
            if last_look(turn, lifeline)? {
                return Ok(());
            }
        }
    }
}

/// Spins for about as long as a wake-up costs, then sleeps on a futex until the peer publishes.
#[derive(Debug)]
pub struct Hybrid {
    /// Looks before it sleeps; 0 on one CPU, where the peer cannot run meanwhile.
    spins: u32,
    /// Longest sleep before it asks its lifeline.
    nap: Duration,
}

impl Wait for Hybrid {
    const KIND: WaitKind = WaitKind::Hybrid;
}

impl RingWait for Hybrid {
    const SLEEPS: bool = true;

    fn prepare(site: Site) -> Self {
        Hybrid { spins: if site.one_cpu { 0 } else { turns_in(SPIN) }, nap: NAP }
    }

    #[inline]
    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
        for _ in 0..self.spins {
            if turn.look()? {
                return Ok(());
            }
            spin_loop();
        }
        sleep(turn, lifeline, self.nap)
    }
}

#[cfg(test)]
impl Hybrid {
    /// Sleeps at once, and until it is woken: a lost wake-up hangs the test.
    pub(crate) fn sleeper() -> Self {
        Hybrid { spins: 0, nap: Duration::from_secs(3600) }
    }
}

/// Sleeps until the turn has come, as [`ipcmark_ring::spsc`] prescribes.
#[cold]
fn sleep(turn: &mut impl Turn, lifeline: &Lifeline, nap: Duration) -> Result<()> {
    loop {
        turn.announce_sleep();
        let came = turn.look();
        let asleep = Instant::now();
        if let Ok(false) = came {
            futex::wait(turn.flag(), ASLEEP, nap)?;
        }
        turn.retract_sleep();
        if came? || turn.look()? {
            return Ok(());
        }
        if asleep.elapsed() >= nap && last_look(turn, lifeline)? {
            return Ok(());
        }
    }
}

/// After a long wait: fails when the peer is gone, unless the turn has come after all.
#[cold]
fn last_look(turn: &mut impl Turn, lifeline: &Lifeline) -> Result<bool> {
    if !lifeline.peer_is_gone() {
        return Ok(false);
    }
    // What the peer published, it published before its end of the lifeline was closed.
    if turn.look()? { Ok(true) } else { Err(lifeline.end()) }
}

/// How many looks with their pauses fit into `time` on this CPU. The fastest of a few trials counts: whatever disturbs
/// a trial makes it slower.
fn turns_in(time: Duration) -> u32 {
    const TRIALS: u32 = 5;
    const TURNS: u32 = 512;
    let word = AtomicU32::new(0);
    let trial = || {
        let start = Instant::now();
        for _ in 0..TURNS {
            std::hint::black_box(&word).load(Ordering::Acquire);
            spin_loop();
        }
        start.elapsed()
    };
    let fastest_ns = (0..TRIALS).map(|_| trial().as_nanos()).min().unwrap_or(0).max(1);
    let turns = time.as_nanos() * u128::from(TURNS) / fastest_ns;
    // A pause lasts 1 to 100 ns on the CPUs there are; a clock that says otherwise is not believed.
    turns.clamp(time.as_nanos() / 150, time.as_nanos()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cpu_means_no_spinning() {
        assert_eq!(Hybrid::prepare(Site { one_cpu: true }).spins, 0);
        assert!(Hybrid::prepare(Site { one_cpu: false }).spins >= 500);
    }

    #[test]
    fn twice_the_time_holds_more_turns() {
        assert!(turns_in(SPIN * 16) > turns_in(SPIN));
    }
}
