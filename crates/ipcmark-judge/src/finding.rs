//! What a comparison found, in one shape: for the gate, for CI systems, for tables.

use crate::{Figure, Verdict};
use ipcmark_record::CellKey;
use ipcmark_show::change;
use serde::Serialize;

/// All that a comparison found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// The base in words: commit and time, or program and version.
    pub base: String,
    /// The new side in words.
    pub new: String,
    /// True for two sides measured side by side; false for records of different times.
    pub paired: bool,
    /// Reasons to doubt all of it: the base differs from itself, the canary was missed.
    pub alarms: Vec<String>,
    /// Warnings for the reader.
    pub warnings: Vec<String>,
    /// Each figure judged, in the suite's order.
    pub findings: Vec<Finding>,
    /// Cells without a judged figure.
    pub unjudged: Vec<Unjudged>,
    /// The counts in one line.
    pub census: String,
}

/// One figure of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The cell.
    pub key: CellKey,
    /// True for the floors: when they change, the machine or the harness did.
    pub floor: bool,
    /// The figure.
    pub figure: Figure,
    /// The base's value, ns: median over its invocations.
    pub base_ns: f64,
    /// The new side's value, ns.
    pub new_ns: f64,
    /// New / base; above 1 is slower.
    pub ratio: f64,
    /// Interval of the ratio; absent if there are too few replicates.
    pub interval: Option<(f64, f64)>,
    /// The smallest true slow-down that this many replicates with this much noise detect in four
    /// cases of five, as a fraction; absent if unknown, and between records.
    pub detectable: Option<f64>,
    /// Pairs of invocations, or invocations of the side that has fewer.
    pub replicates: usize,
    /// False if a change may not be called one: many cells were looked at (Holm), or no fresh
    /// invocations confirmed it.
    pub significant: bool,
    /// The smallest effect that it was judged by, as a fraction.
    pub delta: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason why it is undecided.
    pub why: Option<String>,
}

/// A cell that could not be judged by figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unjudged {
    /// The cell.
    pub key: CellKey,
    /// [`Verdict::Failed`], [`Verdict::Missing`] or [`Verdict::Absent`].
    pub verdict: Verdict,
    /// The reason.
    pub why: String,
}

/// Line under tables in which a change is not the quotient of the columns before it.
pub(crate) const NOT_THE_QUOTIENT: &str = "A change is the estimate over the ratios of pairs that ran \
    side by side. It need not be new / base, which are the medians of each side alone; where the two \
    differ by more than 1 %, the row says what the medians give.";

impl Finding {
    /// Returns the change by the two medians alone, if it differs from the estimate by more than 1 %.
    pub(crate) fn by_medians(&self) -> Option<String> {
        let quotient = self.new_ns / self.base_ns;
        let differs = (quotient / self.ratio - 1.0).abs() > 0.01;
        differs.then(|| format!("medians alone give {}", change(quotient)))
    }

    /// Judges the same figure by another smallest effect.
    ///
    /// A change that is not significant is never called one; what kept it undecided still does.
    #[must_use]
    pub fn judged_by(&self, delta: f64) -> Finding {
        let mut verdict = Verdict::of(self.interval, delta);
        let was_refused = self.verdict == Verdict::Inconclusive
            && Verdict::of(self.interval, self.delta) != Verdict::Inconclusive;
        if was_refused || (verdict.is_change() && !self.significant) {
            verdict = Verdict::Inconclusive;
        }
        let why = (verdict == Verdict::Inconclusive)
            .then(|| self.why.clone().unwrap_or_else(|| why_undecided(self.interval, delta)));
        // The detectable slow-down exceeds the smallest effect by the noise, which is the same.
        let detectable =
            self.detectable.map(|d| (1.0 + d) * (1.0 + delta) / (1.0 + self.delta) - 1.0);
        Finding { delta, verdict, why, detectable, ..self.clone() }
    }
}

/// Returns the reason why an interval decides nothing.
pub(crate) fn why_undecided(interval: Option<(f64, f64)>, delta: f64) -> String {
    let percent = delta * 100.0;
    match interval {
        None => "too few invocations for an interval; measure more rounds".into(),
        Some((low, high)) if low <= 1.0 && 1.0 <= high => {
            let side = match (low < 1.0 / (1.0 + delta), high > 1.0 + delta) {
                (true, true) => "faster or slower",
                (true, false) => "faster",
                _ => "slower",
            };
            format!("could be unchanged or more than {percent:.0} % {side}")
        }
        Some((low, _)) => {
            let side = if low > 1.0 { "slower" } else { "faster" };
            format!("{side}, but perhaps by less than {percent:.0} %")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Row, table};
    use ipcmark_record::Workload;

    // F12
    #[test]
    fn a_change_that_is_not_the_quotient_says_so_in_every_medium() {
        let key = CellKey::new("pipe/block", Workload::Stream, 64, "cross-core".parse().unwrap());
        let finding = |ratio: f64| Finding {
            key: key.clone(),
            floor: false,
            figure: Figure::TimePerMessage,
            base_ns: 899.0,
            new_ns: 693.0,
            ratio,
            interval: None,
            detectable: None,
            replicates: 9,
            significant: true,
            delta: 0.05,
            verdict: Verdict::Improved,
            why: None,
        };
        let said = |finding: &Finding| {
            let rows = table([Row::of(finding)], false);
            let policy = crate::gate::Policy::default();
            let item = crate::gate::Item::of(finding, &policy, true);
            [rows.rows[0].last().unwrap().text.clone(), item.sentence()]
        };
        for words in said(&finding(0.913)) {
            assert!(words.contains("medians alone give -22.9 %"), "{words}");
        }
        for words in said(&finding(693.0 / 899.0)) {
            assert!(!words.contains("medians alone"), "{words}");
        }
    }
}
