//! The four verdicts, and what decides between them.

use serde::Serialize;

/// What a ratio and its interval say, in the order of how much they ought to worry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The whole interval lies within the smallest effect worth a word.
    Equivalent,
    /// The whole interval lies beyond that effect, on the fast side.
    Improved,
    /// Neither: too few invocations, too much noise, or an effect on the border. Not a pass.
    Inconclusive,
    /// The whole interval lies beyond that effect, on the slow side.
    Regressed,
}

impl Verdict {
    /// Judges the interval of a ratio of times, new / base, against the smallest effect worth a word, `delta` (0.02 is 2 %).
    ///
    /// The bounds are 1 + `delta` and its inverse, so that swapping the records swaps the verdict.
    #[must_use]
    pub fn of(interval: Option<(f64, f64)>, delta: f64) -> Verdict {
        let Some((low, high)) = interval else { return Verdict::Inconclusive };
        let (faster, slower) = (1.0 / (1.0 + delta), 1.0 + delta);
        if low > slower {
            Verdict::Regressed
        } else if high < faster {
            Verdict::Improved
        } else if faster <= low && high <= slower {
            Verdict::Equivalent
        } else {
            Verdict::Inconclusive
        }
    }

    /// The word used in reports: `regressed`, `improved`, `equivalent`, `inconclusive`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Equivalent => "equivalent",
            Verdict::Improved => "improved",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Regressed => "regressed",
        }
    }

    /// True when a gate may let it pass. Inconclusive is never green.
    #[must_use]
    pub const fn is_green(self) -> bool {
        matches!(self, Verdict::Equivalent | Verdict::Improved)
    }
}

/// What counts as an effect, and how sure a verdict has to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Policy {
    /// Smallest effect worth a word on a median time, as a fraction.
    pub delta_p50: f64,
    /// On the 99th percentile of a time.
    pub delta_p99: f64,
    /// On the time of one message of a rate.
    pub delta_throughput: f64,
    /// Confidence of each interval.
    pub confidence: f64,
    /// How often a paired comparison may call anything changed at all where nothing is: over all its cells together.
    pub false_changes: f64,
}

impl Default for Policy {
    /// 2 %, 10 % and 2 % at 95 %, and one false change in a hundred comparisons.
    fn default() -> Self {
        Policy {
            delta_p50: 0.02,
            delta_p99: 0.10,
            delta_throughput: 0.02,
            confidence: 0.95,
            false_changes: 0.01,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_interval_decides_and_not_the_estimate() {
        for (low, high, verdict) in [
            (1.03, 1.30, Verdict::Regressed),
            (1.01, 1.30, Verdict::Inconclusive),
            (0.99, 1.01, Verdict::Equivalent),
            (1.005, 1.015, Verdict::Equivalent),
            (0.99, 1.03, Verdict::Inconclusive),
            (0.50, 2.00, Verdict::Inconclusive),
            (0.90, 0.99, Verdict::Inconclusive),
            (0.90, 0.97, Verdict::Improved),
        ] {
            assert_eq!(Verdict::of(Some((low, high)), 0.02), verdict, "{low} to {high}");
        }
        assert_eq!(Verdict::of(None, 0.02), Verdict::Inconclusive);
    }

    #[test]
    fn inconclusive_is_worse_than_improved_and_never_green() {
        assert!(Verdict::Inconclusive > Verdict::Improved);
        assert!(Verdict::Regressed > Verdict::Inconclusive);
        assert!(!Verdict::Inconclusive.is_green() && !Verdict::Regressed.is_green());
    }

    proptest! {
        #[test]
        fn swapping_the_records_swaps_the_verdict(low in 0.5f64..2.0, width in 0.0f64..0.5, delta in 0.001f64..0.2) {
            let high = low + width;
            let near = |x: f64| (x - (1.0 + delta)).abs() < 1e-9 || (x * (1.0 + delta) - 1.0).abs() < 1e-9;
            prop_assume!(!near(low) && !near(high));
            let there = Verdict::of(Some((low, high)), delta);
            let back = Verdict::of(Some((1.0 / high, 1.0 / low)), delta);
            let swapped = match there {
                Verdict::Regressed => Verdict::Improved,
                Verdict::Improved => Verdict::Regressed,
                same => same,
            };
            prop_assert_eq!(back, swapped);
        }
    }
}
