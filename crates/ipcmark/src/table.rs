//! The tables on the terminal: a ranking for each workload, size and placement.

use crate::notes::{grouped, notes, reason};
use crate::units::{self, bytes_rate, count, interval, rate, time};
use comfy_table::{CellAlignment, ColumnConstraint, LineStyle, Table, TableStyle};
use console::{Style, measure_text_width};
use ipcmark_record::CellKey;
use ipcmark_suite::show_size;
use ipcmark_summary::{Estimate, Figure, Percentile, Row, Summary};
use std::fmt::Write as _;

/// What the rows of one table have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    pattern: String,
    size_bytes: u64,
    placement: String,
    capacity_bytes: Option<u64>,
}

impl Section {
    fn of(key: &CellKey) -> Section {
        Section {
            pattern: key.pattern.clone(),
            size_bytes: key.size_bytes,
            placement: key.placement.clone(),
            capacity_bytes: key.capacity_bytes,
        }
    }

    fn is_stream(&self) -> bool {
        self.pattern == "stream"
    }

    fn title(&self) -> String {
        let capacity = match self.capacity_bytes {
            Some(bytes) => format!("{} asked each way", show_size(bytes as usize)),
            None => "default capacity".into(),
        };
        let size = show_size(self.size_bytes as usize);
        format!("{}, {size}, {}, {capacity}", self.pattern, self.placement)
    }
}

/// All tables of a run: rankings, then the rows that have no figures with their reasons. Numbers in parentheses are
/// those that too few samples carry.
pub(crate) fn tables(summary: &Summary, columns: Option<u16>) -> String {
    let mut sections: Vec<(Section, Vec<&Row>)> = Vec::new();
    for row in &summary.rows {
        let section = Section::of(&row.key);
        match sections.iter_mut().find(|(known, _)| *known == section) {
            Some((_, rows)) => rows.push(row),
            None => sections.push((section, vec![row])),
        }
    }
    let mut text = String::new();
    let mut greyed = false;
    let mut streams = false;
    for (section, rows) in &sections {
        let title = Style::new().bold().apply_to(section.title());
        let _ = writeln!(text, "{title}");
        let measured: Vec<(&Row, &Figure)> =
            rows.iter().filter_map(|row| Some((*row, row.figure.as_ref()?))).collect();
        if !measured.is_empty() {
            let (table, has_grey) = ranking(section, measured, columns);
            greyed |= has_grey;
            streams |= table.contains("time each");
            text.push_str(&table);
            text.push('\n');
        }
        let reasons =
            rows.iter().filter_map(|row| Some((row.key.transport.as_str(), reason(row)?)));
        text.push_str(&grouped(reasons, rows.len()));
        text.push('\n');
    }
    if streams {
        text.push_str(
            "(time each: a second over the messages in it; block p50: its median over\n \
             blocks of about 50 µs at the receiver, whose bursts it shows, and no latency)\n",
        );
    }
    if greyed {
        text.push_str(
            "(in parentheses: fewer than 100 samples lie beyond it; a hint and no figure)\n",
        );
    }
    text
}

