//! The tables on the terminal: a ranking for each workload, size and placement.

use crate::units::{self, bytes_rate, count, interval, rate, time};
use comfy_table::{CellAlignment, ColumnConstraint, LineStyle, Table, TableStyle};
use console::{Style, measure_text_width};
use ipcmark_record::CellKey;
use ipcmark_suite::show_size;
use ipcmark_summary::{Estimate, Figure, Percentile, Row, Status, Summary};
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
            Some(bytes) => format!("capacity {} each way", show_size(bytes as usize)),
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
    for (section, rows) in &sections {
        let title = Style::new().bold().apply_to(section.title());
        let _ = writeln!(text, "{title}");
        let measured: Vec<(&Row, &Figure)> =
            rows.iter().filter_map(|row| Some((*row, row.figure.as_ref()?))).collect();
        if !measured.is_empty() {
            let (table, has_grey) = ranking(section, measured, columns);
            greyed |= has_grey;
            text.push_str(&table);
            text.push('\n');
        }
        let reasons =
            rows.iter().filter_map(|row| Some((row.key.transport.as_str(), reason(row)?)));
        text.push_str(&grouped(reasons, rows.len()));
        text.push('\n');
    }
    if greyed {
        text.push_str("(in parentheses: fewer than 100 samples lie beyond it, so it is a hint and no figure)\n");
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

/// Lines `  name, name: reason`, one for each reason, in the order of first mention. A reason that holds for all of
/// many `rows` names none.
pub(crate) fn grouped<'a>(reasons: impl Iterator<Item = (&'a str, String)>, rows: usize) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, reason) in reasons {
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => groups.push((reason, vec![name])),
        }
    }
    groups.iter().fold(String::new(), |mut text, (reason, names)| {
        let names = match names.len() {
            n if n > 3 && n == rows => format!("all {n}"),
            _ => names.join(", "),
        };
        let _ = writeln!(text, "  {names}: {reason}");
        text
    })
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
        &["transport", "messages", "95 % interval", "bytes", "p50 each", "p99 each", "CPU each", ""]
    } else {
        &["transport", "p50 round trip", "95 % interval", "p99", "round trips", "CPU each", ""]
    };
    let mut table = plain(header);
    let mut greyed = false;
    for (row, figure) in rows {
        let p50 = shown(figure, 0.5, &mut greyed);
        let p99 = shown(figure, 0.99, &mut greyed);
        let cpu = time(figure.cpu_ns_per_message.value);
        let messages = &figure.messages_per_s;
        let cells = if stream {
            let bytes = bytes_rate(figure.bytes_per_s.value);
            vec![rate(messages.value), span(messages, rate), bytes, p50, p99, cpu]
        } else {
            let interval = percentile(figure, 0.5).map_or_else(String::new, |p| span(&p.ns, time));
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
    let spare: &[usize] = if stream { &[7, 5, 4] } else { &[6, 4, 3] };
    let text = fitting(&mut table, columns, spare);
    (dim_parentheses(&text), greyed)
}

/// The table as text. Where it does not fit, columns are left out in the order of `spare`, because a line that wraps is
/// harder to read than one with less in it.
pub(crate) fn fitting(table: &mut Table, columns: Option<u16>, spare: &[usize]) -> String {
    let fits =
        |line: &str| columns.is_none_or(|columns| measure_text_width(line) <= columns.into());
    let mut text = table.trim_fmt();
    for index in spare {
        if text.lines().all(fits) {
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

/// What a reader should know before trusting the row.
fn notes(row: &Row) -> Vec<String> {
    let mut notes = Vec::new();
    let all = row.invocations + row.failed_invocations;
    if row.failed_invocations > 0 {
        notes.push(format!("{} of {all} failed", row.failed_invocations));
    }
    if row.unsteady_invocations > 0 {
        notes.push(format!("{} of {all} not steady", row.unsteady_invocations));
    }
    if let Some(distance) = row.distance.filter(|d| d.moved > 0) {
        notes.push(format!("CPUs moved in {} of {all}", distance.moved));
    }
    let faults = row.integrity;
    let faults = [
        (faults.lost, "lost"),
        (faults.repeated, "repeated"),
        (faults.reordered, "reordered"),
        (faults.damaged, "damaged"),
    ];
    notes.extend(faults.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    notes
}

/// Why a row has no figure, or what failed in it.
fn reason(row: &Row) -> Option<String> {
    match &row.status {
        Status::Measured => None,
        Status::Failed { what } => Some(format!("FAILED: {what}")),
        Status::Unavailable { reason, remedy: Some(remedy) } => {
            Some(format!("not available here: {reason}; {remedy}"))
        }
        Status::Unavailable { reason, remedy: None } => {
            Some(format!("not available here: {reason}"))
        }
        Status::Unsupported { reason } => Some(format!("not supported: {reason}")),
        Status::Pending => Some("not reached before the run ended".into()),
    }
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
    use ipcmark_record::sample;
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
        let names = ["a", "b", "c", "d"];
        let reasons = ["x", "y", "x", "x"].map(str::to_owned);
        assert_eq!(grouped(names.into_iter().zip(reasons), 4), "  a, c, d: x\n  b: y\n");
        assert_eq!(grouped(names.map(|name| (name, "x".into())).into_iter(), 4), "  all 4: x\n");
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
            let rows = text.lines().filter(|line| !line.contains(": "));
            let widest = rows.map(measure_text_width).max().unwrap();
            assert!(widest <= usize::from(columns), "{widest} of {columns}:\n{text}");
            assert!(text.contains("CPU each") && text.contains("95 % interval"));
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
