//! Pairs of times taken one right after the other, and the ratio of the two.
//!
//! A host of virtual machines may move the CPUs between the four looks at their distance. Such a
//! pair is dropped. The rest is sorted by class of distance, because shared memory behaves
//! differently in each.

use ipcmark_record::Distance;
use ipcmark_show::plural;
use ipcmark_stats::{Interval, classes, median, median_interval};

/// Fewest pairs for a ratio.
pub const LEAST: usize = 20;

/// Median of paired ratios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Pairs.
    pub n: usize,
    /// Median; absent below [`LEAST`] pairs.
    pub median: Option<f64>,
    /// Order-statistic interval of the median, 95 %.
    pub interval: Option<Interval>,
}

impl Ratio {
    /// Returns the ratio of these pairs.
    #[must_use]
    pub fn of(ratios: &[f64]) -> Ratio {
        let n = ratios.len();
        if n < LEAST {
            return Ratio { n, median: None, interval: None };
        }
        Ratio { n, median: median(ratios), interval: median_interval(ratios, 0.95) }
    }

    /// Returns `1.03 [1.01, 1.05]`, or that there are too few pairs.
    #[must_use]
    pub fn show(&self, places: usize) -> String {
        match (self.median, self.interval) {
            (Some(median), Some(i)) => {
                format!("{median:.places$} [{:.places$}, {:.places$}]", i.low, i.high)
            }
            _ => format!("under {}", plural(LEAST, "pair")),
        }
    }
}

/// Result of one trial.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Time for a round trip or message, ns.
    pub ns: f64,
    /// Distance of the CPUs; `None` if there was one CPU.
    pub distance: Option<Distance>,
}

/// Times of both, ns.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Time of ours.
    pub ours_ns: f64,
    /// Time of the base.
    pub base_ns: f64,
    /// Mean cache-line round trip, ns; `None` on one CPU.
    pub distance_ns: Option<f64>,
}

/// Pairs of one class.
#[derive(Debug, Clone)]
pub struct Row {
    /// Cache-line round trip in the middle of the class, ns; `None` on one CPU.
    pub distance_ns: Option<f64>,
    /// Pairs in the order in which they were taken.
    pub pairs: Vec<Pair>,
}

impl Row {
    /// Returns the median of one side's times, ns.
    #[must_use]
    pub fn middle_ns(&self, of: fn(&Pair) -> f64) -> f64 {
        let values: Vec<f64> = self.pairs.iter().map(of).collect();
        median(&values).unwrap_or(f64::NAN)
    }

    /// Returns the ratio of our time to the base's.
    #[must_use]
    pub fn ratio(&self) -> Ratio {
        let ratios: Vec<f64> = self.pairs.iter().map(|p| p.ours_ns / p.base_ns).collect();
        Ratio::of(&ratios)
    }
}

/// Pairs of all classes.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// A row for each class of distance, nearest first.
    pub rows: Vec<Row>,
    /// Pairs that were dropped because the CPUs moved.
    pub moved: usize,
}

/// Takes pairs in the order A B B A.
///
/// # Errors
/// The first failure of a trial.
pub fn alternate<E>(
    pairs: usize,
    mut ours: impl FnMut() -> Result<Trial, E>,
    mut base: impl FnMut() -> Result<Trial, E>,
) -> Result<Vec<(Trial, Trial)>, E> {
    let pair = |pair: usize| {
        if pair.is_multiple_of(2) {
            let first = ours()?;
            return Ok((first, base()?));
        }
        let first = base()?;
        Ok((ours()?, first))
    };
    (0..pairs).map(pair).collect()
}

/// Drops the pairs whose CPUs moved, and sorts the rest by class.
#[must_use]
pub fn found(taken: &[(Trial, Trial)]) -> Found {
    let kept: Vec<Pair> = taken.iter().filter_map(|(ours, base)| pair(ours, base)).collect();
    let distances: Vec<f64> = kept.iter().filter_map(|p| p.distance_ns).collect();
    let moved = taken.len() - kept.len();
    if distances.is_empty() {
        let row = Row { distance_ns: None, pairs: kept };
        return Found { rows: [row].into_iter().filter(|r| !r.pairs.is_empty()).collect(), moved };
    }
    let rows = classes(&distances).into_iter().map(|class| {
        let of_class = kept.iter().filter(|p| p.distance_ns.is_some_and(|ns| class.holds(ns)));
        Row { distance_ns: Some(class.centre), pairs: of_class.copied().collect() }
    });
    Found { rows: rows.filter(|row| !row.pairs.is_empty()).collect(), moved }
}

/// Returns a pair, unless the CPUs moved.
fn pair(ours: &Trial, base: &Trial) -> Option<Pair> {
    let figures = |distance_ns| Pair { ours_ns: ours.ns, base_ns: base.ns, distance_ns };
    let (Some(a), Some(b)) = (ours.distance, base.distance) else { return Some(figures(None)) };
    let looks = [a.before_ns, a.after_ns, b.before_ns, b.after_ns];
    let nearest = looks.into_iter().fold(f64::INFINITY, f64::min);
    let farthest = looks.into_iter().fold(0.0, f64::max);
    (!Distance::differ(nearest, farthest)).then(|| figures(Some(looks.iter().sum::<f64>() / 4.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(ns: f64, before_ns: f64, after_ns: f64) -> Trial {
        Trial { ns, distance: Some(Distance { before_ns, after_ns }) }
    }

    #[test]
    fn a_pair_whose_cpus_moved_at_any_of_four_looks_is_dropped() {
        let near = trial(100.0, 60.0, 62.0);
        assert!(pair(&near, &trial(90.0, 58.0, 63.0)).is_some());
        for moved in [trial(90.0, 60.0, 120.0), trial(90.0, 120.0, 60.0), trial(90.0, 120.0, 120.0)]
        {
            assert!(pair(&near, &moved).is_none());
            assert!(pair(&moved, &near).is_none());
        }
        let one_cpu = Trial { ns: 1.0, distance: None };
        assert!(pair(&one_cpu, &one_cpu).is_some());
    }

    #[test]
    fn each_class_has_its_row_and_too_few_pairs_have_no_ratio() {
        let near = (0..40).map(|i| {
            let ns = 60.0 + f64::from(i % 5);
            (trial(110.0, ns, ns), trial(100.0, ns, ns))
        });
        let far = (0..19).map(|_| (trial(390.0, 400.0, 401.0), trial(300.0, 399.0, 402.0)));
        let moved = (0..3).map(|_| (trial(1.0, 60.0, 400.0), trial(1.0, 60.0, 60.0)));
        let taken: Vec<_> = near.chain(far).chain(moved).collect();
        let Found { rows, moved } = found(&taken);
        assert_eq!((rows.len(), moved), (2, 3));
        assert_eq!(rows.iter().map(|r| r.pairs.len()).collect::<Vec<_>>(), [40, 19]);
        let Ratio { median: Some(middle), interval: Some(at), .. } = rows[0].ratio() else {
            panic!("40 pairs are enough");
        };
        assert!((middle - 1.1).abs() < 1e-9 && at.low <= middle && middle <= at.high);
        assert_eq!(rows[1].ratio(), Ratio { n: 19, median: None, interval: None });
        assert_eq!(rows[1].ratio().show(2), "under 20 pairs");
    }
}
