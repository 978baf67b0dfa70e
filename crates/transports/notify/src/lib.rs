//! Notifications: one process wakes another, and nothing passes but that.
//!
//! What it costs to wake a process, apart from any payload, and how the kernel's ways differ:
//!
//! - `eventfd(2)`: a count behind a descriptor. A write adds, a read takes all; it can be polled like any descriptor.
//! - `futex(2)`: a count in shared memory; the kernel only sleeps and wakes.
//! - A POSIX semaphore, [sem_overview(7)](https://man7.org/linux/man-pages/man7/sem_overview.7.html): the C library's
//!   count over a futex; who posts without a sleeper makes no call.
//! - A System V semaphore, [semop(2)](https://man7.org/linux/man-pages/man2/semop.2.html): each step is a call, and the
//!   set outlives its processes until it is removed.
//! - The exit of a process, [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html): see [`pidfd`].
//!
//! None of them can tell that the peer is gone; each has a [`Lifeline`](ipcmark_sys::lifeline) for that. All of them
//! count: what was notified before the listener came is not lost, and not merged.
#![forbid(unsafe_code)]

mod bells;
mod event;
pub mod pidfd;

pub use bells::{BellNotifier, NamedBell};
pub use event::Eventfd;
pub use ipcmark_sys::bell::{FutexBell, SemBell, SemopBell};
pub use pidfd::Pidfd;

use ipcmark_core::{Error, Result};
use ipcmark_sys::lifeline::Lifeline;
use rustix::io::Errno;

/// Rings until the bell takes it: one that counts no further waits until somebody listens.
#[inline]
fn ring(
    lifeline: &Lifeline,
    call: &'static str,
    mut ring_once: impl FnMut() -> rustix::io::Result<()>,
) -> Result<()> {
    loop {
        match ring_once() {
            Ok(()) => return Ok(()),
            Err(Errno::AGAIN) => until_it_counts(lifeline)?,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Error::os(call, errno)),
        }
    }
}

/// Lets the listener run. A bell that is full wakes it anyway, so that nothing is gained by sleeping here.
#[cold]
fn until_it_counts(lifeline: &Lifeline) -> Result<()> {
    rustix::thread::sched_yield();
    if lifeline.peer_is_gone() { Err(lifeline.end()) } else { Ok(()) }
}
