//! The short form: a row for each cell, with the figures of the tables.

use crate::Result;
use crate::line::{Frame, Of, about};
use crate::measure::{TIMES, measures};
use crate::table::{Table, Value, count, number, text};
use ipcmark_record::{Cell, Record};
use ipcmark_summary::{Context, Cost, Estimate, Row, summarize_in};

pub(crate) fn table(record: &Record) -> Result<Table> {
    let mut table = Table { names: Vec::new(), rows: Vec::new() };
    let Record { started, tool, host, suite, .. } = record;
    let frame = Frame { document: "record", started, tool, host, suite: &suite.name };
    let summary = summarize_in(record, &Context::of(record)?)?;
    for (cell, row) in record.cells.iter().zip(&summary.rows) {
        let Cell { key, family, floor, group, state, .. } = cell;
        let flags = row.flags().join(" ");
        let flags = Some(flags.as_str()).filter(|flags| !flags.is_empty());
        let mut columns = about(&Of { frame, key, family, floor: *floor, group, state, flags });
        columns.extend(figures(row));
        let (names, values) = columns.into_iter().unzip();
        table.names = names;
        table.rows.push(values);
    }
    Ok(table)
}

/// Returns the columns of the figures, which are the same for every row.
fn figures(row: &Row) -> Vec<(&'static str, Value)> {
    let all = measures(row);
    let by = |is: &dyn Fn(&str) -> bool| all.iter().find(|m| is(m.slug)).map(|m| m.estimate);
    let of = |slug: &'static str| by(&|other| other == slug);
    let figure = row.figure.as_ref();
    let limit = row.tracked_limit();
    let mut columns = vec![
        ("distance_class", text(row.class.map(|class| class.reach().key()))),
        ("distance_ns", number(row.class.map(|class| class.centre_ns))),
        ("standing", text(row.standing.map(|standing| standing.name()))),
        ("invocations", count(row.invocations as u64)),
        ("invocations_made", count(row.made_invocations as u64)),
        ("invocations_failed", count(row.failed_invocations as u64)),
        ("invocations_set_aside", count(row.set_aside as u64)),
        ("messages", count(row.messages)),
        ("time_of", text(Some(&row.time_of))),
        ("counted", text(Some(row.counted))),
    ];
    let names = [
        ["p50_ns", "p50_low_ns", "p50_high_ns"],
        ["p90_ns", "p90_low_ns", "p90_high_ns"],
        ["p99_ns", "p99_low_ns", "p99_high_ns"],
        ["p99_9_ns", "p99_9_low_ns", "p99_9_high_ns"],
        ["p99_99_ns", "p99_99_low_ns", "p99_99_high_ns"],
    ];
    for (names, (slug, _)) in names.into_iter().zip(TIMES) {
        columns.extend(three(names, of(slug)));
    }
    columns.push(("max_ns", number(figure.and_then(|figure| figure.max_ns))));
    let per_s = figure.map(|figure| figure.messages_per_s);
    columns.extend(three(["per_s", "per_s_low", "per_s_high"], per_s));
    columns
        .extend(three(["bytes_per_s", "bytes_per_s_low", "bytes_per_s_high"], of("bytes-per-s")));
    columns.extend(three(["cpu_ns", "cpu_low_ns", "cpu_high_ns"], by(&|s| s.starts_with("cpu-"))));
    columns.extend(three(
        ["switches", "switches_low", "switches_high"],
        by(&|s| s.starts_with("switches-")),
    ));
    columns.extend(three(["speed_up", "speed_up_low", "speed_up_high"], of("speed-up")));
    let share = of("useful-work-share");
    columns.extend(three(["work_share", "work_share_low", "work_share_high"], share));
    let times = limit.map(|limit| limit.times);
    columns.extend(three(["times_limit", "times_limit_low", "times_limit_high"], times));
    let lag = figure.and_then(|figure| figure.lag);
    let worst = figure.and_then(|figure| figure.worst_peer);
    let sends = row.sending.as_ref();
    let drops = sends.and_then(|sends| sends.dropped);
    let cost = |of: &dyn Fn(&Cost) -> Option<Estimate>| {
        row.cost.as_ref().and_then(of).map(|estimate| estimate.value)
    };
    let memory = row.cost.as_ref().and_then(|cost| cost.memory);
    columns.extend([
        ("limit", text(limit.map(|limit| limit.bound.name()))),
        ("limit_ns", number(limit.map(|limit| limit.limit_ns))),
        ("rate_reached_per_s", number(row.rate().map(|rate| rate.reached_per_s))),
        ("worst_peer_p50_ns", number(worst.map(|worst| worst.p50_ns.value))),
        ("worst_peer_p99_ns", number(worst.map(|worst| worst.p99_ns.value))),
        ("sender_delay_p99_ns", number(lag.map(|lag| lag.p99_ns.value))),
        ("lost", count(row.integrity.lost)),
        ("lost_share", number(of("lost-share").map(|share| share.value))),
        ("held_p50_ns", number(held(row, 0.5))),
        ("held_p99_ns", number(held(row, 0.99))),
        ("held_p99_9_ns", number(held(row, 0.999))),
        ("held_max_ns", number(row.sending.as_ref().map(|sending| sending.held_max_ns))),
        ("blocked_share", number(sends.and_then(|s| s.blocked_share).map(|share| share.value))),
        ("dropped", count(drops.map(|dropped| dropped.messages))),
        ("dropped_share", number(drops.map(|dropped| dropped.share))),
        ("pacing_cpu_ns", number(cost(&|c| c.pacing_ns_per_message))),
        ("third_parties_cpu_ns", number(cost(&|c| c.third_parties_ns_per_message))),
        ("wake_ups", number(cost(&|c| Some(c.wake_ups_per_message)))),
        ("packages_uj", number(cost(&|c| c.packages_uj_per_message))),
        ("resident_bytes", count(memory.map(|memory| memory.resident_bytes))),
        ("locked_bytes", count(memory.map(|memory| memory.locked_bytes))),
        ("kernel_bytes", count(memory.and_then(|memory| memory.kernel_bytes))),
        ("refused", text(figure.and_then(|figure| figure.refused.as_deref()))),
    ]);
    columns
}

