//! A bell that is an `eventfd(2)`: a count in the kernel, behind a descriptor.

use super::Bell;
use ipcmark_core::{Error, Refusal, Result, Wait, WaitKind};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{self, Errno};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// `eventfd(2)`: a write adds to the count, a read takes all of it and sleeps while it is 0.
#[derive(Debug)]
pub struct EventBell {
    fd: OwnedFd,
}

impl EventBell {
    /// Takes the count; as [`Bell::sleep`], but where `O_NONBLOCK` is set on the descriptor, `EAGAIN` when it is 0.
    #[inline]
    pub fn take(&self) -> io::Result<u64> {
        let mut count = [0; 8];
        io::read(&self.fd, &mut count)?;
        Ok(u64::from_ne_bytes(count))
    }
}

impl AsFd for EventBell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Wait for EventBell {
    const KIND: WaitKind = WaitKind::Eventfd;
}

impl Bell for EventBell {
    const RING: &'static str = "write(eventfd)";
    const SLEEP: &'static str = "read(eventfd)";
    const REFERENCE: &'static str = "eventfd(2)";

    fn new() -> Result<EventBell> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC).map_err(|e| match e {
            Errno::NOSYS | Errno::PERM => Error::Unavailable(
                Refusal::new("this kernel or sandbox has no eventfd(2)")
                    .with_remedy("allow eventfd2(2) in the sandbox's seccomp profile"),
            ),
            _ => Error::os("eventfd", e),
        })?;
        Ok(EventBell { fd })
    }

    /// Rings; the count has 64 bits, so that it is never full.
    #[inline]
    fn ring(&self) -> io::Result<()> {
        io::write(&self.fd, &1u64.to_ne_bytes()).map(drop)
    }

    #[inline]
    fn sleep(&self) -> io::Result<u64> {
        self.take()
    }
}
