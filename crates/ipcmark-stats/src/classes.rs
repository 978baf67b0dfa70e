//! Groups that a set of distances falls into. They are found in the data, not in a table of names.

use crate::{median, sorted};

/// Width of the kernel, as a logarithm: 8 %. What differs by less is one thing measured twice.
const BANDWIDTH: f64 = 0.08;
/// The density is looked at four times a bandwidth.
const STEP: f64 = BANDWIDTH / 4.0;
/// Number of steps beyond which a kernel is zero.
const REACH: usize = 16;
/// A valley holds at most this share of the lower of its two peaks,
const SHALLOW: f64 = 0.5;
/// and lies below it by this many standard errors of the difference: a valley among few values is an accident.
const CERTAIN: f64 = 2.3;
/// Classes whose centres are nearer than this factor are one: two distances within it are one distance.
const NEAR: f64 = 4.0 / 3.0;
/// A class has as many values as this, or this share of all of them.
const LEAST: usize = 6;
const LEAST_SHARE: f64 = 0.01;

/// A range of values that belong together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Class {
    /// Values from here on belong to it, in the unit of the values; 0 in the first class.
    pub low: f64,
    /// Values below this belong to it; the next class's `low`, infinite in the last class.
    pub high: f64,
    /// The median of the values that it was found from.
    pub centre: f64,
    /// Number of values.
    pub count: usize,
}

impl Class {
    /// Returns true if `value` belongs to it. Of the classes of one call exactly one holds a value above
    /// zero.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value < self.high
    }
}

/// Returns the classes that `values` fall into, in ascending order; none when no value is finite and above zero.
///
/// On the logarithm, a class ends where the density of the values (a Gaussian kernel 8 % wide) has a real valley: at most half
/// of the lower of the two peaks next to it, and by more than counting errors explain. Peaks nearer than 4/3 are one class;
/// so are groups of fewer than 6 values and 1 % of all with their nearest neighbour. Borders lie in the middle of
/// the valleys' floors, and touch: each later value belongs to exactly one class.
///
/// Source: Silverman, "Density Estimation for Statistics and Data Analysis" (1986), sections 2.4 and 6.3; valleys are weighed
/// by their persistence: Chazal et al., "Persistence-Based Clustering in Riemannian Manifolds" (2013).
#[must_use]
pub fn classes(values: &[f64]) -> Vec<Class> {
    let usable: Vec<f64> = values.iter().copied().filter(|v| v.is_finite() && *v > 0.0).collect();
    let usable = sorted(&usable);
    let (Some(first), Some(last)) = (usable.first(), usable.last()) else { return Vec::new() };
    let start = first.ln() - REACH as f64 * STEP;
    let steps = ((last.ln() - first.ln()) / STEP).ceil() as usize + 2 * REACH + 1;
    let density = density(&usable, start, steps);
    let mut valleys = valleys(&density);
    shallow_first(&mut valleys, &density);
    let mut borders: Vec<f64> = valleys.iter().map(|v| (start + v.middle() * STEP).exp()).collect();
    while let Some(at) = too_near(&usable, &borders) {
        borders.remove(at);
    }
    split(&usable, &borders)
}

/// Returns at each step: how many values stand under the kernel, as an effective count (so that its variance is about
/// itself).
fn density(sorted: &[f64], start: f64, steps: usize) -> Vec<f64> {
    let mut binned = vec![0.0; steps];
    for value in sorted {
        let at = (value.ln() - start) / STEP;
        let (below, share) = (at.floor(), at - at.floor());
        binned[(below as usize).min(steps - 1)] += 1.0 - share;
        binned[(below as usize + 1).min(steps - 1)] += share;
    }
    // A kernel that is 1 at its middle, times √2: the sum then has the variance of a count as large as itself.
    let kernel: Vec<f64> = (0..=REACH)
        .map(|k| std::f64::consts::SQRT_2 * (-0.5 * (k as f64 * STEP / BANDWIDTH).powi(2)).exp())
        .collect();
    (0..steps)
        .map(|at| {
            let near = at.saturating_sub(REACH)..(at + REACH + 1).min(steps);
            near.map(|other| binned[other] * kernel[at.abs_diff(other)]).sum()
        })
        .collect()
}

/// The floor between two peaks: its first and last step, and the two peaks' steps.
#[derive(Debug, Clone, Copy)]
struct Valley {
    floor: (usize, usize),
    left: usize,
    right: usize,
}

impl Valley {
    fn middle(&self) -> f64 {
        (self.floor.0 + self.floor.1) as f64 / 2.0
    }
}

/// Returns each valley between two neighbouring peaks.
fn valleys(density: &[f64]) -> Vec<Valley> {
    // Runs of equal density: a peak or a floor may be flat.
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for at in 0..density.len() {
        match runs.last_mut() {
            Some(run) if density[run.0] == density[at] => run.1 = at,
            _ => runs.push((at, at)),
        }
    }
    let height = |run: Option<&(usize, usize)>| run.map_or(-1.0, |run| density[run.0]);
    let is_peak = |i: usize| {
        let before = i.checked_sub(1).and_then(|i| runs.get(i));
        height(runs.get(i)) > height(before) && height(runs.get(i)) > height(runs.get(i + 1))
    };
    let peaks: Vec<usize> = (0..runs.len()).filter(|i| is_peak(*i)).collect();
    let between = |pair: &[usize]| {
        let lowest =
            (pair[0]..pair[1]).min_by(|a, b| density[runs[*a].0].total_cmp(&density[runs[*b].0]));
        let floor = runs[lowest.unwrap_or(pair[0])];
        Valley { floor, left: runs[pair[0]].0, right: runs[pair[1]].0 }
    };
    peaks.windows(2).map(between).collect()
}

