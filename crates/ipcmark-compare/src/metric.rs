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
    /// Time of one message in a stream, ns: the inverse of the drained, verified rate.
    TimePerMessage,
}

impl Figure {
    /// Words for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Figure::RoundTripP50 => "p50 round trip",
            Figure::RoundTripP99 => "p99 round trip",
            Figure::TimePerMessage => "time per message",
        }
    }

    /// The smallest effect on it worth a word.
    #[must_use]
    pub const fn delta(self, policy: &Policy) -> f64 {
        match self {
            Figure::RoundTripP50 => policy.delta_p50,
            Figure::RoundTripP99 => policy.delta_p99,
            Figure::TimePerMessage => policy.delta_throughput,
        }
    }
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
    /// Its interval; absent when there are too few invocations.
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
    /// `obstacle` is a reason why no verdict may be given whatever the figures say.
    pub(crate) fn judge(
        figure: Figure,
        base_ns: &[f64],
        new_ns: &[f64],
        obstacle: Option<&str>,
        policy: &Policy,
    ) -> Option<Metric> {
        let shift = ratio(base_ns, new_ns, policy.confidence)?;
        let delta = figure.delta(policy);
        let interval = shift.interval.map(|i| (i.low, i.high));
        let verdict = match obstacle {
            Some(_) => Verdict::Inconclusive,
            None => Verdict::of(interval, delta),
        };
        let why = (verdict == Verdict::Inconclusive)
            .then(|| obstacle.map_or_else(|| doubt(interval, delta), ToOwned::to_owned));
        Some(Metric {
            figure,
            base_ns: median(base_ns)?,
            new_ns: median(new_ns)?,
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

/// Why an interval is inconclusive.
fn doubt(interval: Option<(f64, f64)>, delta: f64) -> String {
    let percent = delta * 100.0;
    match interval {
        None => "too few invocations for an interval; measure more rounds".into(),
        Some((low, high)) if low <= 1.0 && 1.0 <= high => {
            format!("no change fits, and so does one beyond {percent:.0} %")
        }
        Some(_) => format!("a change, but it may be under {percent:.0} %"),
    }
}
