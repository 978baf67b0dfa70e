//! The distance of two samples.

use crate::Interval;
use crate::quantile::quantile_of_sorted;
use crate::signed_rank::{trim_exact, trim_normal};

/// Up to this many values in both samples together the distribution is counted out; its counts then fit an `i64`. Beyond,
/// the normal approximation is better than 0.1 %.
const EXACT_MAX: usize = 60;

/// Distance of `new` from `base`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Hodges-Lehmann estimate: the median of all differences (or ratios) of one new and one base value.
    pub estimate: f64,
    /// Its interval; absent when the samples are too small for the confidence asked for.
    pub interval: Option<Interval>,
}

/// Returns the Hodges-Lehmann estimate of `new - base` and its interval, by inversion of the rank-sum test; `None` when a
/// sample is empty. With ties the interval errs on the wide side.
///
/// The interval takes both samples to have one shape, moved. That is why times are compared by [`ratio`].
///
/// Source: Hodges and Lehmann, "Estimates of Location Based on Rank Tests" (1963); Hollander, Wolfe and Chicken,
/// "Nonparametric Statistical Methods", 3rd edition, sections 4.2 and 4.3.
#[must_use]
pub(crate) fn shift(base: &[f64], new: &[f64], confidence: f64) -> Option<Shift> {
    if base.is_empty() || new.is_empty() {
        return None;
    }
    let mut differences: Vec<f64> =
        new.iter().flat_map(|n| base.iter().map(move |b| n - b)).collect();
    differences.sort_unstable_by(f64::total_cmp);
    let interval = trim(base.len(), new.len(), confidence).map(|(trimmed, confidence)| Interval {
        low: differences[trimmed],
        high: differences[differences.len() - 1 - trimmed],
        confidence,
    });
    Some(Shift { estimate: quantile_of_sorted(&differences, 0.5), interval })
}

/// Returns the `shift` of `new / base`, on logarithms and back. `None` when a sample is empty or a value is not above zero.
#[must_use]
pub fn ratio(base: &[f64], new: &[f64], confidence: f64) -> Option<Shift> {
    if !base.iter().chain(new).all(|v| *v > 0.0 && v.is_finite()) {
        return None;
    }
    let logs = |values: &[f64]| values.iter().map(|v| v.ln()).collect::<Vec<_>>();
    let Shift { estimate, interval } = shift(&logs(base), &logs(new), confidence)?;
    Some(Shift {
        estimate: estimate.exp(),
        interval: interval.map(|Interval { low, high, confidence }| Interval {
            low: low.exp(),
            high: high.exp(),
            confidence,
        }),
    })
}

/// Returns how many of the sorted differences to leave out at each end, and the confidence that gives; `None` when even
/// leaving out none does not reach `confidence`.
fn trim(m: usize, n: usize, confidence: f64) -> Option<(usize, f64)> {
    if !(0.0..1.0).contains(&confidence) {
        return None;
    }
    let tail_max = (1.0 - confidence) / 2.0;
    if m + n <= EXACT_MAX {
        return trim_exact(probabilities(m, n), m * n, tail_max);
    }
    let (middle, deviation) = ((m * n) as f64 / 2.0, ((m * n * (m + n + 1)) as f64 / 12.0).sqrt());
    trim_normal(middle, deviation, tail_max)
}

