//! Markdown: text that means only itself, and tables.

use crate::{Cell, FEW, Table};
use std::fmt::Write as _;

/// Escapes text of unknown origin: one line, without a meaning in Markdown, HTML or a table.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '&' | '~' => {
                out.extend(['\\', c]);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Returns text of unknown origin as a code span. Replaces what would end it.
#[must_use]
pub fn code(text: &str) -> String {
    let safe = |c: char| match c {
        '`' => '\'',
        '|' => '¦',
        c if c.is_control() => ' ',
        c => c,
    };
    let inner: String = text.chars().map(safe).collect();
    if inner.trim().is_empty() { "`?`".into() } else { format!("`{inner}`") }
}

/// Returns the table. Small print and lines that fold out are left out.
#[must_use]
pub fn table(table: &Table) -> String {
    let mut out = String::new();
    for head in &table.heads {
        let _ = write!(out, "| {} ", escape(&head.text));
    }
    out.push_str("|\n");
    for head in &table.heads {
        out.push_str(if head.words { "| --- " } else { "| ---: " });
    }
    out.push_str("|\n");
    for row in &table.rows {
        for cell in row {
            let _ = write!(out, "| {} ", of(cell));
        }
        out.push_str("|\n");
    }
    out
}

fn of(cell: &Cell) -> String {
    let text = if cell.code { code(&cell.text) } else { brackets(&escape(&cell.text)) };
    let few = if cell.few { FEW } else { "" };
    let space = if cell.interval.is_empty() { "" } else { " " };
    format!("{few}{text}{space}{}", cell.interval)
}

/// Returns escaped text with its brackets as they are (`[95 %]`), unless they could make a link.
fn brackets(escaped: &str) -> String {
    if ["\\](", "\\]\\["].iter().any(|link| escaped.contains(link)) {
        return escaped.to_owned();
    }
    escaped.replace("\\[", "[").replace("\\]", "]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Head, Quantity};

    #[test]
    fn text_of_unknown_origin_means_nothing() {
        assert_eq!(escape("a|b\n<i>*x*_y_ `&"), "a\\|b \\<i\\>\\*x\\*\\_y\\_ \\`\\&");
        assert_eq!((code("a`b|c\nd"), code(" ")), ("`a'b¦c d`".into(), "`?`".into()));
    }

    #[test]
    fn brackets_never_make_a_link() {
        let of = |text: &str| of(&Cell::words(text));
        assert_eq!(of("+4 % [+3 %, +5 %]"), "+4 % [+3 %, +5 %]");
        assert_eq!(of("[l](m)"), "\\[l\\](m)");
        assert_eq!(of("[l][m]"), "\\[l\\]\\[m\\]");
    }

    #[test]
    fn a_table_has_names_figures_and_intervals() {
        let columns = [
            Column::new(Head::words("transport", ""), |(name, _): &(&str, f64)| Cell::name(*name)),
            Column::new(Head::number("p50", "").spare(1), |(_, ns): &(&str, f64)| Cell {
                few: true,
                ..Cell::estimate(Quantity::Time, *ns, Some((ns / 2.0, ns * 4.0)))
            }),
            Column::new(Head::words("remarks", ""), |_| Cell::words("")),
        ];
        let shown = table(&Table::of(&columns, &[("pipe|x", 500.0)]).without_empty());
        let lines =
            ["| transport | p50 |", "| --- | ---: |", "| `pipe¦x` | ~ 500 ns [250 ns, 2.00 µs] |"];
        assert_eq!(shown, lines.join("\n") + "\n");
    }
}
