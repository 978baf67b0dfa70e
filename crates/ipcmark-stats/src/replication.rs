//! Where another run's median is expected: the interval that ipcmark states.
//!
//! An interval for the true median says too little to somebody who will measure again: the other run's median is a sample
//! median as well, and a 95 % interval of the first holds it only some 83 % of the time (Cumming and Maillardet,
//! "Confidence Intervals and Replication: Where Will the Next Mean Fall?", 2006). And between two runs the machine as a whole
//! drifts, which no number of invocations takes away. So both are put into the interval that is stated.

use crate::{Interval, median, sorted};
use statrs::distribution::{ContinuousCDF, Normal};
use statrs::distribution::{DiscreteCDF, Hypergeometric};

/// Share of equal runs whose median shall fall inside.
const REPLICATION: f64 = 0.95;

/// Fewest values. With fewer, even their whole span contains another sample's median too rarely.
const LEAST: usize = 6;

/// Returns where the median of another equal run is expected 95 times in a hundred. `None` under 6 values, and of values that are
/// not all finite.
///
/// From the values: the k-th smallest to the k-th largest, with the largest k for which `replication` is at least 0.95; the
/// whole span where even that falls short (6 to 8 values). No law of distribution is assumed; the values are taken to
/// be independent except for `drift`.
///
/// From the machine: `drift` is the standard error of the log of the factor that all values of this run share (see
/// [`drift()`](crate::drift())); 0 where nothing is known of it. The other run has its own factor, so √2 times as much is
/// between the two. Both are added in quadrature, on each side of the median by itself, as logarithms where all values are
/// above zero, else as differences relative to the median.
///
/// [`Interval::confidence`] is the achieved replication of the order statistics, computed by counting.
#[must_use]
pub fn replication_interval(values: &[f64], drift: f64) -> Option<Interval> {
    let n = values.len();
    if n < LEAST || !values.iter().all(|v| v.is_finite()) {
        return None;
    }
    // Further inward it is less: the ranks that will do are the first ones.
    let ranks: Vec<usize> = (1..=n.div_ceil(2)).collect();
    let k = ranks.partition_point(|k| replication(n, *k) >= REPLICATION).max(1);
    let values = sorted(values);
    let (low, middle, high) = (values[k - 1], median(&values)?, values[n - k]);
    let beyond = standard_normal_quantile() * std::f64::consts::SQRT_2 * drift.max(0.0);
    let (low, high) = if values[0] > 0.0 {
        let away = |to: f64| (to / middle).ln().hypot(beyond);
        (middle * (-away(low)).exp(), middle * away(high).exp())
    } else {
        let away = |to: f64| (to - middle).hypot(beyond * middle);
        (middle - away(low), middle + away(high))
    };
    Some(Interval { low, high, confidence: replication(n, k) })
}

/// Returns how often the median of one sample of `n` falls between the `k`-th smallest and the `k`-th largest value of
/// another, of
/// the same law, whatever that is: exact for odd `n`; for even `n`, whose median lies between two values, how often both of
/// them do, which is a little less. `k` is from 1 to `n / 2`, rounded up.
///
/// Of the `k + r - 1` smallest of both samples together, the number that the second gave is hypergeometric, for each
/// arrangement is as likely as each other; and the second's r-th smallest lies below the first's k-th smallest exactly when
/// that number is at least r.
///
/// Source: Gumbel and von Schelling, "The Distribution of the Number of Exceedances" (1950); David and Nagaraja, "Order
/// Statistics", 3rd edition, section 7.3 (prediction intervals).
#[must_use]
pub(crate) fn replication(n: usize, k: usize) -> f64 {
    debug_assert!(1 <= k && k <= n.div_ceil(2), "rank {k} of {n}");
    let r = n.div_ceil(2);
    let of_the_first = Hypergeometric::new(2 * n as u64, n as u64, (k + r - 1) as u64)
        .expect("no more is drawn than there is");
    // At least r of k + r - 1 are the second's when at most k - 1 are the first's; and the same at the upper end.
    1.0 - 2.0 * of_the_first.cdf(k as u64 - 1)
}

