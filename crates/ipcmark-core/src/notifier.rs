//! The seam of mechanisms that carry no payload: signals, counters, semaphores.
//!
//! A notification tells a waiting process that something happened, and nothing else. Its cost is
//! the cost of a wake-up without payload; next to shared memory the same mechanisms are measured
//! again with one. The contract, checked by laws:
//!
//! - After one `notify`, one `listen` on the other side returns, also when it is called later.
//! - A notifier whose `INFO.lossy` is false loses none: the sum of what `listen` returns is the
//!   number of `notify` calls. A lossy one may merge those that are still pending, and returns 1
//!   for them.
//! - A side that listens notices within a second or two that its peer's process is gone, or that
//!   the peer has dropped its half, with [`Error::Closed`](crate::Error::Closed) or
//!   [`Error::PeerDied`](crate::Error::PeerDied).
//! - After both sides have dropped their halves, nothing is left.

use crate::{Address, Availability, Info, Link, Plan, Result, Side};

/// One mechanism that notifies, under one wait strategy. Its `INFO.carries` is
/// [`Notifications`](crate::Carries::Notifications).
///
/// A counter in one process shows the shape:
///
/// ```
/// use ipcmark_core::*;
/// use std::{cell::Cell, rc::Rc};
///
/// struct Counter;
/// struct Half(Rc<Cell<u64>>);
///
/// impl Notifier for Counter {
///     const INFO: Info = Info {
///         family: "own",
///         mechanism: "counter",
///         carries: Carries::Notifications,
///         summary: "a count in one process",
///         reference: "memcpy(3)",
///         ..Info::DEFAULT
///     };
///     type Fixture = Rc<Cell<u64>>;
///     type Tx = Half;
///     type Rx = Half;
///
///     fn available() -> Availability {
///         Availability::Available(Limits::none())
///     }
///     fn fixture(_: &Plan) -> Result<Self::Fixture> {
///         Ok(Rc::default())
///     }
///     fn split(count: Self::Fixture, _: Side) -> Result<Link<Half, Half>> {
///         Ok(Link { tx: Half(count.clone()), rx: Half(count) })
///     }
/// }
/// impl Notify for Half {
///     fn notify(&mut self) -> Result<()> {
///         self.0.set(self.0.get() + 1);
///         Ok(())
///     }
/// }
/// impl Listen for Half {
///     fn listen(&mut self) -> Result<u64> {
///         Ok(self.0.take())
///     }
/// }
///
/// let Link { mut tx, mut rx } = Counter::split(Rc::default(), Side::Initiator)?;
/// tx.notify()?;
/// tx.notify()?;
/// assert_eq!(rx.listen()?, 2);
/// # Ok::<(), Error>(())
/// ```
pub trait Notifier: 'static {
    /// Its constant facts.
    const INFO: Info;
    /// Resources that both sides inherit through `fork(2)`.
    type Fixture;
    /// The notifying half.
    type Tx: Notify;
    /// The listening half.
    type Rx: Listen;

    /// Tells if this kernel, here, now, can run it. Probes by trying, leaves nothing behind.
    fn available() -> Availability;

    /// Makes what both sides inherit. Runs before the fork, in the process that supervises.
    fn fixture(plan: &Plan) -> Result<Self::Fixture>;

    /// Takes one side's halves out of the fixture. Runs after the fork, once on each side; it may
    /// wait for the peer.
    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>>;

    /// Does the same as [`Transport::address`](crate::Transport::address).
    ///
    /// # Errors
    /// A notifier that only a fork connects says so.
    fn address(_fixture: &Self::Fixture) -> Result<Address> {
        Err(Address::none())
    }

    /// Does the same as [`Transport::attach`](crate::Transport::attach).
    ///
    /// # Errors
    /// As [`address`](Notifier::address).
    fn attach(_plan: &Plan, _address: Address) -> Result<Self::Fixture> {
        Err(Address::none())
    }
}

/// The notifying half.
pub trait Notify {
    /// Tells the peer that something happened; waits only if the mechanism's counter or queue is
    /// full.
    fn notify(&mut self) -> Result<()>;
}

/// The listening half.
pub trait Listen {
    /// Waits for a notification. Returns how many it took, at least 1.
    fn listen(&mut self) -> Result<u64>;
}
