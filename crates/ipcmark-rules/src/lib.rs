//! Each mechanism's own rules, checked on this machine.
//!
//! A manual page says that standard signals merge, that a write of up to `PIPE_BUF` bytes is atomic, that a record lock
//! excludes. Each rule here is a small experiment that tries it, with the calls that it names, and reports in plain words
//! what happened: 1,000 signals sent, 1 delivered. An experiment counts and does not time, so that a busy machine gives the
//! same answer.
//!
//! A rule is a [`Trial`]: constant words and a function. The function runs in its own process with a deadline: what it does
//! to its signal mask, limits or privileges ends with it, and a rule that hangs is reported and does not stop the others.
//! Each module of `rules` has the rules of one family, one function each.
#![forbid(unsafe_code)]

mod peers;
mod rules;
mod run;
mod trial;

pub use run::{Watch, run};
pub use trial::{Found, Seen, Trial};

/// Returns every rule, family by family, in the order of reports.
#[must_use]
pub fn trials() -> Vec<Trial> {
    rules::FAMILIES.iter().copied().flatten().copied().collect()
}
