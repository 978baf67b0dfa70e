//! Many producers, in many processes, and one consumer.
//!
//! The ring is a row of slots of one length. Each has two words, and both carry the lap that they describe, so that
//! nothing is ever cleared:
//!
//! | word | says | written by |
//! | --- | --- | --- |
//! | claim | whose the slot is in this lap (a tag), and how many slots were claimed with it | a producer, by one compare-and-exchange from the lap before |
//! | mark | that the message is there, and its length; or that the claim was given up | that producer, as its last store |
//! | head | up to where the consumer is done, so that slots are free for the next lap | the consumer, for several slots at once |
//!
//! One exchange claims both the place in the order and the slots, so that there is no moment at which a place is taken and
//! no one knows by which producer. There is no tail: a producer goes on where it was, over what others have claimed since, or
//! where the consumer is if that is further. No producer waits for another: one that stops, at whatever instruction, keeps
//! no other from claiming.
//!
//! # Which lines move
//! The mark lies before its message, in one line where the message is short; the claims lie side by side, eight to a line,
//! and the consumer does not read them. So what it polls is written once a message, with the message; and with one producer
//! at work the claims stay in its cache. A producer that loses a claim to another pauses: the winner gets several done
//! before the line comes over. `cargo bench --bench fan_in` shows what it is worth; asking for lines ahead of single
//! claims (`prefetchw`) made it slower.
//!
//! A run of claims is known by its first word for certain; its producer writes the words inside it afterwards, each before
//! that slot's mark. So a producer steps over whole runs, and one that goes on at the consumer's place, which may be
//! inside a run, looks back for the word that covers it.
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
pub use slots::{RUN_MAX, TAG_MAX, footprint, slot_bytes};
