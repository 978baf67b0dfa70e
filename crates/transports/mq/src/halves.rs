//! One side's halves: a queue towards the peer, a queue from it, one lifeline for both.

use ipcmark_core::{Error, Link, Receiver, Result, Sender};
use ipcmark_sys::fd::{
    Deadline, FdWait, Interest, PATIENCE, Patience, Queue, set_nonblocking, until_received,
    until_sent,
};
use ipcmark_sys::lifeline::Lifeline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::AsFd;
use std::sync::Arc;

/// How long a sender that ends waits for room for its end-of-stream message before it leaves the news to the lifeline.
const FAREWELL_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Makes both halves of one side.
pub(crate) fn halves<W: FdWait>(
    to_peer: Queue,
    from_peer: Queue,
    lifeline: Lifeline,
) -> Result<Link<MqSender<W>, MqReceiver<W>>> {
    let lifeline = Arc::new(lifeline);
    set_nonblocking(&to_peer, W::NONBLOCKING)?;
    set_nonblocking(&from_peer, W::NONBLOCKING)?;
    let tx = MqSender {
        wait: W::arm(to_peer.as_fd(), Interest::Writable, Patience::Bounded)?,
        buffer: vec![0; to_peer.message_bytes()].into(),
        len: 0,
        deadline: Deadline::after(PATIENCE),
        lifeline: Arc::clone(&lifeline),
        queue: to_peer,
    };
    let rx = MqReceiver {
        wait: W::arm(from_peer.as_fd(), Interest::Readable, Patience::Bounded)?,
        buffer: vec![0; from_peer.message_bytes()].into(),
        deadline: Deadline::after(PATIENCE),
        lifeline,
        queue: from_peer,
    };
    Ok(Link { tx, rx })
}

/// Reads what a timed call on a queue said: a deadline that has passed is renewed and is then as good as `EAGAIN`.
#[inline]
fn renewed<R>(result: rustix::io::Result<R>, deadline: &mut Deadline) -> rustix::io::Result<R> {
    if matches!(result, Err(Errno::TIMEDOUT)) {
        *deadline = Deadline::after(PATIENCE);
        return Err(Errno::AGAIN);
    }
    result
}

/// Sends messages to a queue, waiting as `W` says.
#[derive(Debug)]
pub struct MqSender<W> {
    queue: Queue,
    wait: W,
    lifeline: Arc<Lifeline>,
    deadline: Deadline,
    buffer: Box<[u8]>,
    /// Length of the claimed message; 0 before the first claim.
    len: usize,
}

impl<W: FdWait> Sender for MqSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let max = self.buffer.len();
        if len.wrapping_sub(1) >= max {
            return Err(refused(len, max));
        }
        self.len = len;
        Ok(&mut self.buffer[..len])
    }

    /// `mq_send()` - sends one message with priority 0.
    ///
    /// # References
    /// [mq_send(3)](https://man7.org/linux/man-pages/man3/mq_send.3.html)
    #[inline]
    fn commit(&mut self) -> Result<()> {
        let message = &self.buffer[..self.len];
        if message.is_empty() {
            return Err(refused(0, self.buffer.len()));
        }
        let (queue, deadline) = (&self.queue, &mut self.deadline);
        until_sent(&mut self.wait, queue.as_fd(), Some(&*self.lifeline), "mq_timedsend", || {
            if W::NONBLOCKING {
                return queue.send(message, None);
            }
            renewed(queue.send(message, Some(deadline)), deadline)
        })
    }
}

impl<W> Drop for MqSender<W> {
    fn drop(&mut self) {
        self.lifeline.farewell();
        self.send_end();
    }
}

impl<W> MqSender<W> {
    /// Sends the empty message that ends the stream, so that a peer that waits wakes at once. When there is no room for
    /// it the peer has messages to take, and learns of the end from the lifeline after them.
    fn send_end(&self) {
        for _ in 0..2 {
            match self.queue.send(&[], Some(&Deadline::PAST)) {
                Err(Errno::AGAIN | Errno::TIMEDOUT) => {}
                _ => return,
            }
            let mut fds = [PollFd::new(&self.queue, PollFlags::OUT)];
            let _ = poll(&mut fds, Some(&FAREWELL_WAIT));
        }
    }
}

/// Receives messages from a queue, waiting as `W` says.
#[derive(Debug)]
pub struct MqReceiver<W> {
    queue: Queue,
    wait: W,
    lifeline: Arc<Lifeline>,
    deadline: Deadline,
    buffer: Box<[u8]>,
}

impl<W: FdWait> Receiver for MqReceiver<W> {
    /// `mq_receive()` - takes the oldest message. An empty one is the end of the stream.
    ///
    /// # References
    /// [mq_receive(3)](https://man7.org/linux/man-pages/man3/mq_receive.3.html)
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let (queue, deadline) = (&self.queue, &mut self.deadline);
        let (lifeline, space) = (Some(&*self.lifeline), &mut *self.buffer);
        let len = until_received(
            &mut self.wait,
            queue.as_fd(),
            lifeline,
            "mq_timedreceive",
            |at_once| {
                if W::NONBLOCKING {
                    return queue.receive(space, None);
                }
                if at_once {
                    *deadline = Deadline::PAST;
                }
                renewed(queue.receive(space, Some(deadline)), deadline)
            },
        )?;
        if len == 0 {
            return Err(Error::Closed);
        }
        Ok(&self.buffer[..len])
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cold]
fn refused(len: usize, max: usize) -> Error {
    if len == 0 {
        return Error::Protocol(
            "an empty message would end the stream; claim 1 byte or more".into(),
        );
    }
    Error::TooLong { len, max, limited_by: "mq_msgsize, the size this queue was made for" }
}
