//! The tables that a run prints.

use super::candidate::Role;
use super::pairing::Compared;
use super::shape::Shape;
use super::target::targets;
use crate::pairs::Ratio;
use ipcmark_show::time;
use ipcmark_show::{Cell, Head, Table, markdown, terminal};
use std::fmt::Write;

fn table(words: usize, heads: impl IntoIterator<Item = String>) -> Table {
    let head = |(at, text)| if at < words { Head::words(text, "") } else { Head::number(text, "") };
    Table::new(heads.into_iter().enumerate().map(head).collect())
}

fn row(words: usize, cells: impl IntoIterator<Item = String>) -> Vec<Cell> {
    let cell = |(at, text)| match at < words {
        true => Cell::words(text),
        false => Cell { text, ..Cell::default() },
    };
    cells.into_iter().enumerate().map(cell).collect()
}

fn ratio(ratio: &Ratio) -> String {
    // A ratio of 1 to a hundred needs more digits than one of 1 to ten.
    let places = if ratio.median.is_some_and(|median| median < 0.1) { 4 } else { 2 };
    ratio.show(places)
}

/// Prints the times, the ratios and the targets for each distance, and then what was not measured.
#[must_use]
pub fn print(compared: &Compared, in_markdown: bool) -> String {
    let mut text = String::new();
    for (class, found) in compared.classes.iter().enumerate() {
        let _ = writeln!(text, "\n## Cache-line round trip {found}\n");
        let tables = [times(compared, class), ratios(compared, class), verdicts(compared, class)];
        for table in tables.iter().filter(|table| !table.rows.is_empty()) {
            let table = match in_markdown {
                true => markdown::table(table),
                false => terminal::table(table, None, &terminal::plain),
            };
            let _ = writeln!(text, "{}\n", table.trim_end());
        }
    }
    for entry in &compared.entries {
        if let Some(reason) = &entry.reason {
            let _ = writeln!(text, "not available here: {}, {}: {reason}", entry.name, entry.shape);
        }
    }
    let _ = writeln!(
        text,
        "{} trials of {} entries; the CPUs moved during {} of them, which do not count.",
        compared.trials,
        compared.entries.iter().filter(|e| e.reason.is_none()).count(),
        compared.moved
    );
    text
}

fn shapes(compared: &Compared) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = compared.entries.iter().map(|e| e.shape).collect();
    shapes.sort_unstable();
    shapes.dedup();
    shapes
}

fn names(compared: &Compared) -> Vec<&str> {
    let mut names = Vec::new();
    for entry in &compared.entries {
        if !names.contains(&entry.name.as_str()) {
            names.push(&entry.name);
        }
    }
    names
}

/// Makes the table of the medians of each candidate in each shape.
fn times(compared: &Compared, class: usize) -> Table {
    let shapes = shapes(compared);
    let heads = std::iter::once("median".into()).chain(shapes.iter().map(Shape::to_string));
    let mut table = table(1, heads);
    for name in names(compared) {
        let cells = shapes.iter().map(|shape| {
            let entry = compared.find(name, *shape);
            let spread = entry.and_then(|entry| compared.spread(entry, class));
            spread.map_or(String::new(), |spread| time(spread.median_ns))
        });
        table.rows.push(row(1, std::iter::once(name.to_owned()).chain(cells)));
    }
    table
}

/// Makes the table of each entry's spread, and of each of ours divided by it.
fn ratios(compared: &Compared, class: usize) -> Table {
    let ours = |name: &&str| {
        compared.entries.iter().any(|entry| entry.name == **name && entry.role == Role::Ours)
    };
    let ours: Vec<&str> = names(compared).into_iter().filter(ours).collect();
    let heads = ["shape", "candidate", "n", "median", "quartiles"].map(String::from);
    let mut table =
        table(2, heads.into_iter().chain(ours.iter().map(|name| format!("{name} ÷ it"))));
    for shape in shapes(compared) {
        let here = compared.entries.iter().enumerate().filter(|(_, e)| e.shape == shape);
        for (at, entry) in here {
            let Some(spread) = compared.spread(at, class) else { continue };
            let cells = [
                shape.to_string(),
                entry.name.clone(),
                spread.n.to_string(),
                time(spread.median_ns),
                format!("{} to {}", time(spread.low_ns), time(spread.high_ns)),
            ];
            let ours = ours.iter().map(|name| match compared.find(name, shape) {
                Some(mine) if mine != at => ratio(&compared.ratio(mine, at, class)),
                _ => String::new(),
            });
            table.rows.push(row(2, cells.into_iter().chain(ours)));
        }
    }
    table
}

/// Makes the table of each target with the ratio found.
fn verdicts(compared: &Compared, class: usize) -> Table {
    let mut table =
        table(3, ["target", "ours", "÷", "at most", "found", "n", ""].map(String::from));
    for target in targets() {
        let Some(verdict) = target.judge(compared, class) else { continue };
        let cells = [
            target.shape.to_string(),
            verdict.ours.clone(),
            verdict.against.clone(),
            format!("{:.*}", if verdict.at_most < 0.1 { 4 } else { 2 }, verdict.at_most),
            ratio(&verdict.ratio),
            verdict.ratio.n.to_string(),
            verdict.word().into(),
        ];
        table.rows.push(row(3, cells));
    }
    table
}
