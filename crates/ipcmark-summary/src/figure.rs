//! Medians over invocations, with their intervals.

use crate::{
    Estimate, Figure, Lag, Outside, PERCENTILES, Parallel, Percentile, Samples, WorstPeer,
};
use ipcmark_record::{Cell, Headline, Invocation};
use ipcmark_stats::{median, replication_interval};

/// Drift of shares, counts and quotients of two times: the machine's factor cancels in them.
const CANCELS: f64 = 0.0;

/// Returns the figures of a cell; `None` if no invocation counts. `clock_step_ns` is the step of
/// the clock that timed its round trips. `drift` is how far the run as a whole is off in times and
/// rates: see [`Drift`](crate::Drift).
pub(crate) fn figure(
    cell: &Cell,
    samples: &Samples,
    clock_step_ns: f64,
    drift: f64,
) -> Option<Figure> {
    let timed = |values: &[f64]| estimate(values, drift);
    let messages_per_s = timed(&samples.messages_per_s)?;
    // A block lasts thousands of steps, and its value is divided by its messages.
    let of_blocks = cell.key.is_rate();
    let known_to_ns = if of_blocks { 0.0 } else { half_step(clock_step_ns) };
    let percentiles: Vec<Percentile> = PERCENTILES
        .iter()
        .zip(&samples.percentiles_ns)
        .filter_map(|(q, values)| {
            Some(Percentile {
                quantile: *q,
                ns: timed(values)?.widened(known_to_ns),
                samples: samples.values,
                enough: samples.enough(*q),
            })
        })
        .collect();
    Some(Figure {
        lag: lag(samples, &percentiles, drift),
        worst_peer: worst_peer(samples, drift),
        lost_share: lost_share(cell).filter(|_| cell.lossy),
        overlap: outside(samples, drift),
        task: parallel(cell, samples, drift),
        refused: None,
        percentiles,
        // A block is an average: its largest value says nothing about the slowest message.
        max_ns: samples.max_ns.filter(|_| !of_blocks),
        messages_per_s,
        bytes_per_s: messages_per_s.times(cell.key.mean_bytes()),
        cpu_ns_per_message: timed(&samples.cpu_ns_per_message)?,
        switches_per_message: estimate(&samples.switches_per_message, CANCELS)?,
    })
}

/// Returns the share of all messages that were lost, over all invocations that were made; `None` if
/// nothing was sent. Losses come in bursts: the median invocation may have none where the sum has
/// many. Losses are counted in the warm-up too, so messages sent in it count as well.
fn lost_share(cell: &Cell) -> Option<Estimate> {
    let sum = |of: fn(&Invocation) -> u64| {
        cell.invocations.iter().map(of).fold(0, u64::saturating_add) as f64
    };
    let lost = sum(|i| i.integrity.lost);
    let sent = lost + sum(|i| i.messages.saturating_add(i.warm_up.messages));
    (sent > 0.0).then(|| Estimate { value: lost / sent, interval: None, confidence: None })
}

/// Returns how late the sender was, compared with the latency.
fn lag(samples: &Samples, latency: &[Percentile], drift: f64) -> Option<Lag> {
    /// Share of the latency, at the 99th percentile of both: a sender later than this is too slow.
    const TOO_SLOW: f64 = 0.1;
    let [p50_ns, p99_ns] = [0, 1].map(|at| estimate(&samples.lag_ns[at], drift));
    let (p50_ns, p99_ns) = (p50_ns?, p99_ns?);
    let latency_p99 = latency.iter().find(|p| p.quantile == 0.99)?;
    let sender_too_slow = p99_ns.value > TOO_SLOW * latency_p99.ns.value;
    Some(Lag { p50_ns, p99_ns, sender_too_slow })
}

fn worst_peer(samples: &Samples, drift: f64) -> Option<WorstPeer> {
    let [p50_ns, p99_ns] = [0, 1].map(|at| estimate(&samples.worst_ns[at], drift));
    Some(WorstPeer { p50_ns: p50_ns?, p99_ns: p99_ns?, enough: samples.enough_of_each() })
}

fn outside(samples: &Samples, drift: f64) -> Option<Outside> {
    Some(Outside {
        work_ns: estimate(&samples.work_ns, drift)?,
        work_share: at_most_one(estimate(&samples.work_share, CANCELS)?),
        look_ns: estimate(&samples.look_ns, drift)?,
    })
}

