//! What either kind of comparison found, in one shape: for a gate, for CI systems, for the history.

use crate::{Figure, Verdict};
use ipcmark_record::CellKey;
use serde::Serialize;

/// All that a comparison found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// What was compared with, in words: commit and time, or program and version.
    pub base: String,
    /// What was judged.
    pub new: String,
    /// True for pairs that were alive at once; false for records of different times.
    pub paired: bool,
    /// What makes all of it doubtful: the A/A arm found a change, the canary was missed. Empty where nothing does.
    pub alarms: Vec<String>,
    /// What else a reader must know.
    pub warnings: Vec<String>,
    /// Each figure judged, in the suite's order.
    pub findings: Vec<Finding>,
    /// Cells without a judged figure.
    pub unjudged: Vec<Unjudged>,
    /// One line: how many of what.
    pub census: String,
}

/// One figure of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Which cell.
    pub key: CellKey,
    /// True for the floors: when they change, the machine or the harness did.
    pub floor: bool,
    /// Which figure.
    pub figure: Figure,
    /// Of the base, ns: median over its invocations.
    pub base_ns: f64,
    /// Of the new side.
    pub new_ns: f64,
    /// New / base; above 1 is slower. Hodges-Lehmann estimate.
    pub ratio: f64,
    /// Its interval; absent where there are too few replicates.
    pub interval: Option<(f64, f64)>,
    /// The smallest true slow-down that this many replicates with this much noise call in four cases of five, as a fraction;
    /// absent where it is not known.
    pub detectable: Option<f64>,
    /// Pairs of invocations, or invocations of the side that has fewer.
    pub replicates: usize,
    /// False where a change may not be called one because many cells were looked at (Holm), or because it was not looked at
    /// again on fresh invocations.
    pub significant: bool,
    /// The smallest effect worth a word that it was judged against, as a fraction.
    pub delta: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is inconclusive.
    pub why: Option<String>,
}

/// A cell that could not be judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unjudged {
    /// Which cell.
    pub key: CellKey,
    /// What that is worth: regressed where it failed in the new side alone, inconclusive where figures are missing, `None` where
    /// there was nothing to lose.
    pub verdict: Option<Verdict>,
    /// What became of it.
    pub why: String,
}

impl Finding {
    /// The same figure judged against another smallest effect.
    ///
    /// A change that is not significant is never called one; what stood against a verdict goes on to stand against it.
    #[must_use]
    pub fn judged_by(&self, delta: f64) -> Finding {
        let mut verdict = Verdict::of(self.interval, delta);
        let was_refused = self.verdict == Verdict::Inconclusive
            && Verdict::of(self.interval, self.delta) != Verdict::Inconclusive;
        let is_change = matches!(verdict, Verdict::Regressed | Verdict::Improved);
        if was_refused || (is_change && !self.significant) {
            verdict = Verdict::Inconclusive;
        }
        let why = (verdict == Verdict::Inconclusive)
            .then(|| self.why.clone().unwrap_or_else(|| "an effect on the border".into()));
        // What is detectable lies beyond the smallest effect by the noise, which stays what it is.
        let detectable =
            self.detectable.map(|d| (1.0 + d) * (1.0 + delta) / (1.0 + self.delta) - 1.0);
        Finding { delta, verdict, why, detectable, ..self.clone() }
    }
}
