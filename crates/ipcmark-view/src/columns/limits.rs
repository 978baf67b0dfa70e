//! The limits of the machine: the least that its hardware and its kernel allow, as measured.

use crate::middle;
use ipcmark_record::{Distance, Limit, LimitKind, LimitSample};
use ipcmark_show::{Cell, Column, Head, NONE, Quantity, Table, bytes, time};
use ipcmark_summary::{Classes, DistanceClass};

/// Returns the words for a limit.
const fn limit_words(kind: LimitKind) -> &'static str {
    match kind {
        LimitKind::HandOff => "cache line there and back between two CPUs",
        LimitKind::SharedCopy => "copy into a shared buffer and out of it",
        LimitKind::Copy => "one memcpy(3) in the CPU's caches",
        LimitKind::NullCall => "system call that does nothing (getppid(2))",
        LimitKind::WakeUp => "two wake-ups by futex(2), there and back",
        LimitKind::Switch => "to another process on the same CPU and back (sched_yield(2))",
    }
}

/// A limit at one distance.
struct Line<'a> {
    limit: &'a Limit,
    class: Option<DistanceClass>,
    samples: Vec<&'a LimitSample>,
}

/// Returns the table; `None` without a limit.
#[must_use]
pub fn limit_table(limits: &[Limit], classes: &Classes) -> Option<Table> {
    let mut limits: Vec<&Limit> = limits.iter().filter(|l| !l.samples.is_empty()).collect();
    limits.sort_by_key(|l| (l.kind, l.size_bytes));
    let lines: Vec<Line<'_>> = limits.into_iter().flat_map(|limit| lines(limit, classes)).collect();
    let number = |text: &str, help: &str| Head::number(text, help);
    let spread = "times as long as the smallest median is the largest one";
    let columns: [Column<'_, Line<'_>>; 10] = [
        Column::new(
            Head::words("Limit", "the record's name of it").class("name"),
            |l: &Line<'_>| Cell::name(l.limit.kind.name()),
        ),
        Column::new(
            Head::words("Placement", "the CPUs that it was measured on"),
            |l: &Line<'_>| Cell::words(l.limit.placement.name()),
        ),
        Column::new(
            number(
                "Core-to-core\nlatency",
                "round trip of a cache line between the CPUs; a range if they moved",
            ),
            distance,
        ),
        Column::new(number("Size", "bytes moved at a time"), |l: &Line<'_>| {
            l.limit.size_bytes.map_or_else(Cell::missing, |n| Cell::number(bytes(n), n as f64))
        }),
        Column::new(number("Best", "the least of all batches"), |l: &Line<'_>| {
            let least = l.samples.iter().map(|s| s.least_ns).fold(f64::INFINITY, f64::min);
            Cell::value(Quantity::Time, least)
        }),
        Column::new(
            number("Median", "over the sets; below it the least and the largest").spare(4),
            |l: &Line<'_>| {
                let (low, high) = l.ends();
                Cell::value(Quantity::Time, l.median()).under(format!(
                    "{} to {}",
                    time(low),
                    time(high)
                ))
            },
        ),
        Column::new(number("Spread", spread).spare(3), |l: &Line<'_>| {
            let (low, high) = l.ends();
            if low > 0.0 { Cell::value(Quantity::Factor, high / low) } else { Cell::missing() }
        }),
        Column::new(number("Bytes/s", "size divided by the median").spare(5), |l: &Line<'_>| {
            let rate = l.limit.size_bytes.map(|n| n as f64 * 1e9 / l.median());
            rate.map_or_else(Cell::missing, |rate| Cell::value(Quantity::ByteRate, rate))
        }),
        Column::new(
            number("Sets", "number of times it was measured, spread over the run").spare(2),
            |l: &Line<'_>| Cell::number(l.samples.len().to_string(), l.samples.len() as f64),
        ),
        Column::new(Head::words("Meaning", "").spare(1).class("long"), |l: &Line<'_>| {
            Cell::words(limit_words(l.limit.kind))
        }),
    ];
    (!lines.is_empty()).then(|| Table::of(&columns, &lines).without_empty())
}

impl Line<'_> {
    fn medians(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().map(|s| s.median_ns)
    }

    fn median(&self) -> f64 {
        middle(self.medians().collect()).unwrap_or(f64::NAN)
    }

    fn ends(&self) -> (f64, f64) {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        (self.medians().fold(low, f64::min), self.medians().fold(high, f64::max))
    }
}

/// Returns a line for each distance class of the limit; one more without a class, or if the CPUs moved.
fn lines<'a>(limit: &'a Limit, classes: &Classes) -> Vec<Line<'a>> {
    let class_of = |s: &LimitSample| s.distance.and_then(|d| classes.of_distance(d));
    let all = classes.all().iter().copied().map(Some).chain([None]);
    all.map(|class| {
        let samples = limit.samples.iter().filter(|s| class_of(s) == class).collect();
        Line { limit, class, samples }
    })
    .filter(|line| !line.samples.is_empty())
    .collect()
}

fn distance(line: &Line<'_>) -> Cell {
    if let Some(class) = line.class {
        return Cell::value(Quantity::Time, class.centre_ns).under(class.word());
    }
    let ns: Vec<f64> = line
        .samples
        .iter()
        .filter_map(|s| s.distance)
        .map(|d| (d.before_ns + d.after_ns) / 2.0)
        .collect();
    let low = ns.iter().copied().reduce(f64::min);
    let high = ns.iter().copied().reduce(f64::max);
    let Some(((low, high), median)) = low.zip(high).zip(middle(ns)) else {
        return Cell { text: NONE.into(), ..Cell::default() };
    };
    let span = format!("{} to {}", time(low), time(high));
    Cell::value(Quantity::Time, median).under(if Distance::differ(low, high) {
        span
    } else {
        String::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{Placement, sample};

    #[test]
    fn each_limit_is_a_row_for_each_distance() {
        let mut record = sample::record(1, 6);
        // A host that keeps the CPUs far apart for half of the run.
        for (at, invocation) in record.cells.iter_mut().flat_map(|c| &mut c.invocations).enumerate()
        {
            if let Some(distance) = invocation.distance.as_mut().filter(|_| at % 2 == 0) {
                (distance.before_ns, distance.after_ns) = (350.0, 352.0);
            }
        }
        let table = limit_table(&record.limits, &Classes::of(&[&record])).unwrap();
        let two = record.limits.iter().filter(|l| l.placement == Placement::CrossCore).count();
        assert_eq!(table.rows.len(), record.limits.len() + two);
        let of = |name: &str| table.rows.iter().find(|r| r[0].text == name).unwrap();
        let hand_off: Vec<&str> = of("hand-off").iter().map(|c| c.text.as_str()).collect();
        assert_eq!((hand_off[1], of("hand-off")[2].under.as_str()), ("cross-core", ""));
        // Measured eight times, once with the CPUs three times as far apart.
        assert_eq!((hand_off[6], hand_off[8]), ("1.07 ×", "7"));
        assert_eq!(of("null-call")[2].text, NONE, "one CPU has no distance");
        assert!(of("shared-copy")[7].text.ends_with("B/s"));
        assert_eq!(limit_table(&[], &Classes::default()), None);
    }
}
