//! Pairs: whether their differences could be chance, and how large they are.

use crate::quantile::quantile_of_sorted;
use crate::{Interval, Shift};
use statrs::distribution::{ContinuousCDF, Normal};

/// Up to this many differences the distribution is counted out, with ties and zeros too; beyond, the normal approximation is
/// better than 5 % of a p value that matters.
const EXACT_MAX: usize = 60;

/// Returns the two-sided p value of the signed-rank test: how often differences as likely to be above as below zero would lean
/// to one side at least this much. `None` when there are none, or one is not finite.
///
/// Up to 60 differences it is counted exactly for the given ranks, so that it is exact with ties too; beyond, it is the normal
/// approximation with continuity and tie corrections. Zeros are ranked and then have no sign, as Pratt has it. Wilcoxon leaves
/// them out before ranking: pairs in which nothing changed would then count for nothing, and a few small differences among many
/// zeros would look like a law.
///
/// Source: Wilcoxon, "Individual Comparisons by Ranking Methods" (1945); Pratt, "Remarks on Zeros and Ties in the Wilcoxon
/// Signed Rank Procedures" (1959); Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 3rd edition, section 3.1.
#[must_use]
pub fn signed_rank_p(differences: &[f64]) -> Option<f64> {
    if differences.is_empty() || !differences.iter().all(|d| d.is_finite()) {
        return None;
    }
    let signed = signed_ranks(differences);
    let sum = |ranks: &mut dyn Iterator<Item = i64>| ranks.sum::<i64>();
    let above = sum(&mut signed.iter().copied().filter(|r| *r > 0));
    let below = -sum(&mut signed.iter().copied().filter(|r| *r < 0));
    let smaller = above.min(below);
    if signed.len() <= EXACT_MAX {
        let doubled: Vec<usize> = signed.iter().map(|r| r.unsigned_abs() as usize).collect();
        let tail: f64 = probabilities(&doubled).take(smaller as usize + 1).sum();
        return Some((2.0 * tail).min(1.0));
    }
    // Each rank is on one side or the other by the toss of a coin. Ranks are doubled here; one step of the statistic is 2.
    let squares: f64 = signed.iter().map(|r| (*r as f64).powi(2)).sum();
    if squares == 0.0 {
        return Some(1.0);
    }
    let z = (smaller as f64 + 1.0 - (above + below) as f64 / 2.0) / (squares / 4.0).sqrt();
    Some((2.0 * Normal::standard().cdf(z)).min(1.0))
}

/// Returns the Hodges-Lehmann estimate of the centre of `differences`, in their unit, and its interval: the median of all
/// Walsh averages (of each two differences, and of each with itself), and those between which the signed-rank test rejects no
/// centre. `None` when there are none, or one is not finite; under 6 differences there is no interval at 0.95.
///
/// The interval takes the differences to be symmetric about their centre, which differences within pairs of like arms are. It
/// is exact up to 60 of them; with ties it errs on the wide side.
///
/// Source: Hodges and Lehmann, "Estimates of Location Based on Rank Tests" (1963); Tukey's interval as in Hollander, Wolfe and
/// Chicken, sections 3.2 and 3.3.
#[must_use]
pub fn pseudo_median(differences: &[f64], confidence: f64) -> Option<Shift> {
    if differences.is_empty() || !differences.iter().all(|d| d.is_finite()) {
        return None;
    }
    let averages = walsh_averages(differences);
    let interval = trim(differences.len(), confidence).map(|(trimmed, confidence)| Interval {
        low: averages[trimmed],
        high: averages[averages.len() - 1 - trimmed],
        confidence,
    });
    Some(Shift { estimate: quantile_of_sorted(&averages, 0.5), interval })
}

/// Averages of each two values, and of each with itself, smallest first.
pub(crate) fn walsh_averages(values: &[f64]) -> Vec<f64> {
    let mut averages: Vec<f64> = values
        .iter()
        .enumerate()
        .flat_map(|(i, a)| values[i..].iter().map(move |b| a / 2.0 + b / 2.0))
        .collect();
    averages.sort_unstable_by(f64::total_cmp);
    averages
}

/// Returns how many of the sorted Walsh averages of `n` values to leave out at each end, and the confidence that gives;
/// `None` when even leaving out none does not reach `confidence`.
pub(crate) fn trim(n: usize, confidence: f64) -> Option<(usize, f64)> {
    if n == 0 || !(0.0..1.0).contains(&confidence) {
        return None;
    }
    let tail_max = (1.0 - confidence) / 2.0;
    let averages = n * (n + 1) / 2;
    if n <= EXACT_MAX {
        let ranks: Vec<usize> = (1..=n).collect();
        return trim_exact(probabilities(&ranks), averages, tail_max);
    }
    let middle = averages as f64 / 2.0;
    let deviation = (averages as f64 * (2 * n + 1) as f64 / 12.0).sqrt();
    trim_normal(middle, deviation, tail_max)
}

