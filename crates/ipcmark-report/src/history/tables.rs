//! The tables of a history's page: the changes, and every series with its newest point.

use super::answer::remark;
use super::chart::quantity;
use ipcmark_history::{Change, Scanned, Series};
use ipcmark_show::{Cell, Column, Head, Quantity, Table, plural};

/// Returns the name of a machine, with its fingerprint if another has the same name.
pub(super) fn machine(scanned: &Scanned, host: usize) -> String {
    let all = &scanned.history.hosts;
    let this = &all[host];
    if all.iter().filter(|h| h.words == this.words).count() > 1 {
        format!("{} ({})", this.words, this.fingerprint)
    } else {
        this.words.clone()
    }
}

fn of_machine(scanned: &Scanned, series: &Series) -> Cell {
    Cell::words(series.host.map_or_else(|| "all machines".into(), |host| machine(scanned, host)))
}

fn name(series: &Series) -> Cell {
    let apart = series.apart().map_or_else(String::new, |apart| format!(", {apart}"));
    Cell::name(&*series.cell).under(format!("{}{apart}", series.figure))
}

fn series_head() -> Head {
    Head::words("Series", "cell, figure, and the core-to-core latency").class("name")
}

fn machine_head() -> Head {
    Head::words("Machine", "a ratio continues across machines").class("machine")
}

/// Returns the table of all changes, the latest first.
pub(super) fn changes(scanned: &Scanned, changes: &[(&Series, &Change)]) -> Table {
    type Row<'a> = (&'a Series, &'a Change);
    let stops = &scanned.history.stops;
    let number = |text: &str, help: &str| Head::number(text, help);
    let columns: [Column<'_, Row<'_>>; 7] = [
        Column::new(series_head(), |(series, _): &Row<'_>| name(series)),
        Column::new(
            number("Change", "of the typical pair of points before and after it"),
            |(_, c): &Row<'_>| {
                let class = if c.worse { "worse" } else { "better" };
                Cell { class, ..Cell::estimate(Quantity::Change, c.ratio, c.interval) }
            },
        ),
        Column::new(
            Head::words("Commits", "the last one before, and the first one after"),
            |(_, c): &Row<'_>| {
                let (last, first) = (&stops[c.between.0], &stops[c.between.1]);
                Cell::words(format!("{} → {}", last.short(), first.short())).under(format!(
                    "{} to {}",
                    last.day(),
                    first.day()
                ))
            },
        ),
        Column::new(number("Before", "median of the level before"), |(s, c): &Row<'_>| {
            Cell::value(quantity(s), c.before)
        }),
        Column::new(number("After", "median of the level after"), |(s, c): &Row<'_>| {
            Cell::value(quantity(s), c.after)
        }),
        Column::new(
            number("p", "probability that a series without a change splits as well somewhere"),
            |(_, c): &Row<'_>| Cell::number(p(c.p), c.p),
        ),
        Column::new(machine_head(), |(series, change): &Row<'_>| {
            of_machine(scanned, series).under(remark(series, change))
        }),
    ];
    Table::of(&columns, changes)
}

fn p(p: f64) -> String {
    if p < 0.001 { format!("{p:.1e}") } else { format!("{p:.3}") }
}

/// Returns the table of all series.
pub(super) fn series(scanned: &Scanned) -> Table {
    let all: Vec<usize> = (0..scanned.history.series.len()).collect();
    let of = |at: &usize| &scanned.history.series[*at];
    let short = |at: &usize| scanned.too_short.iter().find(|short| short.series == *at);
    let number = |text: &str, help: &str| Head::number(text, help);
    let columns: [Column<'_, usize>; 6] = [
        Column::new(series_head(), |at: &usize| {
            let class = if short(at).is_some() { "gap" } else { "" };
            Cell { class, ..name(of(at)) }
        }),
        Column::new(number("Newest", "the newest point, with its interval"), |at: &usize| {
            of(at).latest().map_or_else(Cell::missing, |l| {
                Cell::estimate(quantity(of(at)), l.point.value, l.point.interval)
            })
        }),
        Column::new(
            number(
                "vs last 10",
                "the newest point over the median of the ten before it: one run, not a test",
            ),
            |at: &usize| {
                let ratio = of(at).latest().and_then(|l| l.against_ten);
                ratio.map_or_else(Cell::missing, |ratio| Cell::value(Quantity::Change, ratio))
            },
        ),
        Column::new(number("Points", "commits with a figure"), |at: &usize| {
            let points = of(at).points.len();
            Cell::number(points.to_string(), points as f64)
        }),
        Column::new(Head::words("Result", "result of the scan"), |at: &usize| {
            match (short(at), scanned.changes[*at].len()) {
                (Some(short), _) => {
                    Cell::words(format!("needs {}", plural(short.missing, "more point")))
                }
                (None, 0) => Cell::words("stable"),
                (None, n) => Cell { class: "changed", ..Cell::words(plural(n, "change")) },
            }
        }),
        Column::new(machine_head(), |at: &usize| of_machine(scanned, of(at))),
    ];
    Table::of(&columns, &all)
}
