//! The policy: what a project lets pass.

use crate::{Cells, Quantity, Shares, SomeShares};
use ipcmark_record::CellKey;
use serde::{Deserialize, Serialize};

/// The file that is read where none is named and one lies in the folder.
pub const POLICY_FILE: &str = "ipcmark-gate.toml";

/// Smallest effects that must be detectable where the policy does not say: 5 % for an effect of 2 %, 25 % for one of 10 %.
///
/// An interval that just fits into ± 2 % belongs to a smallest detectable slow-down of 5 %, one that fits into ± 10 % to 26 %. So a figure
/// that stays below this has noise that its verdict is made for, and one above merely looks unchanged.
pub const BLUNT: f64 = 2.5;

/// What something that is not green does to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The gate does not pass.
    Fail,
    /// The gate passes, with a warning for each.
    Warn,
    /// The gate passes, and counts them in a line.
    Pass,
}

/// What a comparison of two records, taken at different times, may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Records {
    /// Raise a suspicion: a figure that looks slower makes the gate inconclusive, and does not fail it. Between two runs a shared
    /// machine as a whole is a few percent faster or slower, and such a gate would fail on untouched code.
    Caution,
    /// Fail the gate, as a paired comparison does.
    Trust,
}

/// What a project lets pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The file it was read from, as it was named; absent for the policy that is built in.
    pub file: Option<String>,
    /// The smallest slow-downs worth failing for.
    pub effect: Shares,
    /// A figure whose smallest detectable slow-down is above this says nothing, even where it looks unchanged. What is not written
    /// is [`BLUNT`] times the smallest effect.
    pub least_detectable: SomeShares,
    /// Figures that cannot be told.
    pub inconclusive: Weight,
    /// Cells that failed on the new side alone.
    pub failed: Weight,
    /// Cells that the base measured and the new side did not.
    pub missing: Weight,
    /// What makes the whole comparison doubtful: an A/A arm that found a change, a canary that was missed, a floor that moved.
    pub alarms: Weight,
    /// Records of machines that differ, of which nothing can be judged.
    pub unequal_hosts: Weight,
    /// What two records of different times may do.
    pub records: Records,
    /// So many figures may have regressed.
    pub regressed_allowed: usize,
    /// Exceptions, in the file's order; of those that are about a cell the last one counts, for each key on its own.
    pub rules: Vec<Rule>,
}

/// An exception for some cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Which cells; one of these is enough.
    pub cells: Vec<Cells>,
    /// Which of their figures; empty means all.
    pub figures: Vec<Quantity>,
    /// Why, for whoever reads the summary.
    pub because: Option<String>,
    /// True when they are shown, and not judged.
    pub ignore: bool,
    /// As in [`Policy`].
    pub effect: SomeShares,
    /// As in [`Policy`].
    pub least_detectable: SomeShares,
    /// As in [`Policy`].
    pub inconclusive: Option<Weight>,
    /// As in [`Policy`].
    pub failed: Option<Weight>,
    /// As in [`Policy`].
    pub missing: Option<Weight>,
}

/// What holds for one figure, or for a cell without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruled {
    /// Line of the last rule that is about it, from 1.
    pub line: Option<usize>,
    /// Why that rule is there.
    pub because: Option<String>,
    /// True when it is not judged.
    pub ignore: bool,
    /// Smallest slow-downs worth failing for.
    pub effect: Shares,
    /// Largest allowed of the smallest detectable.
    pub least_detectable: Shares,
    /// What an inconclusive figure does.
    pub inconclusive: Weight,
    /// What a failure on the new side alone does.
    pub failed: Weight,
    /// What a missing cell does.
    pub missing: Weight,
}

impl Default for Policy {
    /// 2 %, 10 % and 2 %; nothing regressed, nothing inconclusive, nothing lost, on one machine.
    fn default() -> Self {
        Policy {
            file: None,
            effect: Shares { p50: 0.02, p99: 0.10, rate: 0.02 },
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
    /// True when it is about this figure of this cell; of a cell without figures, about all rules that name no figures.
    #[must_use]
    pub fn is_about(&self, key: &CellKey, quantity: Option<Quantity>) -> bool {
        let figure = self.figures.is_empty() || quantity.is_some_and(|q| self.figures.contains(&q));
        figure && self.cells.iter().any(|cells| cells.name(key))
    }
}

impl Policy {
    /// What holds for a figure of a cell, or for a cell without figures.
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
            // A rule that judges by another effect means its own noise, not that of all others.
            let own = ruled.least_detectable.but(&rule.effect.times(BLUNT));
            ruled.least_detectable = own.but(&rule.least_detectable);
            ruled.inconclusive = rule.inconclusive.unwrap_or(ruled.inconclusive);
            ruled.failed = rule.failed.unwrap_or(ruled.failed);
            ruled.missing = rule.missing.unwrap_or(ruled.missing);
        }
        ruled
    }
}
