//! One writer that never waits, and any number of readers, each at its own pace; each gets every message that it is fast
//! enough for, and learns how many it missed.
//!
//! Messages of any length up to a quarter of the memory lie one after another, as records of a header and the bytes. The
//! writer overwrites the oldest without asking. So a reader copies, and looks afterwards whether the writer had come into
//! its copy: a *seqlock* whose mark is a position.
//!
//! | word | written by | says |
//! | --- | --- | --- |
//! | published | the writer, with each message | where the newest whole record begins; that the writer has closed |
//! | reserved | the writer, once in an eighth of the memory | up to where it may have begun to write |
//! | the records | the writer | length and number of a message, and the message |
//! | attendance | a reader that comes or leaves | how many came, how many left |
//! | the sleepers' flag | both, around a sleep only | somebody sleeps |
//!
//! A position is a count of bytes since the beginning. A record at *p* is whole as long as *reserved* has not passed *p* +
//! capacity. The writer reserves a stretch in advance, so that this word changes once in many messages and readers keep
//! it in their caches; it costs an eighth of what a slow reader could else fall behind. Readers write nothing that
//! another side reads while messages flow: ten cost the writer what one does, except for the cache lines that they fetch.
//!
//! # Where a lapped reader goes on
//! At the newest record. The oldest one that is left is the next to be overwritten: a reader that was too slow would
//! start its copy at the edge, and most likely be lapped again. From the newest it has the whole memory as its lead, and what it gets
//! then is a run of consecutive messages. Also, the newest is the one record whose place the writer knows without keeping
//! a list; and if the writer stops, the last message comes to everybody, however slow.
//!
//! A reader that comes late is a lapped reader: it begins at the first message, and learns how many it was too late for.
//!
//! # Why it is no data race
//! As in [`latest`](crate::latest): all words are atomics, and no side borrows a slice of them.
//!
//! - writer: reserved := beyond the record; fence (Release); the words; published := the record (Release);
//! - reader: published (Acquire); the words; fence (Acquire); reserved.
//!
//! If a reader's copy holds one word of a later record, the writer's fence came before that word was stored and the reader's
//! fence after it was loaded; so the reader's look at *reserved* finds at least what was reserved for that later record.
//! `tests/loom.rs` checks it, and that it fails without any one of the four.
//!
//! # Which relative it has
//! [`latest`](crate::latest) keeps only the newest value and tells a reader no more than how many went by; its places are
//! addressed by the value's number, so that it needs no reservation. It remains the cell for states (a price, a pose),
//! and this the ring for events, each of which matters.
//!
//! # Sleeping
//! As [`sleep`](crate::sleep) says, all readers on one flag. A reader takes nothing back when it runs again, because others may
//! still sleep.

mod memory;
mod reader;
mod writer;

#[cfg(not(loom))]
pub use memory::create;
#[cfg(loom)]
pub(crate) use memory::{Model, Records};
pub use memory::{capacity_for, largest_message};
pub use reader::{News, Reader};
pub use writer::Writer;
