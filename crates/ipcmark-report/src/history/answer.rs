//! The changes of a history in sentences: one for each time at which something changed.

use ipcmark_history::{Change, Group, Scanned, Series};
use ipcmark_show::markdown::code;
use ipcmark_show::{change, plural};

/// Most times that have a sentence; the table has the others.
const TOLD: usize = 8;
/// Most cells that a sentence names.
const NAMED: usize = 3;

/// Returns the sentences, as Markdown; the latest time first.
pub(super) fn sentences(scanned: &Scanned) -> Vec<String> {
    let groups = scanned.groups();
    if groups.is_empty() {
        let searched = scanned.census.series - scanned.census.too_short;
        return vec![if searched > 0 {
            format!("No change of level in {}.", plural(searched, "series"))
        } else {
            format!(
                "Nothing can be said yet: a series needs {} points, and none has as many.",
                scanned.least_points
            )
        }];
    }
    let mut sentences: Vec<String> =
        groups.iter().take(TOLD).map(|group| sentence(scanned, group)).collect();
    if groups.len() > TOLD {
        let older: usize = groups[TOLD..].iter().map(|g| g.changes.len()).sum();
        sentences.push(format!("Before that {}: see the table.", plural(older, "change")));
    }
    sentences
}

fn sentence(scanned: &Scanned, group: &Group) -> String {
    let stops = &scanned.history.stops;
    let (last, first) = (&stops[group.between.0], &stops[group.between.1]);
    let of = |worse: bool| group.changes.iter().filter(move |(_, c)| c.worse == worse);
    let side = |worse: bool, word: &str| {
        let ratios: Vec<f64> = of(worse).map(|(_, change)| change.ratio).collect();
        let low = ratios.iter().copied().min_by(|a, b| a.ln().abs().total_cmp(&b.ln().abs()))?;
        let high = ratios.iter().copied().max_by(|a, b| a.ln().abs().total_cmp(&b.ln().abs()))?;
        let (low, high) = (change(low), change(high));
        let span = if low == high { high } else { format!("{low} to {high}") };
        Some(format!("{} {word} ({span})", plural(ratios.len(), "series")))
    };
    let what: Vec<String> =
        [side(true, "slower"), side(false, "faster")].into_iter().flatten().collect();
    let mut cells: Vec<&str> = Vec::new();
    for (series, _) in &group.changes {
        if !cells.contains(&series.cell.as_str()) {
            cells.push(&series.cell);
        }
    }
    let named: Vec<String> = cells.iter().take(NAMED).map(|cell| code(cell)).collect();
    let more = match cells.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {}", plural(n, "more cell")),
    };
    let machines = if group.changes.iter().all(|(_, c)| c.machines_changed) {
        " The machine changed there, too: suspect that first."
    } else {
        ""
    };
    let facts: Vec<String> = group.facts_changed().into_iter().map(code).collect();
    let facts = match facts.is_empty() {
        true => String::new(),
        false => format!(" Other conditions from there on: {}.", facts.join("; ")),
    };
    format!(
        "Between `{}` and `{}` ({}): {}: {}{more}.{machines}{facts}",
        last.short(),
        first.short(),
        first.day(),
        what.join(", "),
        named.join(", ")
    )
}

/// Returns a remark if the machines changed together with a ratio.
pub(super) fn remark(series: &Series, change: &Change) -> &'static str {
    match (series.host, change.machines_changed) {
        (None, true) => "the machine changed there, too",
        _ => "",
    }
}
