//! The tables on the terminal: a ranking for each workload, size, placement and load.

mod columns;

use crate::layout::{fits, fitting, plain};
use crate::notes::{Gaps, grouped, notes, reason};
use crate::units::{self, count};
use columns::Columns;
use comfy_table::CellAlignment;
use console::Style;
use ipcmark_record::CellKey;
use ipcmark_suite::show_size;
use ipcmark_summary::{Figure, Row, Summary};
use std::fmt::Write as _;

/// What the rows of one table have in common: the key of a cell, of no transport.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    key: CellKey,
}

impl Section {
    fn of(key: &CellKey) -> Section {
        Section { key: CellKey { transport: String::new(), ..key.clone() } }
    }

    fn title(&self) -> String {
        let CellKey { pattern, size_bytes, placement, capacity_bytes, load, .. } = &self.key;
        let size = match size_bytes {
            0 => "no payload".into(),
            n => show_size(*n as usize),
        };
        let capacity = match capacity_bytes {
            Some(bytes) => format!("{} asked each way", show_size(*bytes as usize)),
            None => "default capacity".into(),
        };
        let load = if load.is_empty() { String::new() } else { format!("{load}, ") };
        format!("{pattern}, {size}, {placement}, {load}{capacity}")
    }
}

/// All tables of a run: rankings, each with the reasons of its rows that have no figures; a reason that several tables would
/// give is given once, at the end. Numbers in parentheses are those that too few samples carry.
pub(crate) fn tables(summary: &Summary, columns: Option<u16>) -> String {
    let mut sections: Vec<(Section, Vec<&Row>)> = Vec::new();
    for row in &summary.rows {
        let section = Section::of(&row.key);
        match sections.iter_mut().find(|(known, _)| *known == section) {
            Some((_, rows)) => rows.push(row),
            None => sections.push((section, vec![row])),
        }
    }
    let gaps = Gaps::of(summary);
    let mut text = String::new();
    let (mut greyed, mut rates) = (false, false);
    for (section, rows) in &sections {
        let measured: Vec<(&Row, &Figure)> =
            rows.iter().filter_map(|row| Some((*row, row.figure.as_ref()?))).collect();
        let later = rows.iter().filter(|row| gaps.has(row)).count();
        if measured.is_empty() && later == rows.len() {
            // Nothing to show but reasons, and those stand at the end.
            continue;
        }
        let title = Style::new().bold().apply_to(section.title());
        let _ = writeln!(text, "{title}");
        if !measured.is_empty() {
            let (table, has_grey) = ranking(section, measured, columns);
            greyed |= has_grey;
            rates |= table.contains("time each");
            text.push_str(&table);
            text.push('\n');
        }
        let reasons = rows
            .iter()
            .filter(|row| !gaps.has(row))
            .filter_map(|row| Some((row.key.transport.as_str(), reason(row)?)));
        text.push_str(&grouped(reasons, rows.len(), columns));
        if later > 0 {
            let _ = writeln!(text, "  {later} more without figures: the reasons stand at the end");
        }
        text.push('\n');
    }
    text.push_str(&gaps.text(columns));
    if rates {
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

fn ranking(
    section: &Section,
    mut rows: Vec<(&Row, &Figure)>,
    width: Option<u16>,
) -> (String, bool) {
    let columns = Columns::of(section);
    rows.sort_by(|(_, a), (_, b)| columns.value(a).total_cmp(&columns.value(b)));
    let mut heads = vec!["transport".to_owned()];
    heads.extend(columns.heads.clone());
    heads.push(String::new());
    let last = heads.len() - 1;
    let mut table = plain(&heads);
    let mut greyed = false;
    for (row, figure) in &rows {
        let mut cells = vec![row.key.transport.clone()];
        cells.extend(columns.cells(figure, &mut greyed));
        cells.push(notes(row).join("; "));
        table.add_row(cells);
    }
    for column in table.column_iter_mut().take(last).skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // What may make a row worthless is never left out: where it has no place in the table, it stands below.
    let wide = fits(&table.trim_fmt(), width);
    let spare: Vec<usize> = std::iter::once(last).chain(columns.spare.iter().copied()).collect();
    let mut text = dim_parentheses(&fitting(&mut table, width, &spare));
    if !wide {
        let notes = rows.iter().flat_map(|(row, _)| {
            notes(row).into_iter().map(|note| (row.key.transport.as_str(), note))
        });
        text.push('\n');
        text.push_str(grouped(notes, rows.len(), width).trim_end_matches('\n'));
    }
    (text.trim_end_matches('\n').to_owned(), greyed)
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
    let fork_count: usize = summary.rows.iter().map(|r| r.made_invocations).sum();
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
    use console::measure_text_width;
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
    fn a_reason_that_holds_in_many_tables_is_given_once() {
        let text = text(None);
        assert_eq!(text.matches("two spinning sides on one CPU").count(), 1, "{text}");
        let lines = section(&text, "ping-pong, 64 B, same-core");
        assert!(lines.iter().any(|l| l.contains("1 more without figures")), "{lines:#?}");
        // What holds once stands where it holds.
        let lines = section(&text, "stream, 1 KiB, cross-core");
        assert!(lines.iter().any(|l| l.contains("mq/block: FAILED")), "{lines:#?}");
    }

    #[test]
    fn every_row_of_the_summary_is_in_the_tables() {
        let summary = summarize(&sample::every(1, 6)).unwrap();
        let text = tables(&summary, None);
        let end = section(&text, "No figures:");
        for row in &summary.rows {
            let mut lines = section(&text, &Section::of(&row.key).title());
            lines.extend(end.clone());
            let said = |line: &String| line.contains(&row.key.transport) || line.contains("  all ");
            assert!(lines.iter().any(said), "{}", row.key);
        }
        let census = census(&summary);
        assert!(census.starts_with(&format!("{} cells: ", summary.rows.len())), "{census}");
    }

    #[test]
    fn each_workload_has_the_heads_and_notes_that_it_calls_for() {
        let text = tables(&summarize(&sample::every(1, 6)).unwrap(), None);
        for (title, parts) in [
            (
                "paced, 64 B, cross-core, 50000/s",
                &["p50 one-way from", "sender's", "sender too slow", "loses 0.40 %"][..],
            ),
            ("burst, 64 B, cross-core, depth 8", &["p50 8 messages", "an answer"]),
            (
                "wake-up, no payload, cross-core",
                &["p50 round trip,", "no payload", "eventfd/block"],
            ),
            (
                "scatter-gather, 64 KiB, cross-core, 2 peers, input sent",
                &["speed-up", "by one", " ×"],
            ),
            ("overlap, 64 B, cross-core", &["other", "one look", " %", "pipe/poll"]),
            ("fan-in, 64 B, cross-core, 4 peers", &["messages", "one link", "a link a peer"]),
            ("ping-pong, 64 B, cross-core", &["rpc-unix/block", "a call"]),
        ] {
            let lines = section(&text, title).join("\n");
            for part in parts {
                assert!(lines.contains(part), "no '{part}' in {title}: {lines}");
            }
        }
    }

    #[test]
    fn a_hundred_transports_times_five_workloads_do_not_bury_the_figures() {
        let mut summary = summarize(&sample::record(1, 6)).unwrap();
        let model = summary.rows.iter().find(|r| r.figure.is_some() && !r.floor).unwrap().clone();
        summary.rows.clear();
        for pattern in ["ping-pong", "stream", "paced", "burst", "overlap"] {
            for size_bytes in [64, 1024, 65_536] {
                for n in 0..100 {
                    let mut row = model.clone();
                    row.key = CellKey::new(
                        &format!("m{}/w{}", n / 4, n % 4),
                        pattern,
                        size_bytes,
                        "cross-core",
                    );
                    let why = match (pattern, n) {
                        (_, ..40) => Some("it carries no payload: see wake-up"),
                        ("overlap", ..80) => {
                            Some("a side that waits like this can do nothing else")
                        }
                        _ => None,
                    };
                    if let Some(why) = why {
                        row.figure = None;
                        row.status = ipcmark_summary::Status::Unsupported { reason: why.into() };
                    }
                    summary.rows.push(row);
                }
            }
        }
        let text = tables(&summary, Some(100));
        let reasons = section(&text, "No figures:");
        assert!(reasons.len() < 14, "{reasons:#?}");
        assert_eq!(text.matches("it carries no payload").count(), 1);
        let figures = text.lines().filter(|line| line.starts_with(" m")).count();
        assert_eq!(figures, 3 * (4 * 60 + 20), "each has its line");
        assert!(text.lines().count() < figures + 110, "{}", text.lines().count());
        assert!(fits(&text, Some(100)));
    }

    #[test]
    fn a_narrow_terminal_gets_no_wrapped_lines() {
        let summary = summarize(&sample::every(1, 6)).unwrap();
        for columns in [80, 100, 120] {
            let text = tables(&summary, Some(columns));
            let widest = text.lines().max_by_key(|line| measure_text_width(line)).unwrap();
            assert!(fits(&text, Some(columns)), "{columns}: {widest}\n{text}");
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
