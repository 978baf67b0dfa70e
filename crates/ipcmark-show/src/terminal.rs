//! Terminal: tables without frames, columns dropped if there is no room, lines wrapped at words.

use crate::{Cell, Head, Table, Tone};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Colours text. The caller knows its terminal.
pub type Paint<'a> = &'a dyn Fn(Tone, &str) -> String;

/// Leaves text as it is.
#[must_use]
pub fn plain(_: Tone, text: &str) -> String {
    text.into()
}

/// Returns the number of columns that text takes, without its colours.
#[must_use]
pub fn width(text: &str) -> usize {
    let mut total = 0;
    for (at, part) in text.split('\u{1b}').enumerate() {
        // Colours are the only escape sequences that the program writes: ESC [ ... m.
        let seen = if at == 0 { part } else { part.split_once('m').map_or(part, |(_, rest)| rest) };
        total += seen.width();
    }
    total
}

/// Returns true if no line is wider than the terminal.
#[must_use]
pub fn fits(text: &str, columns: Option<u16>) -> bool {
    let most = columns.map_or(usize::MAX, usize::from);
    text.lines().all(|line| width(line) <= most)
}

/// A column as it is printed.
struct Printed {
    heads: Vec<String>,
    right: bool,
    spare: u8,
    cells: Vec<(String, Tone)>,
    /// Its place in the table; `None` for intervals.
    of: Option<usize>,
}

impl Printed {
    fn width(&self) -> usize {
        let cells = self.cells.iter().flat_map(|(text, _)| text.lines()).map(width);
        self.heads.iter().map(|text| width(text)).chain(cells).max().unwrap_or(0)
    }
}

/// Returns the table: heads, rule, rows, without small print. A table that is too wide drops columns in
/// the order of [`Head::spare`]: a line that wraps is harder to read than one with less in it.
#[must_use]
pub fn table(table: &Table, columns: Option<u16>, paint: Paint<'_>) -> String {
    dropping(table, columns, paint).0
}

/// Returns the table, and the places of the columns that it dropped.
#[must_use]
pub fn dropping(table: &Table, columns: Option<u16>, paint: Paint<'_>) -> (String, Vec<usize>) {
    let mut printed: Vec<Printed> =
        table.heads.iter().enumerate().flat_map(|(at, head)| print(table, at, head)).collect();
    let most = columns.map_or(usize::MAX, usize::from);
    let wide = |printed: &[Printed]| {
        printed.iter().map(|p| p.width() + 2).sum::<usize>().saturating_sub(2) > most
    };
    let mut dropped = Vec::new();
    while wide(&printed) {
        let next = printed.iter().enumerate().filter(|(_, p)| p.spare > 0);
        let Some((at, _)) = next.min_by_key(|(_, p)| p.spare) else { break };
        dropped.extend(printed.remove(at).of);
    }
    (text(&printed, paint), dropped)
}

/// Returns a column. The intervals of one that always stays become another column, which goes last.
fn print(table: &Table, at: usize, head: &Head) -> Vec<Printed> {
    let column = |of: fn(&Cell) -> String| -> Vec<(String, Tone)> {
        let cells = table.rows.iter().map(|row| &row[at]);
        cells.map(|cell| (of(cell), if cell.few { Tone::Dim } else { cell.tone })).collect()
    };
    let figure =
        |cell: &Cell| if cell.few { format!("({})", cell.text) } else { cell.text.clone() };
    let mut out = vec![Printed {
        heads: head.text.lines().map(Into::into).collect(),
        right: !head.words,
        spare: head.spare,
        cells: column(figure),
        of: Some(at),
    }];
    if head.spare == 0 && table.rows.iter().any(|row| !row[at].interval.is_empty()) {
        let cells = column(|cell| cell.interval.clone());
        let heads = vec!["[95 %]".into()];
        out.push(Printed { heads, right: false, spare: u8::MAX, cells, of: None });
    }
    out
}

