//! What a comparison means to a CI job: a policy, what it makes of the findings, and the formats that CI systems read.
//!
//! A comparison finds; a gate decides. The two are kept apart so that one document can be judged again by another policy, and so
//! that the decision has a place where it can be read: a file in the project, whose lines the annotations point to. The rule above
//! all others is that nothing is silently green: a figure that could not be told, and that the policy lets through, is counted
//! in the first lines of every output.
//!
//! [`judge`] turns [`Findings`](ipcmark_judge::Findings) and a [`Policy`] into an [`Outcome`]; [`to_markdown`], [`annotations`],
//! [`to_junit`] and [`to_json`] show it.
#![forbid(unsafe_code)]

mod cells;
mod decide;
mod error;
mod github;
mod item;
mod judge;
mod junit;
mod markdown;
mod outcome;
mod policy;
mod reader;
mod shares;
mod template;

pub use cells::Cells;
pub use error::{Error, Result};
pub use github::{MOST_OF_A_KIND, SUMMARY_BYTES, annotations, cut_summary, outputs};
pub use item::{Call, Item, Level};
pub use judge::{judge, judge_unequal};
pub use junit::to_junit;
pub use markdown::to_markdown;
pub use outcome::{Decision, Note, Outcome, SCHEMA, Tally, to_json};
pub use policy::{BLUNT, POLICY_FILE, Policy, Records, Rule, Ruled, Weight};
pub use shares::{Quantity, Shares, SomeShares};
pub use template::TEMPLATE;
