//! What a byte stream asks of its wait: one read or one write, made and waited for.
//!
//! For most waits that is the call, then the wait, then the call again ([`FdWait`]). [`Uring`](super::Uring) is not of
//! that kind: there the call itself is handed to the kernel and its completion awaited. So the stream asks for whole
//! operations, and every [`FdWait`] gives them; no stream is written twice.

use super::retry::{until_received, until_sent};
use super::wait::{FdWait, Interest, readable_now, set_nonblocking};
use ipcmark_core::{Result, Wait};
use std::os::fd::BorrowedFd;

/// A wait strategy for the reads or the writes of one half of a byte stream. Every [`FdWait`] is one.
pub trait ByteWait: Wait + Sized {
    /// Value of [`Info::overlaps`](ipcmark_core::Info) for a row that waits like this.
    const OVERLAPS: bool;
    /// True when several processes may wait like this on one open file description.
    const SHARES: bool;

    /// Tries whether this kernel can wait like this; leaves nothing behind.
    fn available() -> Result<()>;

    /// Prepares for the calls of one half on `fd`, and sets its `O_NONBLOCK` as they need it. Call it after the fork,
    /// in the thread that will wait, and drop what it gives before `fd` is closed.
    fn begin(fd: BorrowedFd<'_>, interest: Interest) -> Result<Self>;

    /// `read()` - takes what is there, at least one byte, waiting for it. 0 is the end of the stream.
    ///
    /// # References
    /// [read(2)](https://man7.org/linux/man-pages/man2/read.2.html)
    fn read(&mut self, fd: BorrowedFd<'_>, space: &mut [u8]) -> Result<usize>;

    /// `write()` - sends what there is room for, at least one byte, waiting for it.
    ///
    /// # References
    /// [write(2)](https://man7.org/linux/man-pages/man2/write.2.html)
    fn write(&mut self, fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize>;

    /// Looks without waiting: true when [`read`](ByteWait::read) would not wait.
    fn ready(&mut self, fd: BorrowedFd<'_>) -> Result<bool>;
}

impl<W: FdWait> ByteWait for W {
    const OVERLAPS: bool = <W as FdWait>::OVERLAPS;
    const SHARES: bool = <W as FdWait>::SHARES;

    fn available() -> Result<()> {
        Ok(())
    }

    fn begin(fd: BorrowedFd<'_>, interest: Interest) -> Result<Self> {
        set_nonblocking(fd, W::NONBLOCKING)?;
        W::arm(fd, interest, None)
    }

    #[inline(always)]
    fn read(&mut self, fd: BorrowedFd<'_>, space: &mut [u8]) -> Result<usize> {
        until_received(self, fd, None, "read", || rustix::io::read(fd, &mut *space))
    }

    #[inline(always)]
    fn write(&mut self, fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize> {
        until_sent(self, fd, None, "write", || rustix::io::write(fd, bytes))
    }

    #[inline]
    fn ready(&mut self, fd: BorrowedFd<'_>) -> Result<bool> {
        readable_now(fd, None)
    }
}
