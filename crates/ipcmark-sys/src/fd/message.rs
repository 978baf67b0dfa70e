//! Messages over `send(2)` and `recv(2)`: sockets that keep boundaries.

use super::retry::{until_received, until_sent};
use super::wait::{FdWait, Interest, PATIENCE, Patience, set_nonblocking};
use crate::lifeline::Lifeline;
use ipcmark_core::{Error, Link, Receiver, Result, Sender};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

/// How long a sender that ends waits for room for its end-of-stream message before it leaves the news to the lifeline.
const FAREWELL_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Sends messages on a connected socket, waiting as `W` says.
#[derive(Debug)]
pub struct MessageSender<W> {
    fd: OwnedFd,
    wait: W,
    lifeline: Option<Arc<Lifeline>>,
    buffer: Box<[u8]>,
    /// Length of the claimed message; 0 before the first claim.
    len: usize,
}

impl<W: FdWait> Sender for MessageSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let max = self.buffer.len();
        if len.wrapping_sub(1) >= max {
            return Err(refused(len, max));
        }
        self.len = len;
        Ok(&mut self.buffer[..len])
    }

    /// `send()` - sends one message, whole or not at all.
    ///
    /// # References
    /// [send(2)](https://man7.org/linux/man-pages/man2/send.2.html)
    #[inline]
    fn commit(&mut self) -> Result<()> {
        let fd = self.fd.as_fd();
        let message = &self.buffer[..self.len];
        if message.is_empty() {
            return Err(refused(0, self.buffer.len()));
        }
        let lifeline = self.lifeline.as_deref();
        let sent = until_sent(&mut self.wait, fd, lifeline, "send", || {
            send(fd, message, SendFlags::NOSIGNAL)
        });
        match sent {
            Ok(_) => Ok(()),
            Err(error) => Err(explain(error, message.len())),
        }
    }
}

impl<W> Drop for MessageSender<W> {
    fn drop(&mut self) {
        match &self.lifeline {
            // A connected sequence of packets has an end of its own.
            None => {
                let _ = shutdown(&self.fd, Shutdown::Write);
            }
            Some(lifeline) => {
                lifeline.farewell();
                self.send_end();
            }
        }
    }
}

impl<W> MessageSender<W> {
    /// Sends the empty message that ends a stream of datagrams, so that a peer that waits wakes at once. When there is
    /// no room for it the peer has messages to take, and learns of the end from the lifeline after them.
    fn send_end(&self) {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        for _ in 0..2 {
            if send(&self.fd, &[], flags) != Err(Errno::AGAIN) {
                return;
            }
            let mut fds = [PollFd::new(&self.fd, PollFlags::OUT)];
            let _ = poll(&mut fds, Some(&FAREWELL_WAIT));
        }
    }
}

/// Receives messages from a connected socket, waiting as `W` says.
#[derive(Debug)]
pub struct MessageReceiver<W> {
    fd: OwnedFd,
    wait: W,
    lifeline: Option<Arc<Lifeline>>,
    /// One byte longer than the longest message, so that a longer one shows instead of being cut.
    buffer: Box<[u8]>,
}

