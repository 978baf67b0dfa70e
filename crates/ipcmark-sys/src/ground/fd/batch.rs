//! Several messages a system call: `sendmmsg(2)` and `recvmmsg(2)` on a socket that keeps boundaries.
//!
//! A sender gathers a message only if another one follows ([`Sender::commit_more`]); a plain commit sends all there is. So no
//! message waits for one that never comes. A gathered message is copied again, into its own place;
//! a message that is alone goes out as with `send(2)`. A receiver takes as many as are there, at most a batch,
//! and hands them out one by one.
//!
//! The end of a stream is the socket's own, or an empty message where a socket has none (`SOCK_DGRAM`); such a socket
//! brings a lifeline along, and may tell by `ECONNREFUSED` that the peer's is closed.

use super::message::say_farewell;
use super::retry::{until_received, until_sent};
use super::wait::{FdWait, Interest, readable_now, set_nonblocking};
use crate::ground::last_errno;
use crate::lifeline::Lifeline;
use ipcmark_core::{Buffer, Called, Error, Link, Receiver, Result, Sender};
use rustix::io::{self, Errno};
use rustix::net::{SendFlags, Shutdown, send, shutdown};
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::sync::Arc;

/// Most messages that one call carries.
const BATCH_MAX: usize = 32;
/// Source of the limit of a message.
const LIMITED_BY: &str = "the size this link was made for, within what its fixture allows";
/// Most bytes of messages that one call carries, where that is more than one message.
const BATCH_BYTES: usize = 1 << 20;

/// Returns the number of messages of `size` bytes that one call carries.
fn batch(size: usize) -> usize {
    (BATCH_BYTES / size.max(1)).clamp(1, BATCH_MAX)
}

/// Places for messages, and the headers by which the kernel finds them. Neither is moved while this lives.
struct Places {
    headers: Vec<libc::mmsghdr>,
    vectors: Vec<libc::iovec>,
    memory: Buffer,
    /// Bytes between the beginnings of two places.
    stride: usize,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Places({} of {} bytes)", self.headers.len(), self.stride)
    }
}

impl Places {
    /// `count` places of `stride` bytes each.
    fn new(count: usize, stride: usize) -> Places {
        let mut memory = Buffer::new(count * stride);
        let piece =
            |piece: &mut [u8]| libc::iovec { iov_base: piece.as_mut_ptr().cast(), iov_len: stride };
        let mut vectors: Vec<_> = memory.chunks_exact_mut(stride).map(piece).collect();
        let header = |vector: &mut libc::iovec| {
            // SAFETY: zero is a value of each field: no name, no control data, no flags.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header
        };
        let headers = vectors.iter_mut().map(header).collect();
        Places { headers, vectors, memory, stride }
    }

    fn place(&mut self, number: usize) -> &mut [u8] {
        &mut self.memory[number * self.stride..][..self.stride]
    }

    /// `sendmmsg()` - sends the messages from the `first` place to the one before `end`; returns how many went out.
    ///
    /// # References
    /// [sendmmsg(2)](https://man7.org/linux/man-pages/man2/sendmmsg.2.html)
    fn send(&mut self, socket: BorrowedFd<'_>, first: usize, end: usize) -> io::Result<usize> {
        let headers = &mut self.headers[first..end];
        let (start, count) = (headers.as_mut_ptr(), headers.len() as u32);
        // SAFETY: the headers and what they point to live as long as `self`.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), start, count, libc::MSG_NOSIGNAL) };
        usize::try_from(sent).map_err(|_| last_errno())
    }

    /// `recvmmsg()` - waits for a message, takes those that are there; returns how many came.
    ///
    /// The kernel reports a closed peer before it hands out what the peer sent; so this reads the rest first.
    ///
    /// # References
    /// [recvmmsg(2)](https://man7.org/linux/man-pages/man2/recvmmsg.2.html)
    fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        match self.try_receive(socket, libc::MSG_WAITFORONE) {
            Err(Errno::CONNREFUSED) => match self.try_receive(socket, libc::MSG_DONTWAIT) {
                Err(Errno::AGAIN) => Err(Errno::CONNREFUSED),
                rest => rest,
            },
            received => received,
        }
    }

    #[inline]
    fn try_receive(&mut self, socket: BorrowedFd<'_>, flags: libc::c_int) -> io::Result<usize> {
        let (start, count) = (self.headers.as_mut_ptr(), self.headers.len() as u32);
        let fd = socket.as_raw_fd();
        // SAFETY: the headers and what they point to live as long as `self`; there is no timeout.
        let came = unsafe { libc::recvmmsg(fd, start, count, flags, ptr::null_mut()) };
        usize::try_from(came).map_err(|_| last_errno())
    }
}

/// Sends messages, several a call where more follow, waiting as `W` says.
#[derive(Debug)]
pub struct BatchSender<W> {
    /// Before the descriptor, so that it lets go of it before that is closed.
    wait: W,
    socket: OwnedFd,
    lifeline: Option<Arc<Lifeline>>,
    buffer: Buffer,
    /// Length of the claimed message; 0 before the first claim.
    len: usize,
    places: Places,
    gathered: usize,
}

impl<W: FdWait> BatchSender<W> {
    /// Puts the claimed message behind those gathered, and sends all of them when there is no place for another.
    fn gather(&mut self) -> Result<()> {
        let message = &self.buffer[..self.len];
        if message.is_empty() {
            return Err(Error::misfit(0, self.buffer.len()));
        }
        self.places.place(self.gathered)[..message.len()].copy_from_slice(message);
        self.places.vectors[self.gathered].iov_len = message.len();
        self.gathered += 1;
        if self.gathered == self.places.headers.len() { self.send_all() } else { Ok(()) }
    }