fn text(printed: &[Printed], paint: Paint<'_>) -> String {
    let lines = printed.iter().map(|p| p.heads.len()).max().unwrap_or(0);
    let rows = printed.first().map_or(0, |p| p.cells.len());
    let mut out = String::new();
    let mut line = |of: &dyn Fn(&Printed) -> (String, Tone)| {
        let mut text = String::new();
        for column in printed {
            let (words, tone) = of(column);
            let room = " ".repeat(column.width().saturating_sub(width(&words)));
            let words = if words.is_empty() { words } else { paint(tone, &words) };
            let _ = if column.right {
                write!(text, "{room}{words}  ")
            } else {
                write!(text, "{words}{room}  ")
            };
        }
        let _ = writeln!(out, "{}", text.trim_end());
    };
    for at in 0..lines {
        // Heads of fewer lines sit at the bottom.
        let head = |p: &Printed| {
            (at + p.heads.len())
                .checked_sub(lines)
                .map_or_else(String::new, |at| p.heads[at].clone())
        };
        line(&|p| (head(p), Tone::Plain));
    }
    line(&|p| ("─".repeat(p.width()), Tone::Plain));
    for row in 0..rows {
        let height = printed.iter().map(|p| p.cells[row].0.lines().count()).max().unwrap_or(0);
        for at in 0..height.max(1) {
            let of =
                |(text, tone): &(String, Tone)| (text.lines().nth(at).unwrap_or("").into(), *tone);
            line(&|p| of(&p.cells[row]));
        }
    }
    out
}

/// Appends words to `first`, broken at spaces to fit the terminal. Lines after the first begin with
/// `indent` spaces. Ends with a line break.
#[must_use]
pub fn wrapped(first: &str, words: &str, indent: usize, columns: Option<u16>) -> String {
    // A very narrow terminal has to wrap itself.
    let most = columns.map_or(usize::MAX, |n| usize::from(n).max(indent + 20));
    let (mut text, mut used) = (first.to_owned(), width(first));
    let mut begins = true;
    for word in words.split_whitespace() {
        let needs = width(word) + usize::from(!begins);
        if !begins && used + needs > most {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            (used, begins) = (indent, true);
        }
        if !begins {
            text.push(' ');
        }
        text.push_str(word);
        used += width(word) + usize::from(!begins);
        begins = false;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Quantity;

    #[test]
    fn lines_break_at_words_and_only_if_they_must() {
        assert_eq!(wrapped("  a: ", "one two", 4, None), "  a: one two\n");
        let text = wrapped("x ", "the quick brown fox jumps over the lazy dog", 4, Some(24));
        assert_eq!(text, "x the quick brown fox\n    jumps over the lazy\n    dog\n");
        let long = "w".repeat(60);
        assert_eq!(wrapped("", &format!("a {long} b"), 2, Some(30)), format!("a\n  {long}\n  b\n"));
        assert_eq!(width("\u{1b}[1mµs\u{1b}[0m –"), 4);
    }

    #[test]
    fn a_narrow_terminal_drops_columns_in_order() {
        let heads = vec![
            Head::words("transport", ""),
            Head::number("p50 of\nall", ""),
            Head::number("CPU", "").spare(1),
        ];
        let mut of = Table::new(heads);
        let p50 = |ns| Cell::estimate(Quantity::Time, ns, Some((ns / 2.0, ns * 2.0)));
        of.rows.push(vec!["a".into(), p50(8.0), Cell::value(Quantity::Time, 100.0)]);
        of.rows.push(vec!["bc".into(), Cell { few: true, ..p50(990.0) }, Cell::missing()]);
        let shown = table(&of, None, &plain);
        let lines = [
            "             p50 of",
            "transport       all  [95 %]                 CPU",
            "─────────  ────────  ──────────────────  ──────",
            "a           8.00 ns  [4.00 ns, 16.0 ns]  100 ns",
            "bc         (990 ns)  [495 ns, 1.98 µs]        –",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
        assert_eq!(dropping(&of, Some(42), &plain).1, [2]);
        let (text, dropped) = dropping(&of, Some(20), &plain);
        assert!(text.contains("\na           8.00 ns\n") && dropped == [2], "{text}");
        let painted = table(&of, None, &|tone, text| format!("{tone:?}{text}"));
        assert!(painted.contains("Dim(990 ns)"), "{painted}");
    }
}
