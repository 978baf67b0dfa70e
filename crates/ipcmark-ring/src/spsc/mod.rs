//! One producer, one consumer, messages of any length up to [`largest_message`](crate::largest_message).
//!
//! The producer claims a slice ([`Producer::try_claim`]), fills it and commits; the consumer receives a slice
//! ([`Consumer::try_receive`]), reads it and releases. A slice is always one piece of the ring itself: nothing is copied.
//! Several messages can be [staged](Producer::stage) and published with one store. Where a message lies in memory of the
//! caller's anyway, [`Producer::try_send`] and [`Consumer::try_copy`] copy it, a long one piece by piece while the other
//! side reads along.
//!
//! How a side that found nothing may sleep without losing a wake-up is in [`sleep`](crate::sleep).

mod consumer;
mod producer;
mod records;

pub use consumer::Consumer;
pub use producer::Producer;
