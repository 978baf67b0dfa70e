//! What the machine was like while a run went on: its clocks, its limits, its noise.

use crate::{Distance, Placement};
use ipcmark_show::time;
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Largest offset between the clock readings of two CPUs. A one-way time is compared with it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct ClockCertificate {
    /// Each pair of CPUs that processes of this run were put on.
    pub pairs: Vec<ClockPair>,
    /// Speed of the clock relative to `CLOCK_MONOTONIC_RAW` from the run's start to its end, parts
    /// per million; absent until the end, and if the run was too short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_ppm: Option<f64>,
}

/// The clocks of two CPUs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct ClockPair {
    /// The first CPU.
    pub a: u32,
    /// The second.
    pub b: u32,
    /// Each time it was measured: before the first invocation, and after the last.
    pub bounds: Vec<ClockBound>,
}

impl ClockPair {
    /// Returns the largest offset of their readings, ns; 0 if it was not measured.
    #[must_use]
    pub fn apart_ns(&self) -> f64 {
        self.bounds.iter().map(ClockBound::apart_ns).fold(0.0, f64::max)
    }
}

impl ClockBound {
    /// Returns the largest offset of the readings, ns: the end of the span that is further from 0.
    #[must_use]
    pub fn apart_ns(&self) -> f64 {
        self.offset_ns.abs() + self.bound_ns
    }
}

/// One measurement of two clocks, by exchanges through a shared cache line.
///
/// A stamp taken on `a` before a message, one on `b` when it came, one on `a` when the answer came: the offset lies
/// between two of the differences, and over many exchanges the narrowest span stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct ClockBound {
    /// Time of the measurement, ns after the run's start.
    pub at_ns: u64,
    /// Middle of the span in which the reading of `b` less that of `a` lies, ns.
    pub offset_ns: f64,
    /// Half the span, ns: the offset is known no better than this.
    pub bound_ns: f64,
    /// Exchanges made.
    pub exchanges: u64,
}

/// A bound that the hardware or the kernel sets, measured in the run on the CPUs that it bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Limit {
    /// Kind of the limit.
    pub kind: LimitKind,
    /// `same-core`, `cross-core` ...: the CPUs it was measured on, as a cell's placement names them.
    pub placement: Placement,
    /// Bytes moved at a time; absent where nothing is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Each time it was measured, spread over the run.
    pub samples: Vec<LimitSample>,
}

/// The kinds of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// A cache line there and back between two CPUs, ns a round trip.
    HandOff,
    /// Bytes through a buffer that two processes share, one copying in and the other out, ns for `size_bytes`.
    SharedCopy,
    /// One `memcpy(3)` within the CPU's own caches, ns for `size_bytes`.
    Copy,
    /// A system call that does nothing (`getppid(2)`), ns.
    NullCall,
    /// There and back by `futex(2)`, both sides asleep when they are woken, ns a round trip.
    WakeUp,
    /// Two context switches on one CPU (`sched_yield(2)`), ns a round trip.
    Switch,
}

impl LimitKind {
    /// All kinds, in the order of reports.
    pub const ALL: [LimitKind; 6] = [
        LimitKind::HandOff,
        LimitKind::SharedCopy,
        LimitKind::Copy,
        LimitKind::NullCall,
        LimitKind::WakeUp,
        LimitKind::Switch,
    ];

    /// `hand-off`, `shared-copy`, `copy`, `null-call`, `wake-up` or `switch`, as the record has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LimitKind::HandOff => "hand-off",
            LimitKind::SharedCopy => "shared-copy",
            LimitKind::Copy => "copy",
            LimitKind::NullCall => "null-call",
            LimitKind::WakeUp => "wake-up",
            LimitKind::Switch => "switch",
        }
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One measurement of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct LimitSample {
    /// Time of the measurement, ns after the run's start.
    pub at_ns: u64,
    /// Median over the measurement's batches, ns.
    pub median_ns: f64,
    /// The least of its batches, ns.
    pub least_ns: f64,
    /// The distance of the two CPUs before and after; absent on one CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
}

/// Disturbances of the CPUs of a run, from its start to its end.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct MachineNoise {
    /// Length of the run so far, ns.
    pub elapsed_ns: u64,
    /// Gaps in the clock of a spinning process, CPU by CPU; measured before each round.
    pub listened: Vec<Listened>,
    /// Time that the hypervisor gave to others, over all CPUs of the machine (`proc_stat(5)`, steal), ns; absent where it is
    /// not told. Counted in clock ticks of 10 ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stolen_ns: Option<u64>,
    /// Time in which some process of the machine waited for a CPU (`/proc/pressure/cpu`, some), ns; ours are among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure_ns: Option<u64>,
    /// Waiting for the CPU quota of a control group; absent if there is no quota.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled: Option<Throttled>,
    /// Most other runs of ipcmark that were seen alive at one time; absent if the kernel does not tell, and in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_runs: Option<u32>,
}

