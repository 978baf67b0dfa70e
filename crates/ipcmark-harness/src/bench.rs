//! The clock and the CPUs of an invocation, and what runs next to it.

use crate::placement::Cpus;
use ipcmark_record::NeighbourProgress;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::neighbours::Progress;

/// Clock and CPUs of all invocations of a cell.
#[derive(Debug, Clone)]
pub struct Bench {
    /// The run's clock, calibrated before any fork.
    pub clock: Clock,
    /// CPUs of the processes.
    pub cpus: Cpus,
    /// The neighbours that run meanwhile, if there are any.
    pub neighbours: Option<Neighbourhood>,
}

/// Neighbours of an invocation.
#[derive(Debug, Clone)]
pub struct Neighbourhood {
    /// Count of those that compute, if any does.
    pub progress: Option<Progress>,
    /// Computations that a CPU makes a second with nothing else to do.
    pub alone_per_s: f64,
    /// CPUs that those that compute run on.
    pub cpus: u32,
}

impl Neighbourhood {
    /// Returns how far the computing neighbours came, from their count and the time, ns, of the measured
    /// phase; `None` if none computes.
    pub(crate) fn kept(&self, counted: Option<(u64, u64)>) -> Option<NeighbourProgress> {
        let (computations, over_ns) = counted?;
        let Neighbourhood { alone_per_s, cpus, .. } = *self;
        Some(NeighbourProgress { computations, over_ns, alone_per_s, cpus })
    }
}
