//! The seam of mechanisms that carry no payload: signals, counters, semaphores.
//!
//! They tell a waiting process that something happened, and nothing else. What they cost is the wake-up apart from any
//! payload; as the wait half of shared memory they are measured again with one. The contract, checked by laws:
//!
//! - After one `notify`, one `listen` on the other side returns, also when it is called later.
//! - A notifier whose `INFO.lossy` is false loses none: the sum of what `listen` returns is the number of `notify`
//!   calls. A lossy one may merge those that are still pending, and returns 1 for them.
//! - A peer whose process is gone, or that has dropped its half, is noticed by a side that listens, within a second or
//!   two, with [`Error::Closed`](crate::Error::Closed) or [`Error::PeerDied`](crate::Error::PeerDied).
//! - After both sides have dropped their halves, nothing is left.

use crate::{Availability, Info, Link, Plan, Result, Side};

/// One mechanism that notifies, under one way to wait. Its `INFO.carries` is
/// [`Notifications`](crate::Carries::Notifications).
pub trait Notifier: 'static {
    /// Its constant facts.
    const INFO: Info;
    /// What both sides inherit through `fork(2)`.
    type Fixture;
    /// The notifying half.
    type Tx: Notify;
    /// The listening half.
    type Rx: Listen;

    /// Can this kernel, here, now, run it? Probes by trying, leaves nothing behind.
    fn available() -> Availability;

    /// Makes what both sides inherit. Runs before the fork, in the process that supervises.
    fn fixture(plan: &Plan) -> Result<Self::Fixture>;

    /// Takes one side's halves out of the fixture. Runs after the fork, once on each side; it may wait for the peer.
    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>>;
}

/// Tells the peer.
pub trait Notify {
    /// Tells the peer that something happened; waits only where the mechanism's counter or queue is full.
    fn notify(&mut self) -> Result<()>;
}

/// Waits to be told.
pub trait Listen {
    /// Waits until there is news. Returns how many notifications it took, at least 1.
    fn listen(&mut self) -> Result<u64>;
}
