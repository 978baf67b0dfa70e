//! Quantiles, intervals and tests: pure functions on numbers.
//!
//! The values are figures of invocations: few (6 to some hundreds), skewed, with a heavy tail, and of no known
//! distribution. So everything here is distribution-free: it looks at ranks and assumes no normal law. What each function
//! promises (coverage, false alarms, power) is tested by simulation in `tests/simulation.rs`.
//!
//! Values are expected to be numbers; a NaN sorts after every number, as [`f64::total_cmp`] has it.
#![forbid(unsafe_code)]

mod change;
mod classes;
mod detectable;
mod drift;
mod median;
mod multiple;
mod quantile;
mod rank_sum;
mod replication;
mod signed_rank;

pub use change::{ChangePoint, Scan, change_points, scan_all};
pub use classes::{Class, classes};
pub use detectable::smallest_detectable;
pub use drift::{Drift, Observation, drift};
pub use median::median_interval;
pub use multiple::holm;
pub use quantile::{median, median_absolute_deviation, quantile, samples_enough};
pub use rank_sum::{Shift, ratio};
pub use replication::replication_interval;
pub use signed_rank::{pseudo_median, signed_rank_p};

/// The two ends of an interval, and how often intervals made like it hold the true value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end, in the unit of the values.
    pub low: f64,
    /// Upper end, in the unit of the values.
    pub high: f64,
    /// Achieved confidence: ranks are whole numbers, so it is at least, and seldom exactly, what was asked for.
    pub confidence: f64,
}

/// Returns a sorted copy, smallest first.
fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
