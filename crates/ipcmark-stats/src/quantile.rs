//! Quantiles of a small sample, and whether a sample can hold one.

use crate::sorted;

/// Returns the quantile `q` (0 to 1) of `values`, linear between the two nearest order statistics; `None` when
/// there are no values or `q` is no fraction.
///
/// Source: Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996), definition 7.
#[must_use]
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    if values.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    Some(quantile_of_sorted(&sorted(values), q))
}

/// Returns the median of `values`: the middle one, or the mean of the two middle ones; `None` when there
/// are none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Returns the median distance from the median, in the unit of the values; `None` when there are none. It is not
/// scaled: times 1.4826 it estimates the standard deviation of a normal law.
///
/// Source: Hampel, "The Influence Curve and its Role in Robust Estimation" (1974).
#[must_use]
pub fn median_absolute_deviation(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let distances: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
    median(&distances)
}

/// Returns true if at least 100 of `n` values are expected beyond the quantile `q` (0 to 1): n ≥ 100 / (1 − q).
/// Fewer, and the percentile is a handful of accidents.
#[must_use]
pub fn samples_enough(n: u64, q: f64) -> bool {
    const BEYOND: f64 = 100.0;
    // 1 - 0.9999 is a little less than 0.0001 in binary: without the slack 1,000,000 values would not do.
    const SLACK: f64 = 1e-9;
    n as f64 * (1.0 - q) >= BEYOND * (1.0 - SLACK)
}

/// Returns the [`quantile`] of sorted values, of which there is at least one.
pub(crate) fn quantile_of_sorted(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let share = at - below as f64;
    if share == 0.0 {
        // No arithmetic where none is needed: it keeps an infinite neighbour from making a NaN.
        return sorted[below];
    }
    sorted[below] * (1.0 - share) + sorted[above] * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_of_known_samples() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        // R: quantile(c(1, 2, 4, 8, 16), c(.1, .9)) gives 1.4 and 12.8.
        let doubling = [16.0, 1.0, 8.0, 2.0, 4.0];
        assert!((quantile(&doubling, 0.1).unwrap() - 1.4).abs() < 1e-12);
        assert!((quantile(&doubling, 0.9).unwrap() - 12.8).abs() < 1e-12);
        assert_eq!(quantile(&doubling, 1.5), None);
        assert_eq!(quantile(&doubling, f64::NAN), None);
    }

    #[test]
    fn deviation_ignores_one_wild_value() {
        assert_eq!(median_absolute_deviation(&[1.0, 2.0, 3.0, 4.0, 1e9]), Some(1.0));
        assert_eq!(median_absolute_deviation(&[]), None);
    }

    #[test]
    fn a_hundred_values_beyond_are_enough_and_99_are_not() {
        for (q, n) in
            [(0.5, 200), (0.9, 1_000), (0.99, 10_000), (0.999, 100_000), (0.9999, 1_000_000)]
        {
            assert!(samples_enough(n, q), "{n} values hold p{q}");
            assert!(!samples_enough(n - 1, q), "{} values do not hold p{q}", n - 1);
        }
        assert!(!samples_enough(u64::MAX, 1.0));
    }

    proptest! {
        #[test]
        fn a_quantile_lies_in_the_sample_and_grows(
            values in prop::collection::vec(-1e9f64..1e9, 1..50), a in 0.0f64..=1.0, b in 0.0f64..=1.0,
        ) {
            let (a, b) = (a.min(b), a.max(b));
            let (low, high) = (quantile(&values, a).unwrap(), quantile(&values, b).unwrap());
            prop_assert!(low <= high + 1e-6);
            prop_assert!(quantile(&values, 0.0).unwrap() <= low && high <= quantile(&values, 1.0).unwrap());
        }

        #[test]
        fn at_least_half_lie_on_each_side_of_the_median(values in prop::collection::vec(-1e3f64..1e3, 1..50)) {
            let middle = median(&values).unwrap();
            prop_assert!(2 * values.iter().filter(|v| **v <= middle).count() >= values.len());
            prop_assert!(2 * values.iter().filter(|v| **v >= middle).count() >= values.len());
        }
    }
}