/// Ends an interval of shares at 1. A value above 1 stays, because it shows that one of the two times is
/// wrong.
fn at_most_one(share: Estimate) -> Estimate {
    let interval = share.interval.map(|(low, high)| (low, high.min(share.value.max(1.0))));
    Estimate { interval, ..share }
}

fn parallel(cell: &Cell, samples: &Samples, drift: f64) -> Option<Parallel> {
    Some(Parallel {
        speed_up: estimate(&samples.speed_up, CANCELS)?,
        serial_ns: estimate(&samples.serial_ns, drift)?,
        parallel_ns: estimate(&samples.parallel_ns, drift)?,
        input_bytes: cell.invocations.iter().find_map(|i| i.task)?.input_bytes,
    })
}

/// Returns the precision of a median of round trips, ns: half a step of the clock on each side.
///
/// A round trip of k + f steps (0 ≤ f < 1) reads as k steps with probability 1 - f and as k + 1
/// steps with probability f, because it begins anywhere within a step. The median is the nearest
/// whole number of steps; nothing finer is known.
pub(crate) fn half_step(clock_step_ns: f64) -> f64 {
    if clock_step_ns.is_finite() { clock_step_ns.max(0.0) / 2.0 } else { 0.0 }
}

/// Returns the median and the range in which another run's is expected; `None` without values. No
/// figure here is below zero.
pub(crate) fn estimate(values: &[f64], drift: f64) -> Option<Estimate> {
    let interval = replication_interval(values, drift);
    Some(Estimate {
        value: median(values)?,
        interval: interval.map(|i| (i.low.max(0.0), i.high)),
        confidence: interval.map(|i| i.confidence),
    })
}

impl Figure {
    /// Returns the percentile `quantile`, one of [`PERCENTILES`], if there are values.
    #[must_use]
    pub fn percentile(&self, quantile: f64) -> Option<&Percentile> {
        self.percentiles.iter().find(|p| p.quantile == quantile)
    }

    /// Returns the CPUs that all sides together used: CPU time over wall time.
    #[must_use]
    pub fn cpus_used(&self) -> Estimate {
        self.cpus_of(self.cpu_ns_per_message)
    }

    /// Returns the CPUs that this CPU time for each message, ns, amounts to.
    pub(crate) fn cpus_of(&self, each_ns: Estimate) -> Estimate {
        each_ns.times(self.messages_per_s.value / 1e9)
    }

    /// Returns the estimate that this headline names; `None` if the record does not hold it.
    #[must_use]
    pub fn headline(&self, by: Headline) -> Option<Estimate> {
        match by {
            Headline::Median => self.percentile(0.5).map(|p| p.ns),
            Headline::Rate => Some(self.messages_per_s),
            Headline::SpeedUp => self.task.map(|task| task.speed_up),
            Headline::UsefulWork => self.overlap.map(|overlap| overlap.work_share),
        }
    }

    /// Returns true if that estimate has enough values.
    #[must_use]
    pub fn has_enough(&self, by: Headline) -> bool {
        by != Headline::Median || self.percentile(0.5).is_some_and(|p| p.enough)
    }

    /// Returns the time of one message (round trip) by the rate, ns: its inverse. In a stream this
    /// is the figure. A percentile of blocks describes the receiver's bursts, and its median may be
    /// half of this.
    #[must_use]
    pub fn ns_per_message(&self) -> Estimate {
        let Estimate { value, interval, confidence } = self.messages_per_s;
        let interval = interval.map(|(low, high)| (1e9 / high, 1e9 / low));
        Estimate { value: 1e9 / value, interval, confidence }
    }
}

impl Estimate {
    /// Returns the estimate in another unit, `factor` (above zero) of which make one of this.
    #[must_use]
    pub fn times(self, factor: f64) -> Estimate {
        Estimate {
            value: self.value * factor,
            interval: self.interval.map(|(low, high)| (low * factor, high * factor)),
            ..self
        }
    }

    /// Returns the estimate with an interval that reaches `by` (not below zero) further on both
    /// sides, but not below zero.
    #[must_use]
    pub fn widened(self, by: f64) -> Estimate {
        let interval = self.interval.map(|(low, high)| ((low - by).max(0.0).min(low), high + by));
        Estimate { interval, ..self }
    }

    /// Returns half the width of the interval, as a fraction of the value; `None` without an
    /// interval, or if the value is 0.
    #[must_use]
    pub fn relative_half_width(&self) -> Option<f64> {
        let (low, high) = self.interval?;
        (self.value != 0.0).then(|| (high - low) / 2.0 / self.value)
    }
}
