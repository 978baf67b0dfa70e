//! A paired comparison as Markdown: alarms, verdict, census, what changed, what is open, then everything.

use super::findings::{contender, words};
use super::{JudgedCell, JudgedFigure, PairedComparison};
use crate::Verdict;
use crate::markdown::{escape, time};
use ipcmark_record::Stage;
use std::fmt::Write as _;

/// A row: a figure of a cell.
type Row<'a> = (&'a JudgedCell, &'a JudgedFigure);

/// The comparison as Markdown.
#[must_use]
pub fn paired_to_markdown(comparison: &PairedComparison) -> String {
    let mut text = String::from("# Paired comparison\n\n");
    for alarm in &comparison.alarms {
        let _ = write!(text, "**Alarm.** {}.\n\n", escape(&alarm.words));
    }
    let _ = write!(text, "**{}.** {}\n\n", verdict(comparison), comparison.census.line());
    if let Some(line) = comparison.census.detectable_line() {
        let _ = write!(text, "{line}\n\n");
    }
    for warning in &comparison.warnings {
        let _ = write!(text, "**Warning.** {}\n\n", escape(warning));
    }
    let _ = write!(
        text,
        "- base: {}\n- new: {}\n- suite {}, started {}, host {} ({})\n",
        escape(&contender(&comparison.base)),
        escape(&contender(&comparison.new)),
        comparison.suite,
        comparison.started,
        comparison.host_fingerprint,
        escape(&comparison.host)
    );
    for (verdict, title) in [
        (Verdict::Regressed, "Regressed"),
        (Verdict::Improved, "Improved"),
        (Verdict::Inconclusive, "Inconclusive: not a pass"),
    ] {
        let of_it: Vec<Row> =
            rows(comparison).filter(|(_, figure)| figure.new.verdict == verdict).collect();
        table(&mut text, title, &of_it, verdict == Verdict::Inconclusive);
    }
    unjudged(&mut text, comparison);
    table(&mut text, "All figures", &rows(comparison).collect::<Vec<_>>(), false);
    canary(&mut text, comparison);
    notes(&mut text, comparison);
    text += &format!("\n## How this was measured\n\n{}", method(comparison));
    text
}

/// The verdict on the whole, in words.
fn verdict(comparison: &PairedComparison) -> String {
    let doubt = if comparison.alarms.is_empty() { "" } else { ", and the comparison is doubtful" };
    let word = match comparison.worst() {
        Verdict::Regressed => "Regressed",
        Verdict::Improved => "Improved, and nothing regressed",
        Verdict::Equivalent => "Equivalent throughout",
        Verdict::Inconclusive => "Inconclusive: nothing regressed as far as could be told",
    };
    format!("{word}{doubt}")
}

fn rows(comparison: &PairedComparison) -> impl Iterator<Item = Row<'_>> {
    let judged = comparison.judged().filter(|cell| cell.is_judged());
    judged.flat_map(|cell| cell.figures.iter().map(move |figure| (cell, figure)))
}

fn table(text: &mut String, title: &str, rows: &[Row], with_why: bool) {
    if rows.is_empty() {
        return;
    }
    let (last, rule) = if with_why { ("why", "---") } else { ("verdict", "---") };
    let _ = write!(
        text,
        "\n## {title}\n\n| cell | figure | base | new | new / base | interval | found from | pairs | {last} |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | {rule} |\n"
    );
    for (cell, figure) in rows {
        let last = match with_why {
            true => figure.why.clone().unwrap_or_default(),
            false => figure.new.verdict.name().into(),
        };
        let again = if cell.stage == Stage::Confirm { " again" } else { "" };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.3} | {} | {} | {}{again} | {} |",
            escape(&cell.key.to_string()),
            figure.figure.name(),
            time(figure.base_ns),
            time(figure.new_ns),
            figure.new.ratio,
            interval(figure.new.interval),
            figure.detectable.map_or_else(|| "not known".into(), |d| format!("{:.1} %", d * 100.0)),
            figure.pairs,
            escape(&last)
        );
    }
}

