//! Compares measurements, and decides what a difference means.
//!
//! - [`paired`]: two builds measured side by side. It gives verdicts.
//! - [`sequential`]: two records of different times. It raises suspicions and gives no verdict.
//! - [`agreement`]: several runs of one suite. It counts how often they confirm each other.
//! - [`gate`]: what a project's policy makes of a comparison, for a CI job.
//!
//! A comparison judges by an interval and by the smallest effect that matters, never by an estimate
//! alone. What it cannot decide it calls undecided: see [`Verdict`].
#![forbid(unsafe_code)]

pub mod agreement;
mod document;
mod error;
mod figure;
mod finding;
pub mod gate;
pub mod paired;
pub mod sequential;
mod shares;
mod table;
mod verdict;

pub use document::{Document, Terminal};
pub use error::{Error, Result};
pub use figure::{Figure, Quantity};
pub use finding::{Finding, Findings, Unjudged};
pub use shares::{Shares, SomeShares, Thresholds};
pub use table::name;
pub use verdict::{Counts, Verdict};

/// Returns any of the results of this crate as JSON, with a newline at its end.
///
/// # Panics
/// Never: the results hold nothing that JSON cannot.
#[must_use]
pub fn to_json(result: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(result).expect("plain data") + "\n"
}
