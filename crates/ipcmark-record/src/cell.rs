//! Cells and their invocations: the rows of a record.

use crate::NeighbourProgress;
use crate::{
    Cycles, Drops, Encoded, Energy, Histogram, Hold, LinkMemory, Mark, Noise, Setup, Standing,
    SystemCalls, ThirdParties,
};
use ipcmark_words::{Capacity, Carries, CellKey, Framing, Refusal, Usage, WaitKind};
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One row of results: a transport under a workload, size and placement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Cell {
    /// Key of the cell.
    #[serde(flatten)]
    pub key: CellKey,
    /// The family, i.e. the crate, the transport lives in.
    pub family: String,
    /// Wait of a side: `block`, `spin`, `epoll` ...
    pub wait: WaitKind,
    /// `message` or `stream`.
    pub framing: Framing,
    /// True when messages are written into the mechanism's own memory.
    pub zero_copy: bool,
    /// True for the floors (`null`, `copy`), which run in one process and communicate with no
    /// other.
    pub floor: bool,
    /// `messages`, `notifications` or `calls`.
    #[serde(default)]
    pub carries: Carries,
    /// True for mechanisms that may lose what was sent: losses are counted, and are no failure.
    #[serde(default)]
    pub lossy: bool,
    /// True if a kernel thread or another process does a part of its work: the CPU time of that is in no
    /// side's cost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub works_elsewhere: bool,
    /// Group of the suite that named this cell.
    pub group: String,
    /// State that the run left it in.
    pub state: State,
    /// Capacity of each direction, read back from the kernel; absent until the cell was measured
    /// once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// Quality of its figures at the end; absent until the run ended, and if nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Its system calls, where they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_calls: Option<SystemCalls>,
    /// Its cycles and instructions, where the machine counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles: Option<Cycles>,
    /// Memory of its links, where it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<LinkMemory>,
    /// Number of times that the whole run died while it measured this cell.
    #[serde(default, skip_serializing_if = "never")]
    pub deaths: u32,
    /// Its invocations, in the order they were made.
    #[serde(default)]
    pub invocations: Vec<Invocation>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(crate) const fn never(times: &u32) -> bool {
    *times == 0
}

impl Cell {
    /// Returns true if the run would probably die again: it died in this cell before it had a figure, or
    /// twice. Someone may kill a run for another reason, so a cell with figures gets one more try.
    #[must_use]
    pub fn is_deadly(&self) -> bool {
        self.deaths > u32::from(self.invocations.iter().any(Invocation::is_ok))
    }

    /// Notes that the run died while it measured this cell, in this round.
    pub(crate) fn note_death(&mut self, round: u32) {
        self.deaths += 1;
        if self.is_deadly() {
            let (side, what) = ("supervisor".into(), DIED.into());
            let died = InvocationOutcome::Failed { side, what };
            self.state = State::Measured;
            self.invocations.push(Invocation { round, ..Invocation::new(died) });
        }
    }
}

/// Reason of an invocation during which the run died.
const DIED: &str = "the whole run died during it (killed, perhaps for want of memory); --resume skips this cell, --resume DIR --retry tries it again";

/// State of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum State {
    /// Named by the suite, not yet visited (or the budget ended first).
    Pending,
    /// Has invocations. Some of them may have failed: each says so.
    Measured,
    /// This machine, here and now, cannot run it.
    Unavailable(Refusal),
    /// It makes no sense, or the mechanism cannot do it anywhere (e.g. two spinning sides on one CPU).
    Unsupported {
        /// The reason.
        reason: String,
    },
}

/// One fork of a cell's processes: the unit of replication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Invocation {
    /// Round of the run in which it was made, from 0.
    pub round: u32,
    /// Start, in ns after the run's start.
    pub started_ns: u64,
    /// Result.
    pub outcome: InvocationOutcome,
    /// The measured phase: from the barrier to the last checked message, in ns; or the time of its schedule.
    pub elapsed_ns: u64,
    /// True if `elapsed_ns` is the time of a set rate: from the first message that may be due to the end of the last one's turn,
    /// or to the last checked one if that is later. Older records have the wait before the first in it, and not that turn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_schedule: bool,
    /// Round trips (ping-pong) or messages received and checked (stream) in the measured phase.
    pub messages: u64,
    /// Warm-up in the same pair of processes.
    pub warm_up: WarmUp,
    /// The distance between the two CPUs; absent where both sides share one or neither is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
    /// Reasons why it is set aside; empty if it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// Disturbances around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// Cost of making and ending its link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Setup>,
    /// Progress of the neighbours that compute, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<NeighbourProgress>,
    /// Faults in the messages of all sides, warm-up included.
    pub integrity: Integrity,
    /// Work done between call and completion; only in `overlap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// The task; only in `scatter-gather`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Messages that were due and those that were dropped; only of senders that drop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drops: Option<Drops>,
    /// Energy that the machine took; absent where it does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<Energy>,
    /// `shared` if all peers have one link, `per-peer` if each has its own; only where messages go from
    /// one process to several, or from several to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<String>,
    /// The messages that a replayed trace had in the measured phase; absent elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed: Option<Replayed>,
    /// Initiator, then responder; in patterns with peers the one, then the several in order; in `paced-pairs` pair by pair. The floors have one side, a
    /// failed invocation may have none.
    pub sides: Vec<SideReport>,
}

