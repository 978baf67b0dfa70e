//! The rows: plain data, ready to print or draw.

use crate::{AgainstLimit, Classes, Cost, DistanceClass, Drift};
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
    /// How many cells came to what.
    pub census: Census,
    /// The distance classes of the record.
    pub classes: Classes,
    /// How far the machine went up and down meanwhile, a kind of cells each; none where the run was too short to tell.
    pub drift: Vec<Drift>,
    /// How narrow intervals were to be.
    pub target: Target,
}

/// How many cells came to what: `measured` to `pending` add up to `cells`, and `precise` to `few` to those with a standing.
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
    /// With an interval as narrow as was asked for.
    pub precise: usize,
    /// With a wider one.
    pub wide: usize,
    /// With too many invocations that never settled.
    pub not_steady: usize,
    /// With too many invocations that had to be set aside.
    pub noisy: usize,
    /// With too few invocations of one class for an interval.
    pub few: usize,
}

/// One cell, summed up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which cell.
    pub key: CellKey,
    /// Its family.
    pub family: String,
    /// Its wait.
    pub wait: WaitKind,
    /// `message` or `stream`.
    pub framing: Framing,
    /// True for the floors.
    pub floor: bool,
    /// What its times are of, in words: see `Workload::time_of`.
    pub time_of: String,
    /// What its rate and its costs are given for one of: see `Workload::counted`.
    pub counted: &'static str,
    /// `messages`, `notifications` or `calls`.
    pub carries: Carries,
    /// True for mechanisms that may lose what was sent: see [`Figure::lost_share`].
    pub lossy: bool,
    /// `shared`, one link for all peers, or `per-peer`, one for each; in `fan-in`, `fan-out` and `broadcast`.
    pub links: Option<String>,
    /// Its group in the suite.
    pub group: String,
    /// What became of it.
    pub status: Status,
    /// Capacity read back from the kernel.
    pub capacity: Option<Capacity>,
    /// Invocations behind `figure`: see [`Counting`](crate::Counting).
    pub invocations: usize,
    /// All invocations that were made, good and bad.
    pub made_invocations: usize,
    /// Invocations that failed.
    pub failed_invocations: usize,
    /// Of those behind the figure: whose warm-up did not become steady.
    pub unsteady_invocations: usize,
    /// Good invocations that the machine disturbed, or whose CPUs moved on the way: see [`Mark`](ipcmark_record::Mark).
    pub set_aside: usize,
    /// True when some of those had to be taken all the same, because too few would have been left.
    pub disturbed: bool,
    /// Messages (round trips) measured in all good invocations together, as [`Row::counted`] has it.
    pub messages: u64,
    /// The distance class of the figures; absent where there is none: on one CPU, on CPUs of the kernel's choice, with
    /// several peers.
    pub class: Option<DistanceClass>,
    /// The figures; absent when nothing was measured.
    pub figure: Option<Figure>,
    /// What its messages and its link cost, of the invocations behind the figures; absent when nothing was measured.
    pub cost: Option<Cost>,
    /// The figures' time beside what the machine allows at best; absent where no limit was measured that bounds it.
    pub limit: Option<AgainstLimit>,
    /// What was measured in other classes: never pooled with `figure`, and no basis for a ranking.
    pub others: Vec<ClassFigure>,
    /// What the figures can be trusted with; absent without figures.
    pub standing: Option<Standing>,
    /// Cache-line distances of the CPUs while it was measured.
    pub distance: Option<DistanceRange>,
    /// Faults over all invocations.
    pub integrity: Integrity,
}

/// What a cell came to in another distance class than its row's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassFigure {
    /// Which class.
    pub class: DistanceClass,
    /// Invocations behind the figures.
    pub invocations: usize,
    /// The figures.
    pub figure: Figure,
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
    Unavailable(Refusal),
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
    /// The time that [`Row::time_of`] names, ns: of ping-pong the round trip, of `paced` one way from the
    /// intended start, of `burst` the whole exchange, of `scatter-gather` the task. Of rates (`stream`, `duplex`, `fan-in`,
    /// `fan-out`): ns per message over blocks of about 50 µs at the receivers, so of their bursts: no latency, and no
    /// substitute for [`Figure::ns_per_message`]. One entry for each of [`PERCENTILES`]; none at all when no histogram holds
    /// a value (a stream shorter than one block).
    pub percentiles: Vec<Percentile>,
    /// Largest single value seen in any invocation, ns (not of rates: blocks average the extremes away).
    pub max_ns: Option<f64>,
    /// Messages a second, drained and verified, over all receivers; or round trips, or tasks.
    pub messages_per_s: Estimate,
    /// Bytes a second: messages times size; of `duplex` both directions together, else one.
    pub bytes_per_s: Estimate,
    /// CPU time of all sides together for one message (round trip, task), user and system, ns.
    pub cpu_ns_per_message: Estimate,
    /// Context switches of all sides together for one message (round trip, task).
    pub switches_per_message: Estimate,
    /// Share of the messages sent that never came, 0 to 1; only of mechanisms that may lose some.
    pub lost_share: Option<Estimate>,
    /// How late the sender was, in `paced`.
    pub lag: Option<Lag>,
    /// Work done between sending and receipt, in `overlap`.
    pub overlap: Option<Outside>,
    /// The task, in `scatter-gather`.
    pub task: Option<Parallel>,
    /// Why a one-way time has no percentiles, although it was measured: see [`Row::held_against`].
    pub refused: Option<String>,
}

/// How late a paced sender was: from a message's intended start to the call that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lag {
    /// Median, ns.
    pub p50_ns: Estimate,
    /// 99th percentile, ns.
    pub p99_ns: Estimate,
    /// True when its 99th percentile exceeds a tenth of the latency's: the latency then tells of the sender, too.
    pub sender_too_slow: bool,
}

/// Other work done between a call and its completion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outside {
    /// In one round trip: the time that the work takes alone, ns.
    pub work_ns: Estimate,
    /// The same as a share of the round trip, 0 to 1.
    pub work_share: Estimate,
    /// What one look for the answer costs that finds none, ns.
    pub look_ns: Estimate,
}

/// One task by one process, and by several.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parallel {
    /// Times as fast as one process alone.
    pub speed_up: Estimate,
    /// By one process, ns.
    pub serial_ns: Estimate,
    /// By several, from the first part sent to the last partial result merged, ns.
    pub parallel_ns: Estimate,
    /// Bytes of input.
    pub input_bytes: u64,
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

/// A median over invocations, and where the median of another run of the same length is expected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The median.
    pub value: f64,
    /// The replication interval: another run's median falls inside 95 times in a hundred. It is made of the invocations' own
    /// scatter and of the machine's [`Drift`]: see [`ipcmark_stats::replication_interval`]. Absent under 6 invocations ("no
    /// interval").
    pub interval: Option<(f64, f64)>,
    /// How often the scatter alone makes such an interval hold the median of an equal sample: at least 0.95 from 9 invocations
    /// on, and 0.82, 0.93, 0.92 at 6, 7, 8, where it is their whole span. Absent with the interval.
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