/// `230 cells: 198 measured, 2 failed, 30 unsupported.`
pub(crate) fn census(summary: &Summary) -> String {
    let census = summary.census;
    let parts = [
        (census.measured, "measured"),
        (census.failed, "failed"),
        (census.unavailable, "not available here"),
        (census.unsupported, "not supported"),
        (census.pending, "not reached"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    format!("{}: {}.", count(census.cells, "cell"), parts.join(", "))
}

/// A table without frames: header, rule, rows.
pub(crate) fn plain(header: &[&str]) -> Table {
    let rule = LineStyle::none().fill('─').junction('─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(rule)).set_header(header.to_vec());
    table
}

fn ranking(
    section: &Section,
    mut rows: Vec<(&Row, &Figure)>,
    columns: Option<u16>,
) -> (String, bool) {
    let stream = section.is_stream();
    rows.sort_by(|(_, a), (_, b)| match stream {
        true => b.messages_per_s.value.total_cmp(&a.messages_per_s.value),
        false => median_ns(a).total_cmp(&median_ns(b)),
    });
    let header: &[&str] = if stream {
        &[
            "transport",
            "messages",
            "95 % interval",
            "bytes",
            "time each",
            "block p50",
            "CPU each",
            "",
        ]
    } else {
        &["transport", "p50 round trip", "95 % interval", "p99", "round trips", "CPU each", ""]
    };
    let mut table = plain(header);
    let mut greyed = false;
    for (row, figure) in &rows {
        let p50 = shown(figure, 0.5, &mut greyed);
        let cpu = time(figure.cpu_ns_per_message.value);
        let messages = &figure.messages_per_s;
        let cells = if stream {
            let bytes = bytes_rate(figure.bytes_per_s.value);
            let each = match messages.value > 0.0 {
                true => time(1e9 / messages.value),
                false => "-".into(),
            };
            vec![rate(messages.value), span(messages, rate), bytes, each, p50, cpu]
        } else {
            let interval = percentile(figure, 0.5).map_or_else(String::new, |p| span(&p.ns, time));
            let p99 = shown(figure, 0.99, &mut greyed);
            vec![p50, interval, p99, rate(messages.value), cpu]
        };
        let name = std::iter::once(row.key.transport.clone());
        table.add_row(
            name.chain(cells).chain(std::iter::once(notes(row).join("; "))).collect::<Vec<_>>(),
        );
    }
    let last = header.len() - 1;
    for column in table.column_iter_mut().take(last).skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // What may make a row worthless is never left out: where it has no place in the table, it stands below.
    let wide = fits(&table.trim_fmt(), columns);
    let spare: &[usize] = if stream { &[last, 5, 4] } else { &[last, 4, 3] };
    let mut text = dim_parentheses(&fitting(&mut table, columns, spare));
    if !wide {
        let notes = rows.iter().flat_map(|(row, _)| {
            notes(row).into_iter().map(|note| (row.key.transport.as_str(), note))
        });
        text.push('\n');
        text.push_str(grouped(notes, rows.len()).trim_end_matches('\n'));
    }
    (text.trim_end_matches('\n').to_owned(), greyed)
}

fn fits(text: &str, columns: Option<u16>) -> bool {
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

fn percentile(figure: &Figure, quantile: f64) -> Option<&Percentile> {
    figure.percentiles.iter().find(|p| p.quantile == quantile)
}

fn median_ns(figure: &Figure) -> f64 {
    percentile(figure, 0.5).map_or(f64::INFINITY, |p| p.ns.value)
}

fn shown(figure: &Figure, quantile: f64, greyed: &mut bool) -> String {
    match percentile(figure, quantile) {
        None => "-".into(),
        Some(p) if p.enough => time(p.ns.value),
        Some(p) => {
            *greyed = true;
            format!("({})", time(p.ns.value))
        }
    }
}

fn span(estimate: &Estimate, show: fn(f64) -> String) -> String {
    estimate.interval.map_or_else(|| "no interval".into(), |ends| interval(ends, show))
}

/// Greys what stands in parentheses, where the terminal has grey.
fn dim_parentheses(text: &str) -> String {
    let dim = Style::new().dim();
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('(') {
        let Some((inside, after)) = from.split_once(')') else { break };
        let _ = write!(out, "{before}{}", dim.apply_to(format!("({inside})")));
        rest = after;
    }
    out + rest
}

/// How long and how often: the line above the tables.
pub(crate) fn headline(summary: &Summary, elapsed: std::time::Duration) -> String {
    let messages: u64 = summary.rows.iter().map(|row| row.messages).sum();
    let fork_count: usize = summary.rows.iter().map(|r| r.invocations + r.failed_invocations).sum();
    format!(
        "{} and {} messages checked in {}.",
        count(fork_count, "invocation"),
        units::rate(messages as f64).trim_end_matches("/s").trim_end(),
        units::wall(elapsed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{Capacity, sample};
    use ipcmark_summary::summarize;

    fn text(columns: Option<u16>) -> String {
        tables(&summarize(&sample::record(1, 6)).unwrap(), columns)
    }

    /// The lines of the section whose title begins so.
    fn section(text: &str, title: &str) -> Vec<String> {
        let lines = text.lines().skip_while(|line| !line.starts_with(title));
        lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn a_ranking_goes_from_fast_to_slow() {
        let text = text(None);
        let lines = section(&text, "ping-pong, 64 B, cross-core");
        let place =
            |name: &str| lines.iter().position(|line| line.trim_start().starts_with(name)).unwrap();
        assert!(place("shm-ring/spin") < place("pipe/block"), "{lines:#?}");
        assert!(
            lines[place("pipe/block")].contains(" .. "),
            "an interval over six invocations: {lines:#?}"
        );
    }

    #[test]
    fn rows_without_figures_give_their_reason_once() {
        let text = text(None);
        let lines = section(&text, "ping-pong, 64 B, same-core");
        let said: Vec<_> = lines.iter().filter(|line| line.contains("not supported:")).collect();
        assert_eq!(said.len(), 1, "{lines:#?}");
    }

    #[test]
    fn every_row_of_the_summary_is_in_the_tables() {
        let summary = summarize(&sample::record(1, 6)).unwrap();
        let text = text(None);
        for row in &summary.rows {
            let title = Section::of(&row.key).title();
            let lines = section(&text, &title);
            let said = |line: &String| line.contains(&row.key.transport) || line.contains("  all ");
            assert!(lines.iter().any(said), "{}", row.key);
        }
        let census = census(&summary);
        assert!(census.starts_with(&format!("{} cells: ", summary.rows.len())), "{census}");
    }

    #[test]
    fn a_narrow_terminal_gets_no_wrapped_lines() {
        for columns in [80, 100, 120] {
            let text = text(Some(columns));
            let rows = text.lines().filter(|line| line.starts_with('(') || !line.contains(": "));
            let widest = rows.map(measure_text_width).max().unwrap();
            assert!(widest <= usize::from(columns), "{widest} of {columns}:\n{text}");
            assert!(text.contains("CPU each") && text.contains("95 % interval"));
        }
    }

    #[test]
    fn a_link_that_holds_something_else_than_was_asked_says_so() {
        let mut summary = summarize(&sample::record(1, 6)).unwrap();
        let row = summary.rows.iter_mut().find(|row| row.figure.is_some()).unwrap();
        row.key.capacity_bytes = Some(262_144);
        row.capacity = Some(Capacity { bytes: Some(640), messages: Some(10) });
        let title = Section::of(&row.key).title();
        assert!(title.ends_with(" 256 KiB asked each way"), "{title}");
        let name = row.key.transport.clone();
        for columns in [None, Some(80), Some(100)] {
            let text = tables(&summary, columns);
            let lines = section(&text, &title);
            let said = lines.iter().any(|l| l.contains(&name) && l.contains("holds 640 B"));
            assert!(said, "{columns:?}: {lines:#?}");
        }
    }

    #[test]
    fn a_narrow_terminal_still_gets_the_notes() {
        let mut summary = summarize(&sample::record(1, 6)).unwrap();
        for row in &mut summary.rows {
            row.unsteady_invocations = 2;
        }
        let measured = summary.rows.iter().find(|row| row.figure.is_some()).unwrap();
        for columns in [80, 100] {
            let text = tables(&summary, Some(columns));
            let lines = section(&text, &Section::of(&measured.key).title());
            assert!(lines.iter().any(|l| l.contains("2 of 6 not steady")), "{lines:#?}");
        }
    }

    #[test]
    fn numbers_that_few_samples_carry_stand_in_parentheses() {
        let text = tables(&summarize(&sample::record(1, 1)).unwrap(), None);
        assert!(text.contains("no interval") && text.contains("in parentheses:"), "{text}");
        assert_eq!(
            dim_parentheses("a (b) c (d"),
            "a (b) c (d",
            "no escape codes without a terminal"
        );
    }
}
