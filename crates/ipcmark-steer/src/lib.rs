//! Steering a run: which cells the next round visits, and how each is left in the end.
//!
//! A run of fixed rounds spends as much on a cell that was known after three invocations as on one that is not known after
//! thirty. An adaptive run makes a *pilot*, the same number of rounds for every cell, and gives what time is left to the
//! cells whose interval is wider than was asked for, the widest first, until none is, each has had as many invocations as
//! it may have, or the budget ends. It still goes in rounds: a round takes the widest quarter, so that no cell is measured
//! many times in one disturbed second.
//!
//! Whoever stops when a figure looks good has made it look good. So nothing here looks at a figure, only at the width of its
//! interval; what an invocation measured never decides whether it counts; and the interval that is stated has room for
//! another run's (`ipcmark-summary` says how).
//!
//! The harness knows nothing of statistics, and the summary nothing of runs: this crate stands between them. It reads the
//! record and nothing else, so a run that was stopped is steered on as if it had not been.
#![forbid(unsafe_code)]

mod adaptive;
mod fixed;
mod need;

pub use adaptive::Adaptive;
pub use fixed::Fixed;
pub use need::{Need, batch};

use ipcmark_harness::session::Steer;
use ipcmark_record::Settings;

/// Whoever steers a run of these settings: [`Adaptive`] where they name a target, else [`Fixed`].
#[must_use]
pub fn steer(settings: &Settings) -> Box<dyn Steer> {
    match (settings.rounds_most, settings.target) {
        (Some(_), Some(_)) => Box::new(Adaptive::new(settings)),
        _ => Box::new(Fixed::new(settings.rounds)),
    }
}
