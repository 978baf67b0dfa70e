//! What a side does while its ring gives it nothing: pause, let others run, or sleep.

mod bell;
mod budget;
mod condvar;
mod futex;
mod spin;

pub use bell::{Belled, Bells};
pub use condvar::Condvar;
pub use futex::{FencedHybrid, Futex, Hybrid, HybridAs};
pub use spin::{Pause, Spin, Yield};

use ipcmark_core::{Availability, Limits, Names, Result, Side, SpinBudget, Wait};
use ipcmark_ring::sleep::{Fencing, announce, retract};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::membarrier;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Time that a sleeper sleeps before it asks its lifeline.
const NAP: Duration = Duration::from_millis(250);

/// Something one half waits for: a message, or room.
pub trait Look {
    /// Has it come? Also fails as the ring does.
    fn look(&mut self) -> Result<bool>;
    /// Repairs after a long wait what a dead process left in the way, if anything.
    fn recover(&mut self) {}
}

/// Something one half may sleep for, because the side that brings it checks a flag whether to wake it.
pub trait Turn: Look {
    /// Others may sleep on the same flag, so that who runs again leaves it as it is.
    const SHARED_FLAG: bool = false;
    /// Returns the word to sleep on.
    fn flag(&self) -> &AtomicU32;
}

/// Facts that a wait may know about its CPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// Both sides must share one CPU: a side that spins keeps its peer from running.
    pub one_cpu: bool,
    /// Barrier against lost wake-ups, for waits that leave the choice open.
    pub fencing: Fencing,
    /// Time for which a hybrid wait spins; `None` leaves it to the wait.
    pub spin: Option<SpinBudget>,
}

impl Site {
    /// Decides before the fork, so that both sides use the same.
    pub(crate) fn of(one_cpu: bool, spin: Option<SpinBudget>) -> Site {
        // Where a side sleeps at each wait, a fence costs less than interrupting others. Else the call is asked for by
        // agreeing to it: what counts is not whether the kernel has it but whether it is granted here.
        let fenced = one_cpu || membarrier::agree().is_err();
        Site { one_cpu, fencing: if fenced { Fencing::Both } else { Fencing::Sleeper }, spin }
    }
}

/// Half and side that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The side.
    pub side: Side,
    /// Its half.
    pub half: Half,
}

/// A half of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Waits for room.
    Sender,
    /// Waits for a message.
    Receiver,
}

impl Seat {
    /// Returns the other end of the same ring, which wakes this one.
    #[must_use]
    pub fn opposite(self) -> Seat {
        let half = match self.half {
            Half::Sender => Half::Receiver,
            Half::Receiver => Half::Sender,
        };
        Seat { side: self.side.peer(), half }
    }
}

/// A wait that never sleeps, so no process has to wake it.
pub trait Watch: Wait + Sized + Send {
    /// Looks until it has come, or fails, or the peer is gone.
    fn watch(look: &mut impl Look, lifeline: &Lifeline) -> Result<()>;
}

/// A wait strategy over a ring, as a type.
pub trait RingWait: Wait + Sized + Send {
    /// True when a side may sleep, so that its peer must look after each publication whether to wake it.
    const SLEEPS: bool;
    /// Objects next to the ring by which the halves of one link wake each other; made before the fork.
    type Bells;
    /// Tests if it is available here, now.
    fn available() -> Availability {
        Availability::Available(Limits::none())
    }
    /// Makes the bells.
    fn bells(names: &Names) -> Result<Self::Bells>;
    /// Makes the wait of a half, before the first message, in the thread that will wait.
    fn prepare(
        site: Site,
        bells: &Self::Bells,
        seat: Seat,
        lifeline: &Arc<Lifeline>,
    ) -> Result<Self>;
    /// Waits until `turn` has come, or fails, or the peer is gone.
    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()>;
    /// Wakes the opposite half, whose `flag` was up and has been taken down.
    fn wake(&self, flag: &AtomicU32) -> Result<()>;
    /// Returns what this half and the opposite one agreed on, so that no wake-up is lost between
    /// them.
    #[inline]
    fn fencing(&self) -> Fencing {
        Fencing::Both
    }
    /// Wakes the opposite half after a publication, if its flag says that it sleeps.
    #[inline]
    fn published(&self, peers_flag: &AtomicU32) -> Result<()> {
        if Self::SLEEPS && ipcmark_ring::sleep::take(peers_flag, self.fencing()) {
            return self.wake(peers_flag);
        }
        Ok(())
    }
}

/// Sleeps until the turn has come, as [`ipcmark_ring::sleep`] prescribes. `doze` is given the flag and what it holds; it
/// sleeps until the peer wakes it, not at all if it has already, and says false when it slept for long and was not woken.
#[cold]
fn sleep<T: Turn>(
    turn: &mut T,
    lifeline: &Lifeline,
    fencing: Fencing,
    doze: impl Fn(&AtomicU32, u32) -> Result<bool>,
) -> Result<()> {
    loop {
        let asleep = announce(turn.flag());
        let ordered = match fencing {
            Fencing::Both => Ok(()),
            Fencing::Sleeper => membarrier::everywhere(),
        };
        let came = ordered.and_then(|()| turn.look());
        let woken = match came {
            Ok(false) => doze(turn.flag(), asleep),
            _ => Ok(true),
        };
        if !T::SHARED_FLAG {
            retract(turn.flag());
        }
        if came? || turn.look()? {
            return Ok(());
        }
        if !woken? && last_look(turn, lifeline)? {
            return Ok(());
        }
    }
}

/// Fails after a long wait if the peer is gone, unless the turn has come.
#[cold]
fn last_look(turn: &mut impl Look, lifeline: &Lifeline) -> Result<bool> {
    turn.recover();
    if !lifeline.peer_is_gone() {
        return Ok(false);
    }
    // What the peer published, it published before its end of the lifeline was closed.
    if turn.look()? { Ok(true) } else { Err(lifeline.end()) }
}
