//! The verdicts, and what decides between them.

use serde::Serialize;

/// Verdict on a figure, or on a cell without one. Ordered by concern, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Neither side measured the cell: there was nothing to lose.
    Absent,
    /// The whole interval is within the smallest effect.
    Equivalent,
    /// The whole interval is beyond that effect, on the fast side.
    Improved,
    /// The whole interval is beyond the smallest effect on the fast side, between two records of
    /// different times.
    SuspectedFaster,
    /// Undecided: too few invocations, too much noise, or an effect on the border. Not a pass.
    Inconclusive,
    /// The base measured the cell, and the new side did not.
    Missing,
    /// The whole interval is beyond the smallest effect on the slow side, between two records of
    /// different times.
    SuspectedSlower,
    /// The whole interval is beyond the smallest effect, on the slow side.
    Regressed,
    /// The cell failed on the new side alone.
    Failed,
}

impl Verdict {
    /// All of them, the worst first.
    pub const ALL: [Verdict; 9] = [
        Verdict::Failed,
        Verdict::Regressed,
        Verdict::SuspectedSlower,
        Verdict::Missing,
        Verdict::Inconclusive,
        Verdict::SuspectedFaster,
        Verdict::Improved,
        Verdict::Equivalent,
        Verdict::Absent,
    ];

    /// Judges the interval of a ratio of times, new / base, by the smallest effect, `delta` (0.02
    /// is 2 %).
    ///
    /// The bounds are 1 + `delta` and its inverse, so that swapping the sides swaps the verdict.
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

    /// Returns what is left of a verdict when the sides were measured at different times.
    #[must_use]
    pub const fn suspicion(self) -> Verdict {
        match self {
            Verdict::Regressed => Verdict::SuspectedSlower,
            Verdict::Improved => Verdict::SuspectedFaster,
            other => other,
        }
    }

    /// Returns the word in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Failed => "failed",
            Verdict::Regressed => "regressed",
            Verdict::SuspectedSlower => "suspected slower",
            Verdict::Missing => "missing",
            Verdict::Inconclusive => "undecided",
            Verdict::SuspectedFaster => "suspected faster",
            Verdict::Improved => "improved",
            Verdict::Equivalent => "equivalent",
            Verdict::Absent => "absent",
        }
    }

    /// Returns the heading of a table of such figures or cells.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Verdict::Failed => "Failed on the new side alone",
            Verdict::Regressed => "Regressed",
            Verdict::SuspectedSlower => "Suspected slower",
            Verdict::Missing => "Missing on the new side",
            Verdict::Inconclusive => "Undecided",
            Verdict::SuspectedFaster => "Suspected faster",
            Verdict::Improved => "Improved",
            Verdict::Equivalent => "Equivalent",
            Verdict::Absent => "Measured on neither side",
        }
    }

    /// Returns true if it says that something changed, for certain or by suspicion.
    #[must_use]
    pub const fn is_change(self) -> bool {
        matches!(
            self,
            Verdict::Regressed
                | Verdict::Improved
                | Verdict::SuspectedSlower
                | Verdict::SuspectedFaster
        )
    }

    /// Returns the exit code of a comparison whose worst verdict this is: 0 if a script may go on, 1 if
    /// something is slower or failed, 3 if it could not be decided.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Verdict::Failed | Verdict::Regressed | Verdict::SuspectedSlower => 1,
            Verdict::Missing | Verdict::Inconclusive => 3,
            _ => 0,
        }
    }
}

/// Numbers of figures by verdict; all others add up to `figures`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Figures judged.
    pub figures: usize,
    /// Slower beyond the smallest effect.
    pub regressed: usize,
    /// Faster beyond it.
    pub improved: usize,
    /// Within it.
    pub equivalent: usize,
    /// Undecided.
    pub inconclusive: usize,
    /// Suspected slower; only between records of different times.
    #[serde(skip_serializing_if = "is_zero")]
    pub suspected_slower: usize,
    /// Suspected faster; only between records of different times.
    #[serde(skip_serializing_if = "is_zero")]
    pub suspected_faster: usize,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Counts {
    /// Counts the verdicts of figures.
    #[must_use]
    pub fn of(verdicts: impl Iterator<Item = Verdict>) -> Counts {
        let mut counts = Counts::default();
        verdicts.for_each(|verdict| counts.add(verdict));
        counts
    }

    /// Adds the verdict of a figure.
    pub fn add(&mut self, verdict: Verdict) {
        self.figures += 1;
        *match verdict {
            Verdict::Regressed => &mut self.regressed,
            Verdict::SuspectedSlower => &mut self.suspected_slower,
            Verdict::SuspectedFaster => &mut self.suspected_faster,
            Verdict::Improved => &mut self.improved,
            Verdict::Equivalent => &mut self.equivalent,
            _ => &mut self.inconclusive,
        } += 1;
    }

    /// `2 regressed, 1 improved, 190 equivalent, 7 undecided`; of records of different times
    /// suspicions instead of the first two.
    #[must_use]
    pub fn words(&self, paired: bool) -> String {
        let (slower, faster) = if paired || self.regressed + self.improved > 0 {
            (format!("{} regressed", self.regressed), format!("{} improved", self.improved))
        } else {
            let (slower, faster) = (self.suspected_slower, self.suspected_faster);
            (format!("{slower} suspected slower"), format!("{faster} suspected faster"))
        };
        format!(
            "{slower}, {faster}, {} equivalent, {} undecided",
            self.equivalent, self.inconclusive
        )
    }
}

/// Ends a census: what else was counted, where there is any, and the full stop.
pub(crate) fn with_counts(line: String, others: &[(usize, &str)]) -> String {
    let there = others.iter().filter(|(count, _)| *count > 0);
    there.fold(line, |line, (count, what)| format!("{line}; {count} {what}")) + "."
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
    fn verdicts_are_ordered_by_concern_and_undecided_is_never_green() {
        assert!(Verdict::ALL.is_sorted_by(|a, b| a > b));
        assert_eq!(Verdict::ALL.map(Verdict::exit_code), [1, 1, 1, 3, 3, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn swapping_the_sides_swaps_the_verdict(
            low in 0.5f64..2.0, width in 0.0f64..0.5, delta in 0.001f64..0.2
        ) {
            let high = low + width;
            let near = |x: f64| {
                (x - (1.0 + delta)).abs() < 1e-9 || (x * (1.0 + delta) - 1.0).abs() < 1e-9
            };
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
