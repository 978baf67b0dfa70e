//! The tables of a history's page: what changed, and every series with its newest point.

use super::answer::remark;
use super::chart::{percent, quantity};
use crate::table::{Cell, Head, coarse, words};
use crate::units::NONE;
use ipcmark_history::{Change, Scanned, Series};
use serde::Serialize;

/// A change, and the command that would confirm it.
#[derive(Serialize)]
pub(super) struct ChangeRow {
    pub cells: Vec<Cell>,
    /// Empty where a commit is not known.
    pub next: String,
}

/// A series in the table of all.
#[derive(Serialize)]
pub(super) struct SeriesRow {
    pub class: &'static str,
    pub cells: Vec<Cell>,
}

fn head(text: &str, help: &str, words: bool) -> Head {
    Head { text: text.into(), help: help.into(), words }
}

fn number(text: String, sort: f64) -> Cell {
    let sort = Some(sort).filter(|s| s.is_finite()).map(coarse);
    Cell { sort, words: false, ..words(text) }
}

fn missing() -> Cell {
    Cell { words: false, ..words(NONE) }
}

/// The machine of a series, in words that tell it from the others.
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
    words(series.host.map_or_else(|| "all machines".into(), |host| machine(scanned, host)))
}

fn name(series: &Series) -> Cell {
    let apart = series.apart().map_or_else(String::new, |apart| format!(", {apart}"));
    Cell { under: format!("{}{apart}", series.figure), ..words(&*series.cell) }
}

pub(super) fn change_heads() -> Vec<Head> {
    vec![
        head("Series", "cell, figure, and how far apart the CPUs were", true),
        head(
            "Change",
            "of the typical pair of points before and after it, with its interval",
            false,
        ),
        head("Commits", "the last one before, and the first one after", true),
        head("Before", "median of the level before", false),
        head("After", "median of the level after", false),
        head("p", "how often a series without a change would split as well somewhere", false),
        head("Machine", "a ratio goes on across machines", true),
    ]
}

pub(super) fn change_row(scanned: &Scanned, series: &Series, change: &Change) -> ChangeRow {
    let (last, first) = change.between;
    let stops = &scanned.history.stops;
    let show = |value: f64| number(quantity(series).show(value), value);
    let interval = change
        .interval
        .map_or_else(|| "no interval".into(), |(l, h)| format!("[{}, {}]", percent(l), percent(h)));
    let mark = if change.worse { "worse" } else { "better" };
    let machine = of_machine(scanned, series);
    ChangeRow {
        cells: vec![
            name(series),
            Cell { under: interval, mark, ..number(percent(change.ratio), change.ratio) },
            Cell {
                under: format!("{} to {}", stops[last].day(), stops[first].day()),
                ..words(format!("{} → {}", stops[last].short(), stops[first].short()))
            },
            show(change.before),
            show(change.after),
            number(p(change.p), change.p),
            Cell { under: remark(series, change).into(), mark: "machine", ..machine },
        ],
        next: scanned.next_step(series, change).unwrap_or_default(),
    }
}

fn p(p: f64) -> String {
    if p < 0.001 { format!("{p:.1e}") } else { format!("{p:.3}") }
}

pub(super) fn series_heads() -> Vec<Head> {
    vec![
        head("Series", "cell, figure, and how far apart the CPUs were", true),
        head("Newest", "the newest point, with its interval", false),
        head(
            "Against the ten before",
            "the newest point over the median of the ten before it: one run, and no test",
            false,
        ),
        head("Points", "commits with a figure", false),
        head("Standing", "what the scan says", true),
        head("Machine", "a ratio goes on across machines", true),
    ]
}

pub(super) fn series_row(scanned: &Scanned, at: usize) -> SeriesRow {
    let series = &scanned.history.series[at];
    let show = |value: f64| quantity(series).show(value);
    let latest = series.latest();
    let newest = latest.map_or_else(missing, |l| Cell {
        under: l.point.interval.map_or_else(
            || "no interval".into(),
            |(low, high)| format!("{} to {}", show(low), show(high)),
        ),
        ..number(show(l.point.value), l.point.value)
    });
    let against =
        latest.and_then(|l| l.against_ten).map_or_else(missing, |r| number(percent(r), r));
    let short = scanned.too_short.iter().find(|short| short.series == at);
    let (class, mark, standing) = match (short, scanned.changes[at].len()) {
        (Some(short), _) => {
            ("gap", "", format!("too short: {} missing", plural_points(short.missing)))
        }
        (None, 0) => ("", "", "stable".into()),
        (None, 1) => ("", "changed", "changed once".into()),
        (None, n) => ("", "changed", format!("changed {n} times")),
    };
    let points = series.points.len();
    SeriesRow {
        class,
        cells: vec![
            name(series),
            newest,
            against,
            number(points.to_string(), points as f64),
            Cell { mark, ..words(standing) },
            Cell { mark: "machine", ..of_machine(scanned, series) },
        ],
    }
}

fn plural_points(n: usize) -> String {
    crate::units::plural(n, "point")
}
