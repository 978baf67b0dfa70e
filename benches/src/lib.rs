//! Code that the benches share: bare loops to compare the harness with, and rings to compare ours
//! with.
#![forbid(unsafe_code)]

pub mod arguments;
pub mod bare;
pub mod duel;
pub mod overhead;
pub mod pairs;
pub mod soak;
pub mod stall;

use ipcmark_core::{Extent, Names, Placement, Plan, Workload};
use std::time::Duration;

/// Makes a plan for one invocation of a fixed number of messages or length of time.
#[must_use]
pub fn plan(
    workload: Workload,
    size: usize,
    placement: Placement,
    extent: Extent,
    names: Names,
) -> Plan {
    Plan {
        workload,
        placement,
        extent,
        warm_up: Duration::from_millis(5),
        deadline: Duration::from_secs(60),
        seed: 1,
        ..Plan::new(size, names)
    }
}
