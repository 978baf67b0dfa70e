//! The policy: what a project lets pass.

use super::{Cells, reader};
use crate::{Quantity, Shares, SomeShares};
use ipcmark_record::CellKey;
use serde::{Deserialize, Serialize};

/// The file that is read by default, if it exists in the folder.
pub const POLICY_FILE: &str = "ipcmark-gate.toml";

/// Default ratio of the slow-down that must be detectable to the smallest effect: 5 % for an effect
/// of 2 %, 25 % for one of 10 %.
///
/// An interval that just fits into ± 2 % belongs to a smallest detectable slow-down of 5 %, one that
/// fits into ± 10 % to 26 %. A figure above this only looks unchanged.
pub const BLUNT: f64 = 2.5;

/// Effect of an item that is not green on the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The gate does not pass.
    Fail,
    /// The gate passes, with a warning per item.
    Warn,
    /// The gate passes, and counts the items in a line.
    Pass,
}

/// Effect of a comparison of two records of different times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Records {
    /// Raise a suspicion, which makes the gate inconclusive. Between two runs a shared machine changes
    /// by a few percent, so the gate would fail for unchanged code.
    Caution,
    /// Fail the gate, like a paired comparison.
    Trust,
}

/// Rules by which a project lets changes pass.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Policy {
    /// Name of its file; absent for the built-in policy.
    #[serde(skip)]
    pub file: Option<String>,
    /// The smallest slow-downs that matter.
    #[serde(deserialize_with = "reader::effect")]
    pub effect: Shares,
    /// A figure whose smallest detectable slow-down is larger is undecided even if it looks
    /// unchanged. The default is [`BLUNT`] times the smallest effect.
    pub least_detectable: SomeShares,
    /// Undecided figures.
    pub inconclusive: Weight,
    /// Cells that failed on the new side alone.
    pub failed: Weight,
    /// Cells that the base measured and the new side did not.
    pub missing: Weight,
    /// Doubts about the whole comparison: a base that differs from itself, a missed canary, a
    /// floor that moved.
    pub alarms: Weight,
    /// Records of different machines, which cannot be judged.
    pub unequal_hosts: Weight,
    /// Effect of two records of different times.
    pub records: Records,
    /// Number of figures that may have regressed.
    pub regressed_allowed: usize,
    /// Exceptions, in the file's order; for each key the last one about a cell counts.
    #[serde(rename = "rule", deserialize_with = "reader::rules")]
    pub rules: Vec<Rule>,
}

/// An exception for some cells.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Its line in the file, from 1.
    #[serde(skip)]
    pub line: usize,
    /// The cells; one match is enough.
    #[serde(deserialize_with = "reader::one_or_several")]
    pub cells: Vec<Cells>,
    /// Their figures; empty means all.
    #[serde(default)]
    pub figures: Vec<Quantity>,
    /// The reason, for readers of the summary.
    pub because: Option<String>,
    /// True if they are shown and not judged.
    #[serde(default)]
    pub ignore: bool,
    /// See [`Policy`].
    #[serde(default)]
    pub effect: SomeShares,
    /// See [`Policy`].
    #[serde(default)]
    pub least_detectable: SomeShares,
    /// See [`Policy`].
    pub inconclusive: Option<Weight>,
    /// See [`Policy`].
    pub failed: Option<Weight>,
    /// See [`Policy`].
    pub missing: Option<Weight>,
}

/// The policy for one figure, or for a cell without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruled {
    /// Line of the last rule about it, from 1.
    pub line: Option<usize>,
    /// The reason for that rule.
    pub because: Option<String>,
    /// True if it is not judged.
    pub ignore: bool,
    /// The smallest slow-downs that matter.
    pub effect: Shares,
    /// The largest values allowed for the smallest detectable slow-down.
    pub least_detectable: Shares,
    /// Weight of an undecided figure.
    pub inconclusive: Weight,
    /// Weight of a failure on the new side alone.
    pub failed: Weight,
    /// Weight of a missing cell.
    pub missing: Weight,
}

impl Default for Policy {
    /// Lets nothing pass that is not green.
    fn default() -> Self {
        Policy {
            file: None,
            effect: Shares::default(),
            least_detectable: SomeShares::default(),
            inconclusive: Weight::Fail,
            failed: Weight::Fail,
            missing: Weight::Fail,
            alarms: Weight::Fail,
            unequal_hosts: Weight::Fail,
            records: Records::Caution,
            regressed_allowed: 0,
            rules: Vec::new(),
        }
    }
}

impl Rule {
    /// Returns true if it is about this figure of this cell. A cell without figures belongs to rules
    /// that name no figures.
    #[must_use]
    pub fn is_about(&self, key: &CellKey, quantity: Option<Quantity>) -> bool {
        let figure = self.figures.is_empty() || quantity.is_some_and(|q| self.figures.contains(&q));
        figure && self.cells.iter().any(|cells| cells.name(key))
    }
}

impl Policy {
    /// Returns the policy for a figure of a cell, or for a cell without figures.
    #[must_use]
    pub fn of(&self, key: &CellKey, quantity: Option<Quantity>) -> Ruled {
        let mut ruled = Ruled {
            line: None,
            because: None,
            ignore: false,
            effect: self.effect,
            least_detectable: self.effect.times(BLUNT).but(&self.least_detectable),
            inconclusive: self.inconclusive,
            failed: self.failed,
            missing: self.missing,
        };
        for rule in self.rules.iter().filter(|rule| rule.is_about(key, quantity)) {
            ruled.line = Some(rule.line);
            ruled.because.clone_from(&rule.because);
            ruled.ignore = rule.ignore;
            ruled.effect = ruled.effect.but(&rule.effect);
            // A rule with its own effect has its own limit for noise.
            let own = ruled.least_detectable.but(&rule.effect.times(BLUNT));
            ruled.least_detectable = own.but(&rule.least_detectable);
            ruled.inconclusive = rule.inconclusive.unwrap_or(ruled.inconclusive);
            ruled.failed = rule.failed.unwrap_or(ruled.failed);
            ruled.missing = rule.missing.unwrap_or(ruled.missing);
        }
        ruled
    }
}
