//! The own rules of each mechanism, shown as facts measured on this machine.
//!
//! A manual page says that standard signals merge, that a write of up to `PIPE_BUF` bytes is atomic, that a record lock
//! excludes. Each rule here is a small experiment that does it, through the calls that it names, and tells in plain
//! words what came of it: 1,000 signals sent, 1 delivered. Nothing is timed that a busy machine could turn into
//! another answer; what is counted is.
//!
//! A rule is a [`Trial`]: constant words and a function. The function runs in a process of its own, forked for it, with
//! a deadline: what it does to its signal mask, its limits or its privileges ends with it, and a rule that hangs is
//! reported and does not stop the others. One module of `rules` holds the rules of one family, one function each.
#![forbid(unsafe_code)]

mod peers;
mod rules;
mod run;
mod trial;

pub use run::{Watch, run};
pub use trial::{Found, Seen, Trial};

/// Every rule, family by family, in the order of reports.
#[must_use]
pub fn trials() -> Vec<Trial> {
    rules::FAMILIES.iter().copied().flatten().copied().collect()
}
