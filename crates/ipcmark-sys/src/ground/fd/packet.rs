//! Messages over `send(2)` and `recv(2)`: sockets that keep boundaries.

use super::message::{MessagePort, MessageReceiver, MessageSender, message_halves};
use super::wait::FdWait;
use crate::lifeline::Lifeline;
use ipcmark_core::{Called, Link, Result};
use rustix::io;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A connected socket that keeps boundaries.
#[derive(Debug)]
pub struct SocketPort {
    fd: OwnedFd,
    /// The type has an end of the stream of its own (`SOCK_SEQPACKET`).
    has_end: bool,
}

impl AsFd for SocketPort {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl MessagePort for SocketPort {
    const SEND: &'static str = "send";
    const RECEIVE: &'static str = "recv";
    const LIMITED_BY: &'static str =
        "the size this link was made for, within SO_SNDBUF and net.core.wmem_max";

    /// `send()` - sends one message.
    ///
    /// # References
    /// [send(2)](https://man7.org/linux/man-pages/man2/send.2.html)
    #[inline]
    fn try_send(&self, message: &[u8]) -> io::Result<()> {
        send(&self.fd, message, SendFlags::NOSIGNAL).map(|_| ())
    }

    const CAN_REFUSE: bool = true;

    fn send_now(&self, message: &[u8]) -> io::Result<()> {
        send(&self.fd, message, SendFlags::NOSIGNAL | SendFlags::DONTWAIT).map(|_| ())
    }

    /// `recv()` - takes one message. An empty one, or the end of a sequence of packets, is the end of the stream.
    ///
    /// # References
    /// [recv(2)](https://man7.org/linux/man-pages/man2/recv.2.html)
    #[inline]
    fn try_receive(&self, space: &mut [u8]) -> io::Result<usize> {
        recv(&self.fd, space, RecvFlags::empty()).map(|(_, len)| len)
    }

    fn try_end(&self) -> io::Result<()> {
        if self.has_end {
            return shutdown(&self.fd, Shutdown::Write);
        }
        send(&self.fd, &[], SendFlags::NOSIGNAL | SendFlags::DONTWAIT).map(|_| ())
    }
}

/// Makes both halves of one side out of its end of a connected socket that keeps boundaries, for messages of 1 to
/// `size` bytes.
///
/// Without a `lifeline` the socket must tell by itself that its peer is gone (`SOCK_SEQPACKET`); `SOCK_DGRAM` needs
/// one. For its rules see [`message_halves`].
pub fn socket_message_halves<W: FdWait>(
    socket: OwnedFd,
    size: usize,
    lifeline: Option<Lifeline>,
) -> Result<Link<MessageSender<W, SocketPort>, MessageReceiver<W, SocketPort>>> {
    let has_end = lifeline.is_none();
    let second = socket.try_clone().called("fcntl(F_DUPFD_CLOEXEC)")?;
    let port = |fd| SocketPort { fd, has_end };
    message_halves(port(second), port(socket), size, lifeline)
}

#[cfg(test)]
mod tests {
    use super::super::wait::{Block, Epoll, Poll, Spin};
    use super::*;
    use crate::lifeline::LifelinePair;
    use ipcmark_core::Error;
    use ipcmark_core::{Receiver, Sender};
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::thread;

    type Side<W> = Link<MessageSender<W, SocketPort>, MessageReceiver<W, SocketPort>>;

    fn pair<W: FdWait>(kind: SocketType, size: usize) -> [Side<W>; 2] {
        let (a, b) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        let lifelines = match kind {
            SocketType::DGRAM => LifelinePair::new().unwrap().into_both().map(Some),
            _ => [None, None],
        };
        let [la, lb] = lifelines;
        [socket_message_halves(a, size, la).unwrap(), socket_message_halves(b, size, lb).unwrap()]
    }

    fn put<W: FdWait>(tx: &mut MessageSender<W, SocketPort>, message: &[u8]) -> Result<()> {
        tx.claim(message.len())?.copy_from_slice(message);
        tx.commit()
    }

    const KINDS: [SocketType; 2] = [SocketType::SEQPACKET, SocketType::DGRAM];

    #[test]
    fn boundaries_are_kept_and_a_long_message_is_refused_unsent() {
        for kind in KINDS {
            let [mut a, mut b] = pair::<Block>(kind, 100);
            assert!(!b.rx.ready().unwrap());
            put(&mut a.tx, b"one").unwrap();
            assert!(b.rx.ready().unwrap());
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
            let mut rx = socket_message_halves::<Block>(b, 10, None).unwrap().rx;
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
        let kind = SocketType::DGRAM;
        let (a, b) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        let [la, lb] = LifelinePair::new().unwrap().into_both();
        let raw = a.try_clone().unwrap();
        let mut a = socket_message_halves::<Spin>(a, 8, Some(la)).unwrap();
        let mut b = socket_message_halves::<Spin>(b, 8, Some(lb)).unwrap();
        let mut sent = 0;
        while send(&raw, &[sent as u8], SendFlags::DONTWAIT).is_ok() {
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

    /// Does what the kernel does for a killed process: closes the descriptors without a farewell.
    fn death_is_noticed<W: FdWait>() {
        for kind in KINDS {
            let (a, b) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
            let [la, lb] = LifelinePair::new().unwrap().into_both();
            let lb = (kind == SocketType::DGRAM).then_some(lb);
            let mut b = socket_message_halves::<W>(b, 8, lb).unwrap();
            send(&a, b"before", SendFlags::NOSIGNAL).unwrap();
            drop((a, la));
            assert!(b.rx.ready().unwrap());
            assert_eq!(b.rx.receive().unwrap(), b"before");
            assert!(b.rx.ready().unwrap(), "{kind:?}: the end is no wait");
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
