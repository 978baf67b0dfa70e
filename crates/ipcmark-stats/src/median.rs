//! The interval of a median that needs no law of distribution.

use crate::{Interval, sorted};
use statrs::distribution::{Binomial, DiscreteCDF};

/// Returns the order-statistic interval of the median: from the k-th smallest to the k-th largest value, with the largest
/// k whose
/// confidence is still at least `confidence` (0 to 1). `None` when even the whole span of the values does not reach it:
/// at 0.95 that is under 6 values.
///
/// Each value lies below the true median with probability one half, whatever the law; so the number below it is binomial,
/// and the interval misses when fewer than k are below or fewer than k above. Values are taken to be independent.
///
/// Source: Conover, "Practical Nonparametric Statistics", section 3.2; Le Boudec, "Performance Evaluation", theorem 2.1.
#[must_use]
pub fn median_interval(values: &[f64], confidence: f64) -> Option<Interval> {
    let n = values.len();
    if n == 0 || !(0.0..1.0).contains(&confidence) {
        return None;
    }
    let below = Binomial::new(0.5, n as u64).expect("one half is a probability");
    let confidence_of = |k: usize| 1.0 - 2.0 * below.cdf(k as u64 - 1);
    let (mut k, mut achieved) = (0, 0.0);
    for candidate in 1..=n.div_ceil(2) {
        let with = confidence_of(candidate);
        if with < confidence {
            break;
        }
        (k, achieved) = (candidate, with);
    }
    if k == 0 {
        return None;
    }
    let sorted = sorted(values);
    Some(Interval { low: sorted[k - 1], high: sorted[n - k], confidence: achieved })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::median;
    use proptest::prelude::*;

    fn up_to(n: usize) -> Vec<f64> {
        (1..=n).map(|v| v as f64).collect()
    }

    #[test]
    fn ranks_and_confidence_are_those_of_the_tables() {
        // Le Boudec, appendix A, table of ranks for the median at 95 %.
        for (n, low, high, confidence) in [
            (6, 1.0, 6.0, 0.96875),
            (10, 2.0, 9.0, 0.978_515_625),
            (20, 6.0, 15.0, 0.958_610_534_667_968_8),
        ] {
            let interval = median_interval(&up_to(n), 0.95).unwrap();
            assert_eq!((interval.low, interval.high), (low, high), "n = {n}");
            assert!((interval.confidence - confidence).abs() < 1e-9, "n = {n}: {interval:?}");
        }
    }

    #[test]
    fn under_six_values_there_is_none() {
        for n in 0..6 {
            assert_eq!(median_interval(&up_to(n), 0.95), None);
        }
        assert_eq!(median_interval(&up_to(7), 0.99), None);
        assert!(median_interval(&up_to(8), 0.99).is_some());
        assert_eq!(median_interval(&up_to(100), 1.0), None);
    }

    proptest! {
        #[test]
        fn it_holds_the_sample_median_and_promises_enough(values in prop::collection::vec(0.0f64..1e9, 6..200)) {
            let interval = median_interval(&values, 0.95).unwrap();
            let middle = median(&values).unwrap();
            prop_assert!(interval.low <= middle && middle <= interval.high);
            prop_assert!(0.95 <= interval.confidence && interval.confidence < 1.0);
        }

        #[test]
        fn order_does_not_matter(mut values in prop::collection::vec(0.0f64..1e9, 6..50)) {
            let before = median_interval(&values, 0.95);
            values.reverse();
            prop_assert_eq!(before, median_interval(&values, 0.95));
        }
    }
}
