//! What a record says: one row of statistics per cell.
//!
//! A record keeps raw invocations; tables, reports and comparisons want medians with intervals. This crate is the one
//! place where the first become the second, so that no two outputs can disagree.
#![forbid(unsafe_code)]

mod clock;
mod error;
mod figure;
mod pooled;
mod row;
mod samples;
mod summarize;
mod workload;

pub use error::{Error, Result};
pub use pooled::{Pooled, pooled};
pub use row::{
    Census, DistanceRange, Estimate, Figure, Lag, Outside, PERCENTILES, Parallel, Percentile, Row,
    Status, Summary,
};
pub use samples::Samples;
pub use summarize::{summarize, summarize_cell};
pub use workload::{Headline, counted, time_of};
