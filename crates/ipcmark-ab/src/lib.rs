//! The paired comparison of two builds or settings: measures them side by side, slice by slice.
//!
//! The program that compares ([`Comparison`]) starts three programs that measure ([`serve`]), the
//! sides: the base, the new side, and the base again. For each pair of invocations all three start the
//! cell's processes. These take turns in slices of a few ms, in an order that goes there and back, pass
//! the turn on among themselves, and return the result of each slice. Each round starts the programs
//! again: the addresses of code, stack and heap differ between two starts, and would otherwise be the
//! same in all pairs.
//!
//! The result is one document with raw slices ([`ipcmark_record::Paired`]); its readers judge it.
#![forbid(unsafe_code)]

mod comparison;
mod error;
mod order;
mod program;
mod protocol;
mod serve;
mod slice_len;
mod steps;

pub use comparison::{Comparison, Options};
pub use error::{Error, Result};
pub use program::Side;
pub use protocol::{Hello, PROTOCOL};
pub use serve::{Overrides, serve};
pub use steps::{Event, Judge, Watch};
