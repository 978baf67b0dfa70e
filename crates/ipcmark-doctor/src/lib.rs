//! What this machine offers and denies, what that costs, and the one line that would change it.
//!
//! A benchmark that runs everywhere has to say what it could not measure where it ran, and why its figures are not
//! another machine's. [`examine`] reads the machine's limits, mounts, sysctls, privileges, processors and clocks, and
//! listens for noise for a moment. It changes nothing: each [`Finding`] ends with the line that *you* could run.
//!
//! Reading ([`Machine`]) and judging (`checks`) are apart, so that a machine with a missing mount or a small limit can
//! be a folder of files in a test.
#![forbid(unsafe_code)]

mod checks;
mod finding;
mod machine;

pub use finding::{Area, Finding, Level};
pub use machine::Machine;

use std::time::Duration;

/// Examines this machine, listening for noise for `listen` on each of at most four CPUs.
#[must_use]
pub fn examine(machine: &Machine, listen: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(checks::processors::all(machine));
    findings.extend(checks::clock::all(machine));
    findings.extend(checks::noise::all(machine, listen));
    findings.extend(checks::mounts::all(machine));
    findings.extend(checks::limits::all(machine));
    findings.extend(checks::kernel::all(machine));
    findings.extend(checks::privileges::all(machine));
    findings
}
