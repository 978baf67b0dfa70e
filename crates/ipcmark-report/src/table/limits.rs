//! The limits of the machine: what its hardware and its kernel allow at best, measured in the same run.

use super::{Cell, Head, head, missing, number, words};
use crate::ranking::middle;
use crate::units::{self, NONE, Quantity};
use ipcmark_record::{Distance, Limit, LimitKind, LimitSample, Record};
use ipcmark_summary::{Classes, DistanceClass};
use serde::Serialize;

/// All limits of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LimitTable {
    pub heads: Vec<Head>,
    pub rows: Vec<Vec<Cell>>,
}

/// What a limit is, in the words of a reader.
const fn limit_words(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::HandOff => "cache line there and back between two CPUs",
        LimitKind::SharedCopy => "copied into a shared buffer and out of it",
        LimitKind::Copy => "one memcpy(3) in the CPU's caches",
        LimitKind::NullCall => "system call that does nothing (getppid(2))",
        LimitKind::WakeUp => "two wake-ups by futex(2), there and back",
        LimitKind::Switch => "to another process on the same CPU and back (sched_yield(2))",
    }
}

/// The table; `None` where the run measured no limit.
pub(crate) fn limit_table(record: &Record, classes: &Classes) -> Option<LimitTable> {
    let mut limits: Vec<&Limit> = record.limits.iter().filter(|l| !l.samples.is_empty()).collect();
    limits.sort_by_key(|l| (l.kind, l.size_bytes));
    let mut rows = Vec::new();
    for limit in limits {
        for class in classes_of(limit, classes) {
            let of = |s: &&LimitSample| s.distance.and_then(|d| classes.of_distance(d)) == class;
            let samples: Vec<&LimitSample> = limit.samples.iter().filter(of).collect();
            rows.push(row(limit, class, &samples));
        }
    }
    let heads = vec![
        head("Limit", "what is measured; the record's word for it below", true),
        head("Placement", "which CPUs it was measured on", true),
        head("Size", "bytes moved at a time", false),
        head("Best", "the least of all batches", false),
        head(
            "Median",
            "over the times it was measured; in brackets the least and the largest",
            false,
        ),
        head("Spread", "largest over least median", false),
        head("Bytes/s", "the size by the median", false),
        head(
            "Distance",
            "cache-line round trip of the two CPUs meanwhile, by class; a span where they moved",
            false,
        ),
        head("Times", "how often it was measured, spread over the run", false),
    ];
    (!rows.is_empty()).then_some(LimitTable { heads, rows })
}

/// The classes in which a limit was measured; where that is none, or the CPUs moved, `None` last.
fn classes_of(limit: &Limit, classes: &Classes) -> Vec<Option<DistanceClass>> {
    let class = |s: &LimitSample| s.distance.and_then(|d| classes.of_distance(d));
    let there = |wanted: Option<DistanceClass>| limit.samples.iter().any(|s| class(s) == wanted);
    let all = classes.all().iter().copied().map(Some).chain([None]);
    all.filter(|class| there(*class)).collect()
}

fn row(limit: &Limit, class: Option<DistanceClass>, samples: &[&LimitSample]) -> Vec<Cell> {
    let time = |ns: f64| number(Quantity::Time.show(ns), ns);
    let each = |of: fn(&LimitSample) -> f64| samples.iter().map(move |s| of(s));
    let least = each(|s| s.least_ns).fold(f64::INFINITY, f64::min);
    let medians = || each(|s| s.median_ns);
    let (low, high) =
        (medians().fold(f64::INFINITY, f64::min), medians().fold(f64::NEG_INFINITY, f64::max));
    let median = middle(medians().collect()).unwrap_or(f64::NAN);
    let distances = samples.iter().filter_map(|s| s.distance);
    let distances: Vec<f64> = distances.map(|d| (d.before_ns + d.after_ns) / 2.0).collect();
    let span = format!("{} to {}", Quantity::Time.show(low), Quantity::Time.show(high));
    vec![
        Cell { under: limit.kind.name().into(), ..words(limit_words(limit.kind)) },
        words(limit.placement.name()),
        limit.size_bytes.map_or_else(missing, |b| number(units::size(b), b as f64)),
        time(least),
        Cell { under: span, ..time(median) },
        if low > 0.0 { number(Quantity::Factor.show(high / low), high / low) } else { missing() },
        match limit.size_bytes {
            Some(bytes) if median > 0.0 => {
                let rate = bytes as f64 * 1e9 / median;
                number(Quantity::ByteRate.show(rate), rate)
            }
            _ => missing(),
        },
        distance(class, distances),
        number(samples.len().to_string(), samples.len() as f64),
    ]
}

fn distance(class: Option<DistanceClass>, distances_ns: Vec<f64>) -> Cell {
    if let Some(class) = class {
        let centre = number(Quantity::Time.show(class.centre_ns), class.centre_ns);
        return Cell { under: class.word().into(), ..centre };
    }
    let low = distances_ns.iter().copied().reduce(f64::min);
    let high = distances_ns.iter().copied().reduce(f64::max);
    let Some(((low, high), median)) = low.zip(high).zip(middle(distances_ns)) else {
        return Cell { text: NONE.into(), ..missing() };
    };
    let span = format!("{} to {}", Quantity::Time.show(low), Quantity::Time.show(high));
    let under = if Distance::differ(low, high) { span } else { String::new() };
    Cell { under, ..number(Quantity::Time.show(median), median) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{Placement, sample};

    #[test]
    fn every_limit_is_a_row_that_fills_its_heads() {
        let mut record = sample::record(1, 6);
        // A host that keeps the CPUs far apart for half of the run.
        for (at, invocation) in record.cells.iter_mut().flat_map(|c| &mut c.invocations).enumerate()
        {
            if let Some(distance) = invocation.distance.as_mut().filter(|_| at % 2 == 0) {
                (distance.before_ns, distance.after_ns) = (350.0, 352.0);
            }
        }
        let classes = Classes::of(&[&record]);
        let table = limit_table(&record, &classes).unwrap();
        // What was measured at two distances has a row for each.
        let two = record.limits.iter().filter(|l| l.placement == Placement::CrossCore).count();
        assert_eq!(table.rows.len(), record.limits.len() + two);
        assert!(table.rows.iter().all(|row| row.len() == table.heads.len()));
        let of = |name: &str| table.rows.iter().find(|r| r[0].under == name).unwrap();
        let texts: Vec<&str> = of("hand-off").iter().map(|c| c.text.as_str()).collect();
        assert_eq!(texts[1], "cross-core");
        // Measured eight times, once with the CPUs three times as far apart.
        assert_eq!((texts[5], texts[8]), ("1.07 ×", "7"));
        assert_eq!(of("hand-off")[7].under, "one cache");
        assert_eq!(of("null-call")[7].text, NONE, "one CPU has no distance");
        assert!(of("shared-copy")[6].text.ends_with("B/s"));
    }

    #[test]
    fn a_record_without_limits_has_no_table() {
        let mut record = sample::record(1, 6);
        record.limits.clear();
        assert_eq!(limit_table(&record, &Classes::default()), None);
    }
}
