//! The table of all cells.

use super::{
    BYTES, OfRow, TIME_PER_MESSAGE, cpu, distance, estimate, figure, invocations, limit,
    percentile, quality, shown, switches, transport,
};
use crate::gaps::gap;
use crate::ranking::sizes;
use crate::remarks::{buffer, remarks};
use ipcmark_show::{Cell, Column, Head, Quantity, Table, bytes, time};
use ipcmark_summary::{AgainstLimit, Figure, PERCENTILES, Row};

/// Returns the table of all cells. The first cell of a row has its class: `floor` or `gap`.
#[must_use]
pub fn cells_table(rows: &[Row]) -> Table {
    Table::of(&columns(), rows).without_empty()
}

fn columns() -> Vec<OfRow> {
    let class = |row: &Row| match gap(row) {
        Some(_) => "gap",
        None if row.floor => "floor",
        None => "",
    };
    let Column { head, of } = transport();
    let mut all = vec![
        Column::new(head, move |row: &Row| Cell { class: class(row), ..of(row) }),
        words("Workload", "with its load", |row| {
            Cell::words(row.key.workload.name()).under(row.key.load())
        }),
        Column::new(Head::number("Size", "message size"), size),
        words("Placement", "the CPUs of the sides", |row| Cell::words(row.key.placement.name())),
    ];
    let help = "of the measured time; of rates: of blocks of messages at the receiver (its bursts), not a latency";
    all.extend(PERCENTILES.map(|q| {
        Column::new(Head::number(ipcmark_show::percentile(q), help), move |row: &Row| {
            let Some(p) = row.figure.as_ref().and_then(|f| f.percentile(q)) else {
                return Cell::missing();
            };
            // A percentile of blocks looks like a latency and is none.
            percentile(p).under(if row.key.is_rate() { "block" } else { "" })
        })
    }));
    let further = further();
    let Column { head: bound_head, of: bound } = limit(None);
    all.extend([
        figure(Head::number("Max", "largest single time; blocks hide the extremes"), |f| {
            f.max_ns.map_or_else(Cell::missing, |ns| Cell::value(Quantity::Time, ns))
        }),
        figure(
            Head::number("Per second", "round trips or tasks, or messages received and verified"),
            |f| estimate(Quantity::MessageRate, &f.messages_per_s),
        ),
        cpu(ONE),
        Column::new(bound_head, move |row: &Row| {
            let is_below = row.limit.as_ref().is_some_and(AgainstLimit::is_below);
            let cell = bound(row);
            if is_below { cell } else { cell.under("") }
        }),
        quality(),
        Column::new(
            Head::words("State", "result of the cell, and the reason; further figures fold out")
                .class("long"),
            move |row: &Row| {
                let told = further.iter().filter(|_| row.figure.is_some());
                Cell { more: told.filter_map(|column| line(column, row)).collect(), ..state(row) }
            },
        ),
    ]);
    all
}

/// Unit of work that costs are given for.
const ONE: &str = "round trip, message or task";

/// Returns the columns that fold out of the last one: a page has no room for all.
fn further() -> Vec<OfRow> {
    let number = |text: &str, help: &str| Head::number(text, help);
    vec![
        words("Family", "", |row| Cell::words(&row.family)),
        words(
            "Framing",
            "message: boundaries kept by the mechanism; stream: bytes, framed by ipcmark",
            |row| Cell::words(row.framing.name()),
        ),
        figure(number("Bytes/s", BYTES), |f| estimate(Quantity::ByteRate, &f.bytes_per_s)),
        Column::new(number("Time/message", TIME_PER_MESSAGE), |row: &Row| {
            let figure = row.figure.as_ref().filter(|_| row.key.is_rate());
            figure.map_or_else(Cell::missing, |f| estimate(Quantity::Time, &f.ns_per_message()))
        }),
        switches(ONE),
        words(
            "Of this workload alone",
            "worst peer, sender's delay, other work, speed-up",
            |row| row.figure.as_ref().map_or_else(|| Cell::words(""), only_here),
        ),
        words("Limit", "the least time that it is divided by", |row| {
            let of = |limit: &AgainstLimit| format!("{}, {}", limit.words, time(limit.limit_ns));
            Cell::words(row.limit.as_ref().map_or_else(String::new, of))
        }),
        distance(),
        Column::new(
            number("Buffer", "of one direction, read back from the kernel or the ring"),
            capacity,
        ),
        invocations(),
    ]
}

/// Returns a cell as a line behind the head of its column; `None` if it says nothing.
fn line(column: &OfRow, row: &Row) -> Option<String> {
    let cell = (column.of)(row);
    let figure = format!("{} {}", cell.text, cell.interval);
    let parts =
        [figure.trim(), &cell.under].into_iter().chain(cell.more.iter().map(String::as_str));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let head = column.head.text.replace('\n', " ");
    (!cell.is_empty()).then(|| format!("{head}: {}", parts.join("; ")))
}

fn words(text: &str, help: &str, of: fn(&Row) -> Cell) -> OfRow {
    Column::new(Head::words(text, help), of)
}

/// Returns the message size of a row.
pub(super) fn size(row: &Row) -> Cell {
    Cell::number(sizes(&row.key), row.key.size_bytes as f64)
}

fn state(row: &Row) -> Cell {
    match gap(row) {
        Some(gap) => Cell::words(gap.kind).under(gap.why.to_string()),
        None => {
            Cell::words(if row.floor { "floor" } else { "measured" }).under(remarks(row).join("; "))
        }
    }
}

fn capacity(row: &Row) -> Cell {
    let Some(capacity) = row.capacity else { return Cell::missing() };
    let asked = row.key.capacity_bytes.map(|c| format!("asked: {}", bytes(c)));
    let cell = match (buffer(row), capacity.bytes.or(capacity.messages)) {
        (Some(buffer), Some(n)) => Cell::number(buffer, n as f64),
        _ => Cell::missing(),
    };
    cell.under(asked.unwrap_or_default())
}

/// Returns the figures that only one workload has.
fn only_here(figure: &Figure) -> Cell {
    let time = |e| shown(Quantity::Time, e);
    if let Some(worst) = &figure.worst_peer {
        let lag =
            figure.lag.as_ref().map(|lag| format!("; sender's delay p99 {}", time(&lag.p99_ns)));
        Cell::words(format!("worst peer p50 {}", time(&worst.p50_ns))).under(format!(
            "p99 {}{}",
            time(&worst.p99_ns),
            lag.unwrap_or_default()
        ))
    } else if let Some(lag) = &figure.lag {
        Cell::words(format!("sender's delay p50 {}", time(&lag.p50_ns)))
            .under(format!("p99 {}", time(&lag.p99_ns)))
    } else if let Some(outside) = &figure.overlap {
        let under = format!(
            "{} per round trip; poll cost {}",
            time(&outside.work_ns),
            time(&outside.look_ns)
        );
        Cell::words(format!("other work {}", shown(Quantity::Share, &outside.work_share)))
            .under(under)
    } else if let Some(task) = &figure.task {
        Cell::words(format!("speed-up {}", shown(Quantity::Factor, &task.speed_up)))
            .under(format!("by one process {}", time(&task.serial_ns)))
    } else {
        Cell::words("")
    }
}
