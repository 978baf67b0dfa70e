//! The latest value: one writer, readers that want the newest whole value and no other.
//!
//! The writer never waits: it overwrites. So a reader can be in the middle of a value that is being overwritten, and must
//! notice: a *seqlock*. Each place has a mark before its value, odd while the value is in the making and otherwise twice
//! the value's number; a reader that finds the same even mark before and after its copy has copied one whole value.
//!
//! A value lies in one of several places, in turn. With one place a reader succeeds only between two writes, and a writer
//! that never pauses starves it; with several it is disturbed only by a writer that laps it.
//!
//! # Why it is no data race
//! Both sides touch the words of a value at the same time, on purpose. So these are atomics, read and written with relaxed
//! order, a word at a time, and no side ever borrows a slice of them. Two fences give the order that the mark needs:
//!
//! - writer: mark := odd; fence (Release); the words; mark := even (Release);
//! - reader: mark (Acquire); the words; fence (Acquire); mark again.
//!
//! If a reader's copy holds one word of a later value, the writer's fence came before that word was stored and the reader's
//! fence after it was loaded; so the reader's second look finds at least the odd mark. See H.-J. Boehm, "Can seqlocks get
//! along with programming language memory models?" (2012). `tests/loom.rs` checks it, and that it fails without either fence.

mod places;
mod reader;
mod writer;

#[cfg(not(loom))]
pub use places::create;
pub use places::footprint;
#[cfg(loom)]
pub(crate) use places::{Model, Places};
pub use reader::Reader;
pub use writer::Writer;