/// Returns the probabilities of the Mann-Whitney statistic 0, 1, 2 ... m·n of two samples of one law, `m + n <= EXACT_MAX`.
///
/// The number of arrangements with statistic u is the coefficient of x^u in the Gaussian binomial coefficient
/// ∏ (1 − x^(n+i)) / (1 − x^i), i = 1 … m; each partial product is a polynomial with whole coefficients, so nothing is rounded.
fn probabilities(m: usize, n: usize) -> impl Iterator<Item = f64> {
    debug_assert!(m + n <= EXACT_MAX, "the counts would overflow");
    let mut ways = vec![0i64; m * n + 1];
    ways[0] = 1;
    for i in 1..=m {
        for u in (n + i..ways.len()).rev() {
            ways[u] -= ways[u - n - i];
        }
        for u in i..ways.len() {
            ways[u] += ways[u - i];
        }
    }
    let all = ways.iter().sum::<i64>() as f64;
    ways.into_iter().map(move |w| w as f64 / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hollander, Wolfe and Chicken, table 4.1: permeability of membranes to water, at term and earlier.
    const TERM: [f64; 10] = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const EARLIER: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];

    #[test]
    fn the_textbook_example_comes_out() {
        let Shift { estimate, interval } = shift(&EARLIER, &TERM, 0.95).unwrap();
        assert!((estimate - 0.305).abs() < 1e-12);
        let Interval { low, high, confidence } = interval.unwrap();
        assert!((low + 0.15).abs() < 1e-12 && (high - 0.76).abs() < 1e-12, "{low} {high}");
        assert!((confidence - 0.960_039_960).abs() < 1e-8, "{confidence}");
    }

    #[test]
    fn critical_values_are_those_of_the_tables() {
        // Mann-Whitney U, two-sided, 5 %.
        for (m, n, critical) in
            [(4, 4, 0), (5, 5, 2), (6, 6, 5), (8, 5, 6), (10, 10, 23), (20, 20, 127)]
        {
            let (trimmed, confidence) = trim(m, n, 0.95).unwrap();
            assert_eq!(trimmed, critical, "{m} and {n}");
            assert!((0.95..1.0).contains(&confidence));
        }
        assert_eq!(trim(3, 3, 0.95), None);
        assert_eq!(trim(1, 30, 0.95), None);
    }

    #[test]
    fn counts_are_those_of_listing_every_arrangement() {
        for (m, n) in [(1usize, 1usize), (1, 6), (3, 4), (5, 5), (7, 2)] {
            let mut listed = vec![0u32; m * n + 1];
            for chosen in 0u32..1 << (m + n) {
                if chosen.count_ones() as usize == m {
                    let below_of = |bit: usize| (!chosen & ((1 << bit) - 1)).count_ones() as usize;
                    let u: usize = (0..m + n).filter(|b| chosen >> b & 1 == 1).map(below_of).sum();
                    listed[u] += 1;
                }
            }
            let all: u32 = listed.iter().sum();
            for (p, count) in probabilities(m, n).zip(listed) {
                assert!((p - f64::from(count) / f64::from(all)).abs() < 1e-15, "{m} and {n}");
            }
        }
    }

    #[test]
    fn at_its_limit_the_exact_distribution_does_not_overflow_and_meets_the_approximation() {
        let sum: f64 = probabilities(30, 30).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert!(probabilities(30, 30).all(|p| p > 0.0));
        let (exact, _) = trim(30, 30, 0.95).unwrap();
        let (approximate, confidence) = trim(31, 30, 0.95).unwrap();
        // One more value adds 30 pairs, of which a little under half are left out at each end.
        assert!((5..=15).contains(&(approximate - exact)), "{exact} {approximate}");
        assert!((0.95..0.96).contains(&confidence));
    }

    #[test]
    fn nothing_to_compare_is_none_and_no_difference_is_no_evidence() {
        assert_eq!(shift(&[], &[1.0], 0.95), None);
        assert_eq!(ratio(&[1.0, 0.0], &[1.0], 0.95), None);
        assert_eq!(ratio(&[1.0], &[f64::INFINITY], 0.95), None);
        let same = shift(&[5.0; 8], &[5.0; 8], 0.95).unwrap();
        assert_eq!(same.estimate, 0.0);
        assert_eq!(same.interval.map(|i| (i.low, i.high)), Some((0.0, 0.0)));
        assert_eq!(shift(&[1.0; 2], &[2.0; 2], 0.95).unwrap().interval, None);
    }

    prop_compose! {
        fn times()(values in prop::collection::vec(1.0f64..1e6, 4..40)) -> Vec<f64> { values }
    }

    proptest! {
        #[test]
        fn swapping_the_samples_inverts_the_ratio(base in times(), new in times()) {
            let there = ratio(&base, &new, 0.95).unwrap();
            let back = ratio(&new, &base, 0.95).unwrap();
            prop_assert!((there.estimate * back.estimate - 1.0).abs() < 1e-9);
            if let (Some(a), Some(b)) = (there.interval, back.interval) {
                prop_assert!((a.low * b.high - 1.0).abs() < 1e-9 && (a.high * b.low - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn a_factor_passes_straight_through(base in times(), factor in 0.01f64..100.0) {
            let new: Vec<f64> = base.iter().map(|v| v * factor).collect();
            let Shift { estimate, interval } = ratio(&base, &new, 0.95).unwrap();
            prop_assert!((estimate / factor - 1.0).abs() < 1e-9);
            let Interval { low, high, .. } = interval.unwrap();
            prop_assert!(low <= estimate && estimate <= high);
        }
    }
}