fn interval(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(|| "none".into(), |(low, high)| format!("{low:.3} to {high:.3}"))
}

fn unjudged(text: &mut String, comparison: &PairedComparison) {
    list(text, "Cells without a verdict by figures", comparison.judged(), |cell| {
        let words = words(&cell.standing)?;
        Some(if cell.worst() == Some(Verdict::Regressed) { format!("**{words}**") } else { words })
    });
}

fn canary(text: &mut String, comparison: &PairedComparison) {
    let cells = || comparison.cells.iter().filter(|cell| cell.canary);
    let rows: Vec<Row> = cells().flat_map(|c| c.figures.iter().map(move |f| (c, f))).collect();
    table(text, "Canary: it has to be found", &rows, false);
    for cell in cells() {
        if let Some(permille) = cell.slow_down_permille {
            let _ = write!(text, "\nIts known delay: {:.1} %.\n", f64::from(permille) / 10.0);
        }
    }
}

fn list<'a>(
    text: &mut String,
    title: &str,
    cells: impl Iterator<Item = &'a JudgedCell>,
    words: impl Fn(&JudgedCell) -> Option<String>,
) {
    let lines: Vec<String> = cells
        .filter_map(|cell| {
            Some(format!("- {}: {}\n", escape(&cell.key.to_string()), escape(&words(cell)?)))
        })
        .collect();
    if !lines.is_empty() {
        let _ = write!(text, "\n## {title}\n\n{}", lines.concat());
    }
}

/// Each note once, with the cells it is of; where those are many, with their number.
fn notes(text: &mut String, comparison: &PairedComparison) {
    const MANY: usize = 4;
    let mut notes: Vec<(&str, Vec<String>)> = Vec::new();
    for (cell, note) in comparison.cells.iter().flat_map(|c| c.notes.iter().map(move |n| (c, n))) {
        let key = cell.key.to_string();
        match notes.iter_mut().find(|(words, _)| words == note) {
            Some((_, cells)) => cells.push(key),
            None => notes.push((note, vec![key])),
        }
    }
    let lines: Vec<String> = notes
        .into_iter()
        .map(|(note, cells)| match cells.len() {
            many if many >= MANY => format!("- {many} cells: {}\n", escape(note)),
            _ => format!("- {}: {}\n", escape(&cells.join(", ")), escape(note)),
        })
        .collect();
    if !lines.is_empty() {
        let _ = write!(text, "\n## Notes\n\n{}", lines.concat());
    }
}

/// What a reader needs to doubt the figures, carry-over between the arms among it.
fn method(comparison: &PairedComparison) -> String {
    let PairedComparison { settings, policy, census, .. } = comparison;
    format!(
        "Three programs of each cell were alive at once: the base, the new side, and the base once more. They took turns in slices of \
         {:.1} ms, in the order A B C C B A, {} turns each; while one had its turn the others slept, those that spin too. What one leaves in caches, queues and clock rates the next one finds: the order is \
         drawn anew for each pair and walked back at once, which shares that out among the arms and takes it away from none. A pair of such invocations is one replicate: the median over \
         its palindromes in which the CPUs did not move.\n\n\
         Every cell was screened with up to {} pairs; {} of {} cells were looked at again with up to {} fresh ones (p at most {} at first, \
         or an estimate beyond the smallest effect that so many can decide), and only those can be called changed: Holm-adjusted p at most {:.2}, and the whole \
         {:.0} % interval beyond the smallest effect ({:.0} % on typical times and tasks, {:.0} % on p99, {:.0} % on the time per message). \
         Equivalent means that the whole interval lies within it. All figures are times: above 1 is slower. Where a name says p50, it is the \
         mean of the middle half. \"Found from\" is the smallest slow-down that such a comparison calls in four cases of five.\n",
        settings.slice_ms,
        settings.turns,
        settings.screen_pairs,
        census.looked_at_again,
        census.cells,
        settings.confirm_pairs,
        settings.screen_p,
        policy.false_changes,
        policy.confidence * 100.0,
        policy.delta_p50 * 100.0,
        policy.delta_p99 * 100.0,
        policy.delta_throughput * 100.0,
    )
}
