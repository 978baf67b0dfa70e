//! Who decides what is visited next.
//!
//! The session makes visits and knows nothing of what they bring: whoever steers it looks at the record, which is all
//! that anybody sees of a run. So a run that was stopped is steered on as if it had not been.

use super::CellSpec;
use ipcmark_record::{Cell, Knee, Record, Standing, State};
use std::collections::BTreeSet;
use std::time::Duration;

/// A cell whose first invocations all failed, this many in a row, is not visited again.
const FAILURES: usize = 2;

/// Decides which cells the next round visits.
pub trait Steer {
    /// Cells that are sure to be visited, and the visits they are sure to get from here on, over all rounds: the budget is
    /// shared out among them. What a round visits beyond them is made out of what they leave of it.
    fn sure(&self, record: &Record) -> (usize, usize);

    /// The next round; `None`: the run is over.
    fn round(&mut self, record: &Record) -> Option<Round>;

    /// Cells that the next round finds at the end of the record: whoever looks for something knows them only as he goes.
    fn more(&mut self, record: &Record) -> Vec<CellSpec> {
        let _ = record;
        Vec::new()
    }

    /// The measured phase of a cell's visits, no longer than the run's; `None`: the run's.
    fn phase(&self, record: &Record, cell: usize) -> Option<Duration> {
        let _ = (record, cell);
        None
    }

    /// The knees that were found, for the record, where any were looked for.
    fn knees(&self, record: &Record) -> Vec<Knee> {
        let _ = record;
        Vec::new()
    }

    /// How each cell is left at the end, in the record's order; `None` where that cannot be told.
    fn standings(&mut self, record: &Record) -> Vec<Option<Standing>>;
}

/// What one round visits, and what for.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// The cells by their place in the record, each at most once, at least one; the session shuffles them.
    pub cells: Vec<usize>,
    /// What for.
    pub aim: Aim,
}

/// What a round is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// Invocations that each cell gets whatever they bring.
    Pilot,
    /// Narrower intervals.
    Narrow {
        /// Cells whose interval is wider than was asked for.
        wide: usize,
        /// What was asked for: half the width of a headline's interval, as a fraction of it.
        target: f64,
    },
}

/// True when a cell can be measured, and did not only fail so far.
#[must_use]
pub fn is_open(cell: &Cell) -> bool {
    let hopeless =
        cell.invocations.len() >= FAILURES && cell.invocations.iter().all(|i| !i.is_ok());
    matches!(cell.state, State::Pending | State::Measured) && !hopeless
}

/// Rounds in which a cell was visited: what was made again in one round was one visit.
#[must_use]
pub fn rounds_of(cell: &Cell) -> u32 {
    cell.invocations.iter().map(|i| i.round).collect::<BTreeSet<_>>().len() as u32
}

/// The same number of rounds for each cell, whatever they bring.
#[derive(Debug, Clone)]
pub struct Rounds {
    rounds: u32,
    /// Invocations that each cell had when it was last asked for, and how often it was asked in vain before.
    asked: Vec<(usize, usize)>,
}

impl Rounds {
    /// This many rounds.
    #[must_use]
    pub const fn new(rounds: u32) -> Rounds {
        Rounds { rounds, asked: Vec::new() }
    }

    /// True when two visits in a row brought nothing, not even a failure: the cell is not visited again.
    #[must_use]
    pub fn is_barren(&self, record: &Record, cell: usize) -> bool {
        let has = record.cells[cell].invocations.len();
        self.asked.get(cell).is_some_and(|(had, times)| *had == has && *times >= FAILURES)
    }

    /// Notes that these cells are about to be visited.
    pub fn ask(&mut self, record: &Record, cells: &[usize]) {
        self.asked.resize(record.cells.len(), (0, 0));
        for &cell in cells {
            let has = record.cells[cell].invocations.len();
            let (had, times) = self.asked[cell];
            self.asked[cell] = (has, if had == has { times + 1 } else { 1 });
        }
    }

    /// Rounds that a cell still has to be visited in.
    fn owed(&self, record: &Record, index: usize) -> u32 {
        let cell = &record.cells[index];
        if !is_open(cell) || self.is_barren(record, index) {
            return 0;
        }
        self.rounds.saturating_sub(rounds_of(cell))
    }
}

impl Steer for Rounds {
    fn sure(&self, record: &Record) -> (usize, usize) {
        let owed = || (0..record.cells.len()).map(|i| self.owed(record, i) as usize);
        (owed().filter(|owed| *owed > 0).count(), owed().sum())
    }

    fn round(&mut self, record: &Record) -> Option<Round> {
        let cells: Vec<_> = (0..record.cells.len()).filter(|&i| self.owed(record, i) > 0).collect();
        self.ask(record, &cells);
        (!cells.is_empty()).then_some(Round { cells, aim: Aim::Pilot })
    }

    fn standings(&mut self, record: &Record) -> Vec<Option<Standing>> {
        vec![None; record.cells.len()]
    }
}
