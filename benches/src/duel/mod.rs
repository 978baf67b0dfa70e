//! Rings side by side in one run: ours, other people's, and the limit.
//!
//! Times of shared memory depend on the distance of the two CPUs, and a host moves them every 0.1
//! to 1 s: to hardware threads of one core, to one cache, or far apart, two to five times slower.
//! So a trial lasts a few milliseconds, with a distance probe before and after it, and is dropped
//! if the CPUs moved. Each round visits all candidates of a shape in random order, and a ratio only
//! divides times of one round at one distance ([`Compared`]). It is a median over at least
//! [`LEAST`](crate::pairs::LEAST) pairs.
//!
//! Every candidate does the same work ([`message`]): a copy in from private memory, a copy out to
//! private memory, and a check. Each waits by looking again after a pause instruction. Candidates
//! made for two threads of a process run between two threads, so that their indices are where their
//! authors put them. Those made for two processes, like ours, run between two processes.
//!
//! [`measure`] gets [`Candidate`]s and [`Shape`]s and returns all trials. [`Compared`] sorts them,
//! [`target`] judges and [`table`] prints. A candidate is a [`Link`]: two halves with a function
//! each.

mod arguments;
mod candidate;
pub mod fan_in;
mod limits;
mod lines;
mod link;
pub mod message;
pub mod ours;
pub mod pairing;
#[cfg(feature = "peers")]
pub mod peers;
mod session;
mod shape;
pub mod table;
pub mod target;
mod trial;
mod visit;

pub use arguments::Arguments;
pub use candidate::{Candidate, Role};
pub use link::{Both, Duplex, End, Link, Part, Rx, Tx, spin};
pub use pairing::Compared;
pub use session::measure;
pub use shape::{BATCH, Pattern, SIZES, Shape, batch};
pub use trial::{Entry, Extent, Trial, Trials};

/// Names in tables of our rings and of the limits of their shapes.
pub mod names {
    /// The limit of round trips.
    pub const MAILBOX: &str = "limit: one-slot mailbox";
    /// The limit of streams.
    pub const BULK: &str = "limit: bulk copy";
    /// The ring for messages of any size.
    pub const RING: &str = "ring";
    /// The ring with halves that copy: it reads a long message while the sender still writes it.
    pub const RING_COPIED: &str = "ring, copying";
    /// The ring between threads.
    pub const RING_THREADS: &str = "ring, two threads";
    /// The ring with one publication a batch.
    pub const RING_BATCHED: &str = "ring, batches";
}

/// Returns the limits and our rings.
#[must_use]
pub fn candidates() -> Vec<Candidate> {
    let mut all = limits::candidates();
    all.extend(ours::candidates());
    all
}
