//! A paired comparison on the terminal: alarms, verdict, what changed or could not be decided, and everything on request.

use crate::layout::{fitting, plain, wrapped};
use crate::units::time;
use comfy_table::CellAlignment;
use console::Style;
use ipcmark_judge::{JudgedCell, JudgedFigure, PairedComparison, PairedStanding, Verdict};
use ipcmark_record::Stage;
use std::fmt::Write as _;

/// A row: a figure of a cell.
type Row<'a> = (&'a JudgedCell, &'a JudgedFigure);

/// Columns that a narrow terminal goes without, the first one first: pairs, the times, which figure, what would be found.
const SPARE: [usize; 5] = [7, 2, 3, 1, 6];

/// The comparison for a terminal of so many columns; with `all`, equivalent cells, too.
pub(crate) fn table(comparison: &PairedComparison, all: bool, columns: Option<u16>) -> String {
    let mut text = String::new();
    for alarm in &comparison.alarms {
        let word = Style::new().red().bold().apply_to("alarm:");
        text += &wrapped(&format!("{word} "), &alarm.words, 2, columns);
    }
    for warning in &comparison.warnings {
        let word = Style::new().yellow().bold().apply_to("note:");
        text += &wrapped(&format!("{word} "), warning, 2, columns);
    }
    let rows: Vec<Row> =
        comparison.judged().filter(|cell| cell.is_judged()).flat_map(figures).collect();
    for verdict in
        [Verdict::Regressed, Verdict::Improved, Verdict::Inconclusive, Verdict::Equivalent]
    {
        let of_it: Vec<Row> =
            rows.iter().copied().filter(|(_, figure)| figure.new.verdict == verdict).collect();
        if of_it.is_empty() || (verdict == Verdict::Equivalent && !all) {
            continue;
        }
        let _ = write!(text, "{}\n{}", heading(verdict), painted(&grid(&of_it, columns)));
        text += "\n";
        text += &reasons(&of_it, columns);
    }
    text += &unjudged(comparison, all, columns);
    text += &canary(comparison, columns);
    let style = style(comparison.worst());
    let word = style.bold().apply_to(comparison.worst().name());
    text += &wrapped(&format!("{word}: "), &comparison.census.line(), 2, columns);
    if let Some(line) = comparison.census.detectable_line() {
        text += &wrapped("", &line, 2, columns);
    }
    text
}

fn figures(cell: &JudgedCell) -> impl Iterator<Item = Row<'_>> {
    cell.figures.iter().map(move |figure| (cell, figure))
}

fn heading(verdict: Verdict) -> String {
    let words = match verdict {
        Verdict::Regressed => "Regressed",
        Verdict::Improved => "Improved",
        Verdict::Inconclusive => "Inconclusive: not a pass",
        Verdict::Equivalent => "Equivalent",
    };
    Style::new().bold().apply_to(words).to_string()
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Regressed => Style::new().red(),
        Verdict::Improved => Style::new().green(),
        Verdict::Inconclusive => Style::new().yellow(),
        Verdict::Equivalent => Style::new().dim(),
    }
}

