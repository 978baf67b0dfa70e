//! Events of a session, for those that watch it.

use super::Aim;
use crate::RawMessages;
use ipcmark_record::{Cell, Invocation, Outcome, Record};

/// An event of a run.
#[derive(Debug)]
pub enum Event<'a> {
    /// The first visit is about to begin.
    Started {
        /// Cells that are sure to be visited.
        cells: usize,
        /// Sure visits, over all rounds. A cell that turns out to be closed gets fewer. Repetitions
        /// of marked invocations, and rounds that narrow intervals, are extra.
        visits: usize,
        /// The record so far.
        record: &'a Record,
    },
    /// A round is about to begin.
    RoundBegins {
        /// Number of the round, from 0. A resumed run continues to count.
        round: u32,
        /// Cells it visits.
        cells: usize,
        /// Aim of the round.
        aim: Aim,
    },
    /// A visit begins.
    Visiting {
        /// The cell.
        cell: &'a Cell,
        /// Number of the round: see [`Event::RoundBegins`].
        round: u32,
        /// Number of the visit, from 0. It may pass [`Event::Started::visits`].
        visit: usize,
    },
    /// A visit has ended.
    Visited {
        /// The cell, the new invocation included.
        cell: &'a Cell,
        /// The new invocation; `None` if it was cut off or is not possible here.
        invocation: Option<&'a Invocation>,
        /// The times of each of its messages, if they were asked for.
        raw: &'a RawMessages,
    },
    /// A round has ended.
    RoundEnded {
        /// Number of the round: see [`Event::RoundBegins`].
        round: u32,
    },
    /// The run has ended.
    Ended(Outcome),
}

/// Receiver of a session's events. The session calls it between invocations, never during one.
pub trait Watch {
    /// Handles an event.
    fn event(&mut self, event: Event<'_>);
}

/// Watches nothing: `session.run(steer, &mut ())`.
impl Watch for () {
    fn event(&mut self, _: Event<'_>) {}
}