/// Work that a side did between sending a message and receiving the answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Overlap {
    /// Pieces of work done between calls and completions, in all.
    pub pieces: u64,
    /// Time of one piece alone, ns; measured in the same process just before.
    pub piece_ns: f64,
    /// Time of one look for the answer when there is none, ns; mean over the measured phase.
    pub look_ns: f64,
}

/// Messages of a trace that were due in a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Replayed {
    /// Their number.
    pub due: u64,
    /// Length of the phase, ns.
    pub span_ns: u64,
}

/// One divisible task, done by one process alone and by several together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Task {
    /// Bytes of input.
    pub input_bytes: u64,
    /// By the coordinating process alone, ns: median of the times taken in this invocation.
    pub serial_ns: u64,
    /// Over the workers, from the first part sent to the last partial result merged, ns: median.
    pub parallel_ns: u64,
    /// Times the task was done over the workers.
    pub runs: u64,
}

impl Invocation {
    /// Makes one that has nothing but its outcome.
    #[must_use]
    pub const fn new(outcome: InvocationOutcome) -> Invocation {
        Invocation {
            round: 0,
            started_ns: 0,
            outcome,
            elapsed_ns: 0,
            by_schedule: false,
            messages: 0,
            warm_up: WarmUp { messages: 0, elapsed_ns: 0, steady: false },
            distance: None,
            marks: Vec::new(),
            noise: None,
            setup: None,
            neighbours: None,
            integrity: Integrity { lost: 0, repeated: 0, reordered: 0, damaged: 0 },
            overlap: None,
            task: None,
            drops: None,
            energy: None,
            links: None,
            replayed: None,
            sides: Vec::new(),
        }
    }

    /// Returns true if it ended well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, InvocationOutcome::Ok)
    }
}

/// Result of an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum InvocationOutcome {
    /// Both sides did what was planned.
    Ok,
    /// A side failed, died or hung; or a transport that promises to lose nothing did.
    Failed {
        /// `initiator`, `responder`, or `supervisor`.
        side: String,
        /// Description of the failure.
        what: String,
    },
}

/// Length and result of the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct WarmUp {
    /// Messages (round trips) before the measured phase.
    pub messages: u64,
    /// Its length in ns.
    pub elapsed_ns: u64,
    /// True when the last two blocks' medians agreed; false: the cell was not steady when measuring began.
    pub steady: bool,
}

/// Cache-line round trips between the sides' two CPUs, in ns: median over batches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Distance {
    /// Just before the measured phase.
    pub before_ns: f64,
    /// Just after it.
    pub after_ns: f64,
}

impl Distance {
    /// Returns true if two distances, ns, differ by more than a third of the shorter. Figures taken
    /// at them are then of two kinds.
    #[must_use]
    pub fn differ(a_ns: f64, b_ns: f64) -> bool {
        const FACTOR: f64 = 4.0 / 3.0;
        a_ns.max(b_ns) > FACTOR * a_ns.min(b_ns)
    }

    /// Returns true if the CPUs moved: they were not as far apart after the measured phase as
    /// before it.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        Distance::differ(self.before_ns, self.after_ns)
    }
}

/// Faults found by sequence numbers and check values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
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

/// Report of one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct SideReport {
    /// `initiator` or `responder`; with several of one, `initiator-0` and so on.
    pub side: String,
    /// CPUs that it ran on.
    pub placed: Placed,
    /// Cost of the measured phase for this side.
    pub usage: Usage,
    /// Times that it took. In ping-pong the initiator has round trips and the responder has none (a
    /// clock read there would be in the number); in stream each side has ns per message, averaged
    /// over blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Encoded>,
    /// Times from when a message was due to the call that sends it, of a side that also times its
    /// answers; only in `paced-ping-pong` and `paced-pairs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<Encoded>,
    /// Times of the messages from each sender, in the order of the senders; only at the receiver of a `paced-fan-in`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<PeerTimes>,
    /// Messages of all phases, warm-up included, that were sent and did not reach this receiver;
    /// only in `broadcast` and `paced-broadcast`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// Time that sends held this sender; in `stream`, `fan-in`, `fan-out`, and one way at a set rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// CPU time of processes that it started; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_parties: Option<ThirdParties>,
    /// The times of messages of each size, a part of those in `histogram`; only where messages have several
    /// sizes, and of the side that timed them one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<OfSize>,
}

/// Times of the messages of one size, or of sizes that count together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct OfSize {
    /// The shortest of them, bytes.
    pub from_bytes: u64,
    /// The longest of them, bytes.
    pub to_bytes: u64,
    /// Their times.
    pub histogram: Encoded,
}

/// Times of one peer's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct PeerTimes {
    /// Messages that were timed.
    pub values: u64,
    /// Median, ns.
    pub p50_ns: u64,
    /// 99th percentile, ns.
    pub p99_ns: u64,
}

impl PeerTimes {
    /// Returns the times in a histogram of ns; `None` if it is empty.
    #[must_use]
    pub fn of(times: &Histogram) -> Option<PeerTimes> {
        (!times.is_empty()).then(|| PeerTimes {
            values: times.len(),
            p50_ns: times.value_at_quantile(0.5),
            p99_ns: times.value_at_quantile(0.99),
        })
    }
}

/// CPUs that a side ran on, read back rather than assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Placed {
    /// CPUs the kernel allowed it (`sched_getaffinity`).
    pub allowed: Vec<u32>,
    /// CPU it was on when the measured phase began (`getcpu`).
    pub cpu_before: u32,
    /// CPU it was on when the measured phase ended.
    pub cpu_after: u32,
}
