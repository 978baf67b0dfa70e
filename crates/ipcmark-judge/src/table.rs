//! The columns of figures, the same in every comparison and in the gate.

use crate::document::WHY;
use crate::{Finding, Verdict};
use ipcmark_record::CellKey;
use ipcmark_show::{Cell, Column, Head, Quantity, Table, Tone, bytes, share, time};

/// A figure of a cell, or a cell without one.
pub(crate) struct Row<'a> {
    pub(crate) key: &'a CellKey,
    pub(crate) finding: Option<&'a Finding>,
    pub(crate) verdict: Verdict,
    pub(crate) why: Option<&'a str>,
}

impl<'a> Row<'a> {
    pub(crate) fn of(finding: &'a Finding) -> Row<'a> {
        Row {
            key: &finding.key,
            finding: Some(finding),
            verdict: finding.verdict,
            why: finding.why.as_deref(),
        }
    }
}

/// Returns the table of these rows; the verdict is left out where a heading has it.
pub(crate) fn table<'a>(rows: impl IntoIterator<Item = Row<'a>>, with_verdict: bool) -> Table {
    let rows: Vec<Row<'a>> = rows.into_iter().collect();
    let number =
        |of: fn(&Finding) -> Cell| move |row: &Row<'_>| row.finding.map_or_else(Cell::default, of);
    // A capacity that all rows share is in the heading.
    let of_first = rows.first().and_then(|row| row.key.capacity_bytes);
    let shared = of_first.filter(|_| rows.iter().all(|row| row.key.capacity_bytes == of_first));
    let cell = shared.map_or_else(|| "cell".into(), |n| format!("cell (capacity {})", bytes(n)));
    let key = move |row: &Row<'_>| match shared {
        Some(_) => CellKey { capacity_bytes: None, ..row.key.clone() },
        None => row.key.clone(),
    };
    let mut columns = vec![
        Column::new(
            Head::words(cell, "transport, workload, size, placement"),
            move |row: &Row<'_>| Cell::words(name(&key(row))),
        ),
        Column::new(Head::words("figure", "").spare(6), |row: &Row<'_>| {
            Cell::words(row.finding.map_or("", |found| found.figure.name()))
        }),
        Column::new(
            Head::number("base", "median over its invocations").spare(4),
            number(|found| Cell::words(time(found.base_ns))),
        ),
        Column::new(
            Head::number("new", "median over its invocations").spare(5),
            number(|found| Cell::words(time(found.new_ns))),
        ),
        Column::new(
            Head::number("change", "of the time: + is slower"),
            number(|found| Cell::estimate(Quantity::Change, found.ratio, found.interval)),
        ),
        Column::new(
            Head::number("matters\nfrom", "the smallest effect that it was judged by").spare(2),
            number(|found| Cell::words(share(found.delta))),
        ),
        Column::new(
            Head::number("detectable\nfrom", "the smallest slow-down found in four cases of five")
                .spare(7),
            number(|found| found.detectable.map_or_else(Cell::default, |d| Cell::words(share(d)))),
        ),
        Column::new(
            Head::number("invocations", "of each side").spare(3),
            number(|found| Cell::words(found.replicates.to_string())),
        ),
    ];
    if with_verdict {
        columns.push(Column::new(Head::words("verdict", ""), |row: &Row<'_>| {
            Cell::words(row.verdict.name()).tone(tone(row.verdict))
        }));
    }
    columns.push(Column::new(Head::words(WHY, "").spare(1), |row: &Row<'_>| {
        let medians = row.finding.and_then(Finding::by_medians);
        let parts: Vec<String> = row.why.map(str::to_owned).into_iter().chain(medians).collect();
        Cell::words(parts.join("; "))
    }));
    Table::of(&columns, &rows)
}

/// Returns the colour of a verdict.
pub(crate) const fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Failed | Verdict::Regressed => Tone::Bad,
        Verdict::SuspectedSlower | Verdict::Missing | Verdict::Inconclusive => Tone::Caution,
        Verdict::Improved | Verdict::SuspectedFaster => Tone::Good,
        Verdict::Equivalent | Verdict::Absent => Tone::Dim,
    }
}

/// Returns the name of a cell for people: `pipe/block stream 4 KiB cross-core (capacity 256 KiB)`.
#[must_use]
pub fn name(key: &CellKey) -> String {
    let CellKey { transport, workload, size_bytes, placement, capacity_bytes, .. } = key;
    let load = key.load();
    let load = if load.is_empty() { load } else { format!(" ({load})") };
    let capacity = capacity_bytes.map_or_else(String::new, |n| format!(" (capacity {})", bytes(n)));
    let spin = key.spin_budget.map_or_else(String::new, |n| format!(" (spin budget {n})"));
    let near = key.neighbours.map_or_else(String::new, |n| format!(" (neighbours {n})"));
    format!("{transport} {workload} {} {placement}{load}{capacity}{spin}{near}", bytes(*size_bytes))
}
