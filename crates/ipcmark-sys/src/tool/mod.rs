//! Tools for measuring, comparing and clearing up.

pub mod baton;
pub mod cgroup;
pub mod contention;
pub mod counters;
pub mod delay;
pub mod janitor;
pub mod noise;
pub mod presence;
pub mod scratch;
pub mod subprocess;
pub mod trace;
pub mod units;
pub mod usage;