/// Returns how many of `all` sorted values to leave out at each end, and the confidence that gives, from the probabilities of
/// the statistic 0, 1, 2 ... Leaving out `trimmed` at each end misses when the statistic is at most `trimmed`.
pub(crate) fn trim_exact(
    probabilities: impl IntoIterator<Item = f64>,
    all: usize,
    tail_max: f64,
) -> Option<(usize, f64)> {
    let mut best = None;
    let mut tail = 0.0;
    for (trimmed, probability) in probabilities.into_iter().enumerate() {
        tail += probability;
        if tail > tail_max || 2 * trimmed + 1 > all {
            break;
        }
        best = Some((trimmed, 1.0 - 2.0 * tail));
    }
    best
}

/// Returns the same from the normal approximation of the statistic.
pub(crate) fn trim_normal(middle: f64, deviation: f64, tail_max: f64) -> Option<(usize, f64)> {
    let normal = Normal::standard();
    let trimmed = (middle - 0.5 + normal.inverse_cdf(tail_max) * deviation).floor();
    if trimmed < 0.0 {
        return None;
    }
    let tail = normal.cdf((trimmed + 0.5 - middle) / deviation);
    Some((trimmed as usize, 1.0 - 2.0 * tail))
}

/// Returns twice the rank of each difference's size, with the difference's sign: twice, because a tie's rank can be a half.
/// A zero takes part in the ranking and has rank 0.
fn signed_ranks(differences: &[f64]) -> Vec<i64> {
    let mut by_size = differences.to_vec();
    by_size.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let mut ranks = Vec::with_capacity(by_size.len());
    for tied in by_size.chunk_by(|a, b| a.abs() == b.abs()) {
        // Ranks first + 1 to first + length; twice their mean.
        let doubled = (2 * ranks.len() + tied.len() + 1) as i64;
        ranks.extend(tied.iter().map(|d| match d {
            d if *d > 0.0 => doubled,
            d if *d < 0.0 => -doubled,
            _ => 0,
        }));
    }
    ranks
}

