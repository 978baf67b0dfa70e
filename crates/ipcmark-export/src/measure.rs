//! The figures of a row for trackers: one number each, with an interval, a unit and a direction.
//!
//! Percentiles with too few values beyond them are left out, and so are those of a rate, whose histograms
//! hold blocks of messages.

use ipcmark_record::CellKey;
use ipcmark_summary::{Bound, Estimate, Row};

/// One figure of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measure {
    /// A word for it without spaces, with its unit: `latency-p99-ns`. `latency` and `throughput` are the names that Bencher
    /// gives a median time in ns and operations a second.
    pub(crate) slug: &'static str,
    /// Name for people.
    pub(crate) words: &'static str,
    /// Unit of `estimate`.
    pub(crate) unit: &'static str,
    /// The percentile, of times.
    pub(crate) quantile: Option<f64>,
    /// True where more is better.
    pub(crate) more_is_better: bool,
    /// The median over invocations, with its interval.
    pub(crate) estimate: Estimate,
}

impl Measure {
    fn less(slug: &'static str, words: &'static str, unit: &'static str, e: Estimate) -> Measure {
        Measure { slug, words, unit, quantile: None, more_is_better: false, estimate: e }
    }

    fn more(slug: &'static str, words: &'static str, unit: &'static str, e: Estimate) -> Measure {
        Measure { more_is_better: true, ..Measure::less(slug, words, unit, e) }
    }
}

/// Returns the name of a row: its key, and its distance class, because figures of two classes are never
/// one series.
pub(crate) fn name(row: &Row) -> String {
    match row.class {
        Some(class) => format!("{} @{}", row.key, class.reach().key()),
        None => row.key.to_string(),
    }
}

/// Slug and words of each of [`ipcmark_summary::PERCENTILES`].
pub(crate) const TIMES: [(&str, &str); 5] = [
    ("latency", "p50"),
    ("latency-p90-ns", "p90"),
    ("latency-p99-ns", "p99"),
    ("latency-p99.9-ns", "p99.9"),
    ("latency-p99.99-ns", "p99.99"),
];

/// Returns slug and unit of CPU time and of context switches: they are those of a whole round trip
/// where that is what is timed.
fn costs(key: &CellKey) -> [(&'static str, &'static str); 2] {
    match key.workload.counted() {
        "round trip" => [
            ("cpu-ns-per-round-trip", "ns/round trip"),
            ("switches-per-round-trip", "switches/round trip"),
        ],
        "task" => [("cpu-ns-per-task", "ns/task"), ("switches-per-task", "switches/task")],
        _ => [("cpu-ns-per-message", "ns/message"), ("switches-per-message", "switches/message")],
    }
}

/// Returns slug and words of the ratio to a limit. They name the limit: ratios to two limits are no
/// series.
const fn times(bound: Bound) -> (&'static str, &'static str) {
    match bound {
        Bound::LineOrCopies => ("times-line-or-copies", "× of a cache line or the copies"),
        Bound::SwitchesOrCopies => {
            ("times-switches-or-copies", "× of two context switches or the copies")
        }
        Bound::SharedCopies => ("times-shared-copies", "× of the copies through shared memory"),
        Bound::Copies => ("times-copies", "× of the copies"),
        Bound::SharedTask => ("times-shared-task", "× of the task shared without loss"),
    }
}

/// Returns the figures of a row; none if nothing was measured.
pub(crate) fn measures(row: &Row) -> Vec<Measure> {
    let Some(figure) = &row.figure else { return Vec::new() };
    let mut all = Vec::new();
    if row.key.is_rate() {
        let (messages, bytes) = (figure.messages_per_s, figure.bytes_per_s);
        all.push(Measure::more("throughput", "messages a second", "messages/s", messages));
        all.push(Measure::more("bytes-per-s", "bytes a second", "bytes/s", bytes));
    } else {
        for (percentile, (slug, words)) in figure.percentiles.iter().zip(TIMES) {
            if percentile.enough {
                let time = Measure::less(slug, words, "ns", percentile.ns);
                all.push(Measure { quantile: Some(percentile.quantile), ..time });
            }
        }
    }
    if let Some(worst) = figure.worst_peer {
        all.push(Measure::less("worst-peer-p50-ns", "p50 of the worst peer", "ns", worst.p50_ns));
        if worst.enough {
            let p99 = worst.p99_ns;
            all.push(Measure::less("worst-peer-p99-ns", "p99 of the worst peer", "ns", p99));
        }
    }
    let possible = !row.is_impossible();
    if let Some(task) = figure.task.filter(|_| possible) {
        all.push(Measure::more("speed-up", "speed-up", "times", task.speed_up));
    }
    if let Some(overlap) = figure.overlap.filter(|_| possible) {
        let share = overlap.work_share;
        all.push(Measure::more("useful-work-share", "share of useful work", "share", share));
    }
    let (cpu, switches) = (figure.cpu_ns_per_message, figure.switches_per_message);
    let [(cpu_slug, cpu_unit), (switches_slug, switches_unit)] = costs(&row.key);
    all.push(Measure::less(cpu_slug, "CPU time", cpu_unit, cpu));
    all.push(Measure::less(switches_slug, "context switches", switches_unit, switches));
    if let Some(lost) = figure.lost_share {
        all.push(Measure::less("lost-share", "share lost", "share", lost));
    }
    if let Some(rate) = row.rate() {
        let reached = Estimate { value: rate.reached_per_s, ..figure.messages_per_s };
        all.push(Measure::more("rate-reached", "rate reached", "messages/s", reached));
    }
    if let Some(limit) = row.tracked_limit() {
        let (slug, words) = times(limit.bound);
        all.push(Measure::less(slug, words, "times", limit.times));
    }
    all.retain(|measure| measure.estimate.value.is_finite());
    for measure in &mut all {
        let estimate = &mut measure.estimate;
        estimate.interval = estimate.interval.filter(|(l, h)| l.is_finite() && h.is_finite());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::SUMMARY;

    #[test]
    fn a_time_has_percentiles_and_a_rate_has_none() {
        let mut seen = 0;
        for row in &SUMMARY.rows {
            let all = measures(row);
            assert_eq!(all.is_empty(), row.figure.is_none(), "{}", row.key);
            let slugs: Vec<_> = all.iter().map(|m| m.slug).collect();
            assert_eq!(slugs.contains(&"throughput"), row.key.is_rate() && !all.is_empty());
            assert!(!(row.key.is_rate() && slugs.contains(&"latency")), "{}", row.key);
            for (percentile, (slug, _)) in row.figure.iter().flat_map(|f| &f.percentiles).zip(TIMES)
            {
                let there = slugs.contains(&slug);
                assert_eq!(there, percentile.enough && !row.key.is_rate(), "{} {slug}", row.key);
                seen += usize::from(there);
            }
        }
        assert!(seen > 50, "{seen}");
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut row = SUMMARY.rows[0].clone();
        let before = measures(&row).len();
        let figure = row.figure.as_mut().unwrap();
        figure.percentiles[0].ns.value = f64::NAN;
        figure.cpu_ns_per_message.interval = Some((0.0, f64::INFINITY));
        let after = measures(&row);
        assert_eq!(after.len(), before - 1);
        assert!(after.iter().all(|m| !m.slug.starts_with("cpu-") || m.estimate.interval.is_none()));
    }
}