impl<W: FdWait> Receiver for MessageReceiver<W> {
    /// `recv()` - takes one message. An empty one, or the end of a sequence of packets, is the end of the stream.
    ///
    /// # References
    /// [recv(2)](https://man7.org/linux/man-pages/man2/recv.2.html)
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        let fd = self.fd.as_fd();
        let max = self.buffer.len() - 1;
        let space = &mut *self.buffer;
        let lifeline = self.lifeline.as_deref();
        let len = until_received(&mut self.wait, fd, lifeline, "recv", |at_once| {
            let flags = if at_once { RecvFlags::DONTWAIT } else { RecvFlags::empty() };
            recv(fd, &mut *space, flags).map(|(_, len)| len)
        })?;
        match len {
            0 => Err(Error::Closed),
            len if len > max => Err(Error::Protocol(format!(
                "a message longer than the {max} bytes this link was made for arrived"
            ))),
            len => Ok(&self.buffer[..len]),
        }
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Makes both halves of one side out of its end of a connected socket that keeps boundaries, for messages of 1 to
/// `size` bytes.
///
/// Without a `lifeline` the socket must tell by itself that its peer is gone (`SOCK_SEQPACKET`). With one
/// (`SOCK_DGRAM`) a blocking socket gets time limits, `SO_RCVTIMEO` and `SO_SNDTIMEO`, after which the lifeline is
/// asked.
pub fn message_halves<W: FdWait>(
    socket: OwnedFd,
    size: usize,
    lifeline: Option<Lifeline>,
) -> Result<Link<MessageSender<W>, MessageReceiver<W>>> {
    set_nonblocking(&socket, W::NONBLOCKING)?;
    let patience = if lifeline.is_some() { Patience::Bounded } else { Patience::Endless };
    if lifeline.is_some() && !W::NONBLOCKING {
        for (which, name) in [(Timeout::Recv, "SO_RCVTIMEO"), (Timeout::Send, "SO_SNDTIMEO")] {
            set_socket_timeout(&socket, which, Some(PATIENCE))
                .map_err(|e| Error::os(format!("setsockopt({name})"), e))?;
        }
    }
    let lifeline = lifeline.map(Arc::new);
    let second = socket.try_clone().map_err(|e| Error::os("fcntl(F_DUPFD_CLOEXEC)", e))?;
    let tx = MessageSender {
        wait: W::arm(second.as_fd(), Interest::Writable, patience)?,
        fd: second,
        lifeline: lifeline.clone(),
        buffer: vec![0; size].into(),
        len: 0,
    };
    let rx = MessageReceiver {
        wait: W::arm(socket.as_fd(), Interest::Readable, patience)?,
        fd: socket,
        lifeline,
        buffer: vec![0; size + 1].into(),
    };
    Ok(Link { tx, rx })
}

#[cold]
fn refused(len: usize, max: usize) -> Error {
    if len == 0 {
        return Error::Protocol(
            "an empty message would end the stream; claim 1 byte or more".into(),
        );
    }
    Error::TooLong {
        len,
        max,
        limited_by: "the size this link was made for, which SO_SNDBUF holds",
    }
}

/// A message that the kernel calls too long, although the fixture found that one of the agreed size passes.
#[cold]
fn explain(error: Error, len: usize) -> Error {
    match error {
        Error::Os { call, source, .. }
            if matches!(Errno::from_io_error(&source), Some(Errno::MSGSIZE | Errno::NOBUFS)) =>
        {
            let hint = format!(
                "a message of {len} bytes needs as much SO_SNDBUF, which net.core.wmem_max bounds, and as much \
                 kernel memory in one piece"
            );
            Error::os_hint(call, source, hint)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::wait::{Block, Epoll, Poll, Spin};
    use super::*;
    use crate::lifeline::LifelinePair;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::thread;

    type Side<W> = Link<MessageSender<W>, MessageReceiver<W>>;

    fn pair<W: FdWait>(kind: SocketType, size: usize) -> [Side<W>; 2] {
        let (a, b) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        let lifelines = match kind {
            SocketType::DGRAM => LifelinePair::new().unwrap().into_both().map(Some),
            _ => [None, None],
        };
        let [la, lb] = lifelines;
        [message_halves(a, size, la).unwrap(), message_halves(b, size, lb).unwrap()]
    }

    fn put<W: FdWait>(tx: &mut MessageSender<W>, message: &[u8]) -> Result<()> {
        tx.claim(message.len())?.copy_from_slice(message);
        tx.commit()
    }

    const KINDS: [SocketType; 2] = [SocketType::SEQPACKET, SocketType::DGRAM];

    #[test]
    fn boundaries_are_kept_and_a_long_message_is_refused_unsent() {
        for kind in KINDS {
            let [mut a, mut b] = pair::<Block>(kind, 100);
            put(&mut a.tx, b"one").unwrap();
            assert!(matches!(a.tx.claim(101), Err(Error::TooLong { len: 101, max: 100, .. })));
            assert!(matches!(a.tx.claim(0), Err(Error::Protocol(_))));
            put(&mut a.tx, &[7; 100]).unwrap();
            assert_eq!(b.rx.receive().unwrap(), b"one");
            assert_eq!(b.rx.receive().unwrap(), [7; 100]);
        }
    }

    #[test]
    fn a_longer_message_than_agreed_is_an_error_and_not_cut() {
        for kind in KINDS {
            let (a, b) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
            let mut rx = message_halves::<Block>(b, 10, None).unwrap().rx;
            send(&a, &[1; 11], SendFlags::NOSIGNAL).unwrap();
            assert!(matches!(rx.receive(), Err(Error::Protocol(_))));
        }
    }

    #[test]
    fn the_end_comes_after_what_was_sent_and_the_other_way_stays_open() {
        for kind in KINDS {
            let [mut a, mut b] = pair::<Poll>(kind, 8);
            put(&mut a.tx, b"last").unwrap();
            drop(a.tx);
            assert_eq!(b.rx.receive().unwrap(), b"last");
            assert!(matches!(b.rx.receive(), Err(Error::Closed)));
            put(&mut b.tx, b"still").unwrap();
            assert_eq!(a.rx.receive().unwrap(), b"still");
        }
    }

    /// Fills the socket until it says `EAGAIN`, then drops its sender: no room for the empty message.
    #[test]
    fn the_end_of_a_full_datagram_socket_is_an_end_in_order() {
        let [mut a, mut b] = pair::<Spin>(SocketType::DGRAM, 8);
        let mut sent = 0;
        while send(&a.tx.fd, &[sent as u8], SendFlags::DONTWAIT).is_ok() {
            sent += 1;
        }
        drop(a.tx);
        for i in 0..sent {
            assert_eq!(b.rx.receive().unwrap(), [i as u8]);
        }
        assert!(matches!(b.rx.receive(), Err(Error::Closed)));
        // The receiving half of the same side is still there.
        put(&mut b.tx, b"back").unwrap();
        assert_eq!(a.rx.receive().unwrap(), b"back");
    }

    /// What the kernel does for a killed process: it closes the descriptors, and no farewell is said.
    fn death_is_noticed<W: FdWait>() {
        for kind in KINDS {
            let (a, b) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
            let [la, lb] = LifelinePair::new().unwrap().into_both();
            let lb = (kind == SocketType::DGRAM).then_some(lb);
            let mut b = message_halves::<W>(b, 8, lb).unwrap();
            send(&a, b"before", SendFlags::NOSIGNAL).unwrap();
            drop((a, la));
            assert_eq!(b.rx.receive().unwrap(), b"before");
            assert!(b.rx.receive().unwrap_err().is_end(), "{kind:?}");
            assert!(put(&mut b.tx, b"after").unwrap_err().is_end(), "{kind:?}");
        }
    }

    #[test]
    fn a_dead_peer_is_noticed_under_every_wait() {
        death_is_noticed::<Block>();
        death_is_noticed::<Spin>();
        death_is_noticed::<Poll>();
        death_is_noticed::<Epoll>();
    }

    fn back_pressure<W: FdWait + Send>() {
        for kind in KINDS {
            let [mut a, mut b] = pair::<W>(kind, 4);
            let sending = thread::spawn(move || {
                for i in 0..5_000u32 {
                    put(&mut a.tx, &i.to_le_bytes()).unwrap();
                }
                a
            });
            for i in 0..5_000u32 {
                assert_eq!(b.rx.receive().unwrap(), i.to_le_bytes());
            }
            drop(sending.join().unwrap());
            assert!(matches!(b.rx.receive(), Err(Error::Closed)));
        }
    }

    #[test]
    fn every_wait_gets_through_back_pressure() {
        back_pressure::<Block>();
        back_pressure::<Spin>();
        back_pressure::<Poll>();
        back_pressure::<Epoll>();
    }
}
