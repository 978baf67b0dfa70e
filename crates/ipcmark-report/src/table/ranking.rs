//! The table of one ranking, with the columns that its workload calls for.

use super::{
    Cell, Head, TIME_PER_MESSAGE, against, against_head, distance, estimate, head, marked, missing,
    number, plain, quantile, remarks_of, words,
};
use crate::chart::capital;
use crate::ranking::{Entry, Ranking, Setting};
use crate::standing;
use crate::units::Quantity;
use ipcmark_record::Timed;
use ipcmark_summary::{Estimate, Figure, Headline};

/// Heads of a ranking.
pub(crate) fn ranking_heads(setting: &Setting) -> Vec<Head> {
    let mut heads = vec![
        head(
            "Place",
            "the places that the intervals leave open; in parentheses: order of medians only",
            true,
        ),
        head("Transport", "mechanism / wait", true),
    ];
    let of_cost = |what: &str| format!("{what}, all sides, for one {}", setting.counted());
    let time = capital(&setting.time_of());
    let over = "median over invocations, and its interval";
    match setting.headline() {
        Headline::Rate => heads.extend([
            head("Messages/s", over, false),
            head("Bytes/s", "in one direction; of duplex in both together", false),
            head("Time/message", TIME_PER_MESSAGE, false),
            head(
                "Block p50 / p99",
                "ns a message within blocks of about 50 µs at the receiver: its bursts, no latency",
                false,
            ),
        ]),
        Headline::Median => {
            heads.extend([
                head(&format!("{time} p50"), over, false),
                head(&format!("{time} p99"), "", false),
            ]);
            if setting.workload.timed() == Timed::OneWay {
                let help = "from a message's intended start to the call that sent it: its p99, and its p50 below";
                heads.push(head("Sender's lag p99", help, false));
            }
        }
        Headline::SpeedUp => heads.extend([
            head("Speed-up", "the task's time by one process over that by all workers", false),
            head("Task", "from the first part sent to the last partial result merged", false),
            head("By one process", "the same task by the coordinator alone", false),
        ]),
        Headline::UsefulWork => heads.extend([
            head(
                "Other work",
                "done between sending and receipt, as a share of the round trip",
                false,
            ),
            head("Work/round trip", "the time that work takes alone", false),
            head("Round trip p50 / p99", "with the other work in it", false),
            head("One look", "what it costs to see that there is no answer yet", false),
        ]),
    }
    heads.extend([
        head("CPU time", &of_cost("user and system"), false),
        head("Switches", &of_cost("context switches"), false),
        against_head(),
        head("Distance", "cache-line round trip between the two CPUs, and a guess at what that means; figures of other distance classes fold out and are never pooled with these", false),
        head("Invocations", "each is one set of fresh processes", false),
        head("Standing", "what the figures can be trusted with; the words are above", true),
        head("Remarks", "", true),
    ]);
    heads
}

/// The rows of a ranking, floors last.
pub(crate) fn ranking_rows(ranking: &Ranking) -> Vec<Vec<Cell>> {
    let ranked = ranking.entries.iter().enumerate().map(|(at, e)| (e.place(at), e));
    let floors = ranking.floors.iter().map(|e| ("floor".to_string(), e));
    ranked.chain(floors).map(|(place, entry)| row(&ranking.setting, place, entry)).collect()
}

fn row(setting: &Setting, place: String, entry: &Entry) -> Vec<Cell> {
    let Entry { row, figure, value, enough, .. } = entry;
    let mut cells = vec![
        words(place),
        words(&row.key.transport),
        Cell { few: !enough, ..estimate(setting.quantity(), value) },
    ];
    let time = |e: &Estimate| estimate(Quantity::Time, e);
    match setting.headline() {
        Headline::Rate => cells.extend([
            estimate(Quantity::ByteRate, &figure.bytes_per_s),
            time(&figure.ns_per_message()),
            p50_and_p99(figure),
        ]),
        Headline::Median => {
            cells.push(figure.percentile(0.99).map_or_else(missing, quantile));
            if setting.workload.timed() == Timed::OneWay {
                cells.push(figure.lag.map_or_else(missing, |lag| Cell {
                    under: format!("p50 {}", Quantity::Time.show(lag.p50_ns.value)),
                    ..number(Quantity::Time.show(lag.p99_ns.value), lag.p99_ns.value)
                }));
            }
        }
        Headline::SpeedUp => {
            let task = figure.task.as_ref();
            cells.push(task.map_or_else(missing, |task| time(&task.parallel_ns)));
            cells.push(task.map_or_else(missing, |task| time(&task.serial_ns)));
        }
        Headline::UsefulWork => {
            let outside = figure.overlap.as_ref();
            cells.push(outside.map_or_else(missing, |o| time(&o.work_ns)));
            cells.push(p50_and_p99(figure));
            cells.push(outside.map_or_else(missing, |o| time(&o.look_ns)));
        }
    }
    cells.extend([
        time(&figure.cpu_ns_per_message),
        plain(&figure.switches_per_message),
        against(row),
        distance(row),
        number(row.invocations.to_string(), row.invocations as f64),
        standing::cell(row),
        words(remarks_of(entry).join("; ")),
    ]);
    cells
}

/// The median, and p99 below it.
fn p50_and_p99(figure: &Figure) -> Cell {
    let Some(p50) = figure.percentile(0.5) else { return missing() };
    let p99 = figure.percentile(0.99).map(|p| format!("p99 {}", marked(p)));
    Cell { under: p99.unwrap_or_default(), ..quantile(p50) }
}
