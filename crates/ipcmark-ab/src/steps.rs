//! The steps of a comparison, for what decides on the next and for what shows progress.

use ipcmark_record::{Paired, PairedCell, Stage};

/// Decides what to measure again.
pub trait Judge {
    /// Returns the cells that may have changed, after the first stage.
    fn candidates(&self, so_far: &Paired) -> Vec<usize>;
    /// Returns the undecided ones of the second stage, the most promising first.
    fn undecided(&self, so_far: &Paired) -> Vec<usize>;
    /// Returns the undecided ones that only the first stage measured, the most promising first.
    fn unconfirmed(&self, so_far: &Paired) -> Vec<usize>;
}

/// A step of a comparison.
#[derive(Debug)]
pub enum Event<'a> {
    /// A round begins.
    Round {
        /// Its stage.
        stage: Stage,
        /// Its number.
        round: u32,
        /// Its cells.
        cells: usize,
    },
    /// A pair of a cell begins.
    Visiting(&'a PairedCell),
    /// A pair of a cell ended.
    Visited(&'a PairedCell),
    /// The first stage is over.
    Screened {
        /// Number of cells for the second.
        candidates: usize,
    },
}

/// Shows progress.
pub trait Watch {
    /// Receives a step.
    fn event(&mut self, event: Event<'_>);
}
