//! Two builds or settings, alive at once, slice by slice in turn.
//!
//! The program that compares ([`Duel`]) starts three others that measure ([`serve`]): the base, the new side, and the base once
//! more, the A/A arm. For each pair of invocations all three make the cell's processes; these take turns of a few ms in an
//! order that goes there and back, hand the turn on among themselves, and bring home what each slice was. Each round
//! starts the programs anew: where a program's code, stack and heap came to lie is one of the things that differ between two
//! starts, and would otherwise be the same in all pairs.
//!
//! What is found goes into one document ([`ipcmark_record::Paired`]), raw; what it means is decided by who reads that.
#![forbid(unsafe_code)]

mod contender;
mod duel;
mod error;
mod order;
mod protocol;
mod serve;
mod slice_len;

pub use contender::Side;
pub use duel::{Duel, Event, Judge, Options, Watch};
pub use error::{Error, Result};
pub use protocol::{Hello, PROTOCOL};
pub use serve::{Overrides, serve};
