//! A socket pair for a mechanism that cannot notice that its peer is gone.
//!
//! A pipe whose last writer dies reads as end of file, because the kernel closes what a dead process held. A message
//! queue, a datagram socket and a shared page have no such end: their reader would wait for ever. So the fixture makes
//! one pair of connected sockets before the fork; each side keeps its end and closes the other; when a side's process
//! ends, for whatever reason, the kernel closes its end and the peer can see it.
//!
//! Nothing passes through it while messages flow. A side that spins asks it after a long wait; one that polls has it in
//! its set; one that blocks has its call ended by a signal when there is news ([`Lifeline::interrupts`] for
//! descriptors, [`Lifeline::ticks`] for what is none). One byte, the farewell, tells an orderly end from a death when the
//! mechanism itself was too full to carry an end-of-stream message.

mod interrupt;
mod ticker;

pub use interrupt::Interruption;
pub(crate) use interrupt::own;
pub use ticker::Ticker;

use ipcmark_core::{Called, Error, Result, Side};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair,
};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Both ends, as a fixture holds them before the fork.
///
/// Every process that inherits the pair must [`split`](LifelinePair::split) or drop it: an end that a third process
/// (the supervisor) keeps open would keep the peer "alive".
#[derive(Debug)]
pub struct LifelinePair {
    ends: [OwnedFd; 2],
}

impl LifelinePair {
    /// `socketpair()` - creates the pair.
    ///
    /// # References
    /// [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html)
    pub fn new() -> Result<Self> {
        let (initiator, responder) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
                .called("socketpair (lifeline)")?;
        Ok(LifelinePair { ends: [initiator, responder] })
    }

    /// Keeps `side`'s end and closes the other.
    #[must_use]
    pub fn split(self, side: Side) -> Lifeline {
        let [initiator, responder] = self.ends;
        Lifeline {
            end: match side {
                Side::Initiator => initiator,
                Side::Responder => responder,
            },
        }
    }

    /// Returns both ends in one process, for tests.
    #[must_use]
    pub fn into_both(self) -> [Lifeline; 2] {
        self.ends.map(|end| Lifeline { end })
    }
}

/// State of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// It holds its end.
    Here,
    /// It said farewell: it sends nothing more.
    Closed,
    /// Its end is closed and it never said farewell.
    Gone,
}

/// One side's end.
#[derive(Debug)]
pub struct Lifeline {
    end: OwnedFd,
}

impl Lifeline {
    /// Returns true if the peer closed its end: its process ended, or dropped its whole link. One `poll(2)` with
    /// timeout 0.
    #[must_use]
    #[cold]
    pub fn peer_is_gone(&self) -> bool {
        let mut fds = [PollFd::new(&self.end, PollFlags::empty())];
        matches!(poll(&mut fds, Some(&Timespec::default())), Ok(n) if n > 0)
    }

    /// Returns what the peer's sending half said last, or did. A peer that said [`Peer::Closed`] may still receive;
    /// whether it does is [`peer_is_gone`](Lifeline::peer_is_gone).
    #[must_use]
    #[cold]
    pub fn peer(&self) -> Peer {
        let mut byte = [0];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        match recv(&self.end, &mut byte, flags) {
            Ok((0, _)) => Peer::Gone,
            Ok(_) => Peer::Closed,
            Err(Errno::AGAIN | Errno::INTR) => Peer::Here,
            // ECONNRESET: the peer closed before it read our own farewell.
            Err(_) => Peer::Gone,
        }
    }

    /// Tells the peer that this side ends in order and sends nothing more. Never waits; a peer that is gone is no
    /// error.
    #[cold]
    pub fn farewell(&self) {
        let _ = send(&self.end, &[0], SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
    }

    /// Returns the error that ends a wait on a peer that [`peer_is_gone`](Lifeline::peer_is_gone).
    #[must_use]
    #[cold]
    pub fn end(&self) -> Error {
        match self.peer() {
            Peer::Closed => Error::Closed,
            Peer::Here | Peer::Gone => Error::PeerDied,
        }
    }
}

/// Readable when the peer said farewell; hung up when it is gone.
impl AsFd for Lifeline {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.end.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_holds_its_end_is_here() {
        let [a, b] = LifelinePair::new().unwrap().into_both();
        assert!(!a.peer_is_gone());
        assert_eq!((a.peer(), b.peer()), (Peer::Here, Peer::Here));
    }

    #[test]
    fn a_closed_end_is_noticed_and_is_no_farewell() {
        let [a, b] = LifelinePair::new().unwrap().into_both();
        drop(b);
        assert!(a.peer_is_gone());
        assert_eq!(a.peer(), Peer::Gone);
        assert!(matches!(a.end(), Error::PeerDied));
        a.farewell();
    }

    #[test]
    fn a_farewell_is_seen_before_and_after_the_end_is_closed() {
        let [a, b] = LifelinePair::new().unwrap().into_both();
        b.farewell();
        assert!(!a.peer_is_gone(), "the peer may still receive");
        assert_eq!(a.peer(), Peer::Closed);
        drop(b);
        assert!(a.peer_is_gone());
        assert_eq!(a.peer(), Peer::Closed, "asking must not use the farewell up");
        assert!(matches!(a.end(), Error::Closed));
    }

    #[test]
    fn farewells_that_cross_are_both_seen() {
        let [a, b] = LifelinePair::new().unwrap().into_both();
        a.farewell();
        b.farewell();
        drop(b);
        assert_eq!(a.peer(), Peer::Closed);
    }

    #[test]
    fn split_closes_the_other_end() {
        let lifeline = LifelinePair::new().unwrap().split(Side::Initiator);
        assert!(lifeline.peer_is_gone());
    }
}
