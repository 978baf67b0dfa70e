//! The comparison as Markdown.

use crate::{CellComparison, Comparison, Metric, Standing, Verdict};
use std::fmt::Write as _;

/// The comparison as Markdown: what it is worth, the census, then the figures by verdict, the worst first.
#[must_use]
pub fn to_markdown(comparison: &Comparison) -> String {
    let mut text = String::from("# Comparison of two records\n\n");
    let Comparison { base, new, caution, carries, warnings, census, policy, cells, .. } =
        comparison;
    text += &format!("- base: {}\n- new: {}\n\n> {caution}\n\n", base.words(), new.words());
    for (title, lines) in [("It can tell", &carries.can), ("It cannot tell", &carries.cannot)] {
        text += &format!("{title}:\n\n");
        text.extend(lines.iter().map(|line| format!("- {}\n", escape(line))));
        text.push('\n');
    }
    for warning in warnings {
        text += &format!("**Warning.** {warning}\n\n");
    }
    text += &format!("{}\n\n", census.line());
    text += &format!(
        "All figures are times: a ratio above 1 is slower. Intervals hold at least {:.0} %. Smallest effects: {:.0} % on p50 and tasks, \
         {:.0} % on p99, {:.0} % on the time per message. When nothing changed, chance alone would move up to {:.1} of \
         these intervals off 1. More rounds make intervals narrower.\n",
        policy.confidence * 100.0,
        policy.delta_p50 * 100.0,
        policy.delta_p99 * 100.0,
        policy.delta_throughput * 100.0,
        census.false_alarms_expected
    );
    for (verdict, title) in [
        (Verdict::Regressed, "Regressed"),
        (Verdict::Improved, "Improved"),
        (Verdict::Inconclusive, "Inconclusive: not a pass"),
        (Verdict::Equivalent, "Equivalent"),
    ] {
        table(&mut text, verdict, title, cells);
    }
    list(&mut text, "Cells without a comparison", cells, |cell| words(&cell.standing));
    list(&mut text, "Notes", cells, |cell| (!cell.notes.is_empty()).then(|| cell.notes.join("; ")));
    text
}

fn table(text: &mut String, verdict: Verdict, title: &str, cells: &[CellComparison]) {
    let rows: Vec<(&CellComparison, &Metric)> = cells
        .iter()
        .flat_map(|cell| cell.metrics.iter().map(move |metric| (cell, metric)))
        .filter(|(_, metric)| metric.verdict == verdict)
        .collect();
    if rows.is_empty() {
        return;
    }
    let why = if verdict == Verdict::Inconclusive { (" why |", " --- |") } else { ("", "") };
    let _ = write!(
        text,
        "\n## {title}\n\n| cell | figure | base | new | new / base | interval | invocations |{}\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: |{}\n",
        why.0, why.1
    );
    for (cell, m) in rows {
        let interval = m
            .interval
            .map_or_else(|| "no interval".into(), |(low, high)| format!("{low:.3} to {high:.3}"));
        let why = m.why.as_deref().map(|w| format!(" {} |", escape(w))).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.3} | {interval} | {} / {} |{why}",
            escape(&cell.key.to_string()),
            m.figure.name(),
            time(m.base_ns),
            time(m.new_ns),
            m.ratio,
            m.base_invocations,
            m.new_invocations
        );
    }
}

fn list(
    text: &mut String,
    title: &str,
    cells: &[CellComparison],
    words: impl Fn(&CellComparison) -> Option<String>,
) {
    let lines: Vec<String> = cells
        .iter()
        .filter_map(|cell| Some(format!("- {}: {}\n", cell.key, escape(&words(cell)?))))
        .collect();
    if !lines.is_empty() {
        let _ = write!(text, "\n## {title}\n\n{}", lines.concat());
    }
}

fn words(standing: &Standing) -> Option<String> {
    Some(match standing {
        Standing::Compared => return None,
        Standing::NewlyFailed { what } => format!("**failed in the new record alone**: {what}"),
        Standing::OnlyInBase => "only in the base".into(),
        Standing::OnlyInNew => "only in the new record".into(),
        Standing::Lost { why } => format!("measured in the base; in the new record {why}"),
        Standing::NotMeasured { base, new } if base == new => format!("in both {base}"),
        Standing::NotMeasured { base, new } => {
            format!("in the base {base}; in the new record {new}")
        }
    })
}

/// A time in the unit that reads best, three digits.
#[must_use]
pub fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}

/// Words of other people on one line of a table.
pub(crate) fn escape(words: &str) -> String {
    words.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_in_their_own_unit() {
        for (ns, words) in [
            (0.5, "0.50 ns"),
            (240.0, "240 ns"),
            (8_540.0, "8.54 µs"),
            (97_123.0, "97.1 µs"),
            (2.5e9, "2.50 s"),
        ] {
            assert_eq!(time(ns), words);
        }
    }

    #[test]
    fn foreign_words_stay_in_their_table_cell() {
        assert_eq!(escape("a | b\nc"), "a \\| b c");
    }
}
