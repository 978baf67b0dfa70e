//! What a cell needs, and which cells a round takes: pure functions of the record.

use ipcmark_harness::session::{is_open, rounds_of};
use ipcmark_record::Record;
use ipcmark_summary::{Context, Headline, Row, excess, summarize_cell};
use std::cmp::Ordering;

/// A cell is visited in this many rounds at most for each invocation of it that is asked for: on a
/// machine that disturbs every other one, the other half is enough; on one that disturbs more, the
/// cell says "noisy".
const VISITS: u32 = 2;
/// A round that narrows takes one wide cell in this many,
const SHARE: usize = 4;
/// but no fewer than this: cells that take turns are not measured many times in one disturbed
/// second.
const FEWEST: usize = 8;
/// Share of an interval's half-width. If more than this is beyond what invocations can reduce, they
/// do not help.
const BOUND: f64 = 0.9;
/// Factor from a standard error to the range of 95 % of the differences of two.
const APART: f64 = 1.96 * std::f64::consts::SQRT_2;

/// A cell that more visits are made for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Need {
    /// Index in the record.
    pub(crate) cell: usize,
    /// Half the width of its interval, divided by the target; infinite with too few invocations for
    /// an interval.
    pub(crate) excess: f64,
    /// Number of invocations that count so far.
    pub(crate) counting: usize,
    /// False if more invocations hardly narrow it: most of its width is the machine's drift, which
    /// all cells share, or the step of its clock.
    pub(crate) helps: bool,
}

impl Need {
    /// Returns what the cell at `index` of `record` needs; `None` if it needs no visit. Settings
    /// without a target ask for none.
    pub(crate) fn of(record: &Record, index: usize, context: &Context) -> Option<Need> {
        let (cell, settings) = (&record.cells[index], &record.settings);
        let (most, target) = (settings.rounds_most?, settings.target?);
        if !is_open(cell) {
            return None;
        }
        let visits = rounds_of(cell);
        // The summary takes marked ones if it must; a visit should bring better ones.
        let behind = context.counting(cell).invocations;
        let counting = behind.iter().filter(|i| i.marks.is_empty()).count();
        let need = |excess, helps| Some(Need { cell: index, excess, counting, helps });
        if counting < settings.rounds as usize {
            // Set aside, failed, or of another class: the pilot still owes it some.
            let owed = visits < VISITS.saturating_mul(settings.rounds);
            return if owed { need(f64::INFINITY, true) } else { None };
        }
        if counting >= most as usize || visits >= VISITS.saturating_mul(most) {
            return None;
        }
        let row = summarize_cell(cell, context).ok()?;
        let excess = excess(&row, target).unwrap_or(f64::INFINITY);
        let helps = bound(&row, context.drift_of(cell), context) < BOUND * excess * target.p50;
        if excess > 1.0 { need(excess, helps) } else { None }
    }

    /// Orders needs: first those that visits help, then the widest, then those with the fewest
    /// invocations.
    fn first(&self, other: &Need) -> Ordering {
        let helps = other.helps.cmp(&self.helps);
        helps
            .then(other.excess.total_cmp(&self.excess))
            .then(self.counting.cmp(&other.counting))
            .then(self.cell.cmp(&other.cell))
    }
}

/// Returns the half-width, as a fraction, that no number of invocations reduces. (More time reduces
/// the machine's part.)
fn bound(row: &Row, drift: f64, context: &Context) -> f64 {
    let headline = row.key.workload.headline();
    let value = row.figure.as_ref().and_then(|figure| figure.headline(headline)).map(|e| e.value);
    match (headline, value) {
        // Half a step of the clock on either side.
        (Headline::Median, Some(ns)) => APART * drift + context.clock_step_ns() / 2.0 / ns,
        (Headline::Rate, _) => APART * drift,
        // In a ratio of two times the machine cancels.
        _ => 0.0,
    }
}

/// Returns the cells of the next round: the widest quarter, at least 8. While visits help some
/// cells, only those.
pub(crate) fn batch(mut needs: Vec<Need>) -> Vec<usize> {
    if needs.iter().any(|need| need.helps) {
        needs.retain(|need| need.helps);
    }
    needs.sort_by(Need::first);
    let take = needs.len().div_ceil(SHARE).max(FEWEST);
    needs.iter().take(take).map(|need| need.cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(cell: usize, excess: f64, helps: bool) -> Need {
        Need { cell, excess, counting: 9, helps }
    }

    #[test]
    fn the_widest_quarter_goes_first_and_never_fewer_than_eight() {
        let many: Vec<_> = (0..100).map(|i| need(i, 1.0 + i as f64, true)).collect();
        assert_eq!(batch(many), (75..100).rev().collect::<Vec<_>>());
        let some: Vec<_> = (0..10).map(|i| need(i, 1.0 + i as f64, true)).collect();
        assert_eq!(batch(some), (2..10).rev().collect::<Vec<_>>());
        let few = vec![need(7, 1.5, true), need(3, f64::INFINITY, true), need(5, 1.5, true)];
        assert_eq!(batch(few), [3, 5, 7]);
        assert!(batch(Vec::new()).is_empty());
    }

    #[test]
    fn cells_that_visits_do_not_help_wait_for_the_others() {
        let mixed = vec![need(0, 9.0, false), need(1, 1.1, true), need(2, 8.0, false)];
        assert_eq!(batch(mixed.clone()), [1]);
        assert_eq!(batch(mixed.into_iter().filter(|n| !n.helps).collect()), [0, 2]);
    }
}
