//! The cells that get more pairs: in the second stage, and in the time that is left after it.
//!
//! Both treat the base again like the new side, so that the same rules judge it.

use super::effect::is_within_reach;
use super::samples::Samples;
use super::{Effect, JudgedFigure, judge};
use crate::{Thresholds, Verdict};
use ipcmark_record::{Paired, Stage};

/// Returns the indices of the cells for the second stage, in the document's order: the p value of
/// new / base or of the base against itself is at most the settings' `screen_p`; or an estimate is
/// beyond the smallest effect, and either there are too few usable pairs for a small p value or fresh
/// pairs could decide.
///
/// Noisier cells are left out even if their estimate is beyond the smallest effect: there are many,
/// fresh pairs cannot decide them, and the time is needed for the others (measured: 94 candidates of
/// 237 cells, 9 pairs for each, and no verdict).
#[must_use]
pub fn candidates(paired: &Paired, policy: &Thresholds) -> Vec<usize> {
    let suspect = |at: &usize| {
        let confirm = paired.settings.confirm_pairs as usize;
        let step_ns = paired.settings.clock_step_ns;
        Samples::of(&paired.cells[*at], Stage::Screen, step_ns).figures.iter().any(|sample| {
            let delta = policy.delta(sample.figure);
            [&sample.new, &sample.again]
                .into_iter()
                .filter_map(|logs| Some((logs, Effect::of(logs, policy)?)))
                .any(|(logs, effect)| {
                    let within_reach = is_within_reach(logs, confirm, delta, policy);
                    effect.is_suspect(delta, paired.settings.screen_p, within_reach)
                })
        })
    };
    (0..paired.cells.len()).filter(suspect).collect()
}

/// Returns the indices of the cells of the second stage that need more pairs, those first that the
/// fewest may decide.
///
/// A cell is looked at when it has as many pairs as the settings' `confirm_pairs`, then twice, then
/// four times as many; between two looks it always needs more. A look after each pair would wait for a
/// false alarm. P values are multiplied for the looks: see [`judge`]. `tests/paired/simulation.rs`
/// simulates the false alarms that remain.
#[must_use]
pub fn needs_more(paired: &Paired, policy: &Thresholds) -> Vec<usize> {
    let comparison = judge(paired, policy);
    let each = paired.settings.confirm_pairs as usize;
    let made = |at: usize| {
        paired.cells[at].pairs.iter().filter(|pair| pair.stage == Stage::Confirm).count()
    };
    let open = comparison
        .cells
        .iter()
        .enumerate()
        .filter_map(|(at, cell)| {
            let nearness = cell.figures.iter().find_map(openness);
            match made(at) {
                0 => None,
                made if is_look(made, each) => Some((at, nearness?)),
                _ => Some((at, nearness.unwrap_or(0.0))),
            }
        })
        .collect();
    nearest_first(open)
}

/// Returns the indices of the undecided cells that only the first stage measured, those first that
/// the fewest pairs may decide. They are worth the time that the candidates leave.
#[must_use]
pub fn unconfirmed(paired: &Paired, policy: &Thresholds) -> Vec<usize> {
    let comparison = judge(paired, policy);
    let screened =
        comparison.cells.iter().enumerate().filter(|(at, _)| {
            paired.cells[*at].pairs.iter().all(|pair| pair.stage == Stage::Screen)
        });
    let open =
        screened.filter_map(|(at, cell)| Some((at, cell.figures.iter().find_map(openness)?)));
    nearest_first(open.collect())
}

fn nearest_first(mut open: Vec<(usize, f64)>) -> Vec<usize> {
    open.sort_by(|a, b| a.1.total_cmp(&b.1));
    open.into_iter().map(|(at, _)| at).collect()
}

/// Returns true if a cell with this many pairs is looked at: `each`, 2 `each`, 4 `each` ...
fn is_look(made: usize, each: usize) -> bool {
    let each = each.max(1);
    made.is_multiple_of(each) && (made / each).is_power_of_two()
}

/// Returns the number of looks at a cell with this many pairs, including the last one.
pub(super) fn looks(made: usize, each: usize) -> u32 {
    1 + made.div_ceil(each.max(1)).max(1).next_power_of_two().ilog2()
}

/// Returns the distance of an undecided figure from a decision; a guess without an interval.
fn openness(figure: &JudgedFigure) -> Option<f64> {
    const UNKNOWN: f64 = 2.0;
    (figure.new.verdict == Verdict::Inconclusive)
        .then(|| figure.new.undecided(figure.delta).unwrap_or(UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_at_doublings_and_at_the_end() {
        let at: Vec<usize> = (1..=130).filter(|made| is_look(*made, 16)).collect();
        assert_eq!(at, [16, 32, 64, 128]);
        let counted = [1, 16, 17, 32, 33, 64, 65].map(|made| looks(made, 16));
        assert_eq!(counted, [1, 1, 2, 2, 3, 3, 4]);
        assert_eq!((looks(0, 0), looks(3, 0)), (1, 3), "settings that ask for none");
    }
}
