//! One figure of one cell in both records.

use crate::{Policy, Verdict};
use ipcmark_stats::{median, ratio};
use serde::Serialize;

/// Which figure is compared. All are times: a ratio above 1 is slower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Median round trip, ns.
    RoundTripP50,
    /// 99th percentile of round trips, ns.
    RoundTripP99,
    /// Time of one message of a rate, ns: the inverse of the drained, verified rate.
    TimePerMessage,
    /// Median time one way, from the intended start.
    OneWayP50,
    /// Its 99th percentile.
    OneWayP99,
    /// Median time of a burst and its answer.
    BurstP50,
    /// Its 99th percentile.
    BurstP99,
    /// Time of a task over its workers, ns: median of each invocation.
    TaskTime,
}

impl Figure {
    /// Words for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Figure::RoundTripP50 => "p50 round trip",
            Figure::RoundTripP99 => "p99 round trip",
            Figure::TimePerMessage => "time per message",
            Figure::OneWayP50 => "p50 one-way from intended start",
            Figure::OneWayP99 => "p99 one-way from intended start",
            Figure::BurstP50 => "p50 burst and answer",
            Figure::BurstP99 => "p99 burst and answer",
            Figure::TaskTime => "task",
        }
    }

    /// The smallest effect on it worth a word.
    #[must_use]
    pub const fn delta(self, policy: &Policy) -> f64 {
        match self {
            Figure::RoundTripP50 | Figure::OneWayP50 | Figure::BurstP50 | Figure::TaskTime => {
                policy.delta_p50
            }
            Figure::RoundTripP99 | Figure::OneWayP99 | Figure::BurstP99 => policy.delta_p99,
            Figure::TimePerMessage => policy.delta_throughput,
        }
    }

    /// The median and the 99th percentile of a pattern whose figure is a time.
    pub(crate) fn percentiles(pattern: &str) -> (Figure, Figure) {
        match pattern {
            "paced" => (Figure::OneWayP50, Figure::OneWayP99),
            "burst" => (Figure::BurstP50, Figure::BurstP99),
            _ => (Figure::RoundTripP50, Figure::RoundTripP99),
        }
    }
}

/// What stands against a verdict, whatever the figures say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Doubt<'a> {
    /// A reason why none may be given.
    pub(crate) obstacle: Option<&'a str>,
    /// Steps of the clocks that timed the base and the new record, ns: a median is known to half a step on each side.
    pub(crate) steps_ns: (f64, f64),
}

/// One figure of one cell in both records, and what its change is called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// Which figure.
    pub figure: Figure,
    /// Median over the base's invocations, ns.
    pub base_ns: f64,
    /// Median over the new invocations, ns.
    pub new_ns: f64,
    /// Invocations of the base.
    pub base_invocations: usize,
    /// New invocations.
    pub new_invocations: usize,
    /// New / base: Hodges-Lehmann estimate on logarithms of the invocations' figures. It is not quite `new_ns / base_ns`.
    pub ratio: f64,
    /// Its interval, with half a step of the clock on each side of each round trip in it; absent when there are too few
    /// invocations.
    pub interval: Option<(f64, f64)>,
    /// The interval's confidence, at least the policy's; absent with it.
    pub confidence: Option<f64>,
    /// The smallest effect worth a word that it was judged against, as a fraction.
    pub delta: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is inconclusive; absent when it is not.
    pub why: Option<String>,
}

impl Metric {
    /// Judges one figure by its value in each invocation, ns. `None` when a record has no value, or one that is no time.
    pub(crate) fn judge(
        figure: Figure,
        base_ns: &[f64],
        new_ns: &[f64],
        doubt: Doubt,
        policy: &Policy,
    ) -> Option<Metric> {
        let shift = ratio(base_ns, new_ns, policy.confidence)?;
        let (base_median_ns, new_median_ns) = (median(base_ns)?, median(new_ns)?);
        let delta = figure.delta(policy);
        let bare = shift.interval.map(|i| (i.low, i.high));
        let steps = (doubt.steps_ns.0 / base_median_ns, doubt.steps_ns.1 / new_median_ns);
        let interval = bare.map(|bare| widened(bare, steps));
        let verdict = match doubt.obstacle {
            Some(_) => Verdict::Inconclusive,
            None => Verdict::of(interval, delta),
        };
        let why = (verdict == Verdict::Inconclusive).then(|| match doubt.obstacle {
            Some(obstacle) => obstacle.to_owned(),
            None if Verdict::of(bare, delta) != Verdict::Inconclusive => format!(
                "too near to the clock's step: {:.1} ns in the base, {:.1} ns in the new record",
                doubt.steps_ns.0, doubt.steps_ns.1
            ),
            None => why_inconclusive(interval, delta),
        });
        Some(Metric {
            figure,
            base_ns: base_median_ns,
            new_ns: new_median_ns,
            base_invocations: base_ns.len(),
            new_invocations: new_ns.len(),
            ratio: shift.estimate,
            interval,
            confidence: shift.interval.map(|i| i.confidence),
            delta,
            verdict,
            why,
        })
    }
}

/// The interval of a ratio new / base with half a step on each side of either; `steps` are fractions of the base's and of
/// the new figure. Swapping the records gives the inverse.
fn widened((low, high): (f64, f64), steps: (f64, f64)) -> (f64, f64) {
    let half = |step: f64| if step.is_finite() { (step / 2.0).clamp(0.0, 0.5) } else { 0.0 };
    let (base, new) = (half(steps.0), half(steps.1));
    (low * (1.0 - new) / (1.0 + base), high * (1.0 + new) / (1.0 - base))
}

/// Why an interval is inconclusive.
pub(crate) fn why_inconclusive(interval: Option<(f64, f64)>, delta: f64) -> String {
    let percent = delta * 100.0;
    match interval {
        None => "too few invocations for an interval; measure more rounds".into(),
        Some((low, high)) if low <= 1.0 && 1.0 <= high => {
            format!("no change fits, and so does one beyond {percent:.0} %")
        }
        Some(_) => format!("a change, but it may be under {percent:.0} %"),
    }
}
