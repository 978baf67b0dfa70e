//! Rows, columns, remarks and gaps of a record in words, for every medium.
//!
//! Terminal, Markdown and HTML show the same columns and the same sentences: here they are made, as
//! data. A renderer ([`ipcmark_show`]) decides only on the form.
#![forbid(unsafe_code)]

mod answer;
mod columns;
mod gaps;
mod names;
mod noise;
mod quality;
mod ranking;
mod remarks;
mod rules;
#[cfg(any(test, feature = "sample"))]
pub mod testing;

pub use answer::{Part, USUAL_SIZE_BYTES, answer};
pub use columns::{
    CostTable, any_few, cells_table, cost_tables, limit_table, quantity, ranking_table, shown,
};
pub use gaps::{Gap, gap, gaps, gaps_table, not_ranked};
pub use names::{braced, grouped};
pub use noise::{Noise, Sign, conditions, noise};
pub use quality::{Word, census, legend};
pub use ranking::{Entry, Order, Ranking, Setting, mechanism, middle, order, payload, rankings};
pub use rules::{Family, NO_RULES, families, observed, rules_census, verdict_words};

/// The meaning of the brackets behind a figure.
pub const INTERVAL: &str = "[low, high]: the range in which the median of another run of the same length \
    is expected (95 %)";
/// The meaning of a mark for too few samples.
pub const FEW_MEANS: &str = "fewer than 100 samples above this percentile; indicative only";
/// The meaning of the time per message of a rate, and of its blocks.
pub const RATE_MEANS: &str = "time/message is 1 / rate; block p50 and p99 are the time per message within \
    blocks of about 50 µs at the receiver: its bursts, not a latency";
/// The meaning of the limits.
pub const LIMIT_MEANS: &str = "× limit: times as long as the CPUs, their caches and the kernel allow at \
    best, as measured in this run";
