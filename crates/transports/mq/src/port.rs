//! A message queue as a port: each try is one timed call.

use ipcmark_sys::fd::{Deadline, FdWait, MessagePort, PATIENCE, Queue};
use rustix::io::{self, Errno};
use std::cell::Cell;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};

/// A queue, and the deadline of a blocking side's calls on it.
#[derive(Debug)]
pub struct QueuePort<W> {
    queue: Queue,
    deadline: Cell<Deadline>,
    wait: PhantomData<W>,
}

impl<W: FdWait> QueuePort<W> {
    pub(crate) fn new(queue: Queue) -> Self {
        QueuePort { queue, deadline: Cell::new(Deadline::after(PATIENCE)), wait: PhantomData }
    }

    /// Makes one timed call. A non-blocking side needs no deadline; a blocking side's is renewed when it has passed,
    /// which is then as good as `EAGAIN`.
    #[inline]
    fn timed<R>(&self, call: impl FnOnce(Option<&Deadline>) -> io::Result<R>) -> io::Result<R> {
        if W::NONBLOCKING {
            return call(None);
        }
        match call(Some(&self.deadline.get())) {
            Err(Errno::TIMEDOUT) => {
                self.deadline.set(Deadline::after(PATIENCE));
                Err(Errno::AGAIN)
            }
            result => result,
        }
    }
}

impl<W> AsFd for QueuePort<W> {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

impl<W: FdWait> MessagePort for QueuePort<W> {
    const SEND: &'static str = "mq_timedsend";
    const RECEIVE: &'static str = "mq_timedreceive";
    const LIMITED_BY: &'static str = "mq_msgsize, the size this queue was made for";

    /// `mq_send()` - sends one message with priority 0.
    ///
    /// # References
    /// [mq_send(3)](https://man7.org/linux/man-pages/man3/mq_send.3.html)
    #[inline]
    fn try_send(&self, message: &[u8]) -> io::Result<()> {
        self.timed(|deadline| self.queue.send(message, deadline))
    }

    /// `mq_receive()` - takes the oldest message. An empty one is the end of the stream.
    ///
    /// # References
    /// [mq_receive(3)](https://man7.org/linux/man-pages/man3/mq_receive.3.html)
    #[inline]
    fn try_receive(&self, space: &mut [u8], at_once: bool) -> io::Result<usize> {
        if at_once {
            self.deadline.set(Deadline::PAST);
        }
        self.timed(|deadline| self.queue.receive(space, deadline))
    }

    fn try_end(&self) -> io::Result<()> {
        self.deadline.set(Deadline::PAST);
        self.try_send(&[])
    }
}
