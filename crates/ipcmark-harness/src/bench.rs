//! The clock and the CPUs of an invocation.

use crate::placement::Cpus;
use ipcmark_sys::clock::Clock;

/// Clock and CPUs of all invocations of a cell.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The run's clock, calibrated before any fork.
    pub clock: Clock,
    /// CPUs of the processes.
    pub cpus: Cpus,
}
