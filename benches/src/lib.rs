//! What the benches share: the bare loops that the harness is held against, and the plans they run under.
#![forbid(unsafe_code)]

pub mod bare;
pub mod duel;
pub mod fan_in;
pub mod overhead;
pub mod soak;
pub mod stall;

use ipcmark_core::{Extent, Names, Placement, Plan, Workload};
use std::time::Duration;

/// A plan for one invocation of a fixed number of messages or length of time.
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
