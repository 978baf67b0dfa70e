//! What a paired comparison found: plain data, ready to print.

use super::{Alarm, Effect, PairedCensus, SetAside};
use crate::{Figure, Policy, Verdict};
use ipcmark_record::{CellKey, Contender, Outcome, PairedSettings, Stage};
use serde::Serialize;

/// What [`PairedComparison::schema`] says.
pub const PAIRED_COMPARISON_SCHEMA: &str = "ipcmark.paired-comparison/1";

/// Two builds or settings, judged cell by cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairedComparison {
    /// `ipcmark.paired-comparison/1`.
    pub schema: String,
    /// When measuring began, RFC 3339, UTC.
    pub started: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was compared with.
    pub base: Contender,
    /// What was judged.
    pub new: Contender,
    /// The suite's name.
    pub suite: String,
    /// The host's fingerprint.
    pub host_fingerprint: String,
    /// What kind of CPU, and the kernel.
    pub host: String,
    /// How it was measured.
    pub settings: PairedSettings,
    /// What it was judged by.
    pub policy: Policy,
    /// What makes all of it doubtful; empty where nothing does.
    pub alarms: Vec<Alarm>,
    /// What else a reader must know before the first figure.
    pub warnings: Vec<String>,
    /// How many of what.
    pub census: PairedCensus,
    /// Every cell, in the suite's order; the canary last.
    pub cells: Vec<JudgedCell>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedCell {
    /// Which cell.
    pub key: CellKey,
    /// True for the floors: when they change, the machine or the harness did.
    pub floor: bool,
    /// True for the cell with the known delay, which is there to be found.
    pub canary: bool,
    /// That delay, thousandths of the cell's time.
    pub slow_down_permille: Option<u32>,
    /// Whether there is anything to judge.
    pub standing: PairedStanding,
    /// The stage whose pairs it is judged by.
    pub stage: Stage,
    /// Pairs of that stage.
    pub pairs: usize,
    /// How often it was looked at in that stage: p values are multiplied for it.
    pub looks: u32,
    /// Those of them that do not count.
    pub set_aside: SetAside,
    /// Its figures, the headline first.
    pub figures: Vec<JudgedFigure>,
    /// What a reader of its figures must know.
    pub notes: Vec<String>,
}

/// Whether there is anything to judge about a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum PairedStanding {
    /// It has figures.
    Judged,
    /// The new side failed in a pair, and the base in none: a regression whatever the figures say.
    NewlyFailed {
        /// Pairs in which it failed.
        pairs: usize,
        /// What failed.
        what: String,
    },
    /// The base failed, too: there was nothing to lose.
    Failed {
        /// What failed.
        what: String,
    },
    /// It ran, and no pair is usable.
    NoPair {
        /// Why not.
        why: String,
    },
    /// This machine cannot run it.
    NotAvailable {
        /// Why not.
        why: String,
    },
    /// The time ended before it.
    NotReached,
}

/// One figure of one cell. All figures are times: a ratio above 1 is slower.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedFigure {
    /// Which figure. Where its name says p50, it is the mean of the middle half, which moves in finer steps.
    pub figure: Figure,
    /// Of the base, ns: median over the pairs.
    pub base_ns: f64,
    /// Of the new side.
    pub new_ns: f64,
    /// Usable pairs.
    pub pairs: usize,
    /// The smallest effect worth a word that it was judged against, as a fraction.
    pub delta: f64,
    /// New / base, and the verdict.
    pub new: Effect,
    /// The A/A arm: the base / itself, judged alike.
    pub again: Effect,
    /// False where a change may not be called one: it was not looked at again, or is chance among so many (Holm).
    pub significant: bool,
    /// The smallest true slow-down that a comparison like this calls in four cases of five, as a fraction; absent where there
    /// are too few pairs to tell.
    pub detectable: Option<f64>,
    /// Why it is inconclusive.
    pub why: Option<String>,
}

impl JudgedCell {
    /// The worst that can be said of it; `None` where there was nothing to lose.
    #[must_use]
    pub fn worst(&self) -> Option<Verdict> {
        let of_standing = match self.standing {
            PairedStanding::Judged
            | PairedStanding::Failed { .. }
            | PairedStanding::NotAvailable { .. } => None,
            PairedStanding::NewlyFailed { .. } => Some(Verdict::Regressed),
            PairedStanding::NoPair { .. } | PairedStanding::NotReached => {
                Some(Verdict::Inconclusive)
            }
        };
        self.figures.iter().map(|figure| figure.new.verdict).chain(of_standing).max()
    }

    /// True when its figures count among the verdicts: it is no canary, and did not fail.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        !self.canary && self.standing == PairedStanding::Judged
    }
}

impl PairedComparison {
    /// The cells under judgement, without the canary.
    pub fn judged(&self) -> impl Iterator<Item = &JudgedCell> {
        self.cells.iter().filter(|cell| !cell.canary)
    }

    /// The worst verdict, for an exit code. With an alarm, or where nothing could be judged, it is inconclusive at best.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let doubtful = !self.alarms.is_empty() || self.census.figures == 0;
        self.judged()
            .filter_map(JudgedCell::worst)
            .chain(doubtful.then_some(Verdict::Inconclusive))
            .max()
            .unwrap_or(Verdict::Inconclusive)
    }
}

/// The comparison as JSON, with a newline at its end.
#[must_use]
pub fn paired_to_json(comparison: &PairedComparison) -> String {
    let mut text = serde_json::to_string_pretty(comparison).expect("a comparison is plain JSON");
    text.push('\n');
    text
}
