//! What a comparison means to a CI job: a policy, the decision by it, and the formats that CI
//! systems read.
//!
//! A comparison finds; a gate decides. So one document can be judged again by another policy, and
//! the policy is a file of the project, whose lines the annotations point to. The first rule: nothing
//! passes silently. What is undecided and allowed by the policy is counted in the first lines of
//! every output.
//!
//! [`judge`] turns [`Findings`](crate::Findings) and a [`Policy`] into an [`Outcome`];
//! [`Outcome::document`], [`annotations`], [`to_junit`] and [`to_json`](crate::to_json) show it.

mod cells;
mod decide;
mod document;
mod github;
mod item;
mod judge;
mod junit;
mod outcome;
mod policy;
mod reader;
mod template;

pub use cells::Cells;
pub use github::{MOST_OF_A_KIND, SUMMARY_BYTES, annotations, cut_summary, outputs};
pub use item::{Item, Level};
pub use judge::{judge, judge_unequal};
pub use junit::to_junit;
pub use outcome::{Decision, Note, Outcome, SCHEMA, Tally};
pub use policy::{BLUNT, POLICY_FILE, Policy, Records, Rule, Ruled, Weight};
pub use template::TEMPLATE;
