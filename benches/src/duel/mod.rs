//! Rings side by side: ours, other people's, and the limit, in one run.
//!
//! The figures of shared memory hang on where the host runs the two CPUs, and it moves them every 0.1 to 1 s: as hardware threads
//! of one core, on one cache, or far apart, two to five times slower. So a trial lasts a few milliseconds and has a distance
//! probe before and after; it is dropped when the CPUs moved; all candidates of a shape are visited at once, in random order,
//! and only what one round measured at one distance is divided by each other ([`pairing`]). A ratio is a median over at least
//! [`pairing::PAIRS_MIN`] such pairs.
//!
//! Every candidate does the same work ([`message`]): a copy in from private memory, a copy out to private memory, a check.
//! Each waits by looking again after a pause instruction. What is made for two threads of a process runs between two threads,
//! so that its indices stay where its makers put them; what is made for two processes, ours with it, between two processes.
//!
//! [`measure`] is given [`Candidate`]s and [`Shape`]s and returns all trials; [`Compared`] sorts them, [`target`] judges and
//! [`table`] prints. A candidate is a [`Link`]: two halves with a function each.

mod arguments;
mod candidate;
pub mod class;
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
mod slots;
pub mod table;
pub mod target;
mod trial;
mod visit;

pub use arguments::{Arguments, run};
pub use candidate::{Candidate, Role};
pub use link::{Both, Duplex, End, Link, Part, Rx, Tx, spin};
pub use pairing::Compared;
pub use session::{Extent, measure};
pub use shape::{BATCH, Pattern, SIZES, Shape, batch};
pub use trial::{Entry, Trial, Trials};
