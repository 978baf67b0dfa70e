//! The outcome on a terminal: the decision, what made it, and the figures behind it.

use crate::layout::{fitting, plain, wrapped};
use comfy_table::CellAlignment;
use console::Style;
use ipcmark_gate::{Call, Decision, Item, Level, Outcome};
use std::fmt::Write as _;

/// Figures of one call that are listed; the Markdown has all.
const MOST: usize = 20;

/// Everything but the figures that are as they were.
pub(super) fn text(outcome: &Outcome, columns: Option<u16>) -> String {
    let mut text = String::new();
    for call in [Call::Failed, Call::Regressed, Call::Missing, Call::Inconclusive, Call::Improved] {
        table(&mut text, call, &outcome.called(call), columns);
    }
    for note in outcome.notes.iter().filter(|note| !outcome.because.contains(&note.text)) {
        let word = if note.level == Level::Warning { "warning: " } else { "note: " };
        text += &wrapped(word, &note.text, 2, columns);
    }
    text += &wrapped("", &outcome.tally.line(), 2, columns);
    let how =
        if outcome.paired { "both sides alive at once" } else { "records of different times" };
    let policy = outcome.policy.as_deref().unwrap_or("the one that is built in (--print-policy)");
    text += &wrapped("", &format!("Compared: {how}. Policy: {policy}."), 2, columns);
    let style = match outcome.decision {
        Decision::Passed => Style::new().green(),
        Decision::Regressed => Style::new().red(),
        Decision::Inconclusive => Style::new().yellow(),
    };
    let word = style.bold().apply_to(outcome.decision.name()).to_string();
    let reasons = outcome.because.join("; ");
    let colon = if reasons.is_empty() { "" } else { ": " };
    text + &wrapped(&format!("gate {word}{colon}"), &reasons, 2, columns)
}

fn table(text: &mut String, call: Call, items: &[&Item], columns: Option<u16>) {
    if items.is_empty() {
        return;
    }
    let title = format!("{}: {}", call.name(), items.len());
    let style = match call {
        Call::Failed | Call::Regressed => Style::new().red(),
        Call::Missing | Call::Inconclusive => Style::new().yellow(),
        _ => Style::new().green(),
    };
    let _ = writeln!(text, "{}", style.bold().apply_to(title));
    let mut table = plain(&["cell", "figure", "change", "would show", "why"]);
    for item in items.iter().take(MOST) {
        let detectable = item.finding.as_ref().and_then(|found| found.detectable);
        table.add_row([
            item.key.to_string(),
            item.figure.unwrap_or_default().into(),
            item.change().unwrap_or_default(),
            detectable.map(|d| format!("{:.1} %", d * 100.0)).unwrap_or_default(),
            item.why.clone().unwrap_or_default(),
        ]);
    }
    for numbers in [2, 3] {
        if let Some(column) = table.column_mut(numbers) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    text.push_str(&fitting(&mut table, columns, &[4, 3]));
    text.push('\n');
    if items.len() > MOST {
        let _ = writeln!(text, "... and {} more; --markdown FILE has all", items.len() - MOST);
    }
    text.push('\n');
}
