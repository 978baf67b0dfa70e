//! Many producers, in many processes, and one consumer.
//!
//! The ring is a row of slots of one length, each with a state word that holds all there is to know of it: which message
//! of the stream the slot is for, how far it is, and whose it is.
//!
//! | state of slot *n* mod *count* | who moves it on |
//! | --- | --- |
//! | free for message *n* | a producer, by one compare-and-exchange: claimed, with the producer's tag |
//! | claimed by *tag* | that producer: committed, or skipped where it gives the claim up |
//! | committed, skipped | the consumer: free for message *n + count* |
//!
//! One exchange claims both the place in the order and the slot, so that there is no moment at which a place is taken and
//! nobody knows by whom. The tail beside the slots is only a hint of where to look first; who finds it behind moves it on.
//! No producer waits for another: one that stops, at whatever instruction, keeps no other from claiming.
//!
//! # What a dead producer leaves
//! The consumer takes messages in the order of their claims, so that a claim which is never committed would hold all later
//! ones up. [`Consumer::stalled`] tells whose claim it stands before; a caller that knows that process to be dead
//! [skips](Consumer::skip) it. What was claimed and not committed is lost with its sender; what it committed before
//! is not, and messages of others behind the claim arrive. A producer that lives and does not commit holds the others up for
//! as long as it pleases: that is the price of one order for all.
//!
//! # Sleeping
//! As [`sleep`](crate::sleep) says. Producers share one flag, which is why flags count.

mod consumer;
#[cfg(loom)]
mod modelled;
mod producer;
mod slots;

pub use consumer::Consumer;
#[cfg(loom)]
pub(crate) use modelled::Model;
pub use producer::Producer;
#[cfg(loom)]
pub(crate) use slots::Slots;
#[cfg(not(loom))]
pub use slots::create;
pub use slots::{TAG_MAX, footprint, slot_bytes};
