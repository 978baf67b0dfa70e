//! Which cells the next round of a run visits, and the standing of each cell at the end.
//!
//! A run of fixed rounds spends as much on a cell that was known after three invocations as on one
//! that is not known after thirty. An adaptive run first makes a *pilot*, the same number of rounds
//! for every cell. Then it gives the time that is left to the cells whose interval is wider than
//! the target, the widest first, until none is wider, each has had its maximum of invocations, or
//! the budget ends. It still goes in rounds: a round takes the widest quarter, so that no cell is
//! measured many times in one disturbed second.
//!
//! A run that stops when a figure looks good makes it look good. So nothing here looks at a figure,
//! only at the width of its interval; what an invocation measured never decides whether it counts;
//! and the stated interval has room for another run's (`ipcmark-summary` says how).
//!
//! The harness knows nothing of statistics, and the summary nothing of runs; this module knows
//! both. It reads only the record, so a resumed run is steered as if it had never stopped.

mod adaptive;
mod fixed;
mod need;
#[cfg(test)]
mod tests;

use adaptive::Adaptive;
use fixed::Fixed;
use ipcmark_harness::session::Steer;
use ipcmark_record::Settings;

/// Returns what steers a run of these settings: [`Adaptive`] if they name a target, [`Fixed`]
/// otherwise.
pub(crate) fn steer(settings: &Settings) -> Box<dyn Steer> {
    match (settings.rounds_most, settings.target) {
        (Some(_), Some(_)) => Box::new(Adaptive::new(settings)),
        _ => Box::new(Fixed::new(settings.rounds)),
    }
}
