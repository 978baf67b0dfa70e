//! What a reader must know before the first figure of a paired comparison, and what makes nothing of it doubtful.

use super::{JudgedCell, PairedStanding};
use ipcmark_record::{Outcome, Paired};

/// From so large a share of pairs set aside on it is worth a warning.
const MANY: f64 = 0.25;

/// All of them, in the order of how much they ought to worry.
pub(super) fn warnings(paired: &Paired, cells: &[JudgedCell]) -> Vec<String> {
    [
        one_build(paired),
        builds(paired),
        cut_short(paired),
        no_canary(cells),
        floors(cells),
        many_set_aside(cells),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// One program, or a change that was made to be found.
fn one_build(paired: &Paired) -> Option<String> {
    let (base, new) = (&paired.base, &paired.new);
    let same = base.program == new.program && base.env == new.env && base.args == new.args;
    let slowed =
        paired.cells.iter().filter(|c| !c.canary && c.slow_down_permille.is_some()).count();
    if slowed > 0 {
        return Some(format!(
            "The new side was slowed down on purpose in some cells ({slowed}), to see whether that is found."
        ));
    }
    same.then(|| {
        "Both sides are one program under one setting: nothing can have changed between them."
            .into()
    })
}

/// Builds that differ in more than their source.
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
            "The builds differ in more than their source: {words}. Verdicts are of all that together."
        ));
    }
    (base.profile == "debug").then(|| {
        "Both sides are debug builds: their figures say little about what users run.".into()
    })
}

fn cut_short(paired: &Paired) -> Option<String> {
    let how = match paired.outcome {
        Outcome::Complete => return None,
        Outcome::BudgetSpent => "The budget of time was spent before all was looked at",
        Outcome::Interrupted => "It was interrupted",
        Outcome::Running => "It never ended: it was killed, or goes on",
        Outcome::Stopped => "An error ended it",
    };
    Some(format!("{how}. What is here was judged by the same rules; what is missing is counted."))
}

fn no_canary(cells: &[JudgedCell]) -> Option<String> {
    (!cells.iter().any(|cell| cell.canary))
        .then(|| "There was no canary: nothing shows that a delay would have been found.".into())
}

fn floors(cells: &[JudgedCell]) -> Option<String> {
    let changed: Vec<String> = cells
        .iter()
        .filter(|cell| cell.floor && cell.figures.iter().any(|figure| figure.new.is_change()))
        .map(|cell| cell.key.to_string())
        .collect();
    (!changed.is_empty()).then(|| {
        format!(
            "A floor changed ({}): that is the harness, which has a part in every other figure, too.",
            changed.join(", ")
        )
    })
}

fn many_set_aside(cells: &[JudgedCell]) -> Option<String> {
    let ran = || {
        cells.iter().filter(|cell| !matches!(cell.standing, PairedStanding::NotAvailable { .. }))
    };
    let (made, moved): (usize, usize) =
        ran().fold((0, 0), |(made, moved), cell| (made + cell.pairs, moved + cell.set_aside.moved));
    (moved as f64 > MANY * made as f64).then(|| {
        format!("The host moved the CPUs in all turns of {moved} of {made} pairs, which are set aside: intervals are wider for it.")
    })
}
