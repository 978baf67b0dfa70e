//! Progress of the neighbours of an invocation.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Progress of the neighbours that compute, over the measured phase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct NeighbourProgress {
    /// Computations of all of them together.
    pub computations: u64,
    /// Time over which they were counted, ns.
    pub over_ns: u64,
    /// Computations that a CPU makes a second with nothing else to do.
    pub alone_per_s: f64,
    /// CPUs that they ran on.
    pub cpus: u32,
}

impl NeighbourProgress {
    /// Returns the share of their CPUs' time that the neighbours lost to the cell, and to whatever else
    /// ran there, 0 to 1.
    #[must_use]
    pub fn lost(&self) -> f64 {
        let whole = self.alone_per_s * self.over_ns as f64 / 1e9 * f64::from(self.cpus);
        if whole > 0.0 { (1.0 - self.computations as f64 / whole).clamp(0.0, 1.0) } else { 0.0 }
    }
}
