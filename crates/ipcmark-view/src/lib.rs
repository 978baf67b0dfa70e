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
    CostTable, NOTES, any_few, cells_table, cost_tables, limit_table, quantity, ranking_table,
    shown, size_table,
};
pub use gaps::{Gap, gap, gaps, gaps_table, not_ranked};
pub use names::{braced, grouped};
pub use noise::{Noise, Sign, conditions, noise};
pub use quality::{Word, census, legend};
pub use ranking::{Entry, Order, Ranking, Setting, mechanism, middle, order, payload, rankings};
pub use rules::{Family, NO_RULES, families, observed, rules_census, verdict_words};

/// The meaning of the brackets behind a figure.
pub const INTERVAL: &str = "[low, high]: the range in which the median of another run like this one is \
    expected, 95 times in 100";
/// The meaning of a mark for too few samples.
pub const FEW_MEANS: &str = "too few samples to rely on (fewer than 100 above this percentile)";
/// The meaning of a rank.
pub const RANK_MEANS: &str = "rank 2–4: somewhere from 2nd to 4th, because intervals overlap; –: too few \
    samples for a rank; lossy: it lost messages; drops: its sender dropped some; apart: other core-to-core latency, not comparable; floor: the \
    harness alone, in one process and without a mechanism (a stream, whose two sides work at the same time, can be faster)";
/// The meaning of the limits.
pub const LIMIT_MEANS: &str = "× limit: how many times as long as the CPUs, their caches and the kernel \
    need at best; the line under a table names that limit";
