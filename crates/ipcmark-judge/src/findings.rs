//! What a comparison of two records found, in the shape that a gate reads.

use crate::{CellComparison, Comparison, Finding, Findings, Metric, Standing, Unjudged, Verdict};

/// A change of this many standard errors is called in four cases of five by an interval of 95 %, besides the half of the interval
/// itself: 0.84, the normal quantile of 0.8, over 1.96.
const POWER_OVER_HALF: f64 = 0.8416 / 1.96;

impl Comparison {
    /// What it found. Not paired: whoever reads it has to heed that the two were taken at different times.
    #[must_use]
    pub fn findings(&self) -> Findings {
        let figures =
            self.cells.iter().flat_map(|cell| cell.metrics.iter().map(|m| found(cell, m)));
        Findings {
            base: self.base.words(),
            new: self.new.words(),
            paired: false,
            alarms: Vec::new(),
            warnings: self.warnings.clone(),
            findings: figures.collect(),
            unjudged: self.cells.iter().filter_map(unjudged).collect(),
            census: self.census.line(),
        }
    }
}

fn found(cell: &CellComparison, metric: &Metric) -> Finding {
    Finding {
        key: cell.key.clone(),
        floor: cell.floor,
        figure: metric.figure,
        base_ns: metric.base_ns,
        new_ns: metric.new_ns,
        ratio: metric.ratio,
        interval: metric.interval,
        detectable: metric.interval.map(|interval| detectable(interval, metric.delta)),
        replicates: metric.base_invocations.min(metric.new_invocations),
        // Nobody looks again on fresh invocations here: that these are two moments outweighs that they are many cells.
        significant: true,
        delta: metric.delta,
        verdict: metric.verdict,
        why: metric.why.clone(),
    }
}

/// The smallest true slow-down, as a fraction, that an interval of this width would lie beyond `delta` for in four cases of five.
fn detectable((low, high): (f64, f64), delta: f64) -> f64 {
    let half = (high.ln() - low.ln()) / 2.0;
    (1.0 + delta) * (half * (1.0 + POWER_OVER_HALF)).exp() - 1.0
}

/// A cell without a figure; or one that failed in the new record alone, whatever its figures say.
fn unjudged(cell: &CellComparison) -> Option<Unjudged> {
    let (verdict, why) = match &cell.standing {
        Standing::Compared if !cell.metrics.is_empty() => return None,
        Standing::Compared => (Some(Verdict::Inconclusive), "no figure that both have".into()),
        Standing::NewlyFailed { what } => (Some(Verdict::Regressed), what.clone()),
        Standing::OnlyInBase => (Some(Verdict::Inconclusive), "only in the base".into()),
        Standing::OnlyInNew => (None, "only in the new record".into()),
        Standing::Lost { why } => (Some(Verdict::Inconclusive), why.clone()),
        Standing::NotMeasured { base, new } if base == new => (None, format!("in both {base}")),
        Standing::NotMeasured { base, new } => {
            (None, format!("in the base {base}; in the new record {new}"))
        }
    };
    Some(Unjudged { key: cell.key.clone(), verdict, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_detectable_is_beyond_the_smallest_effect_by_the_noise() {
        assert!((detectable((1.0, 1.0), 0.02) - 0.02).abs() < 1e-12, "no noise");
        let at = |half: f64| detectable((0.99 * (-half).exp(), 0.99 * half.exp()), 0.02);
        assert!((at(0.02) - 0.0496).abs() < 1e-3, "{}", at(0.02));
        assert!(at(0.04) > at(0.02));
    }
}
