//! What a session tells whoever watches it.

use ipcmark_record::{Cell, Invocation, Outcome, Record};

/// What happens during a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// The first visit is about to begin.
    Started {
        /// Cells that will be visited.
        cells: usize,
        /// Visits that are sure to be made, over all rounds.
        visits: usize,
        /// The record as it stands.
        record: &'a Record,
    },
    /// A visit begins.
    Visiting {
        /// The cell.
        cell: &'a Cell,
        /// From 0.
        round: u32,
        /// From 0, of [`Event::Started::visits`].
        visit: usize,
    },
    /// A visit has ended.
    Visited {
        /// The cell, the new invocation included.
        cell: &'a Cell,
        /// What it brought; `None` when it was cut off, or turned out not to be possible here.
        invocation: Option<&'a Invocation>,
    },
    /// A round has ended.
    RoundEnded {
        /// From 0.
        round: u32,
    },
    /// The run has ended.
    Ended(Outcome),
}

/// Is told what happens. Called between invocations, never while one is measured.
pub trait Watch {
    /// Something happened.
    fn event(&mut self, event: Event<'_>);
}
