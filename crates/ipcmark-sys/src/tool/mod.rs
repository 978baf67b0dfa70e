//! Tools for measuring, comparing and clearing up.

pub mod baton;
pub mod cgroup;
pub mod contention;
pub mod counters;
pub mod delay;
pub mod energy;
pub mod helpers;
pub mod janitor;
pub mod neighbours;
pub mod noise;
pub mod presence;
pub mod resident;
pub mod scratch;
pub mod subprocess;
pub mod trace;
pub mod units;
pub mod usage;
