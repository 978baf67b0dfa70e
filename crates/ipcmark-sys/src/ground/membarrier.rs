//! A memory barrier in all processes that agreed to it, at the cost of the caller: `membarrier(2)`.
//!
//! Two processes that each store a word and then load the other's need a full fence between the two, in both, or both may
//! find the old value. Where one of them comes there a million times as often as the other, as a sender does that looks
//! after each message whether its receiver sleeps, the rare one can pay for both: the frequent one keeps store and load in
//! program order by telling the compiler so, and the rare one has the kernel interrupt all CPUs that run a process which
//! agreed to it. [`everywhere`] returns when each of them has been through a full barrier.
//!
//! # References
//! - [membarrier(2)](https://man7.org/linux/man-pages/man2/membarrier.2.html), `MEMBARRIER_CMD_GLOBAL_EXPEDITED`; Linux 4.16
//! - D. Goldblatt, [P1202, Asymmetric Fences](https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2020/p1202r3.pdf)

use ipcmark_core::{Called, Result};
use rustix::thread::{MembarrierCommand, membarrier};

/// Agrees, for all threads of this process, to be interrupted by [`everywhere`], here and elsewhere. Agreeing again does
/// nothing. Each process does it for itself: a program that is executed again begins without.
///
/// # Errors
/// `ENOSYS` or `EINVAL` where the kernel has no such barrier, is older than 4.16, or keeps whole CPUs free of interrupts
/// (`nohz_full`); `EPERM` or `ENOSYS` if a filter (`seccomp`) denies it.
pub fn agree() -> Result<()> {
    membarrier(MembarrierCommand::RegisterGlobalExpedited)
        .called("membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED)")
}

/// Returns when this thread, and each running thread of all processes that have [agreed](agree), has been through a full
/// memory barrier between call and return; a thread that does not run went through one when it was taken off its CPU.
/// Some microseconds: an interrupt to each CPU that runs such a process, and its answer.
pub fn everywhere() -> Result<()> {
    membarrier(MembarrierCommand::GlobalExpedited)
        .called("membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED)")
}
