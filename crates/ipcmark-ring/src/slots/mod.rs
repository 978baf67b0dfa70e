//! One producer, one consumer, slots of one length that say themselves what they hold.
//!
//! The key decision is where a message is published: in its own slot. A slot opens with a word that carries the number and
//! the length of the message behind it, and the producer's store of that word is the publication. There is no tail to
//! look at, so that news and data come with one transfer of one cache line, as in a mailbox; and since the number
//! tells this lap from the last, nothing is ever cleared. The price is a word and the rounding for each message, and that a consumer
//! which looks too often takes away the very line that the producer writes: see [`Consumer::take_batch`].
//!
//! | message | slot | |
//! | --- | --- | --- |
//! | up to 8 B | 16 B | four share a line |
//! | up to 56 B | 16, 32 or 64 B | never more than one line |
//! | longer | whole lines | the word and the first 56 B share the first |
//!
//! The producer needs one thing of the consumer, how far it is, and looks only when the room it knows of is used up. Both
//! keep their own place in private memory. [`Producer::stage`] and [`Producer::publish`] let many messages become visible
//! by one store: the words of all but the first are written at once, where the consumer cannot come to look yet, and that of the
//! first last.
//!
//! Each half has a flag to sleep on, as [`sleep`](crate::sleep) says.

mod cells;
mod consumer;
#[cfg(loom)]
mod modelled;
mod producer;

#[cfg(loom)]
pub(crate) use cells::Cells;
pub use cells::{footprint, slot_bytes};
pub use consumer::Consumer;
#[cfg(loom)]
pub(crate) use modelled::Model;
pub use producer::{Claims, Producer};
