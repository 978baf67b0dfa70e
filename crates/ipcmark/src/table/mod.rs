//! The tables on the terminal: a ranking for each workload, size, placement and load.

mod columns;
mod machine;
mod marks;
#[cfg(test)]
mod tests;

pub(crate) use machine::machine;

use crate::layout::{fits, fitting, plain};
use crate::notes::{Gaps, grouped, notes, reason};
use crate::units::{self, count};
use columns::Columns;
use comfy_table::CellAlignment;
use console::Style;
use ipcmark_record::CellKey;
use ipcmark_suite::show_size;
use ipcmark_summary::{DistanceClass, Figure, Row, Summary};
use marks::{coloured, legend, marks, shared_class};
use std::fmt::Write as _;

/// Returns the title of a table: what its rows share.
fn title(setting: &CellKey) -> String {
    let CellKey { workload, size_bytes, placement, capacity_bytes, .. } = setting;
    let size = match size_bytes {
        0 => "no payload".into(),
        n => show_size(*n as usize),
    };
    let capacity = match capacity_bytes {
        Some(bytes) => format!("{} asked each way", show_size(*bytes as usize)),
        None => "default capacity".into(),
    };
    let mut parameters = workload.parameters();
    if !parameters.is_empty() {
        parameters.push_str(", ");
    }
    format!("{workload}, {size}, {placement}, {parameters}{capacity}")
}

