//! Forks two processes, pins them, warms them up, measures, and returns the numbers.
//!
//! The key decision is that everything measured happens in processes made for it. One
//! [`invoke`](Entry::invoke) is one fork of a cell's two sides: the fixture is made first and
//! inherited; the sides meet at a barrier in a shared page, warm up in the very pair that is
//! measured, and hand their histograms back through shared memory, never through the mechanism
//! under test. The supervisor holds a pidfd of each and a deadline: a side that dies or hangs
//! becomes a failed invocation with its reason, and the run goes on.
//!
//! Transports of shared memory have their own copies of the hot loops in `pattern`, with static
//! dispatch. Mechanisms that enter the kernel share one copy, where a message costs two virtual
//! calls: 1 % of the system call at most. This crate names no transport.
#![forbid(unsafe_code)]

mod aside;
mod bench;
pub mod certificate;
mod combine;
mod control;
mod cost;
mod counting;
mod desk;
mod entry;
mod error;
mod findings;
mod halves;
mod holds;
pub mod host;
mod invoke;
pub mod limits;
mod memory;
mod noise;
mod pattern;
pub mod placement;
mod raw;
mod rules;
mod scratch;
mod seat;
pub mod session;
mod setup;
pub mod sharing;
mod side;
pub mod slices;
mod stage;
mod timer;
mod turns;
mod varied;
mod warmup;

pub use bench::{Bench, Neighbourhood};
pub use cost::harness_cost;
pub use counting::Counted;
pub use entry::Entry;
pub use error::{Error, Result};
pub use invoke::Report;
pub use raw::{MOST_RAW, RawMessage, RawMessages};
pub use scratch::Scratch;
