//! One arm against the base: estimate, interval, p value, and the verdict they allow.

use crate::metric::why_inconclusive;
use crate::{Policy, Verdict};
use ipcmark_stats::{pseudo_median, signed_rank_p, smallest_detectable};
use serde::Serialize;

/// The odds at which a change is called detectable: four in five.
const POWER: f64 = 0.8;

/// How far one arm lies from the base, and what that is called.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// Arm / base; above 1 is slower. Hodges-Lehmann estimate over the pairs.
    pub ratio: f64,
    /// Its interval; absent where there are too few pairs.
    pub interval: Option<(f64, f64)>,
    /// The interval's confidence, at least the policy's; absent with it.
    pub confidence: Option<f64>,
    /// Two-sided p value of the signed-rank test of no change.
    pub p: f64,
    /// The same for its looks, and after Holm over all figures that were looked at again; absent where this one was not.
    pub p_adjusted: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
}

impl Effect {
    /// Of log ratios, one a pair; the verdict waits for [`settle`](Effect::settle). `None` of no pairs.
    pub(super) fn of(logs: &[f64], policy: &Policy) -> Option<Effect> {
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

    /// Gives the verdict, once the p value is adjusted where it may be. A change that is not significant is never called one.
    pub(super) fn settle(&mut self, delta: f64, policy: &Policy) {
        self.verdict = match Verdict::of(self.interval, delta) {
            Verdict::Regressed | Verdict::Improved if !self.is_significant(policy) => {
                Verdict::Inconclusive
            }
            verdict => verdict,
        };
    }

    /// True when it was looked at again, and stands among all that were.
    pub(super) fn is_significant(&self, policy: &Policy) -> bool {
        self.p_adjusted.is_some_and(|p| p <= policy.false_changes)
    }

    /// True when the estimate lies beyond the smallest effect worth a word.
    pub(super) fn is_beyond(&self, delta: f64) -> bool {
        self.ratio.ln().abs() > delta.ln_1p()
    }

    /// True when a second stage has to look at it; `within_reach` says whether its pairs could decide by the estimate's size.
    pub(super) fn is_suspect(&self, delta: f64, screen_p: f64, within_reach: bool) -> bool {
        let by_size = self.interval.is_none() || within_reach;
        self.p <= screen_p || (by_size && self.is_beyond(delta))
    }

    /// True when its verdict is a change.
    pub(super) fn is_change(&self) -> bool {
        matches!(self.verdict, Verdict::Regressed | Verdict::Improved)
    }

    /// How wide half its interval is, over how far its estimate lies from the nearest end of the smallest effect: below 1 it is
    /// decided, and with so many times the square in pairs it would be. `None` without an interval.
    pub(super) fn undecided(&self, delta: f64) -> Option<f64> {
        let (low, high) = self.interval?;
        let from_border = (self.ratio.ln().abs() - delta.ln_1p()).abs();
        Some((high.ln() - low.ln()) / 2.0 / from_border.max(f64::MIN_POSITIVE))
    }

    /// Why it is inconclusive; `looked_at` is how many figures were looked at again.
    pub(super) fn why(&self, delta: f64, looked_at: usize, pairs: usize) -> Option<String> {
        if self.verdict != Verdict::Inconclusive {
            return None;
        }
        let bare = Verdict::of(self.interval, delta);
        Some(match (bare, self.p_adjusted) {
            _ if self.interval.is_none() => {
                format!("{pairs} usable pairs are too few for an interval")
            }
            (Verdict::Regressed | Verdict::Improved, None) => {
                "a change at the first look; the time ended before it was looked at again".into()
            }
            (Verdict::Regressed | Verdict::Improved, Some(p)) => format!(
                "a change by itself, but where {looked_at} figures are looked at again chance makes one like it (p {p:.2} after Holm)"
            ),
            _ => why_inconclusive(self.interval, delta),
        })
    }
}

/// The smallest true slow-down, as a fraction, that as many pairs with this much noise call in four cases of five.
pub(super) fn detectable(logs: &[f64], delta: f64, policy: &Policy) -> Option<f64> {
    smallest_detectable(logs, logs.len(), delta.ln_1p(), policy.confidence, POWER).map(f64::exp_m1)
}

/// True when so many fresh pairs would call a change of a few times the smallest effect.
pub(super) fn is_within_reach(logs: &[f64], pairs: usize, delta: f64, policy: &Policy) -> bool {
    const REACH: f64 = 3.0;
    smallest_detectable(logs, pairs, delta.ln_1p(), policy.confidence, POWER)
        .is_some_and(|least| least <= (REACH * delta).ln_1p())
}

/// The same of both stages together, told from the first: the change has to be noticed there (p at most `screen_p`) and to be
/// called by `confirm` fresh pairs, each with odds whose product is four in five.
pub(super) fn detectable_in_two(
    logs: &[f64],
    confirm: usize,
    screen_p: f64,
    delta: f64,
    policy: &Policy,
) -> Option<f64> {
    let each = POWER.sqrt();
    let called = smallest_detectable(logs, confirm, delta.ln_1p(), policy.confidence, each)?;
    let noticed = smallest_detectable(logs, logs.len(), 0.0, 1.0 - screen_p, each)?;
    Some(called.max(noticed).exp_m1())
}
