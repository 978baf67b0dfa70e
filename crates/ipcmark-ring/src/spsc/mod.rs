//! One producer, one consumer, messages of any length up to [`largest_message`](crate::largest_message).
//!
//! The producer claims a slice ([`Producer::try_claim`]), fills it and commits; the consumer receives a slice
//! ([`Consumer::try_receive`]), reads it and releases. A slice is always one piece of the ring itself: nothing is copied.
//! Several messages can be [staged](Producer::stage) and published with one store. Where a message lies in memory of the
//! caller's anyway, [`Producer::try_send`] and [`Consumer::try_copy`] copy it, a long one piece by piece while the other
//! side reads along.
//!
//! # Sleeping without losing a wake-up
//! A side that found nothing may sleep on its need-wake flag (an aligned word in the shared memory, fit for `futex(2)`):
//!
//! | sleeper | peer |
//! | --- | --- |
//! | 1. [`announce_sleep`](Consumer::announce_sleep): flag := [`ASLEEP`], then a SeqCst fence | 1. commit, release or close |
//! | 2. look again; something there: go to 4 | 2. [`take_wake`](Producer::take_wake): a SeqCst fence, then read the flag |
//! | 3. sleep while the flag is [`ASLEEP`] | 3. it was up: take it down, and wake the sleeper |
//! | 4. [`retract_sleep`](Consumer::retract_sleep), look again | |
//!
//! The two fences are totally ordered. If the sleeper's comes first, the peer sees the flag and wakes; if the peer's comes
//! first, the sleeper's second look sees what was published. A flag taken down before step 3 makes step 3 return at
//! once, because a futex compares the word before it sleeps. So no wake-up is lost; a stray one may come, which is why
//! step 4 looks again. `tests/loom.rs` checks this, and that it fails without either fence.

mod consumer;
mod producer;
mod records;

pub use consumer::Consumer;
pub use producer::Producer;

/// The value of a need-wake flag while its side sleeps: what `futex(2)` must be told to expect.
pub const ASLEEP: u32 = crate::memory::ASLEEP;