fn grid(rows: &[Row], columns: Option<u16>) -> String {
    let head =
        ["cell", "figure", "base", "new", "change", "interval", "found from", "pairs", "verdict"];
    let mut table = plain(&head);
    for at in 2..=7 {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (cell, figure) in rows {
        let again = if cell.stage == Stage::Confirm { " again" } else { "" };
        table.add_row([
            cell.key.to_string(),
            figure.figure.name().to_owned(),
            time(figure.base_ns),
            time(figure.new_ns),
            percent(figure.new.ratio),
            figure.new.interval.map_or_else(
                || "no interval".into(),
                |(low, high)| {
                    format!("{} .. {}", percent(low).trim_end_matches(" %"), percent(high))
                },
            ),
            figure.detectable.map_or_else(|| "not known".into(), |d| format!("{:.1} %", d * 100.0)),
            format!("{}{again}", figure.pairs),
            figure.new.verdict.name().to_owned(),
        ]);
    }
    fitting(&mut table, columns, &SPARE)
}

/// How much longer, signed: `+5.1 %`.
fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

/// Colours the verdict at the end of each line, where the terminal has colours.
fn painted(table: &str) -> String {
    let verdicts =
        [Verdict::Regressed, Verdict::Improved, Verdict::Inconclusive, Verdict::Equivalent];
    let line = |line: &str| {
        let found = verdicts.into_iter().find_map(|verdict| {
            Some((line.strip_suffix(verdict.name())?, style(verdict).apply_to(verdict.name())))
        });
        found.map_or_else(|| format!("{line}\n"), |(before, word)| format!("{before}{word}\n"))
    };
    table.lines().map(line).collect()
}

/// Why rows are inconclusive: each reason once, with its count.
fn reasons(rows: &[Row], columns: Option<u16>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for why in rows.iter().filter_map(|(_, figure)| figure.why.as_deref()) {
        match counts.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => counts.push((why, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut text: String = counts
        .iter()
        .map(|(why, count)| wrapped("  ", &format!("{count} × {why}"), 6, columns))
        .collect();
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Cells without a verdict by figures. What this machine cannot run is counted in the last line, and listed on request.
fn unjudged(comparison: &PairedComparison, all: bool, columns: Option<u16>) -> String {
    let findings = comparison.findings();
    let missing = |cell: &&ipcmark_judge::Unjudged| all || cell.verdict.is_some();
    let mut text = String::new();
    for cell in findings.unjudged.iter().filter(missing) {
        let words = match cell.verdict {
            Some(verdict) => style(verdict).apply_to(&cell.why).to_string(),
            None => cell.why.clone(),
        };
        text += &wrapped("", &format!("{}: {words}", cell.key), 2, columns);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// That the known delay was found; where it was not, an alarm says so.
fn canary(comparison: &PairedComparison, columns: Option<u16>) -> String {
    let found = comparison.cells.iter().filter(|cell| {
        cell.canary
            && cell.standing == PairedStanding::Judged
            && !comparison.alarms.iter().any(|alarm| alarm.key == cell.key)
    });
    let line = |(cell, figure): Row| {
        let known = f64::from(cell.slow_down_permille?) / 10.0;
        let words = format!(
            "The canary, a known delay of {known:.1} % in {}, was found as {}.",
            cell.key,
            percent(figure.new.ratio)
        );
        Some(wrapped("", &words, 2, columns))
    };
    found.filter_map(|cell| line((cell, cell.figures.first()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::fits;
    use ipcmark_judge::{Policy, judge_paired};
    use ipcmark_record::sample;

    fn sample_comparison() -> PairedComparison {
        judge_paired(&sample::paired(1), &Policy::default())
    }

    #[test]
    fn what_changed_stands_before_what_is_open_and_the_census_last() {
        let text =
            console::strip_ansi_codes(&table(&sample_comparison(), false, None)).into_owned();
        let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in {text}"));
        let order = [
            "Regressed\n",
            "fifo/block ping-pong",
            "Improved\n",
            "mq/block",
            "Inconclusive: not a pass\n",
            "2 × no change fits",
            "udp4/block ping-pong 64 B cross-core: failed in the new side alone",
            "The canary, a known delay of 5.0 %",
            "regressed: Judged 10 of 15 cells",
            "Smallest slow-down that is found",
        ];
        assert!(order.windows(2).all(|two| at(two[0]) < at(two[1])), "{text}");
        assert!(!text.contains("Equivalent\n") && !text.contains("vsock/block"), "{text}");
        let all = table(&sample_comparison(), true, None);
        assert!(all.contains("equivalent") && all.contains("vsock/block"), "{all}");
    }

    #[test]
    fn a_narrow_terminal_loses_columns_and_no_verdict() {
        for columns in [120, 100, 80] {
            let text = table(&sample_comparison(), true, Some(columns));
            let text = console::strip_ansi_codes(&text);
            let wide: Vec<&str> = text.lines().filter(|line| !fits(line, Some(columns))).collect();
            assert!(wide.is_empty() || columns < 100, "{columns}: {wide:#?}");
            assert!(text.lines().filter(|line| line.ends_with("regressed")).count() >= 4, "{text}");
        }
    }

    #[test]
    fn an_alarm_stands_above_everything() {
        let mut comparison = sample_comparison();
        let mut paired = sample::paired(1);
        paired.cells.last_mut().unwrap().pairs.clear();
        comparison.alarms = judge_paired(&paired, &Policy::default()).alarms;
        let text = table(&comparison, false, Some(100));
        assert!(console::strip_ansi_codes(&text).starts_with("alarm: a known delay"), "{text}");
        assert!(!text.contains("The canary, a known"), "it was not found");
    }
}
