//! Statistics of a record: one row per cell.
//!
//! A record keeps raw invocations; tables, reports and comparisons need medians with intervals.
//! Only this crate makes the second from the first, so no two outputs can disagree.
#![forbid(unsafe_code)]

mod asked;
mod classes;
mod clock;
mod context;
mod cost;
mod counting;
mod drift;
mod error;
mod figure;
mod limit;
mod memo;
mod pooled;
mod rate;
mod row;
mod samples;
mod sending;
mod sizes;
mod standing;
mod summarize;

pub use classes::{Classes, DistanceClass};
pub use context::Context;
pub use cost::Cost;
pub use counting::Counting;
pub use drift::{Drift, Kind};
pub use error::{Error, Result};
pub use ipcmark_record::Headline;
pub use limit::{AgainstLimit, Bound};
pub use pooled::{Pooled, pooled, tells, told, unpack};
pub use rate::{Phase, Rate, misses_rate};
pub use row::{
    Census, ClassFigure, DistanceRange, Estimate, Figure, Lag, Outside, PERCENTILES, Parallel,
    Percentile, Row, SizeFigure, Status, Summary, WorstPeer,
};
pub use samples::Samples;
pub use sending::{Dropped, Sending};
pub use standing::{excess, standing};
pub use summarize::{summarize, summarize_cell, summarize_in};
