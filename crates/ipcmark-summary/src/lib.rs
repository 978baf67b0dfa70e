//! What a record says: one row of statistics per cell.
//!
//! A record keeps raw invocations; tables, reports and comparisons want medians with intervals. This crate is the one
//! place where the first become the second, so that no two outputs can disagree.
#![forbid(unsafe_code)]

mod row;
mod summarize;

pub use row::{
    Census, DistanceRange, Estimate, Figure, Percentile, Row, Status, Summary, PERCENTILES,
};
pub use summarize::summarize;
