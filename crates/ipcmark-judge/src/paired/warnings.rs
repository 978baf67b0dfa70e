//! What a reader must know before the first figure of a paired comparison.

use super::{JudgedCell, Standing};
use crate::name;
use ipcmark_record::{Outcome, Paired};
use ipcmark_show::plural;

/// A larger share of discarded pairs causes a warning.
const MANY: f64 = 0.25;

/// Returns all warnings, the most important first.
pub(super) fn warnings(paired: &Paired, cells: &[JudgedCell]) -> Vec<String> {
    [
        one_build(paired),
        builds(paired),
        conditions(paired),
        other_runs(paired),
        cut_short(paired),
        no_canary(cells),
        floors(cells),
        many_set_aside(cells),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn one_build(paired: &Paired) -> Option<String> {
    let (base, new) = (&paired.base, &paired.new);
    let same = base.program == new.program
        && base.env == new.env
        && base.args == new.args
        && base.conditions == new.conditions;
    let slowed =
        paired.cells.iter().filter(|c| !c.canary && c.slow_down_permille.is_some()).count();
    if slowed > 0 {
        return Some(format!(
            "The new side was slowed down on purpose in some cells ({slowed}), to see if that is detected."
        ));
    }
    same.then(|| "Both sides are one program with one setting: nothing can have changed.".into())
}

fn builds(paired: &Paired) -> Option<String> {
    let (base, new) = (&paired.base.tool, &paired.new.tool);
    let differs = [
        ("compiler", &base.rustc, &new.rustc),
        ("profile", &base.profile, &new.profile),
        ("target", &base.target, &new.target),
    ];
    let words: Vec<String> = differs
        .into_iter()
        .filter(|(_, b, n)| b != n)
        .map(|(what, b, n)| format!("{what} {b} and {n}"))
        .collect();
    if !words.is_empty() {
        let words = words.join("; ");
        return Some(format!(
            "The builds differ in more than their source: {words}. The verdicts cover all of that."
        ));
    }
    (base.profile == "debug")
        .then(|| "Both sides are debug builds: users run release builds, which differ.".into())
}

/// Warns if a side ran under other conditions than the other: the verdicts cover them, too.
fn conditions(paired: &Paired) -> Option<String> {
    let (base, new) = (&paired.base.conditions, &paired.new.conditions);
    let words = |own: &[String]| match own {
        [] => "as the program that compared".into(),
        facts => facts.join(", "),
    };
    (base != new).then(|| {
        format!(
            "The sides ran under different conditions. Base: {}. New: {}. The verdicts cover that.",
            words(base),
            words(new)
        )
    })
}

fn other_runs(paired: &Paired) -> Option<String> {
    let runs = plural(paired.other_runs.filter(|n| *n > 0)? as usize, "other run");
    Some(format!("{runs} of ipcmark measured at the same time: intervals are wider."))
}

fn cut_short(paired: &Paired) -> Option<String> {
    let how = match paired.outcome {
        Outcome::Complete => return None,
        Outcome::BudgetSpent => "The budget ended before all cells were done",
        Outcome::Interrupted => "It was interrupted",
        Outcome::Running => "It was killed, or is still running",
        Outcome::Stopped => "An error ended it",
    };
    Some(format!("{how}. The same rules judged what is here; the rest is counted as missing."))
}

fn no_canary(cells: &[JudgedCell]) -> Option<String> {
    (!cells.iter().any(|cell| cell.canary))
        .then(|| "There was no canary: nothing shows that a delay would have been detected.".into())
}

fn floors(cells: &[JudgedCell]) -> Option<String> {
    let changed: Vec<String> = cells
        .iter()
        .filter(|cell| {
            cell.floor && cell.figures.iter().any(|figure| figure.new.verdict.is_change())
        })
        .map(|cell| name(&cell.key))
        .collect();
    (!changed.is_empty()).then(|| {
        format!(
            "A floor changed ({}): that is the harness, which is part of every other figure.",
            changed.join(", ")
        )
    })
}

fn many_set_aside(cells: &[JudgedCell]) -> Option<String> {
    let ran =
        || cells.iter().filter(|cell| !matches!(cell.standing, Standing::NotAvailable { .. }));
    let (made, moved): (usize, usize) =
        ran().fold((0, 0), |(made, moved), cell| (made + cell.pairs, moved + cell.set_aside.moved));
    (moved as f64 > MANY * made as f64).then(|| {
        format!("The host moved the CPUs in {moved} of {made} pairs, which do not count: intervals are wider.")
    })
}
