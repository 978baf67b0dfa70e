//! Who decides what is visited next.
//!
//! The session makes visits and knows nothing of what they bring: whoever steers it looks at the record, which is all
//! that anybody sees of a run.

use ipcmark_record::{Cell, Record, Standing, State};

/// A cell whose first invocations all failed, this many in a row, is not visited again.
const FAILURES: usize = 2;

/// Decides which cells the next round visits.
pub trait Steer {
    /// Cells that will be visited, and visits that are sure to be made, over all rounds: the budget is shared out among
    /// them.
    fn sure(&self, record: &Record) -> (usize, usize);

    /// The cells of round `round` (from 0), by their place in the record, each at most once; `None`: the run is over.
    fn round(&mut self, record: &Record, round: u32) -> Option<Vec<usize>>;

    /// How a cell is left at the end; `None` where that cannot be told.
    fn standing(&self, record: &Record, cell: usize) -> Option<Standing>;
}

/// True when a cell can be measured, and did not only fail so far.
#[must_use]
pub fn is_open(cell: &Cell) -> bool {
    let hopeless =
        cell.invocations.len() >= FAILURES && cell.invocations.iter().all(|i| !i.is_ok());
    matches!(cell.state, State::Pending | State::Measured) && !hopeless
}

/// The same number of invocations of each cell, whatever they bring.
#[derive(Debug, Clone, Copy)]
pub struct Rounds(pub u32);

impl Rounds {
    /// The cells that a round still owes an invocation.
    fn due(record: &Record, round: u32) -> Vec<usize> {
        let owes = |cell: &Cell| is_open(cell) && cell.invocations.len() <= round as usize;
        (0..record.cells.len()).filter(|&i| owes(&record.cells[i])).collect()
    }
}

impl Steer for Rounds {
    fn sure(&self, record: &Record) -> (usize, usize) {
        let visits = (0..self.0).map(|round| Rounds::due(record, round).len()).sum();
        (Rounds::due(record, self.0.saturating_sub(1)).len(), visits)
    }

    fn round(&mut self, record: &Record, round: u32) -> Option<Vec<usize>> {
        (round < self.0).then(|| Rounds::due(record, round))
    }

    fn standing(&self, _: &Record, _: usize) -> Option<Standing> {
        None
    }
}
