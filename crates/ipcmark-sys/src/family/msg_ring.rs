//! io_uring as a mailbox: one process posts a completion into another's ring (`IORING_OP_MSG_RING`).
//!
//! A completion has two words, `user_data` and `res`, and both are the sender's to choose: no memory is shared but the
//! ring itself, and nothing is copied but those. The receiver finds them in its completion queue, which is memory: to
//! look costs no call; to sleep costs one.
//!
//! A ring is made before the fork and inherited, and its receiver is the one process that looks into it; the sender needs
//! no more of it than its descriptor. When the completion queue is full the kernel keeps the rest in a list, without
//! bound: a user who wants back-pressure must count.
//!
//! # References
//! [io_uring_enter(2)](https://man7.org/linux/man-pages/man2/io_uring_enter.2.html), `IORING_OP_MSG_RING`

use crate::word::Payload;
use io_uring::{IoUring, Probe, opcode, types};
use ipcmark_core::{Called, Error, Refusal, Result};
use rustix::io::{self, Errno};
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// A ring that others post into.
pub struct Inbox {
    ring: IoUring,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

impl Inbox {
    /// `io_uring_setup()` - makes a ring whose completion queue holds at least `depth` (a power of two).
    ///
    /// # Errors
    /// [`Error::Unavailable`] with what denies it, and the line that changes that.
    pub fn new(depth: u32) -> Result<Inbox> {
        Ok(Inbox { ring: crate::fd::ring(depth)? })
    }

    /// Returns true if this kernel can post into a ring.
    pub fn available() -> Result<()> {
        let inbox = Inbox::new(1)?;
        let mut probe = Probe::new();
        inbox
            .ring
            .submitter()
            .register_probe(&mut probe)
            .called("io_uring_register(IORING_REGISTER_PROBE)")?;
        if probe.is_supported(opcode::MsgRingData::CODE) {
            return Ok(());
        }
        Err(Error::Unavailable(
            Refusal::new("this kernel's io_uring has no MSG_RING")
                .with_remedy("take a kernel of 5.18 or later"),
        ))
    }

    /// Takes the oldest message, if there is one; no call.
    #[inline]
    pub fn take(&mut self) -> Option<Payload> {
        let completion = self.ring.completion().next()?;
        Some(Payload { word: completion.user_data(), tag: completion.result() })
    }

    /// Returns true if there is a message; no call.
    pub fn is_full(&mut self) -> bool {
        !self.ring.completion().is_empty()
    }

    /// `io_uring_enter()` - sleeps until there is a message; `EINTR` when a signal's handler ran meanwhile.
    #[inline]
    pub fn sleep(&self) -> io::Result<()> {
        match self.ring.submitter().submit_and_wait(1) {
            Ok(_) => Ok(()),
            Err(e) => Err(Errno::from_io_error(&e).unwrap_or(Errno::IO)),
        }
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the ring owns its descriptor and lives as long as the borrow.
        unsafe { BorrowedFd::borrow_raw(self.ring.as_raw_fd()) }
    }
}

/// Posts into an inbox, from a ring of its own.
pub struct Outbox {
    ring: IoUring,
    to: OwnedFd,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("to", &self.to).finish_non_exhaustive()
    }
}

impl Outbox {
    /// Makes a ring, and keeps a copy of the inbox's descriptor. After the fork.
    pub fn new(to: impl AsFd) -> Result<Outbox> {
        let to = rustix::io::fcntl_dupfd_cloexec(to, 0).called("fcntl(F_DUPFD_CLOEXEC)")?;
        Ok(Outbox { ring: crate::fd::ring(2)?, to })
    }

    /// Posts one message: one call, which submits it and waits for its own completion.
    #[inline]
    pub fn post(&mut self, post: Payload) -> io::Result<()> {
        let to = types::Fd(self.to.as_raw_fd());
        let entry = opcode::MsgRingData::new(to, post.tag, post.word, None).build();
        // SAFETY: the entry points to no memory.
        let pushed = unsafe { self.ring.submission().push(&entry) };
        pushed.map_err(|_| Errno::BUSY)?;
        loop {
            match self.ring.submit_and_wait(1) {
                Ok(_) => {}
                Err(e) => match Errno::from_io_error(&e) {
                    Some(Errno::INTR | Errno::AGAIN | Errno::BUSY) => {}
                    other => return Err(other.unwrap_or(Errno::IO)),
                },
            }
            if let Some(done) = self.ring.completion().next() {
                return match done.result() {
                    0.. => Ok(()),
                    failed => Err(Errno::from_raw_os_error(-failed)),
                };
            }
        }
    }
}
