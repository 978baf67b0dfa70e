//! Which cells are worth more pairs: for the second stage, and for the time that is left after it.
//!
//! Both look at the A/A arm as they look at the new side, so that the one is judged exactly as the other.

use super::samples::Samples;
use super::{Effect, JudgedFigure, judge_paired};
use crate::{Policy, Verdict};
use ipcmark_record::{Paired, Stage};

/// Indices of the cells that a second stage has to look at, in the document's order: the p value of new / base or of the base
/// against itself is at most the settings' `screen_p`, or an estimate lies beyond the smallest effect.
///
/// The second rule is for noisy cells and for few usable pairs: no p value gets small there, and a slow-down of a tenth would be
/// passed over for it.
#[must_use]
pub fn candidates(paired: &Paired, policy: &Policy) -> Vec<usize> {
    let suspect = |at: &usize| {
        Samples::of(&paired.cells[*at], Stage::Screen).figures.iter().any(|sample| {
            let delta = sample.figure.delta(policy);
            [&sample.new, &sample.again]
                .into_iter()
                .filter_map(|logs| Effect::of(logs, policy))
                .any(|effect| effect.is_suspect(delta, paired.settings.screen_p))
        })
    };
    (0..paired.cells.len()).filter(suspect).collect()
}

/// Indices of the cells that were looked at again and are still inconclusive, those first that the fewest pairs may decide.
///
/// To go on where nothing is decided is to look more than once, which makes false alarms more frequent in a test against "no
/// change". Verdicts here are against the smallest effect: where nothing changed, the interval has to lie wholly beyond it,
/// which hardly happens once and hardly more often in a few looks (simulated in `tests/paired/simulation.rs`). Where the truth
/// lies right on the smallest effect, a few looks make a verdict of what should stay open; that is no harm.
#[must_use]
pub fn needs_more(paired: &Paired, policy: &Policy) -> Vec<usize> {
    let comparison = judge_paired(paired, policy);
    let mut open: Vec<(usize, f64)> = comparison
        .cells
        .iter()
        .enumerate()
        .filter(|(at, _)| paired.cells[*at].pairs.iter().any(|pair| pair.stage == Stage::Confirm))
        .filter_map(|(at, cell)| Some((at, cell.figures.iter().find_map(openness)?)))
        .collect();
    open.sort_by(|a, b| a.1.total_cmp(&b.1));
    open.into_iter().map(|(at, _)| at).collect()
}

/// How far from decided an inconclusive figure is; without an interval yet, as far as it can be and still be near.
fn openness(figure: &JudgedFigure) -> Option<f64> {
    const UNKNOWN: f64 = 2.0;
    (figure.new.verdict == Verdict::Inconclusive)
        .then(|| figure.new.undecided(figure.delta).unwrap_or(UNKNOWN))
}
