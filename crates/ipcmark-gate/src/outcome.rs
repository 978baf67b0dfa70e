//! What the gate came to: plain data, ready to print.

use crate::{Call, Item, Level, Weight};
use serde::Serialize;

/// What [`Outcome::schema`] says.
pub const SCHEMA: &str = "ipcmark.gate/1";

/// How the gate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Nothing stands against the change by this policy.
    Passed,
    /// Something regressed, or failed on the new side alone.
    Regressed,
    /// It could not be told, and the policy does not let that pass.
    Inconclusive,
}

impl Decision {
    /// 0, 1, 3: a promise, because CI jobs decide by it. (2 and 4 are errors: of the command line, of files.)
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Decision::Passed => 0,
            Decision::Regressed => 1,
            Decision::Inconclusive => 3,
        }
    }

    /// `passed`, `regressed`, `inconclusive`.
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
    /// How loudly it is said.
    pub level: Level,
    /// The words.
    pub text: String,
    /// Line of the policy that it is about.
    pub line: Option<usize>,
}

/// How many of what, of figures that are judged; `ignored` and `floors` are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Figures judged: `regressed` to `equivalent` add up to it.
    pub figures: usize,
    /// Slower beyond the smallest effect.
    pub regressed: usize,
    /// Faster beyond it.
    pub improved: usize,
    /// Within it.
    pub equivalent: usize,
    /// Cannot be told.
    pub inconclusive: usize,
    /// Of these, let through by the policy, with a warning or without.
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
    pub(crate) fn of(items: &[Item]) -> Tally {
        let mut tally = Tally::default();
        for item in items {
            match (item.ignored, item.floor, item.call) {
                (_, _, Call::Absent) => {}
                (true, ..) => tally.ignored += 1,
                (_, true, _) => tally.floors += 1,
                (.., Call::Failed) => tally.failed += 1,
                (.., Call::Missing) => tally.missing += 1,
                (.., call) => tally.count(call, item.weight),
            }
        }
        tally
    }

    fn count(&mut self, call: Call, weight: Weight) {
        self.figures += 1;
        let passes = call == Call::Inconclusive && weight != Weight::Fail;
        self.let_through += usize::from(passes);
        *match call {
            Call::Regressed => &mut self.regressed,
            Call::Improved => &mut self.improved,
            Call::Equivalent => &mut self.equivalent,
            _ => &mut self.inconclusive,
        } += 1;
    }

    /// `200 figures judged: 2 regressed, 1 improved, 190 equivalent, 7 inconclusive (7 let through); 1 failed; 3 ignored.`
    #[must_use]
    pub fn line(&self) -> String {
        let Tally { figures, regressed, improved, equivalent, inconclusive, let_through, .. } =
            *self;
        let mut line = format!(
            "{figures} figures judged: {regressed} regressed, {improved} improved, {equivalent} equivalent, {inconclusive} inconclusive"
        );
        if let_through > 0 {
            line += &format!(" ({let_through} let through by the policy)");
        }
        for (count, what) in [
            (self.failed, "cells failed on the new side alone"),
            (self.missing, "cells missing on the new side"),
            (self.ignored, "ignored by a rule"),
            (self.floors, "figures of floors"),
        ] {
            if count > 0 {
                line += &format!("; {count} {what}");
            }
        }
        line + "."
    }
}

/// What the gate came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// `ipcmark.gate/1`.
    pub schema: String,
    /// How it ends.
    pub decision: Decision,
    /// Its exit code.
    pub exit_code: u8,
    /// What decided, the weightiest first; of a pass what it let through.
    pub because: Vec<String>,
    /// What was compared with.
    pub base: String,
    /// What was judged.
    pub new: String,
    /// True when both sides were alive at once.
    pub paired: bool,
    /// The policy's file; absent for the policy that is built in.
    pub policy: Option<String>,
    /// Alarms, warnings, and what is odd about the policy.
    pub notes: Vec<Note>,
    /// How many of what.
    pub tally: Tally,
    /// The comparison's own census, in words.
    pub census: String,
    /// Each figure and each cell without one, in the suite's order.
    pub items: Vec<Item>,
}

impl Outcome {
    /// Items that are said at this level, in the order of their calls, the largest change first.
    #[must_use]
    pub fn at(&self, level: Level) -> Vec<&Item> {
        let mut items: Vec<&Item> = self.items.iter().filter(|item| item.level == level).collect();
        sort(&mut items);
        items
    }

    /// Items called so that are neither ignored nor floors, the largest change first.
    #[must_use]
    pub fn called(&self, call: Call) -> Vec<&Item> {
        let is = |item: &&Item| item.call == call && item.counts();
        let mut items: Vec<&Item> = self.items.iter().filter(is).collect();
        sort(&mut items);
        items
    }
}

fn sort(items: &mut [&Item]) {
    let size = |item: &Item| item.finding.as_ref().map_or(0.0, |f| f.ratio.ln().abs());
    items.sort_by(|a, b| a.call.cmp(&b.call).then(size(b).total_cmp(&size(a))));
}

/// The outcome as JSON, with a newline at its end.
#[must_use]
pub fn to_json(outcome: &Outcome) -> String {
    let mut text = serde_json::to_string_pretty(outcome).expect("an outcome is plain JSON");
    text.push('\n');
    text
}
