//! Where a series of figures over commits moved to another level.
//!
//! The method is that of the change-point tools of the trade, binary segmentation by permutation tests, with three differences
//! that the simulations asked for: values instead of ranks or energy distances, autocorrelation taken out before permuting, and
//! spells searched for as well as steps. What it finds and invents is printed by
//! `cargo run --release -p ipcmark-stats --example simulate`.
//!
//! Source: Page, "Continuous Inspection Schemes" (1954); Pettitt, "A Non-parametric Approach to the Change-point Problem" (1979);
//! Matteson and James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate Data" (2014); Fleming and
//! others, "Hunter: Using Change Point Detection to Hunt for Performance Regressions" (2023).

mod split;
mod white;

use crate::median;
use crate::multiple::benjamini_hochberg;
use fastrand::Rng;
use split::{Split, best_split, tame};
use white::Shape;

/// Point where one level ends and another begins.
#[derive(Debug, Clone, Copy)]
struct Cut {
    at: usize,
    p: f64,
}

/// Settings of the search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scan {
    /// A split is a change point where its p value is at most this.
    pub alpha: f64,
    /// [`scan_all`] drops the change points of series where Benjamini and Hochberg's adjusted p value is above this: the share
    /// of false ones among the series called.
    pub false_share: f64,
    /// Shorter stretches are not searched.
    pub least_points: usize,
    /// Points on each side of a change point, at least; at least 1.
    pub least_side: usize,
    /// Smallest change worth a word, as a fraction.
    pub floor: f64,
    /// Most permutations. A split that is none shows itself after far fewer.
    pub permutations: u32,
    /// Seeds them, so that a series has the same change points on each day.
    pub seed: u64,
}

impl Default for Scan {
    fn default() -> Self {
        Scan {
            alpha: 0.001,
            false_share: 0.05,
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

/// Returns the change points of `series` (times or rates, one point a commit, oldest first), in its order. None where it is
/// shorter than [`Scan::least_points`] or a value is not above zero.
#[must_use]
pub fn change_points(series: &[f64], scan: &Scan) -> Vec<ChangePoint> {
    if !series.iter().all(|v| *v > 0.0 && v.is_finite()) {
        return Vec::new();
    }
    let logs: Vec<f64> = series.iter().map(|v| v.ln()).collect();
    let mut rng = Rng::with_seed(scan.seed);
    let mut cuts = Vec::new();
    search(&tame(&logs), 0, scan, &mut rng, &mut cuts);
    cuts.sort_unstable_by_key(|cut| cut.at);
    levels(series, cuts, scan)
}

/// Returns [`change_points`] of many series, without those whose best p value does not pay for the number of series
/// searched, by `benjamini_hochberg`.
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

/// Segments in two (binary segmentation): splits at the best place, and then each part on its own. A spell that ends where it began is no step
/// anywhere, so where no step is found it is looked for, too.
///
/// Source: Olshen and others, "Circular Binary Segmentation for the Analysis of Array-based DNA Copy Number Data" (2004).
fn search(logs: &[f64], start: usize, scan: &Scan, rng: &mut Rng, cuts: &mut Vec<Cut>) {
    if logs.len() < scan.least_points.max(2) {
        return;
    }
    let shapes = [Shape::Step, Shape::Spell];
    let mut split = |shape| best_split(logs, shape, scan, rng).filter(|s| s.p <= scan.alpha);
    let Some(Split { from, to, p }) = shapes.into_iter().find_map(&mut split) else {
        return;
    };
    for (from, to) in [(0, from), (from, to), (to, logs.len())] {
        search(&logs[from..to], start + from, scan, rng, cuts);
    }
    let within = |at: &usize| *at < logs.len();
    cuts.extend([from, to].into_iter().filter(within).map(|at| Cut { at: start + at, p }));
}

/// Returns the cuts with the levels between them; the least one below the floor is dropped, and
/// again.
fn levels(series: &[f64], mut cuts: Vec<Cut>, scan: &Scan) -> Vec<ChangePoint> {
    loop {
        let mut found: Vec<ChangePoint> = Vec::with_capacity(cuts.len());
        for (i, Cut { at, p }) in cuts.iter().copied().enumerate() {
            let start = if i == 0 { 0 } else { cuts[i - 1].at };
            let end = cuts.get(i + 1).map_or(series.len(), |next| next.at);
            let level = |of: &[f64]| median(of).expect("sides have points");
            let (before, after) = (level(&series[start..at]), level(&series[at..end]));
            found.push(ChangePoint { at, before, after, ratio: after / before, p });
        }
        let size = |c: &ChangePoint| c.ratio.ln().abs();
        let least = (0..found.len()).min_by(|a, b| size(&found[*a]).total_cmp(&size(&found[*b])));
        match least {
            Some(least) if size(&found[least]) < scan.floor.ln_1p() => cuts.remove(least),
            _ => return found,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a level with a wave of 1 % that no law has made, and a step to `ratio` times as much
    /// at `at`.
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
    fn up_and_down_again_are_two_and_a_calm_series_has_none() {
        let mut series = stepped(80, 30, 1.1);
        series.truncate(50);
        series.extend(stepped(30, 0, 1.0));
        let found = change_points(&series, &Scan::default());
        let at: Vec<usize> = found.iter().map(|c| c.at).collect();
        assert_eq!(at, [30, 50]);
        assert!(found[0].ratio > 1.05 && found[1].ratio < 0.95);
        assert!(change_points(&stepped(80, 80, 1.0), &Scan::default()).is_empty());
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
        // One of that many has to be surer than these permutations can show.
        let few = Scan { permutations: 999, ..Scan::default() };
        assert_eq!(change_points(&step, &few).len(), 1);
        assert!(scan_all(&series, &few)[50].is_empty());
    }
}
