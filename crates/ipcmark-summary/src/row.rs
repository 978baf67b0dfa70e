//! The rows: plain data, ready to print or draw.

use crate::{AgainstLimit, Classes, Cost, DistanceClass, Drift, Sending};
use ipcmark_record::{
    Capacity, Carries, CellKey, Framing, Integrity, Refusal, Standing, Target, WaitKind,
};
use serde::Serialize;

/// The percentiles of every row, as fractions.
pub const PERCENTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 0.9999];

/// All rows of a record.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Summary {
    /// One row a cell, in the record's order.
    pub rows: Vec<Row>,
    /// Numbers of cells by outcome and quality.
    pub census: Census,
    /// The distance classes of the record.
    pub classes: Classes,
    /// Drift of the machine during the run, for each kind of cells; none if the run was too short
    /// to show it.
    pub drift: Vec<Drift>,
    /// Width of intervals that the run aimed at.
    pub target: Target,
    /// Percentiles that tables show instead of the usual ones, as fractions; empty if none were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub percentiles: Vec<f64>,
}

/// Numbers of cells by outcome and quality. `measured` to `pending` add up to `cells`, and
/// `precise` to `few` to those with a standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Census {
    /// All cells of the record.
    pub cells: usize,
    /// Cells with figures and without a failed invocation.
    pub measured: usize,
    /// Cells with at least one failed invocation (the others may give figures).
    pub failed: usize,
    /// Cells that are not available on that machine.
    pub unavailable: usize,
    /// Cells that the mechanism cannot do.
    pub unsupported: usize,
    /// Cells that were not reached before the run ended.
    pub pending: usize,
    /// Cells with an interval as narrow as the target.
    pub precise: usize,
    /// Cells with a wider interval.
    pub wide: usize,
    /// Cells with too many invocations that never settled.
    pub not_steady: usize,
    /// Cells with too many invocations that had to be set aside.
    pub noisy: usize,
    /// Cells with too few invocations of one class for an interval.
    pub few: usize,
}

/// One cell, summed up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Key of the cell.
    pub key: CellKey,
    /// Its family.
    pub family: String,
    /// Its wait.
    pub wait: WaitKind,
    /// `message` or `stream`.
    pub framing: Framing,
    /// True for the floors.
    pub floor: bool,
    /// Name of what its times measure: see `Workload::time_of`.
    pub time_of: String,
    /// Name of what its rate and its costs are counted in: see `Workload::counted`.
    pub counted: &'static str,
    /// `messages`, `notifications` or `calls`.
    pub carries: Carries,
    /// True for mechanisms that may lose what was sent: see [`Figure::lost_share`].
    pub lossy: bool,
    /// True if a kernel thread or another process does a part of its work, at no side's cost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub works_elsewhere: bool,
    /// `shared`, one link for all peers, or `per-peer`, one for each; where messages go from one to several or back.
    pub links: Option<String>,
    /// Its group in the suite.
    pub group: String,
    /// Its outcome.
    pub status: Status,
    /// Capacity read back from the kernel.
    pub capacity: Option<Capacity>,
    /// Invocations behind `figure`: see [`Counting`](crate::Counting).
    pub invocations: usize,
    /// All invocations that were made, good and bad.
    pub made_invocations: usize,
    /// Invocations that failed.
    pub failed_invocations: usize,
    /// Invocations behind the figure whose warm-up did not become steady.
    pub unsteady_invocations: usize,
    /// Invocations behind the figure in which the control group used up its CPU quota.
    #[serde(skip_serializing_if = "none")]
    pub throttled_invocations: usize,
    /// Good invocations that the machine disturbed, or whose CPUs moved on the way: see [`Mark`](ipcmark_record::Mark).
    pub set_aside: usize,
    /// True if some of those count nevertheless, because too few would have been left.
    pub disturbed: bool,
    /// Messages (round trips) measured in all good invocations together, as [`Row::counted`] has it.
    pub messages: u64,
    /// True if the time behind its rate is that of a schedule, in all of them.
    #[serde(skip)]
    pub by_schedule: bool,
    /// The distance class of the figures; absent if there is none: on one CPU, on CPUs of the
    /// kernel's choice, with several peers.
    pub class: Option<DistanceClass>,
    /// Messages a second that a replayed trace had in its phases; absent in other rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed_per_s: Option<f64>,
    /// The times of messages of each size, shortest first; empty if all have one size.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_size: Vec<SizeFigure>,
    /// The figures; absent if nothing was measured.
    pub figure: Option<Figure>,
    /// Costs of its messages and its link, from the invocations behind the figures; absent if
    /// nothing was measured.
    pub cost: Option<Cost>,
    /// Its sends: how long they hold the sender, and what was dropped; absent where they are not timed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending: Option<Sending>,
    /// The figures' time compared with the best that the machine allows; absent if no measured
    /// limit applies.
    pub limit: Option<AgainstLimit>,
    /// Figures in other classes: never pooled with `figure`, and not a basis for a ranking.
    pub others: Vec<ClassFigure>,
    /// Quality of the figures; absent without figures.
    pub standing: Option<Standing>,
    /// Cache-line distances of the CPUs while it was measured.
    pub distance: Option<DistanceRange>,
    /// Faults over all invocations.
    pub integrity: Integrity,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn none(count: &usize) -> bool {
    *count == 0
}

/// Figures of a cell in another distance class than its row's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassFigure {
    /// The class.
    pub class: DistanceClass,
    /// Invocations behind the figures.
    pub invocations: usize,
    /// The figures.
    pub figure: Figure,
}

