//! The seam: what a mechanism must offer to be measured.
//!
//! The contract, which the conformance laws check for every transport in two real processes:
//!
//! - One commit, one receive, the same bytes, in order. No message waits for a later one, but where the sender said
//!   that one follows ([`Sender::commit_more`]).
//! - `claim(len)` with `len` over the link's largest message fails with [`Error::TooLong`](crate::Error::TooLong)
//!   and sends nothing. With [`Plan::fixed`] a link may also refuse every other length than [`Plan::size`].
//! - `claim`, `commit` and `receive` wait as the transport's wait strategy says; they never return "try again".
//! - Dropping a sender ends the stream: the peer receives what was committed, then
//!   [`Error::Closed`](crate::Error::Closed). A peer whose process is gone is noticed, by waiting or by sending, with
//!   `Closed` or [`Error::PeerDied`](crate::Error::PeerDied), within a second or two; what it had committed is received
//!   first, but for a transport with `INFO.dies_with_sender`.
//! - After both sides have dropped their halves, nothing is left: no name, no segment, no process.
//! - A transport whose `INFO.zero_copy` is false lends the same private buffer at each claim of one length, contents
//!   kept; so the harness need not fill it anew.
//! - With `INFO.lossy` a message may be lost, but never damaged, and never repeated. With `INFO.many_senders` (or
//!   `many_receivers`) several processes may each `split` the inherited fixture for the initiator's (responder's)
//!   side and use that side's sender (receiver) at the same time; until all have ended none may drop its halves. With
//!   `INFO.broadcasts` the same holds for receivers, and each gets every message.

use crate::{Availability, Capacity, Error, Info, Notifier, Plan, Remote, Result, Side};

/// One mechanism under one wait strategy.
pub trait Transport: 'static {
    /// Its constant facts.
    const INFO: Info;
    /// What both sides inherit through `fork(2)`.
    type Fixture;
    /// The sending half.
    type Tx: Sender;
    /// The receiving half.
    type Rx: Receiver;

    /// Can this kernel, here, now, run it? Probes by trying, leaves nothing behind.
    fn available() -> Availability;

    /// Makes what both sides inherit. Runs before the fork, in the process that supervises.
    fn fixture(plan: &Plan) -> Result<Self::Fixture>;

    /// The capacity the fixture really has, read back from the kernel where it can be; in each direction.
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity>;

    /// Takes one side's halves out of the fixture and closes the other's. Runs after the fork, once on each side; it
    /// may wait for the peer.
    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>>;
}

/// The two halves one side holds.
#[derive(Debug)]
pub struct Link<Tx, Rx> {
    /// Towards the peer.
    pub tx: Tx,
    /// From the peer.
    pub rx: Rx,
}

/// Lends space for one message, then sends it.
pub trait Sender {
    /// Lends exactly `len` bytes (at least 1), waiting for room if there is none. Claiming again before
    /// [`commit`](Sender::commit) abandons the first claim.
    fn claim(&mut self, len: usize) -> Result<&mut [u8]>;

    /// Sends what was claimed last, and before it all that [`commit_more`](Sender::commit_more) kept.
    fn commit(&mut self) -> Result<()>;

    /// As [`commit`](Sender::commit), where another message follows at once: the transport may keep this one until
    /// then, to send several in one system call. Most do not, and send it.
    fn commit_more(&mut self) -> Result<()> {
        self.commit()
    }
}

/// Lends one message, then gives its space back.
pub trait Receiver {
    /// Waits for the next message and lends it.
    fn receive(&mut self) -> Result<&[u8]>;

    /// Says that the message lent last has been read.
    fn release(&mut self) -> Result<()>;

    /// Looks without waiting: true when [`receive`](Receiver::receive) would not wait, or would fail at once. What a
    /// side with other work to do asks between two pieces of it.
    ///
    /// # Errors
    /// A transport whose `INFO.overlaps` is false cannot tell, and says so.
    fn ready(&mut self) -> Result<bool> {
        Err(Error::Unavailable {
            reason: "this transport cannot look for a message without waiting for it".into(),
            remedy: None,
        })
    }
}

/// Something to be done once for each type of a catalog, in order, e.g. putting each through the laws.
pub trait Visitor {
    /// Called for each row that carries messages.
    fn visit<T: Transport>(&mut self);
    /// Called for each row that carries notifications.
    fn visit_notifier<N: Notifier>(&mut self);
    /// Called for each row that carries calls.
    fn visit_remote<R: Remote>(&mut self);
}
