//! The table of all cells.

use super::{
    Cell, Head, TIME_PER_MESSAGE, against, against_head, distance, estimate, head, missing, number,
    plain, quantile, remarks, words,
};
use crate::capacity::held;
use crate::gaps;
use crate::ranking::payload;
use crate::standing;
use crate::units::{self, Quantity};
use ipcmark_summary::{Figure, PERCENTILES, Percentile, Row};

/// Heads of the table of all cells.
pub(crate) fn heads() -> Vec<Head> {
    let mut heads = vec![
        head("Transport", "mechanism / wait", true),
        head("Family", "", true),
        head(
            "Framing",
            "message: boundaries kept by the mechanism; stream: bytes, framed by ipcmark",
            true,
        ),
        head("Pattern", "the workload, and how much of it", true),
        head("Size", "message size", false),
        head("Placement", "which CPUs the sides run on", true),
    ];
    heads.extend(PERCENTILES.iter().map(|q| {
        head(
            &units::percentile(*q),
            "of the time that the pattern measures; of rates: of blocks of messages at the receiver (its bursts), no latency",
            false,
        )
    }));
    heads.extend([
        head("Max", "largest single time seen; blocks average the extremes away", false),
        head("Per second", "round trips or tasks, or messages drained and verified", false),
        head("Bytes/s", "in one direction; of duplex in both together", false),
        head("Time/message", TIME_PER_MESSAGE, false),
        head("CPU time", "user and system, all sides, for one round trip, message or task", false),
        head(
            "Switches",
            "context switches of all sides for one round trip, message or task",
            false,
        ),
        against_head(),
        head(
            "Beside it",
            "what only this workload shows: the sender's lag, other work done, speed-up",
            true,
        ),
        head("Distance", "cache-line round trip between the two CPUs, and a guess at what that means; figures of other distance classes fold out and are never pooled with these", false),
        head("Capacity", "of one direction, read back from the kernel or the ring", false),
        head("Invocations", "that ended well; each is one set of fresh processes", false),
        head("Standing", "what the figures can be trusted with", true),
        head("State", "what became of it, and why", true),
    ]);
    heads
}

/// A row of the table of all cells.
pub(crate) fn row(row: &Row) -> Vec<Cell> {
    let size = row.key.size_bytes;
    let mut cells = vec![
        words(&row.key.transport),
        words(&row.family),
        words(row.framing.name()),
        Cell { under: row.key.workload.parameters(), ..words(row.key.workload.name()) },
        number(payload(size), size as f64),
        words(row.key.placement.name()),
    ];
    match &row.figure {
        Some(figure) => {
            cells.extend(
                PERCENTILES
                    .iter()
                    .map(|q| figure.percentile(*q).map_or_else(missing, |p| percentile_of(row, p))),
            );
            cells.extend([
                figure.max_ns.map_or_else(missing, |ns| number(Quantity::Time.show(ns), ns)),
                estimate(Quantity::MessageRate, &figure.messages_per_s),
                estimate(Quantity::ByteRate, &figure.bytes_per_s),
                if row.key.is_rate() {
                    estimate(Quantity::Time, &figure.ns_per_message())
                } else {
                    missing()
                },
                estimate(Quantity::Time, &figure.cpu_ns_per_message),
                plain(&figure.switches_per_message),
                against(row),
                beside(figure),
            ]);
        }
        None => cells.extend((0..PERCENTILES.len() + 8).map(|_| missing())),
    }
    cells.push(distance(row));
    cells.push(capacity(row));
    cells.push(number(row.invocations.to_string(), row.invocations as f64));
    cells.push(standing::cell(row));
    let state = match gaps::gap(row) {
        Some((kind, reason, remedy)) => {
            Cell { under: format!("{reason}. What would change it: {remedy}"), ..words(kind) }
        }
        None => Cell {
            under: remarks(row).join("; "),
            ..words(if row.floor { "floor" } else { "measured" })
        },
    };
    cells.push(state);
    cells
}

fn capacity(row: &Row) -> Cell {
    let Some(capacity) = row.capacity else { return missing() };
    let asked = row.key.capacity_bytes.map(|c| format!("asked: {}", units::size(c)));
    let cell = match (held(row), capacity.bytes.or(capacity.messages)) {
        (Some(held), Some(n)) => number(held, n as f64),
        _ => missing(),
    };
    Cell { under: asked.unwrap_or_default(), ..cell }
}

/// A percentile of a row. Those of a rate are of blocks, and say so in each cell: they look like a latency and are none.
fn percentile_of(row: &Row, p: &Percentile) -> Cell {
    let cell = quantile(p);
    if row.key.is_rate() { Cell { text: format!("block {}", cell.text), ..cell } } else { cell }
}

/// What one workload shows and no other.
fn beside(figure: &Figure) -> Cell {
    let time = |e| Quantity::Time.estimate(e);
    if let Some(lag) = figure.lag {
        let under = format!("p99 {}", time(&lag.p99_ns));
        Cell { under, ..words(format!("lag p50 {}", time(&lag.p50_ns))) }
    } else if let Some(outside) = figure.overlap {
        let under =
            format!("{} a round trip; a look {}", time(&outside.work_ns), time(&outside.look_ns));
        let share = Quantity::Share.estimate(&outside.work_share);
        Cell { under, ..words(format!("other work {share}")) }
    } else if let Some(task) = figure.task {
        let under = format!("by one process {}", time(&task.serial_ns));
        let factor = Quantity::Factor.estimate(&task.speed_up);
        Cell { under, ..words(format!("speed-up {factor}")) }
    } else {
        words("")
    }
}
