//! The choice of the cells that a run visits next.
//!
//! The session makes visits and does not look at their results. A [`Steer`] looks only at the
//! record. So it steers a resumed run as if the run had not stopped.

use super::CellSpec;
use ipcmark_record::{Cell, Knee, Record, Standing, State};
use std::collections::BTreeSet;
use std::time::Duration;

/// Number of failures without a success after which a cell is not visited again.
const FAILURES: usize = 2;

/// Decides which cells the next round visits.
pub trait Steer {
    /// Returns the number of cells that are sure to be visited, and of their visits from here on,
    /// over all rounds. These visits share the budget. Other visits get the time that they leave.
    fn sure(&self, record: &Record) -> (usize, usize);

    /// Returns the next round; `None` if the run is over.
    fn round(&mut self, record: &Record) -> Option<Round>;

    /// Returns cells to add at the end of the record before the next round. A search finds out its
    /// cells during the run.
    fn more(&mut self, record: &Record) -> Vec<CellSpec> {
        let _ = record;
        Vec::new()
    }

    /// Returns the measured phase of a cell's visits, no longer than the run's; `None` for the run's.
    fn phase(&self, record: &Record, cell: usize) -> Option<Duration> {
        let _ = (record, cell);
        None
    }

    /// Returns the knees found, for the record, if this is a search for knees.
    fn knees(&self, record: &Record) -> Vec<Knee> {
        let _ = record;
        Vec::new()
    }

    /// Returns the standing of each cell at the end, in the record's order; `None` if it is not
    /// known.
    fn standings(&mut self, record: &Record) -> Vec<Option<Standing>>;
}

/// The cells of one round, and its aim.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// Places of the cells in the record: at least one, each at most once. The session shuffles
    /// them.
    pub cells: Vec<usize>,
    /// Aim of the round.
    pub aim: Aim,
}

/// Aim of a round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// Invocations that each cell gets in any case.
    Pilot,
    /// Narrower intervals.
    Narrow {
        /// Cells whose interval is wider than was asked for.
        wide: usize,
        /// The wanted half width of a headline's interval, as a fraction of the headline.
        target: f64,
    },
}

/// Returns true if a cell can be measured, has not only failed so far, and does not kill the run.
#[must_use]
pub fn is_open(cell: &Cell) -> bool {
    let hopeless =
        cell.invocations.len() >= FAILURES && cell.invocations.iter().all(|i| !i.is_ok());
    matches!(cell.state, State::Pending | State::Measured) && !hopeless && !cell.is_deadly()
}

/// Returns the number of rounds in which a cell was visited. Repetitions in a round do not count.
#[must_use]
pub fn rounds_of(cell: &Cell) -> u32 {
    cell.invocations.iter().map(|i| i.round).collect::<BTreeSet<_>>().len() as u32
}

/// Steer that gives each cell an equal number of rounds, whatever the results.
#[derive(Debug, Clone)]
pub struct Rounds {
    rounds: u32,
    /// Invocations that each cell had at its latest visit, and the number of visits in a row that
    /// began with that many.
    asked: Vec<(usize, usize)>,
}

impl Rounds {
    /// Returns a steer for this many rounds.
    #[must_use]
    pub const fn new(rounds: u32) -> Rounds {
        Rounds { rounds, asked: Vec::new() }
    }

    /// Returns true if two visits in a row brought no result, not even a failure. Such a cell is not
    /// visited again.
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

    /// Returns the number of rounds in which a cell still has to be visited.
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
