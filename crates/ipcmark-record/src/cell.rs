//! Cells and their invocations: the rows of a record.

use crate::Encoded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What identifies a cell, in every record that has it.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct CellKey {
    /// Mechanism and wait, e.g. `pipe/block`.
    pub transport: String,
    /// `ping-pong` or `stream`.
    pub pattern: String,
    /// Message size in bytes.
    pub size_bytes: u64,
    /// `same-core`, `cross-core`, `smt-siblings`, `cross-node` or `free`.
    pub placement: String,
    /// Capacity asked of each direction in bytes; absent means the mechanism's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_bytes: Option<u64>,
}

impl fmt::Display for CellKey {
    /// `pipe/block ping-pong 64 B cross-core`, with the capacity behind it when one was asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CellKey { transport, pattern, size_bytes, placement, capacity_bytes } = self;
        write!(f, "{transport} {pattern} {size_bytes} B {placement}")?;
        capacity_bytes.map_or(Ok(()), |bytes| write!(f, " (capacity {bytes} B)"))
    }
}

/// One row of results: a transport under a workload, size and placement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// What identifies it.
    #[serde(flatten)]
    pub key: CellKey,
    /// The family, i.e. the crate, the transport lives in.
    pub family: String,
    /// How a side waits: `block`, `spin`, `epoll` ...
    pub wait: String,
    /// `message` or `stream`.
    pub framing: String,
    /// True when messages are written into the mechanism's own memory.
    pub zero_copy: bool,
    /// True for the floors (`null`, `copy`), which run in one process and communicate with nobody.
    pub floor: bool,
    /// Which group of the suite named this cell.
    pub group: String,
    /// What became of it.
    pub state: State,
    /// What each direction really holds, read back from the kernel; absent until it was measured once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Its invocations, in the order they were made.
    #[serde(default)]
    pub invocations: Vec<Invocation>,
}

/// What became of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum State {
    /// Named by the suite, not yet visited (or the budget ended first).
    Pending,
    /// Has invocations. Some of them may have failed: each says so.
    Measured,
    /// This machine, here and now, cannot run it.
    Unavailable {
        /// What is missing.
        reason: String,
        /// What would change it, where something would.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
    },
    /// It makes no sense, or the mechanism cannot do it anywhere (e.g. two spinning sides on one CPU).
    Unsupported {
        /// Why.
        reason: String,
    },
}

/// Capacity of one direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capacity {
    /// Bytes, as the kernel or the ring reports them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Messages, where the mechanism counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
}

/// One fork of a cell's processes: the unit of replication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Invocation {
    /// Round of the run in which it was made, from 0.
    pub round: u32,
    /// Start, in ns after the run's start.
    pub started_ns: u64,
    /// Whether it ended well.
    pub outcome: InvocationOutcome,
    /// The measured phase: from the barrier to the last checked message, in ns.
    pub elapsed_ns: u64,
    /// Round trips (ping-pong) or messages received and checked (stream) in the measured phase.
    pub messages: u64,
    /// Warm-up in the same pair of processes.
    pub warm_up: WarmUp,
    /// The distance between the two CPUs; absent where both sides share one or neither is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
    /// What was found wrong in the messages of both sides, warm-up included.
    pub integrity: Integrity,
    /// Initiator, then responder. The floors have one side, a failed invocation may have none.
    pub sides: Vec<SideReport>,
}

impl Invocation {
    /// True when it ended well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, InvocationOutcome::Ok)
    }
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum InvocationOutcome {
    /// Both sides did what was planned.
    Ok,
    /// A side failed, died or hung; or a transport that promises to lose nothing did.
    Failed {
        /// `initiator`, `responder`, or `supervisor`.
        side: String,
        /// What happened.
        what: String,
    },
}

/// How the warm-up went.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WarmUp {
    /// Messages (round trips) before the measured phase.
    pub messages: u64,
    /// Its length in ns.
    pub elapsed_ns: u64,
    /// True when the last two blocks' medians agreed; false: the cell was not steady when measuring began.
    pub steady: bool,
}

/// Cache-line round trips between the sides' two CPUs, in ns: median over batches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distance {
    /// Just before the measured phase.
    pub before_ns: f64,
    /// Just after it.
    pub after_ns: f64,
}

/// Faults found by sequence numbers and check values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Integrity {
    /// Sequence numbers that never came.
    pub lost: u64,
    /// Messages that came again.
    pub repeated: u64,
    /// Messages that came after a later one.
    pub reordered: u64,
    /// Messages whose stamps or bytes were wrong.
    pub damaged: u64,
}

/// What one side brought home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SideReport {
    /// `initiator` or `responder`.
    pub side: String,
    /// Where it ran.
    pub placed: Placed,
    /// What the measured phase cost this side.
    pub usage: Usage,
    /// What it timed. In ping-pong the initiator's holds round trips and the responder keeps none (a clock read
    /// there would be in the number); in stream each side holds ns per message, averaged over blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Encoded>,
}

/// Where a side ran, read back rather than assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placed {
    /// CPUs the kernel allowed it (`sched_getaffinity`).
    pub allowed: Vec<u32>,
    /// CPU it was on when the measured phase began (`getcpu`).
    pub cpu_before: u32,
    /// CPU it was on when the measured phase ended.
    pub cpu_after: u32,
}

/// Cost of the measured phase for one side (`getrusage(2)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// CPU time in user mode, ns.
    pub user_ns: u64,
    /// CPU time in the kernel, ns.
    pub system_ns: u64,
    /// Times the side gave its CPU up to wait.
    pub voluntary_switches: u64,
    /// Times the scheduler took its CPU away.
    pub involuntary_switches: u64,
    /// Page faults served without I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
}