/// Returns a percentile of the time that a send holds its sender, ns; `None` without enough values.
fn held(row: &Row, quantile: f64) -> Option<f64> {
    let held = row.sending.as_ref()?.held(quantile).filter(|held| held.enough)?;
    Some(held.ns.value)
}

/// Returns a figure and the ends of its interval.
fn three(names: [&'static str; 3], of: Option<Estimate>) -> [(&'static str, Value); 3] {
    let ends = of.and_then(|of| of.interval);
    let [value, low, high] = names;
    [
        (value, number(of.map(|of| of.value))),
        (low, number(ends.map(|ends| ends.0))),
        (high, number(ends.map(|ends| ends.1))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::{RECORD, SUMMARY};

    #[test]
    fn a_cell_has_one_row_with_what_the_tables_say() {
        let table = table(&RECORD).unwrap();
        assert_eq!(table.rows.len(), RECORD.cells.len());
        let at = |name| table.names.iter().position(|n| *n == name).unwrap();
        let mut seen = 0;
        for (values, row) in table.rows.iter().zip(&SUMMARY.rows) {
            let p50 = row.figure.as_ref().and_then(|f| f.percentile(0.5));
            let p50 = p50.filter(|p| p.enough && !row.key.is_rate()).map(|p| p.ns.value);
            assert_eq!(values[at("p50_ns")], number(p50), "{}", row.key);
            let limit = row.tracked_limit();
            assert_eq!(values[at("limit")], text(limit.map(|l| l.bound.name())), "{}", row.key);
            assert_eq!(values[at("times_limit")], number(limit.map(|l| l.times.value)));
            seen += usize::from(limit.is_some());
        }
        assert!(seen > 10, "{seen}");
    }
}