    fn send_all(&mut self) -> Result<()> {
        let mut first = 0;
        // What cannot be sent is not tried again: the link has ended.
        let end = std::mem::take(&mut self.gathered);
        while first < end {
            let (socket, places) = (self.socket.as_fd(), &mut self.places);
            let lifeline = self.lifeline.as_deref();
            first += until_sent(&mut self.wait, socket, lifeline, "sendmmsg", || {
                places.send(socket, first, end)
            })?;
        }
        Ok(())
    }
}

impl<W: FdWait> Sender for BatchSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let max = self.buffer.len();
        if len.wrapping_sub(1) >= max {
            return Err(Error::misfit_by(len, max, LIMITED_BY));
        }
        self.len = len;
        Ok(&mut self.buffer[..len])
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        self.gather()?;
        self.send_all()
    }

    #[inline]
    fn commit_more(&mut self) -> Result<()> {
        self.gather()
    }
}

/// Ends the stream towards the peer.
impl<W> Drop for BatchSender<W> {
    fn drop(&mut self) {
        let Some(lifeline) = self.lifeline.as_deref() else {
            let _ = shutdown(&self.socket, Shutdown::Write);
            return;
        };
        say_farewell(&self.socket, Some(lifeline), || {
            send(&self.socket, &[], SendFlags::NOSIGNAL | SendFlags::DONTWAIT).map(drop)
        });
    }
}

/// Receives messages, as many a call as are there, waiting as `W` says.
#[derive(Debug)]
pub struct BatchReceiver<W> {
    /// See the sender's.
    wait: W,
    socket: OwnedFd,
    lifeline: Option<Arc<Lifeline>>,
    /// Each one byte longer than the longest message, so that a longer one shows instead of being cut.
    places: Places,
    /// The messages that came: the next to be handed out, and the end of them.
    next: usize,
    end: usize,
}

impl<W: FdWait> Receiver for BatchReceiver<W> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        if self.next == self.end {
            let (socket, places) = (self.socket.as_fd(), &mut self.places);
            let lifeline = self.lifeline.as_deref();
            self.end = until_received(&mut self.wait, socket, lifeline, "recvmmsg", || {
                places.receive(socket)
            })?;
            self.next = 0;
        }
        match self.places.headers[self.next].msg_len as usize {
            // It stays the next: the end has no end.
            0 => Err(Error::Closed),
            len if len == self.places.stride => Err(Error::Protocol(format!(
                "a message longer than the {} bytes this link was made for arrived",
                len - 1
            ))),
            len => {
                self.next += 1;
                Ok(&self.places.place(self.next - 1)[..len])
            }
        }
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        if self.next < self.end {
            Ok(true)
        } else {
            readable_now(self.socket.as_fd(), self.lifeline.as_deref())
        }
    }
}

/// Makes both halves of one side out of its end of a connected socket that keeps boundaries, for messages of 1 to `size`
/// bytes.
///
/// Without a `lifeline` the socket must have an end of its own (`SOCK_SEQPACKET`). With one and a wait that blocks, its
/// open file description must be this side's own, and the halves must stay in the thread that made them: news on the
/// lifeline interrupts it ([`Lifeline::interrupts`]).
pub fn batch_halves<W: FdWait>(
    socket: OwnedFd,
    size: usize,
    lifeline: Option<Lifeline>,
) -> Result<Link<BatchSender<W>, BatchReceiver<W>>> {
    set_nonblocking(&socket, W::NONBLOCKING)?;
    let second = socket.try_clone().called("fcntl(F_DUPFD_CLOEXEC)")?;
    let lifeline = lifeline.map(Arc::new);
    let news = lifeline.as_deref();
    Ok(Link {
        tx: BatchSender {
            wait: W::arm(second.as_fd(), Interest::Writable, news)?,
            socket: second,
            lifeline: lifeline.clone(),
            buffer: Buffer::new(size),
            len: 0,
            places: Places::new(batch(size), size),
            gathered: 0,
        },
        rx: BatchReceiver {
            wait: W::arm(socket.as_fd(), Interest::Readable, news)?,
            socket,
            lifeline: lifeline.clone(),
            places: Places::new(batch(size), size + 1),
            next: 0,
            end: 0,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::wait::Poll;
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    #[test]
    fn what_more_follows_waits_for_it_and_a_commit_sends_all() {
        let (a, b) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .unwrap();
        let mut a = batch_halves::<Poll>(a, 8, None).unwrap();
        let mut b = batch_halves::<Poll>(b, 8, None).unwrap();
        for n in 0..5u8 {
            a.tx.claim(1 + usize::from(n)).unwrap().fill(n);
            a.tx.commit_more().unwrap();
        }
        assert!(!b.rx.ready().unwrap(), "none has gone out");
        a.tx.claim(6).unwrap().fill(5);
        a.tx.commit().unwrap();
        for n in 0..6u8 {
            assert!(b.rx.ready().unwrap());
            assert_eq!(b.rx.receive().unwrap(), vec![n; 1 + usize::from(n)]);
        }
        assert!(!b.rx.ready().unwrap());
        for _ in 0..BATCH_MAX {
            a.tx.claim(8).unwrap().fill(9);
            a.tx.commit_more().unwrap();
        }
        drop(a.tx);
        for _ in 0..BATCH_MAX {
            assert_eq!(b.rx.receive().unwrap(), [9; 8], "a full batch goes out by itself");
        }
        assert!(matches!(b.rx.receive(), Err(Error::Closed)));
        assert!(matches!(b.rx.receive(), Err(Error::Closed)));
    }
}
