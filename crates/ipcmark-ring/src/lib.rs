//! Rings over borrowed shared memory; no system calls.
//!
//! The key decision is what a side may believe. Two processes map the same bytes, so nothing a ring needs in order to
//! stay inside its memory is ever read from there: each side keeps its own index, the capacity and the largest record
//! in private memory, and what the peer wrote (its index, a record's length) is checked before a slice is made of it.
//! A peer that breaks the rules costs an error, not an access out of bounds. The same private copies are what makes a
//! ring fast: a side that never reads back the line it publishes, and reads the peer's only when its cached copy is
//! used up, moves no cache line that carries no news.
//!
//! Waiting is the caller's. Everything here is a try, and [`sleep`] says with a flag for each side how a caller that
//! wants to sleep must go about it without losing a wake-up. Nothing here allocates, locks, or enters the kernel, so
//! loom can check all of it (`tests/loom.rs`); under `cfg(loom)` the `model` module lends the memory.
#![allow(unsafe_code, reason = "records are slices of memory that two processes share")]

pub mod broadcast;
mod copy;
mod error;
pub mod latest;
mod layout;
mod memory;
pub mod mpsc;
pub mod sleep;
pub mod slots;
pub mod spsc;
mod sync;
mod words;

#[cfg(loom)]
pub mod model;
#[cfg(loom)]
mod modelled;

pub use error::RingError;
pub use layout::{
    ALIGNMENT, CONTROL_BYTES, MAX_CAPACITY, MIN_CAPACITY, capacity_for, footprint, largest_message,
    messages_in,
};
