//! The outcome of a gate: plain data.

use super::{Item, Level, Weight};
use crate::verdict::with_counts;
use crate::{Counts, Verdict};
use ipcmark_show::plural;
use serde::Serialize;

/// Value of [`Outcome::schema`].
pub const SCHEMA: &str = "ipcmark.gate/1";

/// The decision of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The policy lets the change pass.
    Passed,
    /// Something regressed, or failed on the new side alone.
    Regressed,
    /// It could not be decided, and the policy does not let that pass.
    Inconclusive,
}

impl Decision {
    /// Returns the verdict that it amounts to.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Decision::Passed => Verdict::Improved,
            Decision::Regressed => Verdict::Regressed,
            Decision::Inconclusive => Verdict::Inconclusive,
        }
    }

    /// Returns 0, 1 or 3: a promise, because CI jobs decide by it. (2 and 4 are errors of the command
    /// line and of files.)
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        self.verdict().exit_code()
    }

    /// Returns `passed`, `regressed` or `inconclusive`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Passed => "passed",
            Decision::Regressed => "regressed",
            Decision::Inconclusive => "inconclusive",
        }
    }
}

/// Something about the whole comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Its importance.
    pub level: Level,
    /// The words.
    pub text: String,
    /// Line of the policy that it is about.
    pub line: Option<usize>,
}

/// The counts of figures and cells that are judged; `ignored` and `floors` are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Figures judged.
    #[serde(flatten)]
    pub counts: Counts,
    /// Undecided figures that the policy lets pass, with a warning or without.
    pub let_through: usize,
    /// Cells that failed on the new side alone.
    pub failed: usize,
    /// Cells that the base measured and the new side did not.
    pub missing: usize,
    /// Figures and cells that a rule takes out.
    pub ignored: usize,
    /// Figures of the floors.
    pub floors: usize,
}

impl Tally {
    pub(super) fn of(items: &[Item]) -> Tally {
        let mut tally = Tally::default();
        for item in items {
            match (item.ignored, item.floor, item.call) {
                (_, _, Verdict::Absent) => {}
                (true, ..) => tally.ignored += 1,
                (_, true, _) => tally.floors += 1,
                (.., Verdict::Failed) => tally.failed += 1,
                (.., Verdict::Missing) => tally.missing += 1,
                (.., call) => {
                    tally.counts.add(call);
                    let passes = call == Verdict::Inconclusive && item.weight != Weight::Fail;
                    tally.let_through += usize::from(passes);
                }
            }
        }
        tally
    }

    /// Returns `200 figures judged: 2 regressed, 1 improved, 190 equivalent, 7 undecided (7 allowed
    /// by the policy); 1 cell failed on the new side alone; 3 ignored by a rule.`
    #[must_use]
    pub fn line(&self, paired: bool) -> String {
        let figures = plural(self.counts.figures, "figure");
        let mut line = format!("{figures} judged: {}", self.counts.words(paired));
        if self.let_through > 0 {
            line += &format!(" ({} allowed by the policy)", self.let_through);
        }
        let others = [
            (self.failed, "failed on the new side alone"),
            (self.missing, "missing on the new side"),
            (self.ignored, "ignored by a rule"),
            (self.floors, "of floors"),
        ];
        with_counts(line, &others)
    }
}

/// The outcome of a gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// `ipcmark.gate/1`.
    pub schema: String,
    /// The decision.
    pub decision: Decision,
    /// Its exit code.
    pub exit_code: u8,
    /// The reasons, the most important first; of a pass what the policy allowed.
    pub because: Vec<String>,
    /// The base in words.
    pub base: String,
    /// The new side in words.
    pub new: String,
    /// True if both sides were measured side by side.
    pub paired: bool,
    /// The policy's file; absent for the built-in policy.
    pub policy: Option<String>,
    /// Alarms, warnings, and oddities of the policy.
    pub notes: Vec<Note>,
    /// The counts.
    pub tally: Tally,
    /// The comparison's own counts, in words.
    pub census: String,
    /// Each figure and each cell without one, in the suite's order.
    pub items: Vec<Item>,
}

impl Outcome {
    /// Returns the items of this level by verdict, the largest change first.
    #[must_use]
    pub fn at(&self, level: Level) -> Vec<&Item> {
        self.those(|item| item.level == level)
    }

    /// Returns the items with this verdict that count, the largest change first.
    #[must_use]
    pub fn called(&self, call: Verdict) -> Vec<&Item> {
        self.those(|item| item.call == call && item.counts())
    }

    pub(super) fn those(&self, are: impl Fn(&Item) -> bool) -> Vec<&Item> {
        let size = |item: &Item| item.finding.as_ref().map_or(0.0, |f| f.ratio.ln().abs());
        let mut items: Vec<&Item> = self.items.iter().filter(|item| are(item)).collect();
        items.sort_by(|a, b| b.call.cmp(&a.call).then(size(b).total_cmp(&size(a))));
        items
    }
}
