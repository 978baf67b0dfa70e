//! Where an invocation is made: by which clock, on which CPUs.

use crate::placement::Cpus;
use ipcmark_sys::clock::Clock;

/// What all invocations of a cell have in common beside the plan.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The run's clock, calibrated before any fork.
    pub clock: Clock,
    /// Where the processes go.
    pub cpus: Cpus,
}