/// Outcome of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Status {
    /// Measured.
    Measured,
    /// At least one invocation failed.
    Failed {
        /// The side, and what happened, in the first failure.
        what: String,
    },
    /// Not available on that machine.
    Unavailable(Refusal),
    /// Makes no sense or cannot be done.
    Unsupported {
        /// Reason.
        reason: String,
    },
    /// Not reached.
    Pending,
}

/// The figures of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The time that [`Row::time_of`] names, ns: of ping-pong the round trip, of `paced` one way
    /// from the intended start, of `burst` the whole exchange, of `scatter-gather` the task. For
    /// rates (`stream`, `duplex`, `fan-in`, `fan-out`) it is ns per message over blocks of about 50
    /// µs at the receivers. That describes their bursts: it is not a latency, and does not replace
    /// [`Figure::ns_per_message`]. One entry for each of [`PERCENTILES`]; none if no histogram
    /// holds a value (a stream shorter than one block).
    pub percentiles: Vec<Percentile>,
    /// Largest single value seen in any invocation, ns (not of rates: blocks average the extremes away).
    pub max_ns: Option<f64>,
    /// Messages a second, drained and verified, over all receivers; or round trips, or tasks.
    pub messages_per_s: Estimate,
    /// Bytes a second: messages times size; of `duplex` both directions together, otherwise one.
    pub bytes_per_s: Estimate,
    /// CPU time of all sides together for one message (round trip, task), user and system, ns.
    pub cpu_ns_per_message: Estimate,
    /// Context switches of all sides together for one message (round trip, task).
    pub switches_per_message: Estimate,
    /// Share of the messages sent that never arrived, 0 to 1, over all invocations together, so
    /// without an interval; only for mechanisms that may lose some.
    pub lost_share: Option<Estimate>,
    /// Delay of the sender, where a rate is set.
    pub lag: Option<Lag>,
    /// The worst peer, where several have a set rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_peer: Option<WorstPeer>,
    /// Work done between sending and receipt, in `overlap`.
    pub overlap: Option<Outside>,
    /// The task, in `scatter-gather`.
    pub task: Option<Parallel>,
    /// Reason why a one-way time has no percentiles, although it was measured: see [`Row::held_against`].
    pub refused: Option<String>,
}

/// Delay of a paced sender: from a message's intended start to the call that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lag {
    /// Median, ns.
    pub p50_ns: Estimate,
    /// 99th percentile, ns.
    pub p99_ns: Estimate,
    /// True if its 99th percentile exceeds a tenth of the latency's: then the latency is partly the
    /// sender's delay.
    pub sender_too_slow: bool,
}

/// Times of the worst peer: in each invocation the largest median of a peer, and the largest 99th percentile, which may
/// be another's; then medians over invocations. A peer is a receiver, or the sender to the one receiver, or a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WorstPeer {
    /// Median, ns.
    pub p50_ns: Estimate,
    /// 99th percentile, ns.
    pub p99_ns: Estimate,
    /// False if fewer than 5 values of some peer are beyond its 99th percentile in the median invocation.
    pub enough: bool,
}

/// Other work done between a call and its completion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outside {
    /// Time that the work in one round trip takes alone, ns.
    pub work_ns: Estimate,
    /// That time as a share of the round trip, 0 to 1.
    pub work_share: Estimate,
    /// Time of one look that finds no answer, ns.
    pub look_ns: Estimate,
}

/// One task by one process, and by several.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parallel {
    /// Time by one process alone divided by the time by several.
    pub speed_up: Estimate,
    /// Time by one process, ns.
    pub serial_ns: Estimate,
    /// Time by several, from the first part sent to the last partial result merged, ns.
    pub parallel_ns: Estimate,
    /// Bytes of input.
    pub input_bytes: u64,
}

/// The times of the messages of one size, or of sizes that count together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SizeFigure {
    /// The shortest of them, bytes.
    pub from_bytes: u64,
    /// The longest of them, bytes.
    pub to_bytes: u64,
    /// Times at each of [`PERCENTILES`].
    pub percentiles: Vec<Percentile>,
    /// Largest single time, ns.
    pub max_ns: f64,
}

/// One percentile over invocations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentile {
    /// Fraction: 0.99.
    pub quantile: f64,
    /// Median over invocations of the invocation's percentile, ns. For round trips the interval is
    /// half a step of the clock wider on each side, because no median is known more finely.
    pub ns: Estimate,
    /// Values behind it in all good invocations.
    pub samples: u64,
    /// False if fewer than 100 values are beyond it in all good invocations together, or fewer than
    /// 5 in the median one (whose own percentile would be little more than its largest value). Such
    /// a percentile is printed grey and not used to rank or judge.
    pub enough: bool,
}

/// A median over invocations, and the range in which the median of another run of the same length
/// is expected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The median.
    pub value: f64,
    /// The replication interval: another run's median falls inside 95 times in a hundred. It
    /// includes the scatter of the invocations and the machine's [`Drift`]: see
    /// [`ipcmark_stats::replication_interval`]. Absent under 6 invocations ("no interval").
    pub interval: Option<(f64, f64)>,
    /// Probability that such an interval holds the median of an equal sample, by the scatter alone:
    /// at least 0.95 from 9 invocations on, and 0.82, 0.93, 0.92 at 6, 7, 8, where it is their
    /// whole span. Absent with the interval.
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
    /// Number of invocations whose distance changed by more than a third on the way.
    pub moved: usize,
}