/// Periods of a CPU quota, and how often it was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Throttled {
    /// Periods of the quota in which the group had something to run.
    pub periods: u64,
    /// Those in which its processes had to wait for the next one.
    pub throttled_periods: u64,
    /// Time that they waited, over all CPUs, ns.
    pub waited_ns: u64,
}

impl fmt::Display for Throttled {
    /// `77 of 127 periods, 4.26 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Throttled { periods, throttled_periods, waited_ns } = self;
        write!(f, "{throttled_periods} of {periods} periods, {}", time(*waited_ns as f64))
    }
}

/// One CPU, listened to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Listened {
    /// The CPU.
    pub cpu: u32,
    /// Time of listening in all, ns.
    pub listened_ns: u64,
    /// Gaps that it found.
    pub gaps: Gaps,
}

/// Stretches over the threshold (5 µs) in which a spinning process did not see its clock.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Gaps {
    /// Number of gaps.
    pub count: u64,
    /// Their sum, ns.
    pub total_ns: f64,
    /// The longest, ns.
    pub longest_ns: f64,
}

/// Disturbances around one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Noise {
    /// Time that all sides together listened just before and just after the measured phase, ns.
    pub listened_ns: u64,
    /// Gaps that they found.
    pub gaps: Gaps,
    /// Time that the hypervisor gave to others on the invocation's CPUs meanwhile, ns; absent where it is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stolen_ns: Option<u64>,
    /// Time in the measured phase in which a side that never slept, on a CPU that no other side was put on, was ready to run
    /// and had no CPU (`/proc/<pid>/schedstat`), ns; of the side with most. Absent where no side was such, or it is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ns: Option<u64>,
}

/// The reason why an invocation is set aside. Its values stay in the record and count in no figure.
/// The rules look at the machine and never at the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The distance of its CPUs changed by more than a third on the way: it belongs to no class.
    Moved,
    /// The hypervisor gave its CPUs to others.
    Stolen,
    /// The gap probe heard more than it may, or a side that never slept had no CPU for longer than it may, or
    /// its processes were stopped on the way.
    Gaps,
    /// Its control group used up a CPU quota on the way, and its processes had to wait.
    Throttled,
}

impl Mark {
    /// `moved`, `stolen`, `gaps` or `throttled`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Mark::Moved => "moved",
            Mark::Stolen => "stolen",
            Mark::Gaps => "gaps",
            Mark::Throttled => "throttled",
        }
    }
}

/// Cost of making the link and of ending it, outside the measured phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Setup {
    /// Making what the sides inherit, ns.
    pub fixture_ns: u64,
    /// Taking the halves of it, the slower side, ns.
    pub split_ns: u64,
    /// Dropping them again, the slower side, ns.
    pub teardown_ns: u64,
    /// Address space that the fixture added to the process that made it, bytes.
    pub mapped_bytes: u64,
    /// The first round trip over the link, before anything is warm, ns; absent of other workloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_ns: Option<u64>,
}

/// System calls of one cell, counted in an invocation made for counting: no figure of time comes from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct SystemCalls {
    /// Messages (round trips) in the phase that was counted.
    pub messages: u64,
    /// Calls of all sides in it.
    pub calls: u64,
}

/// Cycles and instructions of one cell, counted in an invocation made for counting: no figure of time comes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Cycles {
    /// Messages (round trips) in the phase that was counted.
    pub messages: u64,
    /// CPU cycles of all sides in it.
    pub cycles: u64,
    /// Instructions of all sides in it.
    pub instructions: u64,
    /// True when the kernel's on their behalf are among them; false where it may not be counted.
    pub kernel: bool,
}

/// Quality of a cell's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Its interval is as narrow as was asked for.
    Precise,
    /// Its interval is wider than was asked for when the budget ended.
    Wide,
    /// Too many of its invocations never settled in their warm-up.
    NotSteady,
    /// Too many of its invocations had to be set aside, and were still disturbed when made again.
    Noisy,
    /// Too few invocations of one class for an interval.
    Few,
}

impl Standing {
    /// `precise`, `wide`, `not steady`, `noisy` or `few`, as a reader sees it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Standing::Precise => "precise",
            Standing::Wide => "wide",
            Standing::NotSteady => "not steady",
            Standing::Noisy => "noisy",
            Standing::Few => "few",
        }
    }
}
