//! The seam of mechanisms that carry messages.
//!
//! The contract, which the conformance laws check for every transport in two real processes:
//!
//! - One commit, one receive, the same bytes, in order. No message waits for a later one, unless
//!   the sender said that one follows ([`Sender::commit_more`]).
//! - `claim(len)` with `len` over the link's largest message fails with
//!   [`Error::TooLong`](crate::Error::TooLong) and sends nothing. With [`Plan::fixed`] a link may
//!   also refuse every other length than [`Plan::size`].
//! - `claim(0)` sends an empty message if `INFO.empty_messages`; other transports may refuse it.
//! - `claim`, `commit` and `receive` wait as the transport's wait strategy says; they never return
//!   "try again". [`Sender::try_claim`] and [`Sender::try_commit`] never wait.
//! - Dropping a sender ends the stream: the peer receives what was committed, then
//!   [`Error::Closed`](crate::Error::Closed). A side notices that its peer's process is gone within
//!   a second or two, by waiting or by sending, with `Closed` or
//!   [`Error::PeerDied`](crate::Error::PeerDied), and again when it asks again. It receives first what
//!   the peer had committed, also when it left something unread; unless `INFO.dies_with_sender`.
//! - After both sides have dropped their halves, nothing is left: no name, no segment, no process.
//! - A transport whose `INFO.zero_copy` is false lends the same private buffer at each claim of one
//!   length, contents kept; so the harness need not fill it again.
//! - With `INFO.lossy` a message may be lost, but never damaged, and never repeated. With
//!   `INFO.many_senders` (or `many_receivers`) several processes may each `split` the inherited
//!   fixture for the initiator's (responder's) side and use that side's sender (receiver) at the
//!   same time; until all have ended none may drop its halves. With `INFO.broadcasts` the same
//!   holds for receivers, and each gets every message.
//! - A [`Listener`](crate::Listener) makes as many links as are asked for, one after another. Each
//!   ends as a link whose halves are dropped, and nothing is left of it.
//! - A fixture that gives its [`Address`] can be made a second time from it, by
//!   [`Transport::attach`], in a process that inherited nothing.

use crate::{Availability, Capacity, Error, Info, Listener, Notifier, Plan, Remote, Result, Side};
use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};

/// One mechanism under one wait strategy.
///
/// A mailbox in one process shows the shape; one between two processes is in
/// `examples/own-transport`.
///
/// ```
/// use ipcmark_core::*;
/// use std::{cell::RefCell, collections::VecDeque, rc::Rc};
///
/// type Queue = Rc<RefCell<VecDeque<Vec<u8>>>>;
/// struct Mailbox;
/// struct Tx(Queue, Vec<u8>);
/// struct Rx(Queue, Vec<u8>);
///
/// impl Transport for Mailbox {
///     const INFO: Info = Info {
///         family: "own",
///         mechanism: "mailbox",
///         wait: WaitKind::None,
///         meet_by: MeetBy::OneProcess,
///         summary: "a queue in one process",
///         reference: "memcpy(3)",
///         ..Info::DEFAULT
///     };
///     type Fixture = Queue;
///     type Tx = Tx;
///     type Rx = Rx;
///
///     fn available() -> Availability {
///         Availability::Available(Limits::none())
///     }
///     fn fixture(_: &Plan) -> Result<Queue> {
///         Ok(Queue::default())
///     }
///     fn capacity(_: &Queue) -> Result<Capacity> {
///         Ok(Capacity::default())
///     }
///     fn split(queue: Queue, _: Side) -> Result<Link<Tx, Rx>> {
///         Ok(Link { tx: Tx(queue.clone(), vec![]), rx: Rx(queue, vec![]) })
///     }
/// }
/// impl Sender for Tx {
///     fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
///         self.1.resize(len, 0);
///         Ok(&mut self.1)
///     }
///     fn commit(&mut self) -> Result<()> {
///         self.0.borrow_mut().push_back(self.1.clone());
///         Ok(())
///     }
/// }
/// impl Receiver for Rx {
///     fn receive(&mut self) -> Result<&[u8]> {
///         self.1 = self.0.borrow_mut().pop_front().ok_or(Error::Closed)?;
///         Ok(&self.1)
///     }
///     fn release(&mut self) -> Result<()> {
///         Ok(())
///     }
/// }
///
/// let plan = Plan::new(4, Names { token: "doc".into(), dir: "/tmp".into() });
/// let Link { mut tx, mut rx } = Mailbox::split(Mailbox::fixture(&plan)?, Side::Initiator)?;
/// tx.claim(4)?.copy_from_slice(b"ping");
/// tx.commit()?;
/// assert_eq!(rx.receive()?, b"ping");
/// # Ok::<(), Error>(())
/// ```
pub trait Transport: 'static {
    /// Its constant facts.
    const INFO: Info;
    /// Resources that both sides inherit through `fork(2)`.
    type Fixture;
    /// The sending half.
    type Tx: Sender;
    /// The receiving half.
    type Rx: Receiver;

    /// Tells if this kernel, here, now, can run it. Probes by trying, leaves nothing behind.
    fn available() -> Availability;

    /// Makes what both sides inherit. Runs before the fork, in the process that supervises.
    fn fixture(plan: &Plan) -> Result<Self::Fixture>;

    /// Returns the capacity that the fixture really has in each direction: bytes, the kernel's
    /// answer if it gives one, and how many messages of the plan's size they hold. Only the
    /// transport knows what a message is charged. Patterns that must not fill a link go by it.
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity>;

    /// Takes one side's halves out of the fixture and closes the other's. Runs after the fork, once
    /// on each side; it may wait for the peer.
    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>>;

    /// Returns what a process that inherited nothing needs to [`attach`](Transport::attach). The
    /// fixture stays usable: the address holds descriptors of its own.
    ///
    /// # Errors
    /// A transport that only a fork connects says so.
    fn address(_fixture: &Self::Fixture) -> Result<Address> {
        Err(Address::none())
    }

    /// Makes the fixture again in a process that inherited nothing, from the plan and the address
    /// that the process with the fixture gave it. [`split`](Transport::split) then takes this
    /// process's side out of it. Names of the plan may be gone after both sides have split.
    ///
    /// # Errors
    /// As [`address`](Transport::address).
    fn attach(_plan: &Plan, _address: Address) -> Result<Self::Fixture> {
        Err(Address::none())
    }

    /// Makes a place at which the responder takes one connection after another. Runs before the
    /// fork, in place of [`fixture`](Transport::fixture).
    ///
    /// # Errors
    /// A transport whose `INFO.listens` is false says that it cannot.
    fn listen(_plan: &Plan) -> Result<Listener> {
        Err(Error::unavailable("this transport makes one link, and not one after another"))
    }
}

