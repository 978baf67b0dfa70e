//! Messages over any descriptor that keeps boundaries: sockets here, message queues in their own crate.

use super::retry::{failed, until_received, until_sent};
use super::wait::{FdWait, Interest, readable_now, set_nonblocking};
use crate::lifeline::Lifeline;
use ipcmark_core::{Buffer, Error, Link, Receiver, Result, Sender};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{self, Errno};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// Time that a sender that ends waits for room for its end-of-stream message before it leaves the news to the lifeline.
const FAREWELL_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// A descriptor that takes and brings whole messages, one try at a time.
///
/// A try says `EAGAIN` when it must wait and `O_NONBLOCK` is set, else it sleeps.
pub trait MessagePort: AsFd {
    /// The system call that sends, for errors.
    const SEND: &'static str;
    /// The system call that receives, for errors.
    const RECEIVE: &'static str;
    /// Limit of a message, for errors.
    const LIMITED_BY: &'static str;

    /// Sends `message`, whole or not at all.
    fn try_send(&self, message: &[u8]) -> io::Result<()>;

    /// Takes one message into `space` and returns its length in bytes; 0 is the end of the stream.
    fn try_receive(&self, space: &mut [u8]) -> io::Result<usize>;

    /// True if [`send_now`](MessagePort::send_now) never sleeps, even without `O_NONBLOCK`.
    const CAN_REFUSE: bool = false;

    /// Sends `message` without sleeping, or says `EAGAIN`; for this some ports need `O_NONBLOCK`.
    fn send_now(&self, message: &[u8]) -> io::Result<()> {
        self.try_send(message)
    }

    /// Ends the stream towards the peer; never sleeps. `EAGAIN` when there is no room for the news.
    fn try_end(&self) -> io::Result<()>;
}

/// Sends messages through a port, waiting as `W` says.
#[derive(Debug)]
pub struct MessageSender<W, P: MessagePort> {
    /// Before the port, so that it lets go of the descriptor before that is closed.
    wait: W,
    port: P,
    lifeline: Option<Arc<Lifeline>>,
    buffer: Buffer,
    /// Length of the claimed message; 0 before the first claim.
    len: usize,
}

impl<W: FdWait, P: MessagePort> Sender for MessageSender<W, P> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let max = self.buffer.len();
        if len.wrapping_sub(1) >= max {
            return Err(Error::misfit_by(len, max, P::LIMITED_BY));
        }
        self.len = len;
        Ok(&mut self.buffer[..len])
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        let message = &self.buffer[..self.len];
        if message.is_empty() {
            return Err(Error::misfit(0, self.buffer.len()));
        }
        let port = &self.port;
        let lifeline = self.lifeline.as_deref();
        until_sent(&mut self.wait, port.as_fd(), lifeline, P::SEND, || port.try_send(message))
            .map_err(|error| explain::<P>(error, message.len()))
    }

    fn try_claim(&mut self, len: usize) -> Result<Option<&mut [u8]>> {
        if !(W::NONBLOCKING || P::CAN_REFUSE) {
            return Err(Error::unavailable("this mechanism can only sleep until there is room"));
        }
        self.claim(len).map(Some)
    }

    fn try_commit(&mut self) -> Result<bool> {
        let message = &self.buffer[..self.len];
        loop {
            match self.port.send_now(message) {
                Ok(()) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return refusal(self.lifeline.as_deref()),
                Err(errno) => return Err(explain::<P>(failed(P::SEND, errno), message.len())),
            }
        }
    }
}

/// Returns `false`, unless there is no room because no one receives any more.
#[cold]
fn refusal(lifeline: Option<&Lifeline>) -> Result<bool> {
    match lifeline {
        Some(lifeline) if lifeline.peer_is_gone() => Err(lifeline.end()),
        _ => Ok(false),
    }
}