/// All tables of a run: rankings, each with the reasons of its rows that have no figures; a reason that several tables would
/// give is given once, at the end. Numbers in parentheses are those that too few samples carry.
pub(crate) fn tables(summary: &Summary, columns: Option<u16>) -> String {
    let mut sections: Vec<(CellKey, Vec<&Row>)> = Vec::new();
    for row in &summary.rows {
        let section = row.key.setting();
        match sections.iter_mut().find(|(known, _)| *known == section) {
            Some((_, rows)) => rows.push(row),
            None => sections.push((section, vec![row])),
        }
    }
    let gaps = Gaps::of(summary);
    let mut text = String::new();
    let (mut greyed, mut rates, mut intervals) = (false, false, false);
    for (section, rows) in &sections {
        let measured: Vec<(&Row, &Figure)> =
            rows.iter().filter_map(|row| Some((*row, row.figure.as_ref()?))).collect();
        let later = rows.iter().filter(|row| gaps.has(row)).count();
        if measured.is_empty() && later == rows.len() {
            // Nothing to show but reasons, and those stand at the end.
            continue;
        }
        let title = Style::new().bold().apply_to(title(section));
        let shown: Vec<&Row> = measured.iter().map(|(row, _)| *row).collect();
        let class = shared_class(&shown).map(|class| format!(", {class}")).unwrap_or_default();
        let _ = writeln!(text, "{title}{class}");
        if !measured.is_empty() {
            let (table, has_grey) = ranking(section, measured, columns);
            greyed |= has_grey;
            intervals |= table.contains(" .. ");
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
    if intervals {
        text.push_str(
            "(95 % interval: where another run as long as this one is expected to come out)\n",
        );
    }
    text.push_str(&legend(&summary.rows, summary.target, columns));
    if greyed {
        text.push_str(
            "(in parentheses: fewer than 100 samples lie beyond it; a hint and no figure)\n",
        );
    }
    text
}

/// `230 cells: 198 measured, 2 failed, 30 unsupported. Figures: 150 precise, 38 wide, 10 noisy.`
pub(crate) fn census(summary: &Summary) -> String {
    let census = summary.census;
    let parts = [
        (census.measured, "measured"),
        (census.failed, "failed"),
        (census.unavailable, "not available here"),
        (census.unsupported, "not supported"),
        (census.pending, "not reached"),
    ];
    let standings = [
        (census.precise, "precise"),
        (census.wide, "wide"),
        (census.not_steady, "not steady"),
        (census.noisy, "noisy"),
        (census.few, "with too few invocations"),
    ];
    let words = |parts: &[(usize, &str)]| {
        let parts = parts.iter().filter(|(n, _)| *n > 0);
        parts.map(|(n, what)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
    };
    let figures = match words(&standings) {
        none if none.is_empty() => none,
        words => format!(" Figures: {words}."),
    };
    format!("{}: {}.{figures}", count(census.cells, "cell"), words(&parts))
}

/// Columns of figures that stand before the flags: the headline and its interval.
const BEHIND: usize = 2;

fn ranking(
    setting: &CellKey,
    mut rows: Vec<(&Row, &Figure)>,
    width: Option<u16>,
) -> (String, bool) {
    let columns = Columns::of(setting);
    let shown: Vec<&Row> = rows.iter().map(|(row, _)| *row).collect();
    let marks = marks(&shown);
    // What stood at another distance is no rival of the rest: it goes below.
    let most = most_common(&shown);
    let elsewhere = |row: &Row| row.class.is_some() && row.class != most;
    rows.sort_by(|(a, of_a), (b, of_b)| {
        let of = (columns.value(of_a), columns.value(of_b));
        elsewhere(a).cmp(&elsewhere(b)).then(of.0.total_cmp(&of.1))
    });
    let heads = |heads: &[String]| -> Vec<String> {
        let (first, rest) = heads.split_at(BEHIND);
        let own = marks.iter().map(|mark| mark.head.to_owned());
        first.iter().cloned().chain(own).chain(rest.iter().cloned()).collect()
    };
    let mut all = vec!["transport".to_owned()];
    all.extend(heads(&columns.heads));
    let counted = shown.iter().any(|row| marks::counted_calls(row).is_some());
    all.extend(counted.then(|| "calls each".into()));
    all.push(String::new());
    let last = all.len() - 1;
    let mut table = plain(&all);
    let mut greyed = false;
    for (row, figure) in &rows {
        let mut cells = columns.cells(figure, &mut greyed);
        cells.splice(BEHIND..BEHIND, marks.iter().map(|mark| (mark.of)(row)));
        cells.insert(0, row.key.transport.clone());
        cells.extend(counted.then(|| marks::calls(row)));
        cells.push(notes(row).join("; "));
        table.add_row(cells);
    }
    for (at, column) in table.column_iter_mut().enumerate().take(last).skip(1) {
        let mark = at.checked_sub(1 + BEHIND).and_then(|at| marks.get(at));
        if mark.is_none_or(|mark| mark.right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // What may make a row worthless is never left out: where it has no place in the table, it stands below.
    let wide = fits(&table.trim_fmt(), width);
    let spare = columns.spare.iter().map(|at| if *at > BEHIND { at + marks.len() } else { *at });
    // The limits go last of what may go.
    let limit = marks.last().is_some_and(|mark| mark.may_go).then_some(BEHIND + marks.len());
    let calls = counted.then(|| last - 1);
    let spare = calls.into_iter().chain(spare).chain(limit);
    let spare: Vec<usize> = std::iter::once(last).chain(spare).collect();
    let mut text = dim_parentheses(&coloured(&fitting(&mut table, width, &spare)));
    if !wide {
        let notes = rows.iter().flat_map(|(row, _)| {
            notes(row).into_iter().map(|note| (row.key.transport.as_str(), note))
        });
        text.push('\n');
        text.push_str(grouped(notes, rows.len(), width).trim_end_matches('\n'));
    }
    (text.trim_end_matches('\n').to_owned(), greyed)
}

/// The class that most of the rows are of; of equals the nearest.
fn most_common(rows: &[&Row]) -> Option<DistanceClass> {
    let held = |class: &DistanceClass| rows.iter().filter(|r| r.class == Some(*class)).count();
    let classes = rows.iter().filter_map(|row| row.class);
    classes.max_by(|a, b| held(a).cmp(&held(b)).then(b.centre_ns.total_cmp(&a.centre_ns)))
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
