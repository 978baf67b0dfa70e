//! Sleeping on a word, and waking, without losing a wake-up; and who pays for the order that this needs.
//!
//! Each half of a ring has a need-wake flag: an aligned word in the shared memory, fit for `futex(2)`, on its own line
//! that is written around a sleep only.
//!
//! | sleeper | peer |
//! | --- | --- |
//! | 1. [`announce`]: puts the flag up | 1. publishes: a commit, a release, a close |
//! | 2. has both sides ordered, see below | 2. [`take`]: looks at the flag |
//! | 3. looks again; something there: go to 5 | 3. it was up: takes it down, and wakes the sleeper |
//! | 4. sleeps while the flag holds what `announce` returned | |
//! | 5. [`retract`], looks again | |
//!
//! A flag taken down before step 4 makes step 4 return at once, because a futex compares the word before it sleeps. So only
//! one thing can go wrong: each side stores and then loads what the other stores (flag and publication, publication and
//! flag), and a CPU may let a load overtake a store. If both do, the peer finds no flag, the sleeper finds nothing published,
//! and sleeps for ever. [`Fencing`] says what forbids it:
//!
//! - **Both**: a SeqCst fence between store and load on either side. The two fences are totally ordered. If the sleeper's
//!   comes first, the peer sees the flag; if the peer's comes first, the sleeper sees what was published.
//! - **Sleeper**: the peer only keeps the compiler from changing the order, and step 2 of the sleeper is a call that returns
//!   when every thread that may be the peer went through a full barrier while it lasted (`membarrier(2)`; this crate makes no
//!   system calls, the caller does). That barrier falls somewhere into the peer's program. If it falls before the peer's
//!   look at the flag, the flag was stored before it, and the look finds it. If it falls after that look, it also falls after
//!   the publication, and the sleeper, which looks after the barrier, finds that. A peer that runs on no CPU went through
//!   a barrier when it was taken off its CPU. So the publisher pays one load of a line that it has in its cache, and who
//!   is about to sleep pays a few microseconds on top of the tens that a sleep and a wake-up take.
//!
//! With a fence the publication must have left the CPU's store buffer before anything after it begins, so that a stream
//! waits for the receiver's line at each message instead of going on meanwhile.
//!
//! Both sides must go by the same `Fencing`. A publisher without a fence and a sleeper that makes no such call lose
//! wake-ups; so the agreement belongs to the set-up, before either side runs.
//!
//! # Several on one flag
//! Producers of one ring share a flag, and one that is merely up or down would lose a wake-up: one producer is about to
//! sleep, the consumer takes the flag down, another producer puts it up again and finds room, and the first goes to sleep on
//! a flag that is up although its room is there. So flags count: bit 0 says that somebody sleeps, and taking it down adds 1.
//! Who announced before that finds another value, whatever happened since. (loom found it.) Several may publish, too: one of
//! them takes the flag down and wakes.

use crate::sync::{AtomicU32, Ordering, fence};

/// Bit 0 of a flag: its owner, or one of them, sleeps or is about to.
const UP: u32 = 1;

/// Barrier that keeps a load of the other side's word behind the store of this side's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fencing {
    /// Each side has its own fence.
    Both,
    /// The sleeper makes a system call, after [`announce`], that is a full barrier in every process that may publish.
    Sleeper,
}

/// Says that this side sleeps; returns what the flag holds while it does. Under [`Fencing::Sleeper`] the barrier follows;
/// then look again before sleeping.
#[cold]
#[must_use = "it is what the flag must still hold when the sleep begins"]
pub fn announce(flag: &AtomicU32) -> u32 {
    announce_in_order(flag, true)
}

/// Says that this side runs again. Not where others may sleep on the same flag.
#[cold]
pub fn retract(flag: &AtomicU32) {
    flag.fetch_and(!UP, Ordering::Relaxed);
}

/// Returns true after a publication if a process sleeps on the peer's `flag` and must now be woken.
#[inline]
#[must_use = "a sleeper that is not woken sleeps on"]
pub fn take(flag: &AtomicU32, fencing: Fencing) -> bool {
    take_in_order(flag, fencing, true)
}

/// Works as [`announce`]; out of order where a model wants that mistake.
#[inline]
pub(crate) fn announce_in_order(flag: &AtomicU32, in_order: bool) -> u32 {
    let asleep = flag.fetch_or(UP, Ordering::Relaxed) | UP;
    if in_order {
        fence(Ordering::SeqCst);
    }
    asleep
}

/// Works as [`take`]; out of order where a model wants that mistake.
#[inline]
pub(crate) fn take_in_order(flag: &AtomicU32, fencing: Fencing, in_order: bool) -> bool {
    if in_order {
        match fencing {
            Fencing::Both => fence(Ordering::SeqCst),
            Fencing::Sleeper => ordered_by_the_sleeper(),
        }
    }
    flag.load(Ordering::Relaxed) & UP != 0 && take_down(flag)
}

/// Returns an exchange, because two publishers may look at once and one wake-up is enough.
#[cold]
fn take_down(flag: &AtomicU32) -> bool {
    let found = flag.load(Ordering::Relaxed);
    let (next, relaxed) = (found.wrapping_add(1), Ordering::Relaxed);
    found & UP != 0 && flag.compare_exchange(found, next, relaxed, relaxed).is_ok()
}

/// Keeps the compiler from changing the order; the sleeper's barrier does the rest.
#[cfg(not(loom))]
#[inline]
fn ordered_by_the_sleeper() {
    core::sync::atomic::compiler_fence(Ordering::SeqCst);
}

/// Models a barrier that one thread puts into another, which loom does not know. The pair is to behave like a fence on either side, and stands
/// here as one; that a machine keeps to it is tried in two processes (`ipcmark-shm`, `tests/wake_ups.rs`).
#[cfg(loom)]
fn ordered_by_the_sleeper() {
    fence(Ordering::SeqCst);
}

/// The two mistakes, for loom to find.
#[cfg(loom)]
pub mod flawed {
    use super::{AtomicU32, Fencing};

    /// Returns a sleeper that has nothing ordered between its flag and its second look.
    #[must_use]
    pub fn announce(flag: &AtomicU32) -> u32 {
        super::announce_in_order(flag, false)
    }

    /// Returns a publisher that has nothing ordered between its publication and its look at the
    /// flag.
    #[must_use]
    pub fn take(flag: &AtomicU32, fencing: Fencing) -> bool {
        super::take_in_order(flag, fencing, false)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_wake_up_a_sleep_and_none_after_it() {
        for fencing in [Fencing::Both, Fencing::Sleeper] {
            let flag = AtomicU32::new(0);
            assert!(!take(&flag, fencing));
            let first = announce(&flag);
            assert_eq!(flag.load(Ordering::Relaxed), first);
            assert!(take(&flag, fencing));
            assert!(!take(&flag, fencing), "one wake-up a sleep");
            retract(&flag);
            let second = announce(&flag);
            assert_ne!(first, second, "who slept on the first must not sleep on the second");
            retract(&flag);
            assert!(!take(&flag, fencing));
        }
    }

    #[test]
    fn a_second_sleeper_on_one_flag_leaves_the_first_awake() {
        let flag = AtomicU32::new(u32::MAX - 1);
        let first = announce(&flag);
        assert!(take(&flag, Fencing::Both));
        let second = announce(&flag);
        assert_eq!(flag.load(Ordering::Relaxed), second);
        assert_ne!(first, second);
        assert!(take(&flag, Fencing::Both));
    }
}
