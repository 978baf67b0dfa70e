//! Text that fits a terminal: tables without frames, columns left out where there is no room, lines that wrap at words.

use comfy_table::{ColumnConstraint, LineStyle, Table, TableStyle};
use console::measure_text_width;

/// A table without frames: header, rule, rows.
pub(crate) fn plain<S: ToString>(header: &[S]) -> Table {
    let rule = LineStyle::none().fill('─').junction('─');
    let mut table = Table::new();
    let header: Vec<String> = header.iter().map(ToString::to_string).collect();
    table.load_style(TableStyle::new().header_separator(rule)).set_header(header);
    table
}

/// True when no line is wider than the terminal.
pub(crate) fn fits(text: &str, columns: Option<u16>) -> bool {
    let most = columns.map_or(usize::MAX, usize::from);
    text.lines().all(|line| measure_text_width(line) <= most)
}

/// The table as text. Where it does not fit, columns are left out in the order of `spare`, because a line that wraps is
/// harder to read than one with less in it.
pub(crate) fn fitting(table: &mut Table, columns: Option<u16>, spare: &[usize]) -> String {
    let mut text = table.trim_fmt();
    for index in spare {
        if fits(&text, columns) {
            break;
        }
        if let Some(column) = table.column_mut(*index) {
            column.set_constraint(ColumnConstraint::Hidden);
        }
        text = table.trim_fmt();
    }
    text
}

/// The words after `first`, broken at spaces so that no line is wider than the terminal where a word is not; lines after
/// the first begin with `indent` spaces. Ends with a line break.
pub(crate) fn wrapped(first: &str, words: &str, indent: usize, columns: Option<u16>) -> String {
    // A very narrow terminal wraps by itself.
    let most = columns.map_or(usize::MAX, |n| usize::from(n).max(indent + 20));
    let (mut text, mut width) = (first.to_owned(), measure_text_width(first));
    let mut begins = true;
    for word in words.split_whitespace() {
        let needs = measure_text_width(word) + usize::from(!begins);
        if !begins && width + needs > most {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            (width, begins) = (indent, true);
        }
        if !begins {
            text.push(' ');
        }
        text.push_str(word);
        width += measure_text_width(word) + usize::from(!begins);
        begins = false;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_words_and_only_where_they_must() {
        assert_eq!(wrapped("  a: ", "one two", 4, None), "  a: one two\n");
        let text = wrapped("x ", "the quick brown fox jumps over the lazy dog", 4, Some(24));
        assert_eq!(text, "x the quick brown fox\n    jumps over the lazy\n    dog\n");
        assert!(fits(&text, Some(24)));
        let long = "w".repeat(60);
        assert_eq!(wrapped("", &format!("a {long} b"), 2, Some(30)), format!("a\n  {long}\n  b\n"));
    }
}