fn standard_normal_quantile() -> f64 {
    Normal::standard().inverse_cdf(0.5 + REPLICATION / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn up_to(n: usize) -> Vec<f64> {
        (1..=n).map(|v| v as f64).collect()
    }

    /// Counts, over all orders of two samples of `n`, how often the second's middle lies inside.
    fn listed(n: usize, k: usize) -> f64 {
        let (mut inside, mut all) = (0u32, 0u32);
        for second in 0u32..1 << (2 * n) {
            if second.count_ones() as usize != n {
                continue;
            }
            let places = |of_second: bool| -> Vec<usize> {
                (0..2 * n).filter(|at| (second >> at & 1 == 1) == of_second).collect()
            };
            let (x, y) = (places(false), places(true));
            let lower_middle = y[n.div_ceil(2) - 1];
            let upper_middle = y[n / 2];
            inside += u32::from(x[k - 1] < lower_middle && upper_middle < x[n - k]);
            all += 1;
        }
        f64::from(inside) / f64::from(all)
    }

    #[test]
    fn the_count_is_that_of_listing_every_order() {
        for (n, k) in [(1, 1), (4, 1), (5, 1), (5, 2), (6, 1), (7, 1), (7, 2), (8, 2), (9, 1)] {
            let (counted, listed) = (replication(n, k), listed(n, k));
            // Both ends can be missed at once only where the middle two of an even sample lie around everything.
            assert!((counted - listed).abs() < 1e-9 || n % 2 == 0, "{n}, {k}: {counted} {listed}");
            assert!(counted <= listed + 1e-9, "{n}, {k}: {counted} {listed}");
        }
    }

    #[test]
    fn nine_values_are_enough_and_six_to_eight_say_what_they_reach() {
        for (n, achieved) in [(6, 1.0 - 168.0 / 924.0), (7, 1.0 - 240.0 / 3432.0)] {
            let interval = replication_interval(&up_to(n), 0.0).unwrap();
            assert!((interval.low - 1.0).abs() < 1e-12 && (interval.high - n as f64).abs() < 1e-9);
            assert!((interval.confidence - achieved).abs() < 1e-9, "{interval:?}");
        }
        assert_eq!(replication_interval(&up_to(5), 0.0), None);
        assert_eq!(replication_interval(&[1.0, 2.0, 3.0, 4.0, 5.0, f64::NAN], 0.0), None);
        let nine = replication_interval(&up_to(9), 0.0).unwrap();
        assert!((0.95..0.98).contains(&nine.confidence), "{nine:?}");
        let thirty = replication_interval(&up_to(30), 0.0).unwrap();
        assert!(thirty.low > 5.0 && thirty.high < 26.0, "{thirty:?}");
    }

    #[test]
    fn drift_widens_both_sides_in_quadrature() {
        let flat = replication_interval(&[80.0; 12], 0.05).unwrap();
        let reach = (1.959_964 * 2f64.sqrt() * 0.05).exp();
        assert!((flat.high / 80.0 - reach).abs() < 1e-6 && (80.0 / flat.low - reach).abs() < 1e-6);
        let values: Vec<f64> = up_to(9).iter().map(|v| 100.0 + v).collect();
        let (without, with) = (
            replication_interval(&values, 0.0).unwrap(),
            replication_interval(&values, 0.01).unwrap(),
        );
        assert!(with.low < without.low && without.high < with.high);
        assert!(with.high < without.high * (1.96 * 2f64.sqrt() * 0.01f64).exp(), "not their sum");
        assert_eq!(replication_interval(&values, -1.0), replication_interval(&values, 0.0));
        assert_eq!(replication_interval(&values, f64::NAN), replication_interval(&values, 0.0));
    }

    #[test]
    fn zeroes_are_no_reason_to_give_up() {
        let values = [0.0, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, 0.5];
        let interval = replication_interval(&values, 0.1).unwrap();
        assert!(interval.low < 0.0 && 0.5 < interval.high, "{interval:?}");
        let nothing = replication_interval(&[0.0; 9], 0.1).unwrap();
        assert_eq!((nothing.low, nothing.high), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn it_holds_the_median_and_follows_a_change_of_unit(
            values in prop::collection::vec(1.0f64..1e6, 6..200), drift in 0.0f64..0.3, unit in 1e-3f64..1e3,
        ) {
            let interval = replication_interval(&values, drift).unwrap();
            let middle = median(&values).unwrap();
            prop_assert!(interval.low <= middle * (1.0 + 1e-12) && middle <= interval.high * (1.0 + 1e-12));
            prop_assert!(values.len() < 9 || interval.confidence >= 0.95);
            let scaled: Vec<f64> = values.iter().map(|v| v * unit).collect();
            let scaled = replication_interval(&scaled, drift).unwrap();
            prop_assert!((scaled.low / unit / interval.low - 1.0).abs() < 1e-9);
            prop_assert!((scaled.high / unit / interval.high - 1.0).abs() < 1e-9);
        }
    }
}