/// Fills valleys that are not real, the least certain first; the higher of the two peaks then represents both.
fn shallow_first(valleys: &mut Vec<Valley>, density: &[f64]) {
    loop {
        let certainty = |v: &Valley| {
            let peak = density[v.left].min(density[v.right]);
            let floor = density[v.floor.0];
            let real = floor <= SHALLOW * peak;
            let certainty = if real { (peak - floor) / (peak + floor).sqrt() } else { 0.0 };
            // Of two valleys alike, the narrower is filled first: what lies between joins its nearest.
            (certainty, v.floor.1 - v.floor.0)
        };
        let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let weakest = (0..valleys.len())
            .min_by(|a, b| order(&certainty(&valleys[*a]), &certainty(&valleys[*b])));
        let Some(at) = weakest.filter(|at| certainty(&valleys[*at]).0 < CERTAIN) else { return };
        let Valley { left, right, .. } = valleys.remove(at);
        let peak = if density[left] >= density[right] { left } else { right };
        if let Some(before) = at.checked_sub(1).and_then(|before| valleys.get_mut(before)) {
            before.right = peak;
        }
        if let Some(after) = valleys.get_mut(at) {
            after.left = peak;
        }
    }
}

/// Returns the border to take away next: of two classes with near centres, or of one that is too small and its
/// nearest.
fn too_near(sorted: &[f64], borders: &[f64]) -> Option<usize> {
    let classes = split(sorted, borders);
    let apart = |at: usize| classes[at + 1].centre / classes[at].centre;
    let tiny = |class: &Class| {
        class.count < LEAST && (class.count as f64) < LEAST_SHARE * sorted.len() as f64
    };
    let weak = |at: usize| apart(at) < NEAR || tiny(&classes[at]) || tiny(&classes[at + 1]);
    (0..borders.len()).filter(|at| weak(*at)).min_by(|a, b| apart(*a).total_cmp(&apart(*b)))
}

/// Returns the classes between borders (ascending), each of which has values on both sides.
fn split(sorted: &[f64], borders: &[f64]) -> Vec<Class> {
    let ends = borders.iter().copied().chain([f64::INFINITY]);
    let (mut low, mut from) = (0.0, 0);
    ends.map(|high| {
        let to = sorted.partition_point(|v| *v < high);
        let own = &sorted[from..to];
        let class = Class { low, high, centre: median(own).unwrap_or(f64::NAN), count: own.len() };
        (low, from) = (high, to);
        class
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `count` values spread evenly, on the logarithm, from `low` to `high`.
    fn spread(count: usize, low: f64, high: f64) -> Vec<f64> {
        let place = |i| (i as f64 + 0.5) / count as f64;
        (0..count).map(|i| low * (high / low).powf(place(i))).collect()
    }

    #[test]
    fn siblings_and_far_are_two_and_a_sparse_tail_is_no_third() {
        let values = [spread(920, 45.0, 97.0), spread(20, 97.0, 200.0), spread(50, 335.0, 460.0)];
        let classes = classes(&values.concat());
        assert!((2..=3).contains(&classes.len()), "{classes:?}");
        let (first, last) = (classes[0], classes[classes.len() - 1]);
        assert!((55.0..75.0).contains(&first.centre) && (380.0..410.0).contains(&last.centre));
        assert_eq!(last.count, 50);
        assert!((200.0..335.0).contains(&last.low), "{classes:?}");
    }

    #[test]
    fn three_places_are_three_classes_and_one_is_one() {
        let three = [spread(60, 56.0, 64.0), spread(40, 105.0, 119.0), spread(20, 330.0, 370.0)];
        let centres: Vec<f64> = classes(&three.concat()).iter().map(|c| c.centre.round()).collect();
        assert_eq!(centres, [60.0, 112.0, 349.0]);
        assert_eq!(classes(&spread(300, 45.0, 97.0)).len(), 1);
        assert_eq!(classes(&[60.0; 40]).len(), 1);
        assert_eq!(classes(&[60.0]).len(), 1);
        assert_eq!(classes(&[]), []);
        assert_eq!(classes(&[0.0, -1.0, f64::NAN, f64::INFINITY]), []);
    }

    #[test]
    fn a_handful_beside_many_joins_its_nearest() {
        let values = [spread(500, 56.0, 64.0), vec![200.0; 3], spread(500, 330.0, 370.0)].concat();
        let found = classes(&values);
        assert_eq!(found.iter().map(|c| c.count).collect::<Vec<_>>(), [500, 503], "{found:?}");
    }

    proptest! {
        #[test]
        fn each_value_belongs_to_exactly_one_class(
            values in prop::collection::vec(1e-3f64..1e6, 1..300), later in 1e-6f64..1e9,
        ) {
            let found = classes(&values);
            prop_assert_eq!(found.iter().map(|c| c.count).sum::<usize>(), values.len());
            for value in values.iter().chain([&later]) {
                prop_assert_eq!(found.iter().filter(|c| c.holds(*value)).count(), 1);
            }
            for pair in found.windows(2) {
                prop_assert!(pair[0].high == pair[1].low && pair[0].centre * NEAR <= pair[1].centre);
            }
            prop_assert!(found.iter().all(|c| c.holds(c.centre) && c.count > 0));
        }
    }
}
