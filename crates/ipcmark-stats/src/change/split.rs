//! The best split of a stretch, and how often chance splits as well.
//!
//! Ranks alone cannot do it: ten points that all lie beyond fifty others have the same ranks whether they lie one standard
//! deviation off or twenty, and where neighbours depend on one another that is not rare enough. So the values count, once
//! outliers have been pulled in. Nor can blocks of the series be permuted, which is the usual way with dependent neighbours:
//! ten new points are two blocks, and two of twelve stand together at an end in one order of 33, so that nothing is found; and
//! blocks of what is left of a short stretch after its split are so few that they find far too much. So the autocorrelation is
//! estimated and taken out, and what is permuted are the residuals about the split, point by point. Series and permutation are
//! measured alike, by what the best split of each explains over what it leaves. The simulations of this crate decided it.

use super::Scan;
use super::white::{Shape, White};
use crate::median_absolute_deviation;
use crate::quantile::quantile_of_sorted;
use fastrand::Rng;

/// A split of a stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    /// First point of the other level.
    pub(super) from: usize,
    /// The first point after it; the end of the stretch for a step.
    pub(super) to: usize,
    pub(super) p: f64,
}

/// Returns the series with outliers pulled in to three standard deviations about the running median of seven points, which
/// keeps steps.
///
/// Source: Hampel's filter; Davies and Gather, "The Identification of Multiple Outliers" (1993).
pub(super) fn tame(values: &[f64]) -> Vec<f64> {
    const HALF_WINDOW: usize = 3;
    const DEVIATIONS: f64 = 3.0 * 1.4826;
    let running = |i: usize| {
        let mut window =
            values[i.saturating_sub(HALF_WINDOW)..(i + HALF_WINDOW + 1).min(values.len())].to_vec();
        window.sort_unstable_by(f64::total_cmp);
        quantile_of_sorted(&window, 0.5)
    };
    let medians: Vec<f64> = (0..values.len()).map(running).collect();
    let off: Vec<f64> = values.iter().zip(&medians).map(|(v, m)| v - m).collect();
    let far = DEVIATIONS * median_absolute_deviation(&off).unwrap_or(0.0);
    medians.iter().zip(off).map(|(m, off)| m + off.clamp(-far, far)).collect()
}

/// Returns the split of `values` by `shape` that explains most; and its p value: the share of permutations of the residuals in
/// which some
/// split explains as much, relative to what it leaves over. Drawing ends once the share is above α for sure. `None` where the
/// values are too few or all the same.
///
/// Source: Besag and Clifford, "Sequential Monte Carlo p-values" (1991).
pub(super) fn best_split(
    values: &[f64],
    shape: Shape,
    scan: &Scan,
    rng: &mut Rng,
) -> Option<Split> {
    let mut scratch = Vec::new();
    let white = White { rho: autocorrelation(values, shape, scan)?, side: side(shape, scan) };
    let seen = white.of(values);
    let found = white.widest(&seen, shape, &mut scratch)?;
    let residuals = white.less(&seen, found);
    let left_over = squares(&residuals);
    let split = |p| Some(Split { from: found.from, to: found.to, p });
    let draws = f64::from(scan.permutations) + 1.0;
    if left_over <= f64::EPSILON * found.explained {
        // Levels and nothing else.
        return split(1.0 / draws);
    }
    let enough = (scan.alpha * draws).floor() as u32 + 1;
    let mut as_good = 0;
    let (mut shuffled, mut by_chance) = (residuals, Vec::new());
    for drawn in 1..=scan.permutations {
        rng.shuffle(&mut shuffled);
        by_chance.clone_from(&shuffled);
        white.centre(&mut by_chance);
        let explained = white.widest(&by_chance, shape, &mut scratch)?.explained;
        if explained * left_over >= found.explained * (squares(&by_chance) - explained) {
            as_good += 1;
            if as_good == enough {
                return split(f64::from(as_good) / f64::from(drawn));
            }
        }
    }
    split(f64::from(as_good + 1) / draws)
}

/// Points between cuts, at least. A spell of a few points in a long series is a run of outliers more often than a level.
fn side(shape: Shape, scan: &Scan) -> usize {
    match shape {
        Shape::Step => scan.least_side.max(1),
        Shape::Spell => scan.least_side.max(scan.least_points / 2).max(1),
    }
}

/// Returns how far each value leans on the one before, by the residuals about the best split; from 0 to 0.95. `None` where the
/// values are too few or all the same.
///
/// Residuals about fitted levels lean less than the values do: by (1 + 3 ρ) / n for each level, on average. And an estimate that is
/// too low calls changes that are none, one too high misses some: so three quarters of its standard error are added:
/// as much as leaves false change points well under one in a thousand commits a scan and finds steps in short series, too.
///
/// Source: Marriott and Pope, "Bias in the Estimation of Autocorrelations" (1954).
fn autocorrelation(values: &[f64], shape: Shape, scan: &Scan) -> Option<f64> {
    // A spell is looked for at both its ends, and its fit takes more away.
    let levels = match shape {
        Shape::Step => 2.0,
        Shape::Spell => 4.0,
    };
    let plain = White { rho: 0.0, side: side(shape, scan) };
    let about_mean = plain.of(values);
    let found = plain.widest(&about_mean, shape, &mut Vec::new())?;
    let residuals = plain.less(&about_mean, found);
    let all = squares(&residuals);
    if squares(&about_mean) <= f64::EPSILON * values.len() as f64 {
        return None;
    }
    if all <= f64::EPSILON * found.explained {
        return Some(0.0);
    }
    let n = values.len() as f64;
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let unbiased = (products / all + levels / n) / (1.0 - 3.0 * levels / n).max(0.5);
    let error = ((1.0 - unbiased.powi(2)).max(0.0) / n).sqrt();
    Some((unbiased + 0.75 * error).clamp(0.0, 0.95))
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_autocorrelation_is_that_of_the_series_and_no_step_feigns_one() {
        let mut rng = Rng::with_seed(5);
        // Sums of uniform values are near enough to normal ones.
        let mut chance = || (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
        for rho in [0.0, 0.6] {
            let mut now = 0.0;
            let mut values: Vec<f64> = (0..4_000)
                .map(|_| {
                    now = rho * now + chance();
                    now
                })
                .collect();
            values[1_000..].iter_mut().for_each(|v| *v += 8.0);
            let found = autocorrelation(&values, Shape::Step, &Scan::default()).unwrap();
            assert!((found - rho).abs() < 0.06, "{rho}: {found}");
        }
        assert_eq!(autocorrelation(&[2.0; 30], Shape::Step, &Scan::default()), None);
    }

    #[test]
    fn outliers_are_pulled_in_and_steps_are_kept() {
        let mut values: Vec<f64> = (0..40).map(|i| f64::from(i % 3)).collect();
        values[11] = 50.0;
        values[30..].iter_mut().for_each(|v| *v += 20.0);
        let tamed = tame(&values);
        assert!(tamed[11] < 10.0);
        assert_eq!(tamed[31..], values[31..]);
        assert_eq!(tamed[..10], values[..10]);
    }
}
