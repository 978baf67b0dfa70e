//! What a side does between two looks at the file: a lock tells nothing.

use ipcmark_core::{Wait, WaitKind};

/// A wait strategy, as a type.
pub trait FileWait: Wait {
    /// Looks between two questions to the lifeline.
    const LONG: u32;
    /// Passes the time until the next look.
    fn pass();
}

/// Looks again at once. There is no pause instruction between: taking the lock is longer.
#[derive(Debug)]
pub struct Spin;

impl Wait for Spin {
    const KIND: WaitKind = WaitKind::Spin;
}

impl FileWait for Spin {
    /// Some ten milliseconds, at a few microseconds a look.
    const LONG: u32 = 1 << 11;

    #[inline]
    fn pass() {}
}

/// Looks again after `sched_yield(2)`.
#[derive(Debug)]
pub struct Yield;

impl Wait for Yield {
    const KIND: WaitKind = WaitKind::Yield;
}

impl FileWait for Yield {
    /// Few, since each may last a time slice where others want the CPU.
    const LONG: u32 = 1 << 8;

    #[inline]
    fn pass() {
        rustix::thread::sched_yield();
    }
}

/// Counts a look; true when there were enough to check if the peer is alive.
#[inline]
pub(crate) fn is_long<W: FileWait>(looks: &mut u32) -> bool {
    *looks = looks.wrapping_add(1);
    looks.is_multiple_of(W::LONG)
}