/// The data that a process that inherited nothing needs to take part in a link, besides the plan.
///
/// The text travels as an argument, the descriptors over a Unix-domain socket (`SCM_RIGHTS`) or
/// through `execve(2)`. Their meaning and order are the transport's own: a path, a port, a key; a
/// pipe's end, a memory file, a socket.
#[derive(Debug, Default)]
pub struct Address {
    /// A path, name, port, key or number; empty if the plan says all.
    pub text: OsString,
    /// Descriptors to be passed.
    pub descriptors: Vec<OwnedFd>,
}

impl Address {
    /// Returns the error of a transport that gives no address.
    #[cold]
    #[must_use]
    pub fn none() -> Error {
        Error::unavailable("this transport connects only processes that were forked with it")
    }
}

/// The two halves one side holds.
#[derive(Debug)]
pub struct Link<Tx, Rx> {
    /// Sends to the peer.
    pub tx: Tx,
    /// Receives from the peer.
    pub rx: Rx,
}

/// Lends space for one message, then sends it.
pub trait Sender {
    /// Lends exactly `len` bytes, waiting for room if there is none. Claiming again before
    /// [`commit`](Sender::commit) abandons the first claim.
    fn claim(&mut self, len: usize) -> Result<&mut [u8]>;

    /// Sends what was claimed last, and before it all that [`commit_more`](Sender::commit_more)
    /// kept.
    fn commit(&mut self) -> Result<()>;

    /// Sends what was claimed last, and says that another message follows at once: the transport
    /// may keep this one until then, to send several in one system call. Most do not, and send it.
    fn commit_more(&mut self) -> Result<()> {
        self.commit()
    }

    /// Lends exactly `len` bytes, or returns `None` if [`claim`](Sender::claim) would wait.
    ///
    /// A transport that lends its slots finds here whether there is room, one that copies finds it
    /// in [`try_commit`](Sender::try_commit); a caller must expect both.
    ///
    /// # Errors
    /// Those of `claim`. A transport whose `INFO.never_waits` is false says that it cannot.
    fn try_claim(&mut self, _len: usize) -> Result<Option<&mut [u8]>> {
        Err(cannot_refuse())
    }

    /// Sends what was claimed last, or returns `false` if [`commit`](Sender::commit) would wait.
    /// The claim then stays: commit it later, or claim again, which abandons it.
    ///
    /// # Errors
    /// As [`try_claim`](Sender::try_claim).
    fn try_commit(&mut self) -> Result<bool> {
        Err(cannot_refuse())
    }
}

#[cold]
fn cannot_refuse() -> Error {
    Error::unavailable("a sender of this transport cannot tell that it would wait")
}

/// Lends one message, then gives its space back.
pub trait Receiver {
    /// Waits for the next message and lends it.
    fn receive(&mut self) -> Result<&[u8]>;

    /// Gives back the space of the message that was lent last.
    fn release(&mut self) -> Result<()>;

    /// Looks without waiting: returns true if [`receive`](Receiver::receive) would not wait, or
    /// would fail at once. A side with other work to do asks this between two pieces of it.
    ///
    /// # Errors
    /// A transport whose `INFO.overlaps` is false says that it cannot.
    fn ready(&mut self) -> Result<bool> {
        Err(Error::unavailable("this transport cannot look for a message without waiting for it"))
    }

    /// Returns the descriptor that `poll(2)` finds readable whenever a message is there, so that a process can sleep
    /// until any of several links has one; `None` if there is no such descriptor.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// Work to be done once for each type of a catalog, in order, e.g. putting each through the laws.
pub trait Visitor {
    /// Visits a row that carries messages.
    fn visit<T: Transport>(&mut self);
    /// Visits a row that carries notifications.
    fn visit_notifier<N: Notifier>(&mut self);
    /// Visits a row that carries calls.
    fn visit_remote<R: Remote>(&mut self);
}
