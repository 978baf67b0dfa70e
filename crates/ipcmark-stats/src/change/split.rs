//! The best split of a stretch into two levels, and how often chance splits as well.
//!
//! Ranks alone cannot do it: ten points that all lie beyond fifty others have the same ranks whether they lie one standard
//! deviation off or twenty, and where neighbours depend on one another that is not rare enough. So the values count, once
//! outliers have been pulled in. Nor can whole blocks of the series be permuted against the series: ten new points are two
//! blocks, and those stand together in one of some sixty orders. So what is permuted are the residuals about the two levels,
//! and both sides are measured by what their own best split leaves over.

use super::Scan;
use crate::median_absolute_deviation;
use crate::quantile::quantile_of_sorted;
use fastrand::Rng;

/// A split of a stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    /// Index of the first point of the second level.
    pub(super) at: usize,
    pub(super) p: f64,
}

/// The series with outliers pulled in to three standard deviations about the running median of seven points, which keeps steps.
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

/// The split of `values` after which the two means leave the least square error, with at least `side` points on each side; and
/// its p value. `None` where the values are all the same.
///
/// The p value is the share of permutations of the residuals, by blocks, that some split explains as well, relative to what it
/// leaves over. Drawing ends once that many did that the share is above α for sure.
///
/// Source: Besag and Clifford, "Sequential Monte Carlo p-values" (1991).
pub(super) fn best_split(values: &[f64], side: usize, scan: &Scan, rng: &mut Rng) -> Option<Split> {
    let (at, _) = widest(values, side)?;
    let (before, after) = values.split_at(at);
    let residuals: Vec<f64> = [before, after].into_iter().flat_map(centred).collect();
    let left_over = squares(&residuals);
    let all = squares(&centred(values));
    if all <= f64::EPSILON * values.len() as f64 {
        return None;
    }
    if left_over <= f64::EPSILON * all {
        // Two levels and nothing else.
        return Some(Split { at, p: 1.0 / (f64::from(scan.permutations) + 1.0) });
    }
    let explained = (all - left_over) / left_over;
    let enough = (scan.alpha * (f64::from(scan.permutations) + 1.0)).floor() as u32 + 1;
    let mut as_good = 0;
    let mut shuffled = Vec::with_capacity(residuals.len());
    for drawn in 1..=scan.permutations {
        shuffle(&residuals, scan.block.max(1), rng, &mut shuffled);
        let (_, by_chance) = widest(&shuffled, side)?;
        if by_chance >= explained * (left_over - by_chance) {
            as_good += 1;
            if as_good == enough {
                return Some(Split { at, p: f64::from(as_good) / f64::from(drawn) });
            }
        }
    }
    Some(Split { at, p: f64::from(as_good + 1) / (f64::from(scan.permutations) + 1.0) })
}

/// Where two means explain most, and the square error that they explain; `None` where there is no place.
fn widest(values: &[f64], side: usize) -> Option<(usize, f64)> {
    let n = values.len();
    if n < 2 * side {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let (mut best, mut most, mut sum) = (side, -1.0, 0.0);
    for (i, value) in values[..n - side].iter().enumerate() {
        sum += value - mean;
        let (left, right) = (i + 1, n - i - 1);
        if left >= side {
            let explained = sum * sum * n as f64 / (left * right) as f64;
            if explained > most {
                (best, most) = (left, explained);
            }
        }
    }
    Some((best, most))
}

/// Fills `shuffled` with the values in blocks of `block` neighbours, the blocks in any order. They start anywhere, and the last
/// goes on with the first value, so that no cut is the same each time.
fn shuffle(values: &[f64], block: usize, rng: &mut Rng, shuffled: &mut Vec<f64>) {
    let n = values.len();
    let turn = rng.usize(..n);
    let mut starts: Vec<usize> = (0..n).step_by(block).collect();
    rng.shuffle(&mut starts);
    shuffled.clear();
    for start in starts {
        shuffled.extend((start..(start + block).min(n)).map(|i| values[(i + turn) % n]));
    }
}

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|v| v - mean).collect()
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_split_is_where_the_sums_say() {
        let (at, explained) = widest(&[1.0, 1.0, 1.0, 3.0, 3.0, 3.0], 2).unwrap();
        assert_eq!(at, 3);
        assert!((explained - 6.0).abs() < 1e-12, "{explained}");
        assert_eq!(widest(&[1.0; 5], 3), None);
    }

    #[test]
    fn shuffling_keeps_every_value_and_whole_blocks() {
        let values: Vec<f64> = (0..23).map(f64::from).collect();
        let mut rng = Rng::with_seed(3);
        let mut shuffled = Vec::new();
        for _ in 0..50 {
            shuffle(&values, 5, &mut rng, &mut shuffled);
            let next = |pair: &[f64]| (pair[0] + 1.0) % 23.0 == pair[1];
            let kept = shuffled.windows(2).filter(|pair| next(pair)).count();
            assert!(kept >= 18, "four of each block of five, two of the last three: {shuffled:?}");
            let mut sorted = shuffled.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            assert_eq!(sorted, values);
        }
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
