//! A message queue as a port: each try is one call.

use ipcmark_sys::fd::MessagePort;
use ipcmark_sys::mqueue::Queue;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io;
use std::os::fd::{AsFd, BorrowedFd};

/// One end of a queue, whose messages are sent at this priority.
#[derive(Debug)]
pub struct QueuePort<const PRIORITY: u32>(pub(crate) Queue);

impl<const PRIORITY: u32> AsFd for QueuePort<PRIORITY> {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl<const PRIORITY: u32> MessagePort for QueuePort<PRIORITY> {
    const SEND: &'static str = "mq_send";
    const RECEIVE: &'static str = "mq_receive";
    const LIMITED_BY: &'static str = "mq_msgsize, the size this queue was made for";

    /// `mq_send()` - sends one message.
    ///
    /// # References
    /// [mq_send(3)](https://man7.org/linux/man-pages/man3/mq_send.3.html)
    #[inline]
    fn try_send(&self, message: &[u8]) -> io::Result<()> {
        self.0.send(message, PRIORITY)
    }

    /// `mq_receive()` - takes the oldest message. An empty one is the end of the stream.
    ///
    /// # References
    /// [mq_receive(3)](https://man7.org/linux/man-pages/man3/mq_receive.3.html)
    #[inline]
    fn try_receive(&self, space: &mut [u8]) -> io::Result<usize> {
        self.0.receive(space)
    }

    /// Returns at the same priority, so that it comes last. Nothing is sent on this end any more, so that the flag may
    /// stay set.
    fn try_end(&self) -> io::Result<()> {
        fcntl_setfl(self, fcntl_getfl(self)? | OFlags::NONBLOCK)?;
        self.0.send(&[], PRIORITY)
    }
}
