//! What a paired comparison found: plain data.

use super::{Alarm, Census, Effect, SetAside};
use crate::{Figure, Finding, Findings, Thresholds, Unjudged, Verdict};
use ipcmark_record::{CellKey, Contender, Outcome, PairedSettings, Stage};
use serde::Serialize;

/// Value of [`Comparison::schema`].
pub const SCHEMA: &str = "ipcmark.paired-comparison/1";

/// Two builds or settings, judged cell by cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// `ipcmark.paired-comparison/1`.
    pub schema: String,
    /// Start of measuring, RFC 3339, UTC.
    pub started: String,
    /// The way it ended.
    pub outcome: Outcome,
    /// The base.
    pub base: Contender,
    /// The new side.
    pub new: Contender,
    /// The suite's name.
    pub suite: String,
    /// The host's fingerprint.
    pub host_fingerprint: String,
    /// The CPU and the kernel.
    pub host: String,
    /// Settings of the measurement.
    pub settings: PairedSettings,
    /// The thresholds that it was judged by.
    pub policy: Thresholds,
    /// Reasons to doubt all of it.
    pub alarms: Vec<Alarm>,
    /// Warnings to read before the first figure.
    pub warnings: Vec<String>,
    /// The counts.
    pub census: Census,
    /// Every cell, in the suite's order; the canary last.
    pub cells: Vec<JudgedCell>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedCell {
    /// The cell.
    pub key: CellKey,
    /// True for the floors: when they change, the machine or the harness did.
    pub floor: bool,
    /// True for the cell with the known delay, which must be detected.
    pub canary: bool,
    /// That delay, thousandths of the cell's time.
    pub slow_down_permille: Option<u32>,
    /// State of the cell: judged, failed, not reached.
    pub standing: Standing,
    /// The stage whose pairs it is judged by.
    pub stage: Stage,
    /// Number of pairs of that stage.
    pub pairs: usize,
    /// Number of looks at it in that stage: p values are multiplied for it.
    pub looks: u32,
    /// Pairs that do not count.
    pub set_aside: SetAside,
    /// Its figures, the headline first.
    pub figures: Vec<JudgedFigure>,
    /// Notes for readers of its figures.
    pub notes: Vec<String>,
}

/// State of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Standing {
    /// It has figures.
    Judged,
    /// The new side failed in a pair, and the base in none.
    NewlyFailed {
        /// Pairs in which it failed.
        pairs: usize,
        /// The failure.
        what: String,
    },
    /// The base failed too: there was nothing to lose.
    Failed {
        /// The failure.
        what: String,
    },
    /// It ran, and no pair is usable.
    NoPair {
        /// The reason.
        why: String,
    },
    /// This machine cannot run it.
    NotAvailable {
        /// The reason.
        why: String,
    },
    /// The budget ended before it.
    NotReached,
}

/// One figure of one cell. All figures are times: a ratio above 1 is slower.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedFigure {
    /// The figure. A p50 is the mean of the middle half here, which has a finer resolution.
    pub figure: Figure,
    /// The base's value, ns: median over the pairs.
    pub base_ns: f64,
    /// The new side's value, ns.
    pub new_ns: f64,
    /// Usable pairs.
    pub pairs: usize,
    /// The smallest effect that it was judged by, as a fraction.
    pub delta: f64,
    /// New / base.
    pub new: Effect,
    /// The base again / base, judged by the same rules.
    pub again: Effect,
    /// False if a change may not be called one: no second stage confirmed it, or it is chance among
    /// the figures (Holm).
    pub significant: bool,
    /// The smallest true slow-down that a comparison like this detects in four cases of five, as a
    /// fraction; absent if there are too few pairs.
    pub detectable: Option<f64>,
    /// The reason why it is undecided.
    pub why: Option<String>,
}

impl Standing {
    /// Returns the verdict and the reason of a cell that is not judged by its figures.
    #[must_use]
    pub fn verdict(&self) -> Option<(Verdict, String)> {
        Some(match self {
            Standing::Judged => return None,
            Standing::NewlyFailed { pairs, what } => {
                (Verdict::Failed, format!("failed on the new side alone, in {pairs} pairs: {what}"))
            }
            Standing::Failed { what } => (Verdict::Absent, format!("failed in the base: {what}")),
            Standing::NoPair { why } => (Verdict::Missing, why.clone()),
            Standing::NotAvailable { why } => (Verdict::Absent, format!("not available: {why}")),
            Standing::NotReached => {
                (Verdict::Missing, "not reached: the budget ended first".into())
            }
        })
    }
}

impl JudgedCell {
    /// Returns true if its figures count: it is not the canary, and did not fail.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        !self.canary && self.standing == Standing::Judged
    }

    /// Returns its figures in the shape of all comparisons.
    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.figures.iter().map(|figure| Finding {
            key: self.key.clone(),
            floor: self.floor,
            figure: figure.figure,
            base_ns: figure.base_ns,
            new_ns: figure.new_ns,
            ratio: figure.new.ratio,
            interval: figure.new.interval,
            detectable: figure.detectable,
            replicates: figure.pairs,
            significant: figure.significant,
            delta: figure.delta,
            verdict: figure.new.verdict,
            why: figure.why.clone(),
        })
    }
}

impl Comparison {
    /// Returns the cells without the canary.
    pub fn judged(&self) -> impl Iterator<Item = &JudgedCell> {
        self.cells.iter().filter(|cell| !cell.canary)
    }

    /// Returns the worst verdict, for an exit code. With an alarm, or if nothing was judged, it is
    /// undecided at best.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let doubtful = !self.alarms.is_empty() || self.census.counts.figures == 0;
        let figures = self.judged().flat_map(|cell| &cell.figures).map(|f| f.new.verdict);
        let cells = self.judged().filter_map(|cell| Some(cell.standing.verdict()?.0));
        let all = figures.chain(cells).chain(doubtful.then_some(Verdict::Inconclusive));
        all.max().unwrap_or(Verdict::Inconclusive)
    }

    /// Returns what was found, without the canary, which shows in the alarms alone.
    #[must_use]
    pub fn findings(&self) -> Findings {
        let judged = self.judged().filter(|cell| cell.is_judged());
        let unjudged = self.judged().filter_map(|cell| {
            let (verdict, why) = cell.standing.verdict()?;
            Some(Unjudged { key: cell.key.clone(), verdict, why })
        });
        Findings {
            base: side(&self.base),
            new: side(&self.new),
            paired: true,
            alarms: self.alarms.iter().map(|alarm| alarm.words.clone()).collect(),
            warnings: self.warnings.clone(),
            findings: judged.flat_map(JudgedCell::findings).collect(),
            unjudged: unjudged.collect(),
            census: self.census.line(),
        }
    }
}

/// Returns a side in words: `base/ipcmark (0.1.0, 1f2e3d4c5b6a), X=1, --flag`.
fn side(side: &Contender) -> String {
    let commit = side.tool.commit.as_deref().map(|c| format!(", {c}")).unwrap_or_default();
    let mut words = format!("{} ({}{commit})", side.program, side.tool.version);
    for extra in side.env.iter().chain(&side.args) {
        words += &format!(", {extra}");
    }
    words
}
