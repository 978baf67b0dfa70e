//! One side against the base: estimate, interval, p value, and the verdict that they allow.

use crate::finding::why_undecided;
use crate::{Thresholds, Verdict};
use ipcmark_stats::{pseudo_median, signed_rank_p, smallest_detectable};
use serde::Serialize;

/// The odds at which a change counts as detectable: four in five.
const POWER: f64 = 0.8;

/// The change of one side against the base, and its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// Side / base; above 1 is slower. Hodges-Lehmann estimate over the pairs.
    pub ratio: f64,
    /// Its interval; absent if there are too few pairs.
    pub interval: Option<(f64, f64)>,
    /// The interval's confidence, at least that of the thresholds; absent with it.
    pub confidence: Option<f64>,
    /// Two-sided p value of the signed-rank test of no change.
    pub p: f64,
    /// The p value after correction for its looks and for all figures of the second stage (Holm);
    /// absent if it was only screened.
    pub p_adjusted: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
}

impl Effect {
    /// Estimates from log ratios, one per pair; `None` without pairs. [`settle`](Effect::settle)
    /// gives the verdict.
    pub(super) fn of(logs: &[f64], policy: &Thresholds) -> Option<Effect> {
        let shift = pseudo_median(logs, policy.confidence)?;
        Some(Effect {
            ratio: shift.estimate.exp(),
            interval: shift.interval.map(|i| (i.low.exp(), i.high.exp())),
            confidence: shift.interval.map(|i| i.confidence),
            p: signed_rank_p(logs)?,
            p_adjusted: None,
            verdict: Verdict::Inconclusive,
        })
    }

    /// Gives the verdict after the p values were adjusted. A change that is not significant is never
    /// called one.
    pub(super) fn settle(&mut self, delta: f64, policy: &Thresholds) {
        self.verdict = match Verdict::of(self.interval, delta) {
            verdict if verdict.is_change() && !self.is_significant(policy) => Verdict::Inconclusive,
            verdict => verdict,
        };
    }

    /// Returns true if the second stage confirmed it.
    pub(super) fn is_significant(&self, policy: &Thresholds) -> bool {
        self.p_adjusted.is_some_and(|p| p <= policy.false_changes)
    }

    /// Returns true if the second stage has to measure it; `within_reach` says whether its pairs could
    /// decide an effect of the estimate's size.
    pub(super) fn is_suspect(&self, delta: f64, screen_p: f64, within_reach: bool) -> bool {
        let by_size = self.interval.is_none() || within_reach;
        self.p <= screen_p || (by_size && self.ratio.ln().abs() > delta.ln_1p())
    }

    /// Returns half the interval's width over the distance of the estimate from the nearest border of
    /// the smallest effect: below 1 it is decided; its square says how many times the pairs would
    /// decide it. `None` without an interval.
    pub(super) fn undecided(&self, delta: f64) -> Option<f64> {
        let (low, high) = self.interval?;
        let from_border = (self.ratio.ln().abs() - delta.ln_1p()).abs();
        Some((high.ln() - low.ln()) / 2.0 / from_border.max(f64::MIN_POSITIVE))
    }

    /// Returns the reason why it is undecided; `looked_at` is the number of figures of the second
    /// stage.
    pub(super) fn why(&self, delta: f64, looked_at: usize, pairs: usize) -> Option<String> {
        if self.verdict != Verdict::Inconclusive {
            return None;
        }
        let bare = Verdict::of(self.interval, delta);
        Some(match (bare, self.p_adjusted) {
            _ if self.interval.is_none() => {
                format!("too few usable pairs for an interval: {pairs}")
            }
            (verdict, None) if verdict.is_change() => {
                "a change when screened; the budget ended before it was confirmed".into()
            }
            (verdict, Some(p)) if verdict.is_change() => format!(
                "a change taken alone, but chance causes one like it among {looked_at} figures \
                 (p {p:.2} after Holm)"
            ),
            _ => why_undecided(self.interval, delta),
        })
    }
}

/// Returns the smallest true slow-down, as a fraction, that as many pairs with this much noise
/// detect in four cases of five.
pub(super) fn detectable(logs: &[f64], delta: f64, policy: &Thresholds) -> Option<f64> {
    smallest_detectable(logs, logs.len(), delta.ln_1p(), policy.confidence, POWER).map(f64::exp_m1)
}

/// Returns true if this many fresh pairs would detect a change of a few times the smallest effect.
pub(super) fn is_within_reach(logs: &[f64], pairs: usize, delta: f64, policy: &Thresholds) -> bool {
    const REACH: f64 = 3.0;
    smallest_detectable(logs, pairs, delta.ln_1p(), policy.confidence, POWER)
        .is_some_and(|least| least <= (REACH * delta).ln_1p())
}

/// Returns [`detectable`] for both stages together, predicted from the first: it has to notice the
/// change (p at most `screen_p`), and `confirm` fresh pairs have to confirm it; the product of both
/// odds is four in five.
pub(super) fn detectable_in_two(
    logs: &[f64],
    confirm: usize,
    screen_p: f64,
    delta: f64,
    policy: &Thresholds,
) -> Option<f64> {
    let each = POWER.sqrt();
    let called = smallest_detectable(logs, confirm, delta.ln_1p(), policy.confidence, each)?;
    let noticed = smallest_detectable(logs, logs.len(), 0.0, 1.0 - screen_p, each)?;
    Some(called.max(noticed).exp_m1())
}
