//! Waits that sleep on the flag in the ring itself: `futex(2)`.

use super::budget::Budget;
use super::{NAP, RingWait, Seat, Site, Turn, sleep};
use ipcmark_core::{Names, Result, SpinBudget, Wait, WaitKind};
use ipcmark_ring::sleep::Fencing;
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::{futex, membarrier};
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

/// Time that a hybrid wait spins before it sleeps, µs: about as long as a wake-up across CPUs takes at its longest, 50 to 100 µs
/// where the host lets an idle CPU halt. Who spins as long as a wake-up costs never takes more than twice what the best
/// choice for each single wait would (A. Karlin et al., "Competitive randomized algorithms for nonuniform problems", 1990).
///
/// Messages after random gaps (Poisson), two CPUs of a virtual machine, woken processes 14 to 16 µs late: mean latency, µs, and
/// the receiver's share of its CPU; medians of four. Columns are mean gaps.
///
/// | spin | 25 µs | 50 µs | 100 µs | 200 µs | 500 µs |
/// | --- | --- | --- | --- | --- | --- |
/// | none | 13, 59 % | 14, 38 % | 16, 22 % | 23, 14 % | 22, 5 % |
/// | 20 µs | 6.6, 80 % | 9.5, 57 % | 14, 35 % | 37, 22 % | 25, 9 % |
/// | 50 µs | 2.3, 93 % | 6.9, 77 % | 14, 51 % | 22, 34 % | 34, 15 % |
/// | 75 µs | 1.2, 97 % | 4.1, 86 % | 7.9, 66 % | 12, 44 % | 20, 21 % |
/// | 100 µs | 1.1, 98 % | 3.0, 92 % | 6.7, 74 % | 13, 50 % | 21, 25 % |
/// | 150 µs | 0.7, 99 % | 1.4, 97 % | 5.0, 81 % | 10, 59 % | 18, 31 % |
///
/// There is no step at which it is right: CPU time buys latency all the way, and beyond 75 µs it buys little. With wake-ups as short
/// as these, half of it would do; with those of an idle host it would not. `cargo bench --bench waits -- arrivals` measures it
/// again. A constant, and not a wake-up measured for each link: it is part of what the row is, and rows are compared
/// between runs and machines.
const SPIN_US: u64 = 75;

/// Sleeps while the flag holds `asleep`; false when `nap` passed first.
fn doze(flag: &AtomicU32, asleep: u32, nap: Duration) -> Result<bool> {
    let begun = Instant::now();
    futex::wait(flag, asleep, nap)?;
    Ok(begun.elapsed() < nap)
}

/// Sleeps on a futex at once, until the peer publishes.
#[derive(Debug)]
pub struct Futex;

impl Wait for Futex {
    const KIND: WaitKind = WaitKind::Futex;
}

impl RingWait for Futex {
    const SLEEPS: bool = true;
    type Bells = ();

    fn bells(_: &Names) -> Result<()> {
        Ok(())
    }

    fn prepare(_: Site, (): &(), _: Seat, _: &Arc<Lifeline>) -> Result<Self> {
        Ok(Futex)
    }

    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
        sleep(turn, lifeline, self.fencing(), |flag, asleep| doze(flag, asleep, NAP))
    }

    fn wake(&self, flag: &AtomicU32) -> Result<()> {
        futex::wake_all(flag)
    }
}

/// Spins for about as long as a wake-up costs, then sleeps on a futex until the peer publishes. While both sides are
/// busy it makes no system call and pays for no fence: who is about to sleep has the publishers ordered ([`membarrier`]).
///
/// Its availability is tested before the fork and holds for both sides: on one CPU, where a side sleeps at
/// each wait, and where the kernel refuses `membarrier(2)`, each publication has its fence, as in [`FencedHybrid`].
pub type Hybrid = HybridAs<SPIN_US, false>;

/// Wait like [`Hybrid`] that always has a fence at each publication: the fallback of `Hybrid`, to measure its cost.
pub type FencedHybrid = HybridAs<SPIN_US, true>;

/// Spins for `SPIN_US` microseconds, then sleeps on a futex; with a fence at each publication where `FENCED`.
#[derive(Debug)]
pub struct HybridAs<const SPIN_US: u64, const FENCED: bool> {
    budget: Budget,
    /// Longest sleep before it asks its lifeline.
    nap: Duration,
    fencing: Fencing,
}

impl<const SPIN_US: u64, const FENCED: bool> Wait for HybridAs<SPIN_US, FENCED> {
    const KIND: WaitKind = WaitKind::Hybrid;
}

impl<const SPIN_US: u64, const FENCED: bool> RingWait for HybridAs<SPIN_US, FENCED> {
    const SLEEPS: bool = true;
    type Bells = ();

    fn bells(_: &Names) -> Result<()> {
        Ok(())
    }

    fn prepare(site: Site, (): &(), _: Seat, _: &Arc<Lifeline>) -> Result<Self> {
        let fencing = if FENCED { Fencing::Both } else { site.fencing };
        if fencing == Fencing::Sleeper {
            // The peer relies on it: a side that cannot must not run.
            membarrier::agree()?;
        }
        // On one CPU the peer cannot run meanwhile: a side spins there only if that was asked for.
        let own_us = if site.one_cpu { 0 } else { SPIN_US as u32 };
        let budget = Budget::new(site.spin.unwrap_or(SpinBudget::Fixed { us: own_us }));
        Ok(HybridAs { budget, nap: NAP, fencing })
    }

    #[inline]
    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
        for _ in 0..self.budget.looks() {
            if turn.look()? {
                return Ok(());
            }
            spin_loop();
        }
        self.budget.around_sleep(|| {
            sleep(turn, lifeline, self.fencing, |flag, asleep| doze(flag, asleep, self.nap))
        })
    }

    #[inline]
    fn wake(&self, flag: &AtomicU32) -> Result<()> {
        futex::wake_all(flag)
    }

    #[inline]
    fn fencing(&self) -> Fencing {
        self.fencing
    }
}

#[cfg(test)]
impl<const SPIN_US: u64, const FENCED: bool> HybridAs<SPIN_US, FENCED> {
    /// Sleeps at once, and until it is woken: a lost wake-up hangs the test.
    pub(crate) fn never_spin(&mut self) {
        let budget = Budget::new(SpinBudget::Fixed { us: 0 });
        (self.budget, self.nap) = (budget, Duration::from_secs(3600));
    }
}
