//! The mechanisms' own rules, as facts measured on the machine.

use crate::Refusal;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One rule of one mechanism, and what this machine showed of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Rule {
    /// The family it belongs to: `signal`, `pipe`, `rpc` ...
    pub family: String,
    /// The mechanism, as people call it: `standard signals`, `pipe`, `System V queue`.
    pub mechanism: String,
    /// A short, stable word for it, unique in its family: `merge`, `atomic-write`.
    pub name: String,
    /// The rule itself, one sentence, without figures.
    pub rule: String,
    /// Description of what was done and seen, with its figures, in plain words.
    pub seen: String,
    /// Result of the trial.
    pub verdict: Verdict,
    /// The calls that were made, in order: `sigprocmask(SIG_BLOCK)`, `kill` ...
    pub calls: Vec<String>,
    /// Reference for the rule: `signal(7)`.
    pub reference: String,
    /// The figures in `seen`, by name, each with its unit in the name where it has one.
    pub figures: BTreeMap<String, f64>,
}

/// Result of the trial of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Verdict {
    /// The machine showed it.
    Shown,
    /// The machine did something else.
    Broken,
    /// It could not be tried here.
    NotTried(Refusal),
}
