//! The rows: plain data, ready to print or draw.

use ipcmark_record::{Capacity, CellKey, Integrity};
use serde::Serialize;

/// The percentiles of every row, as fractions.
pub const PERCENTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 0.9999];

/// All rows of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// One row a cell, in the record's order.
    pub rows: Vec<Row>,
    /// How many cells came to what.
    pub census: Census,
}

/// How many cells came to what. The parts add up to `cells`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Census {
    /// All cells of the record.
    pub cells: usize,
    /// With figures, and no invocation failed.
    pub measured: usize,
    /// With at least one failed invocation (there may be figures from the others).
    pub failed: usize,
    /// Not available on that machine.
    pub unavailable: usize,
    /// Not something the mechanism can do.
    pub unsupported: usize,
    /// Not reached before the run ended.
    pub pending: usize,
}

/// One cell, summed up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which cell.
    pub key: CellKey,
    /// Its family.
    pub family: String,
    /// Its wait.
    pub wait: String,
    /// `message` or `stream`.
    pub framing: String,
    /// True for the floors.
    pub floor: bool,
    /// Its group in the suite.
    pub group: String,
    /// What became of it.
    pub status: Status,
    /// Capacity read back from the kernel.
    pub capacity: Option<Capacity>,
    /// Invocations that ended well and measured something: what every estimate here stands on.
    pub invocations: usize,
    /// Invocations that failed.
    pub failed_invocations: usize,
    /// Invocations whose warm-up did not become steady.
    pub unsteady_invocations: usize,
    /// Messages (round trips) measured in all good invocations together.
    pub messages: u64,
    /// The figures; absent when nothing was measured.
    pub figure: Option<Figure>,
    /// Cache-line distances of the CPUs while it was measured.
    pub distance: Option<DistanceRange>,
    /// Faults over all invocations.
    pub integrity: Integrity,
}

/// What became of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Status {
    /// Measured.
    Measured,
    /// At least one invocation failed; the first failure's words.
    Failed {
        /// Which side, and what happened.
        what: String,
    },
    /// Not available there.
    Unavailable {
        /// Why.
        reason: String,
        /// What would change it.
        remedy: Option<String>,
    },
    /// Makes no sense or cannot be done.
    Unsupported {
        /// Why.
        reason: String,
    },
    /// Not reached.
    Pending,
}

/// The figures of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Ping-pong: round-trip time, ns. Stream: ns per message over blocks of about 50 µs at the
    /// receiver, so of its bursts: no latency, and no substitute for [`Figure::ns_per_message`]. One entry for each of [`PERCENTILES`]; none at
    /// all when no histogram holds a value (a stream shorter than one block).
    pub percentiles: Vec<Percentile>,
    /// Largest single value seen in any invocation, ns (ping-pong only; blocks average the extremes away).
    pub max_ns: Option<f64>,
    /// Messages a second: drained and verified (stream), or round trips (ping-pong).
    pub messages_per_s: Estimate,
    /// Bytes a second in one direction: messages times size.
    pub bytes_per_s: Estimate,
    /// CPU time of both sides together for one message (round trip), user and system, ns.
    pub cpu_ns_per_message: Estimate,
    /// Context switches of both sides together for one message (round trip).
    pub switches_per_message: Estimate,
}

/// One percentile over invocations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentile {
    /// As a fraction: 0.99.
    pub quantile: f64,
    /// Median over invocations of the invocation's percentile, ns. Of round trips the interval is half a step of the clock
    /// wider on each side: no median is known finer than that.
    pub ns: Estimate,
    /// Values behind it in all good invocations.
    pub samples: u64,
    /// False when fewer than 100 values lie beyond it in all good invocations together, or fewer than 5 in the median one
    /// (whose own percentile would be little but its largest value): to be greyed, and not to be ranked or judged by.
    pub enough: bool,
}

/// A median over invocations, and its order-statistic interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The median.
    pub value: f64,
    /// The interval; absent under 6 invocations ("no interval").
    pub interval: Option<(f64, f64)>,
    /// Its confidence, at least 0.95; absent with the interval.
    pub confidence: Option<f64>,
}

/// The span of cache-line round trips seen, ns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DistanceRange {
    /// Smallest.
    pub min_ns: f64,
    /// Median over invocations of the mean of before and after.
    pub median_ns: f64,
    /// Largest.
    pub max_ns: f64,
    /// Invocations whose distance changed by more than a third on the way.
    pub moved: usize,
}
