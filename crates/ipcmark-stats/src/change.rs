//! Where a series of figures over commits moved to another level.

mod split;

use crate::{benjamini_hochberg, median};
use fastrand::Rng;
use split::{Split, best_split, tame};

/// How a series is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scan {
    /// A split is a change point where its p value is at most this.
    pub alpha: f64,
    /// [`scan_all`] drops the change points of series where Benjamini and Hochberg's adjusted p value is above this: the share
    /// of false ones among the series called.
    pub false_share: f64,
    /// Length of the blocks that permutations move, in points: what depends on the points just before it moves with them.
    pub block: usize,
    /// Shorter stretches are not searched.
    pub least_points: usize,
    /// Points on each side of a change point, at least; at least 1.
    pub least_side: usize,
    /// Smallest change worth a word, as a fraction.
    pub floor: f64,
    /// Permutations, at most: a split that is none is told by far fewer.
    pub permutations: u32,
    /// Seeds them, so that a series has the same change points on each day.
    pub seed: u64,
}

impl Default for Scan {
    fn default() -> Self {
        Scan {
            alpha: 0.001,
            false_share: 0.05,
            block: 5,
            least_points: 10,
            least_side: 3,
            floor: 0.02,
            permutations: 9_999,
            seed: 1,
        }
    }
}

/// One move to another level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index of the first point of the new level.
    pub at: usize,
    /// Median of the level before, from the last change point on, in the unit of the series.
    pub before: f64,
    /// Median of the level after, up to the next change point.
    pub after: f64,
    /// After / before.
    pub ratio: f64,
    /// The p value of the split: how often a series without it would split as well somewhere.
    pub p: f64,
}

/// The change points of `series` (times or rates, one point a commit, oldest first), in its order. None where it is shorter
/// than [`Scan::least_points`] or a value is not above zero.
#[must_use]
pub fn change_points(series: &[f64], scan: &Scan) -> Vec<ChangePoint> {
    if !series.iter().all(|v| *v > 0.0 && v.is_finite()) {
        return Vec::new();
    }
    let logs: Vec<f64> = series.iter().map(|v| v.ln()).collect();
    let mut rng = Rng::with_seed(scan.seed);
    let mut splits = Vec::new();
    search(&tame(&logs), 0, scan, &mut rng, &mut splits);
    splits.sort_unstable_by_key(|split| split.at);
    levels(series, &splits, scan)
}

/// [`change_points`] of many series, of which those are dropped whose best p value does not pay for the number of series
/// searched, by [`benjamini_hochberg`].
#[must_use]
pub fn scan_all(series: &[&[f64]], scan: &Scan) -> Vec<Vec<ChangePoint>> {
    let found: Vec<Vec<ChangePoint>> =
        series.iter().map(|series| change_points(series, scan)).collect();
    let best: Vec<f64> =
        found.iter().map(|points| points.iter().map(|c| c.p).fold(1.0, f64::min)).collect();
    let adjusted = benjamini_hochberg(&best);
    let paid = |(points, p): (Vec<ChangePoint>, f64)| {
        if p <= scan.false_share { points } else { Vec::new() }
    };
    found.into_iter().zip(adjusted).map(paid).collect()
}

/// Binary segmentation: splits at the best place, and then each side on its own.
fn search(logs: &[f64], start: usize, scan: &Scan, rng: &mut Rng, splits: &mut Vec<Split>) {
    let side = scan.least_side.max(1);
    if logs.len() < scan.least_points.max(2 * side) {
        return;
    }
    let Some(split) = best_split(logs, side, scan, rng) else { return };
    if split.p > scan.alpha {
        return;
    }
    let (before, after) = logs.split_at(split.at);
    search(before, start, scan, rng, splits);
    search(after, start + split.at, scan, rng, splits);
    splits.push(Split { at: start + split.at, ..split });
}

/// The splits with the levels between them; the least one below the floor is dropped, and again.
fn levels(series: &[f64], splits: &[Split], scan: &Scan) -> Vec<ChangePoint> {
    let mut splits = splits.to_vec();
    loop {
        let mut found: Vec<ChangePoint> = Vec::with_capacity(splits.len());
        for (i, split) in splits.iter().enumerate() {
            let start = if i == 0 { 0 } else { splits[i - 1].at };
            let end = splits.get(i + 1).map_or(series.len(), |next| next.at);
            let level =
                |from: usize, to: usize| median(&series[from..to]).expect("sides have points");
            let (before, after) = (level(start, split.at), level(split.at, end));
            found.push(ChangePoint {
                at: split.at,
                before,
                after,
                ratio: after / before,
                p: split.p,
            });
        }
        let size = |c: &ChangePoint| c.ratio.ln().abs();
        let least = (0..found.len()).min_by(|a, b| size(&found[*a]).total_cmp(&size(&found[*b])));
        match least {
            Some(least) if size(&found[least]) < scan.floor.ln_1p() => splits.remove(least),
            _ => return found,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A level with a wave of 1 % that no law has made, and a step to `ratio` times as much at `at`.
    fn stepped(n: usize, at: usize, ratio: f64) -> Vec<f64> {
        let wave = |i: usize| 1.0 + 0.01 * (i as f64 * 2.4).sin();
        (0..n).map(|i| 80.0 * wave(i) * if i < at { 1.0 } else { ratio }).collect()
    }

    #[test]
    fn a_step_is_found_where_it_is_with_its_levels() {
        let found = change_points(&stepped(40, 30, 1.05), &Scan::default());
        let [step] = found[..] else { panic!("one step, not {found:?}") };
        assert_eq!(step.at, 30);
        assert!((step.ratio - 1.05).abs() < 0.01, "{step:?}");
        assert!((step.before - 80.0).abs() < 1.0 && (step.after - 84.0).abs() < 1.0, "{step:?}");
        assert!(step.p <= 0.001);
    }

    #[test]
    fn a_step_below_the_floor_is_none_and_the_floor_is_the_callers() {
        let series = stepped(60, 30, 1.019);
        assert!(change_points(&series, &Scan::default()).is_empty());
        let keen = Scan { floor: 0.005, ..Scan::default() };
        assert_eq!(change_points(&series, &keen).len(), 1);
    }

    #[test]
    fn short_series_and_values_that_are_no_times_have_none() {
        let scan = Scan::default();
        assert!(change_points(&[], &scan).is_empty());
        assert!(change_points(&stepped(9, 5, 2.0), &scan).is_empty());
        assert!(change_points(&[80.0; 40], &scan).is_empty());
        let mut broken = stepped(40, 30, 1.05);
        broken[7] = 0.0;
        assert!(change_points(&broken, &scan).is_empty());
    }

    #[test]
    fn a_lone_outlier_is_no_level() {
        let mut series = stepped(60, 60, 1.0);
        series[59] = 200.0;
        series[20] = 300.0;
        series[21] = 300.0;
        assert!(change_points(&series, &Scan::default()).is_empty());
    }

    #[test]
    fn many_series_are_searched_as_one() {
        let (calm, step) = (stepped(40, 40, 1.0), stepped(40, 30, 1.05));
        let mut series = vec![&calm[..]; 50];
        series.push(&step);
        let found = scan_all(&series, &Scan::default());
        assert!(found[..50].iter().all(Vec::is_empty));
        assert_eq!(found[50], change_points(&step, &Scan::default()));
        // One of so many has to be surer than these permutations can tell.
        let few = Scan { permutations: 999, ..Scan::default() };
        assert_eq!(change_points(&step, &few).len(), 1);
        assert!(scan_all(&series, &few)[50].is_empty());
    }
}
