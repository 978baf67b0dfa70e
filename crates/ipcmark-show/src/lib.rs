//! One formatter for each quantity, one escaper for each medium, one table for all.
#![forbid(unsafe_code)]

pub mod html;
pub mod markdown;
mod table;
pub mod terminal;
mod units;

pub use table::{Cell, Column, Head, Table, Tone};
pub use units::{
    FEW, NO_INTERVAL, NONE, Quantity, bytes, capital, change, count, factor, percentile, plain,
    plural, share, time, wall,
};
