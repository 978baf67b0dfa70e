//! Many tests at once: p values that have paid for one another.
//!
//! A suite has hundreds of cells, and one in twenty of them looks changed at 5 % where nothing did. Where a single false call is
//! the harm, as in a gate, [`holm`] bounds the chance of any; where calls are read as a list, as in a history of many series,
//! [`benjamini_hochberg`] bounds the share of false ones among those called, and finds more.

/// Returns Holm's adjusted p values, in the order of `p`: calling those at most α keeps the chance of any false call at α, whatever
/// depends on what. Each lies between its p and 1.
///
/// Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979).
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut highest = 0.0f64;
    for (rank, at) in order(p).into_iter().enumerate() {
        highest = highest.max((p.len() - rank) as f64 * p[at]).min(1.0);
        adjusted[at] = highest;
    }
    adjusted
}

/// Returns Benjamini and Hochberg's adjusted p values, in the order of `p`: of those at most q, a share of q at most is expected to be
/// false calls, where the tests are independent or lean the same way. Each lies between its p and 1, and is no larger than
/// [`holm`]'s.
///
/// Source: Benjamini and Hochberg, "Controlling the False Discovery Rate" (1995).
#[must_use]
pub(crate) fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut lowest = 1.0f64;
    for (rank, at) in order(p).into_iter().enumerate().rev() {
        lowest = lowest.min(p.len() as f64 / (rank + 1) as f64 * p[at]);
        adjusted[at] = lowest;
    }
    adjusted
}

/// Indices of `p`, smallest value first.
fn order(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn they_are_what_r_says() {
        let p = [0.04, 0.01, 0.03, 0.005, 0.6];
        // R: p.adjust(c(.04, .01, .03, .005, .6), "holm"), and "BH".
        assert!(close(&holm(&p), &[0.09, 0.04, 0.09, 0.025, 0.6]));
        assert!(close(&benjamini_hochberg(&p), &[0.05, 0.025, 0.05, 0.025, 0.6]));
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
        assert_eq!((holm(&[0.2]), benjamini_hochberg(&[0.2])), (vec![0.2], vec![0.2]));
    }

    proptest! {
        #[test]
        fn no_order_changes_and_nothing_gets_smaller(p in prop::collection::vec(0.0f64..=1.0, 1..40)) {
            let (holm, bh) = (holm(&p), benjamini_hochberg(&p));
            for i in 0..p.len() {
                prop_assert!(p[i] <= bh[i] && bh[i] <= holm[i] + 1e-12 && holm[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || (holm[i] <= holm[j] && bh[i] <= bh[j]));
                }
            }
        }
    }
}