/// Ends the stream. When there is no room for the news the peer has messages to take, and learns of the end from the
/// lifeline after them.
impl<W, P: MessagePort> Drop for MessageSender<W, P> {
    fn drop(&mut self) {
        say_farewell(&self.port, self.lifeline.as_deref(), || self.port.try_end());
    }
}

/// Tells the lifeline of the end, then the stream, by `try_end`, with some patience for room.
#[cold]
pub(super) fn say_farewell(
    fd: impl AsFd,
    lifeline: Option<&Lifeline>,
    try_end: impl Fn() -> io::Result<()>,
) {
    if let Some(lifeline) = lifeline {
        lifeline.farewell();
    }
    for _ in 0..2 {
        if try_end() != Err(Errno::AGAIN) {
            return;
        }
        let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
        let _ = poll(&mut fds, Some(&FAREWELL_WAIT));
    }
}

/// Receives messages from a port, waiting as `W` says.
#[derive(Debug)]
pub struct MessageReceiver<W, P> {
    /// See the sender's.
    wait: W,
    port: P,
    lifeline: Option<Arc<Lifeline>>,
    /// One byte longer than the longest message, so that a longer one shows instead of being cut.
    buffer: Buffer,
}

impl<W: FdWait, P: MessagePort> Receiver for MessageReceiver<W, P> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let max = self.buffer.len() - 1;
        let (port, space) = (&self.port, &mut *self.buffer);
        let lifeline = self.lifeline.as_deref();
        let len = until_received(&mut self.wait, port.as_fd(), lifeline, P::RECEIVE, || {
            port.try_receive(space)
        })?;
        match len {
            0 => Err(Error::Closed),
            len if len > max => Err(longer(max)),
            len => Ok(&self.buffer[..len]),
        }
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        readable_now(self.port.as_fd(), self.lifeline.as_deref())
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.port.as_fd())
    }
}

/// Makes one side's halves out of its ports, for messages of 1 to `size` bytes; sets their `O_NONBLOCK` as `W` needs
/// it. `tx` and `rx` may be descriptors of one socket.
///
/// Without a `lifeline` the ports must tell by themselves that the peer is gone. With one and a wait that blocks, each
/// port's open file description must be this side's own, and the halves must stay in the thread that made them: news
/// on the lifeline interrupts it ([`Lifeline::interrupts`]).
pub fn message_halves<W: FdWait, P: MessagePort>(
    tx: P,
    rx: P,
    size: usize,
    lifeline: Option<Lifeline>,
) -> Result<Link<MessageSender<W, P>, MessageReceiver<W, P>>> {
    set_nonblocking(&tx, W::NONBLOCKING)?;
    set_nonblocking(&rx, W::NONBLOCKING)?;
    let lifeline = lifeline.map(Arc::new);
    let news = lifeline.as_deref();
    Ok(Link {
        tx: MessageSender {
            wait: W::arm(tx.as_fd(), Interest::Writable, news)?,
            port: tx,
            lifeline: lifeline.clone(),
            buffer: Buffer::new(size),
            len: 0,
        },
        rx: MessageReceiver {
            wait: W::arm(rx.as_fd(), Interest::Readable, news)?,
            port: rx,
            lifeline: lifeline.clone(),
            buffer: Buffer::new(size + 1),
        },
    })
}

#[cold]
fn longer(max: usize) -> Error {
    Error::Protocol(format!("a message longer than the {max} bytes this link was made for arrived"))
}

/// Returns the error for a message that the kernel calls too long, although the fixture found that its size passes.
#[cold]
fn explain<P: MessagePort>(error: Error, len: usize) -> Error {
    match error {
        Error::Os { call, source, .. }
            if matches!(Errno::from_io_error(&source), Some(Errno::MSGSIZE | Errno::NOBUFS)) =>
        {
            let hint = format!("a message of {len} bytes is bounded by {}", P::LIMITED_BY);
            Error::os_hint(call, source, hint)
        }
        other => other,
    }
}
