//! HTML: text that means only itself, and tables.

use crate::{Cell, Table};
use std::fmt::Write as _;

/// The title of figures with too few samples.
const FEW: &str = "too few samples: fewer than 100 values lie beyond this percentile, or fewer than 5 in the median invocation";

/// Escapes text for HTML and XML, in elements and in attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Returns the head and the body of a table, without the `<table>` tags. The class of a row's first
/// cell becomes the class of the row.
#[must_use]
pub fn table(table: &Table) -> String {
    let mut out = String::from("<thead><tr>");
    for head in &table.heads {
        let words = if head.words { "words" } else { "" };
        let _ = write!(
            out,
            "<th scope=\"col\"{}{}>{}</th>",
            attribute("class", words),
            attribute("title", &head.help),
            escape(&head.text.replace('\n', " "))
        );
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        let class = row.first().map_or("", |cell| cell.class);
        let _ = write!(out, "<tr{}>", attribute("class", class));
        for (at, (cell, head)) in row.iter().zip(&table.heads).enumerate() {
            out.push_str(&of(cell, head.class, at > 0));
        }
        out.push_str("</tr>\n");
    }
    out + "</tbody>"
}

fn of(cell: &Cell, column: &str, own: bool) -> String {
    let classes = [
        if cell.words { "words" } else { "" },
        column,
        if cell.few { "few" } else { "" },
        if own { cell.class } else { "" },
    ];
    let class = classes.into_iter().filter(|c| !c.is_empty()).collect::<Vec<_>>().join(" ");
    let sort =
        cell.sort.map_or_else(String::new, |sort| format!(" data-sort=\"{}\"", coarse(sort)));
    let title = attribute("title", if cell.few { FEW } else { "" });
    let mut out = format!("<td{}{sort}{title}>", attribute("class", &class));
    let text = escape(&cell.text);
    // A name may end its line behind its mechanism.
    out.push_str(&if cell.code { text.replace('/', "/<wbr>") } else { text });
    for small in [&cell.interval, &cell.under].into_iter().filter(|small| !small.is_empty()) {
        let _ = write!(out, "<small>{}</small>", escape(&held(small)));
    }
    if !cell.more.is_empty() {
        let _ = write!(out, "<details class=\"more\"><summary>{} more</summary>", cell.more.len());
        out.extend(cell.more.iter().map(|line| format!("<div>{}</div>", escape(line))));
        out.push_str("</details>");
    }
    out + "</td>"
}

/// Returns a text in which no line ends between a number and its unit.
fn held(text: &str) -> String {
    const LONGEST_UNIT: usize = 5;
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        let is_unit = word.trim_end().chars().count() <= LONGEST_UNIT;
        if is_unit
            && out.ends_with(' ')
            && out[..out.len() - 1].ends_with(|c: char| c.is_ascii_digit())
        {
            out.pop();
            out.push('\u{a0}');
        }
        out.push_str(word);
    }
    out
}

fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {name}=\"{}\"", escape(value)) }
}

/// Rounds to six digits: a page of thousands of cells is a third shorter.
#[must_use]
pub fn coarse(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Head, Quantity};

    #[test]
    fn a_unit_stays_with_its_number() {
        assert_eq!(held("[4.30 µs, 4.45 µs]"), "[4.30\u{a0}µs, 4.45\u{a0}µs]");
        assert_eq!(held("8 of 14 invocations"), "8\u{a0}of 14 invocations");
        assert_eq!(held("no interval"), "no interval");
    }

    #[test]
    fn a_hostile_name_makes_no_tag() {
        let mut of =
            Table::new(vec![Head::words("<b>", "\"'").class("name"), Head::number("p50", "")]);
        let few = Cell { few: true, ..Cell::estimate(Quantity::Time, 64.0, None) };
        of.rows.push(vec![Cell { class: "floor", ..Cell::name("<script>&") }, few]);
        let html = table(&of);
        assert!(
            html.contains("<th scope=\"col\" class=\"words\" title=\"&quot;&#39;\">&lt;b&gt;</th>"),
            "{html}"
        );
        assert!(
            html.contains("<tr class=\"floor\"><td class=\"words name\">&lt;script&gt;&amp;</td>"),
            "{html}"
        );
        assert!(html.contains("<td class=\"few\" data-sort=\"64\" title=\"too few"), "{html}");
        assert!(html.contains(">64.0 ns<small>no interval</small></td>"), "{html}");
    }
}