/// Returns the probabilities of the sums 0, 1, 2 ... of those of `ranks` for which a coin says so.
fn probabilities(ranks: &[usize]) -> impl Iterator<Item = f64> {
    let mut of_sum = vec![0.0; ranks.iter().sum::<usize>() + 1];
    of_sum[0] = 1.0;
    let mut reached = 0;
    for rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = if sum >= *rank { of_sum[sum - rank] } else { 0.0 };
            of_sum[sum] = (of_sum[sum] + with) / 2.0;
        }
    }
    of_sum.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hollander, Wolfe and Chicken, table 3.1: change of the Hamilton depression factor in nine patients.
    const CHANGES: [f64; 9] =
        [-0.952, 0.147, -1.022, -0.430, -0.620, -0.590, -0.490, 0.080, -0.010];

    #[test]
    fn the_textbook_example_comes_out() {
        let p = signed_rank_p(&CHANGES).unwrap();
        assert!((p - 0.039_062_5).abs() < 1e-12, "R: wilcox.test gives 0.03906: {p}");
        let Shift { estimate, interval } = pseudo_median(&CHANGES, 0.95).unwrap();
        assert!((estimate + 0.46).abs() < 1e-12, "{estimate}");
        let Interval { low, high, confidence } = interval.unwrap();
        assert!((low + 0.786).abs() < 1e-12 && (high + 0.010).abs() < 1e-12, "{low} {high}");
        assert!((confidence - 0.960_937_5).abs() < 1e-12, "{confidence}");
    }

    #[test]
    fn critical_values_are_those_of_the_tables() {
        // The signed-rank statistic T, two-sided, 5 %.
        for (n, critical) in
            [(6, 0), (7, 2), (8, 3), (10, 8), (12, 13), (16, 29), (20, 52), (25, 89), (50, 434)]
        {
            let (trimmed, confidence) = trim(n, 0.95).unwrap();
            assert_eq!(trimmed, critical, "{n}");
            assert!((0.95..1.0).contains(&confidence));
        }
        assert_eq!(trim(5, 0.95), None);
        assert_eq!(trim(7, 0.99), None);
        assert_eq!(trim(30, 1.0), None);
    }

    #[test]
    fn the_count_is_that_of_listing_every_assignment_of_signs_with_ties_and_zeros() {
        for sizes in [&[0.3, 1.0, 2.0, 5.0, 7.0][..], &[0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 9.0]] {
            let of = |signs: u32| -> Vec<f64> {
                let sign = |i: usize| if signs >> i & 1 == 1 { 1.0 } else { -1.0 };
                sizes.iter().enumerate().map(|(i, size)| sign(i) * size).collect()
            };
            let lean = |signs: u32| signed_ranks(&of(signs)).iter().sum::<i64>().abs();
            let all = 1u32 << sizes.len();
            for seen in 0..all {
                let as_far = (0..all).filter(|signs| lean(*signs) >= lean(seen)).count();
                let p = signed_rank_p(&of(seen)).unwrap();
                assert!((p - (as_far as f64 / f64::from(all)).min(1.0)).abs() < 1e-12, "{seen:b}");
            }
        }
    }

    #[test]
    fn beyond_the_exact_limit_the_approximation_meets_the_count() {
        for every in [2, 3] {
            let sign = |i: i32| if i % every == 0 { -1.0 } else { 1.0 };
            let leaning: Vec<f64> = (1..=61).map(|i| f64::from(i) * sign(i)).collect();
            let ranks = signed_ranks(&leaning);
            let below = -ranks.iter().filter(|r| **r < 0).sum::<i64>();
            let doubled: Vec<usize> = ranks.iter().map(|r| r.unsigned_abs() as usize).collect();
            let counted = 2.0 * probabilities(&doubled).take(below as usize + 1).sum::<f64>();
            let approximated = signed_rank_p(&leaning).unwrap();
            assert!((approximated / counted - 1.0).abs() < 0.05, "{counted} {approximated}");
        }
        let (exact, approximate) = (trim(60, 0.95).unwrap().0, trim(61, 0.95).unwrap().0);
        // One more value adds 61 averages, of which nearly half are left out at each end.
        assert!((15..=30).contains(&(approximate - exact)), "{exact} {approximate}");
    }

    #[test]
    fn zeros_are_evidence_for_no_change() {
        let few = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5];
        let among_zeros: Vec<f64> = few.iter().copied().chain([0.0; 10]).collect();
        assert_eq!(signed_rank_p(&few), Some(2.0 / 64.0));
        assert!(signed_rank_p(&among_zeros).unwrap() >= 2.0 / 64.0);
        assert_eq!(pseudo_median(&among_zeros, 0.95).unwrap().interval.unwrap().low, 0.0);
        assert_eq!(signed_rank_p(&[0.0; 8]), Some(1.0));
        assert_eq!(signed_rank_p(&[0.0; 80]), Some(1.0));
    }

    #[test]
    fn nothing_to_judge_is_none() {
        for bad in [&[][..], &[1.0, f64::NAN], &[f64::INFINITY]] {
            assert_eq!(signed_rank_p(bad), None);
            assert_eq!(pseudo_median(bad, 0.95), None);
        }
        let few = pseudo_median(&[1.0, 2.0, 4.0], 0.95).unwrap();
        assert_eq!((few.estimate, few.interval), (2.25, None));
    }

    proptest! {
        #[test]
        fn turning_all_signs_turns_the_shift(d in prop::collection::vec(-1.0f64..1.0, 6..70)) {
            let turned: Vec<f64> = d.iter().map(|d| -d).collect();
            let (there, back) = (pseudo_median(&d, 0.95).unwrap(), pseudo_median(&turned, 0.95).unwrap());
            prop_assert!((there.estimate + back.estimate).abs() < 1e-12);
            let (a, b) = (there.interval.unwrap(), back.interval.unwrap());
            prop_assert!((a.low + b.high).abs() < 1e-12 && (a.high + b.low).abs() < 1e-12);
            prop_assert!(a.low <= there.estimate && there.estimate <= a.high);
            prop_assert_eq!(signed_rank_p(&d), signed_rank_p(&turned));
        }

        #[test]
        fn the_interval_leaves_out_no_change_exactly_when_the_test_rejects(
            d in prop::collection::vec(-1.0f64..1.6, 6..30),
        ) {
            let Interval { low, high, confidence } = pseudo_median(&d, 0.95).unwrap().interval.unwrap();
            let rejects = signed_rank_p(&d).unwrap() <= 1.0 - confidence + 1e-12;
            prop_assert_eq!(low > 0.0 || high < 0.0, rejects);
        }
    }
}
