//! What a session tells whoever watches it.

use super::Aim;
use ipcmark_record::{Cell, Invocation, Outcome, Record};

/// What happens during a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// The first visit is about to begin.
    Started {
        /// Cells that are sure to be visited.
        cells: usize,
        /// Visits that are sure to be made, over all rounds. A cell that turns out to be closed gets fewer; marked
        /// invocations that are made again, and rounds that narrow intervals, come on top.
        visits: usize,
        /// The record as it stands.
        record: &'a Record,
    },
    /// A round is about to begin.
    RoundBegins {
        /// From 0; a run that is gone on with counts on.
        round: u32,
        /// Cells it visits.
        cells: usize,
        /// What for.
        aim: Aim,
    },
    /// A visit begins.
    Visiting {
        /// The cell.
        cell: &'a Cell,
        /// As in [`Event::RoundBegins`].
        round: u32,
        /// From 0; may pass [`Event::Started::visits`].
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
        /// As in [`Event::RoundBegins`].
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

/// Watches nothing: `session.run(steer, &mut ())`.
impl Watch for () {
    fn event(&mut self, _: Event<'_>) {}
}
