//! The tables that a run prints.

use super::candidate::Role;
use super::pairing::{Compared, PAIRS_MIN, Ratio};
use super::shape::Shape;
use super::target::targets;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle, presets};
use std::fmt::Write;

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// For a terminal.
    #[default]
    Plain,
    /// Markdown.
    Markdown,
}

fn table(style: Style, head: &[String]) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(match style {
        Style::Plain => TableStyle::new().header_separator(rule),
        Style::Markdown => presets::ASCII_MARKDOWN,
    });
    table.set_header(head);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// ns with three digits.
fn digits(ns: f64) -> String {
    match ns {
        ns if ns < 10.0 => format!("{ns:.2}"),
        ns if ns < 100.0 => format!("{ns:.1}"),
        ns => format!("{ns:.0}"),
    }
}

fn ratio(ratio: &Ratio) -> String {
    match (ratio.median, ratio.interval) {
        (Some(median), Some(i)) => {
            // Ratios of a hundred times need more places than those of a tenth.
            let places = if median < 0.1 { 4 } else { 2 };
            format!("{median:.places$} [{:.places$}, {:.places$}]", i.low, i.high)
        }
        _ => format!("under {PAIRS_MIN} pairs"),
    }
}

/// Everything: for each distance the times, the ratios and the targets; then what was not measured.
#[must_use]
pub fn print(compared: &Compared, style: Style) -> String {
    let mut text = String::new();
    for (class, found) in compared.classes.iter().enumerate() {
        let _ = writeln!(
            text,
            "\n## {}: cache-line round trip {:.0} ns\n",
            compared.band(class),
            found.centre
        );
        let _ = writeln!(text, "{}\n", times(compared, class, style).trim_fmt());
        if let Some(ratios) = ratios(compared, class, style) {
            let _ = writeln!(text, "{}\n", ratios.trim_fmt());
        }
        if let Some(targets) = verdicts(compared, class, style) {
            let _ = writeln!(text, "{}\n", targets.trim_fmt());
        }
    }
    for entry in &compared.entries {
        if let Some(reason) = &entry.reason {
            let _ = writeln!(text, "not available here: {}, {}: {reason}", entry.name, entry.shape);
        }
    }
    let _ = writeln!(
        text,
        "{} trials of {} entries; the CPUs moved during {} of them, which count nowhere.",
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

/// Median ns of each candidate in each shape.
fn times(compared: &Compared, class: usize, style: Style) -> Table {
    let shapes = shapes(compared);
    let head = std::iter::once("median, ns".into()).chain(shapes.iter().map(Shape::to_string));
    let mut table = table(style, &head.collect::<Vec<_>>());
    for name in names(compared) {
        let cells = shapes.iter().map(|shape| {
            let entry = compared.find(name, *shape);
            entry
                .and_then(|entry| compared.spread(entry, class))
                .map_or(String::new(), |spread| digits(spread.median_ns))
        });
        table.add_row(std::iter::once(name.to_owned()).chain(cells));
    }
    table
}

/// Each entry's spread, and each of ours divided by it.
fn ratios(compared: &Compared, class: usize, style: Style) -> Option<Table> {
    let ours: Vec<&str> = names(compared)
        .into_iter()
        .filter(|name| compared.entries.iter().any(|e| e.name == *name && e.role == Role::Ours))
        .collect();
    let head = ["shape", "candidate", "n", "median, ns", "quarters, ns"].map(String::from);
    let head: Vec<String> =
        head.into_iter().chain(ours.iter().map(|name| format!("{name} ÷ it"))).collect();
    let mut table = table(style, &head);
    let mut any = false;
    for shape in shapes(compared) {
        let here = compared.entries.iter().enumerate().filter(|(_, e)| e.shape == shape);
        for (at, entry) in here {
            let Some(spread) = compared.spread(at, class) else { continue };
            any = true;
            let quarters = format!("{} to {}", digits(spread.low_ns), digits(spread.high_ns));
            let cells = [
                shape.to_string(),
                entry.name.clone(),
                spread.n.to_string(),
                digits(spread.median_ns),
                quarters,
            ];
            let ours = ours.iter().map(|name| match compared.find(name, shape) {
                Some(mine) if mine != at => ratio(&compared.ratio(mine, at, class)),
                _ => String::new(),
            });
            table.add_row(cells.into_iter().chain(ours));
        }
    }
    any.then_some(table)
}

/// Each target with what was found.
fn verdicts(compared: &Compared, class: usize, style: Style) -> Option<Table> {
    let head = ["target", "ours", "÷", "at most", "found", "n", ""].map(String::from);
    let mut table = table(style, &head);
    let mut any = false;
    for target in targets() {
        let Some(verdict) = target.judge(compared, class) else { continue };
        any = true;
        table.add_row([
            target.shape.to_string(),
            verdict.ours.clone().unwrap_or_default(),
            verdict.against.clone(),
            format!("{:.*}", if verdict.at_most < 0.1 { 4 } else { 2 }, verdict.at_most),
            ratio(&verdict.ratio),
            verdict.ratio.n.to_string(),
            verdict.word().into(),
        ]);
    }
    any.then_some(table)
}
