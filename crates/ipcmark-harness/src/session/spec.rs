//! The cells and the options of a session.

use crate::{Entry, MOST_RAW, raw};
use ipcmark_core::{
    Arrivals, DEEP_EVERY, Names, Parameter, Placement, Plan, Sizes, Trace, Workload,
};
use ipcmark_record::{
    CellKey, Checkout, HarnessCost, RawNote, Settings, SuiteNote, Target, Tool, TraceNote,
};
use ipcmark_sys::clock::Clock;
use std::sync::Arc;
use std::time::Duration;

/// Time that an invocation may take beyond its phases before it counts as hung.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Further time for each process: its fork, its meetings with all others, its findings.
const PER_PROCESS: Duration = Duration::from_millis(40);
/// Times that the bytes of a turn are touched in an invocation at least.
const PASSES: f64 = 8.0;
/// Rate at which the slowest mechanism moves bytes.
const SLOWEST_BYTES_PER_S: f64 = (64 << 20) as f64;

/// One cell to measure.
#[derive(Debug, Clone)]
pub struct CellSpec {
    /// The transport.
    pub entry: &'static Entry,
    /// The key; its transport is the entry's.
    pub key: CellKey,
    /// The suite's group that named it.
    pub group: String,
}

impl CellSpec {
    /// Makes a cell with the mechanism's own capacity, of no group.
    #[must_use]
    pub fn new(
        entry: &'static Entry,
        workload: Workload,
        size: usize,
        placement: Placement,
    ) -> CellSpec {
        let key = CellKey::new(&entry.info.name(), workload, size as u64, placement);
        CellSpec { entry, key, group: String::new() }
    }
}

/// Returns the plan of one invocation of a cell: a single message, no warm-up. The caller sets the
/// rest. `trace` is the one of replayed arrivals.
#[must_use]
pub fn plan(key: &CellKey, trace: Option<&Arc<Trace>>, names: Names) -> Plan {
    let plan = Plan {
        workload: key.workload,
        capacity: key.capacity_bytes.map(|bytes| bytes as usize),
        when_full: key.when_full,
        spin_budget: key.spin_budget,
        placement: key.placement,
        ..Plan::new(key.size_bytes as usize, names)
    };
    if let (Some(trace), Some(Arrivals::Replay { .. })) = (trace, key.workload.arrivals()) {
        return plan.replaying(trace);
    }
    match &key.mix {
        Some(mix) => plan.sized(Sizes::of_mix(mix)),
        None if key.size_bytes == 0 && key.workload.has_payload() => plan.sized(Sizes::empty()),
        None => plan,
    }
}

/// Returns the time that an invocation of a cell may take beyond its phases. Many processes take longer, and so do long messages:
/// each side faults in the pages of its buffers and of a ring for several messages, and a phase ends
/// only after a whole turn.
pub(super) fn patience_for(key: &CellKey) -> Duration {
    let turn =
        key.size_bytes.saturating_mul(key.workload.value(Parameter::Depth).unwrap_or(1).into());
    let processes = key.workload.processes() as u32;
    let bytes = turn as f64 * PASSES * f64::from(processes.div_ceil(2)) / SLOWEST_BYTES_PER_S;
    PATIENCE + PER_PROCESS * processes + Duration::from_secs_f64(bytes)
}

/// The way to measure cells. Change the fields that matter:
/// `Options { rounds: 20, ..Options::new() }`.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seed of the order of visits and of the contents of messages.
    pub seed: u64,
    /// Bound on the wall time of [`Session::run`](super::Session::run).
    pub budget: Option<Duration>,
    /// Invocations that each cell gets in any case, for the record. A [`Steer`](super::Steer) asks
    /// for them.
    pub rounds: u32,
    /// Largest number of invocations of each cell, for the record, if a [`Steer`](super::Steer)
    /// uses it.
    pub rounds_most: Option<u32>,
    /// Wanted width of each cell's interval, for the record: a wider one is `wide`.
    pub target: Option<Target>,
    /// Measured phase of one invocation; the budget may cut it.
    pub measure: Duration,
    /// Upper bound of one warm-up; cut with the measured phase.
    pub warm_up: Duration,
    /// CPUs to use, in the order in which processes take them; empty for all that are allowed. This
    /// process keeps to them, too.
    pub cpus: Vec<u32>,
    /// True to count the system calls of each cell, in separate invocations, for a tenth of the
    /// budget at most.
    pub count: bool,
    /// True to compare every byte of every message: see [`Plan::check_all`].
    pub check_all: bool,
    /// Name of the file that gets the times of each message: see [`Event::Visited`](super::Event::Visited).
    pub raw: Option<String>,
    /// Percentiles that the tables show, as fractions, for the record.
    pub percentiles: Vec<f64>,
    /// The trace of replayed arrivals.
    pub trace: Option<Arc<Trace>>,
    /// The command line, for the record.
    pub command: Vec<String>,
    /// The build, for the record.
    pub tool: Tool,
    /// Checkout of the working folder, for the record.
    pub checkout: Option<Checkout>,
    /// The suite's prose, for the record.
    pub suite: SuiteNote,
    /// The transport on which the cost of the whole loop is measured.
    pub floor: Option<&'static Entry>,
}

impl Options {
    /// Returns options for six invocations of 20 ms a cell, without a budget, counts or a named
    /// suite.
    #[must_use]
    pub fn new() -> Options {
        Options {
            seed: 0,
            budget: None,
            rounds: 6,
            rounds_most: None,
            target: None,
            measure: Duration::from_millis(20),
            warm_up: Duration::from_millis(5),
            count: false,
            cpus: Vec::new(),
            check_all: false,
            raw: None,
            percentiles: Vec::new(),
            trace: None,
            command: command_line(),
            tool: Tool {
                name: env!("CARGO_PKG_NAME").into(),
                version: env!("CARGO_PKG_VERSION").into(),
                ..Tool::default()
            },
            checkout: None,
            suite: SuiteNote::default(),
            floor: None,
        }
    }

    /// Adds the cost of keeping each message's times, if that is asked for.
    pub(super) fn with_raw_cost(&self, cost: HarnessCost, clock: &Clock) -> HarnessCost {
        HarnessCost { raw_ns: self.raw.as_ref().map(|_| raw::cost_ns(clock)), ..cost }
    }

    /// Returns the settings for the record.
    pub(super) fn settings(&self) -> Settings {
        Settings {
            seed: self.seed,
            budget_s: self.budget.map(|budget| budget.as_secs_f64()),
            rounds: self.rounds,
            rounds_most: self.rounds_most,
            target: self.target,
            measure_ms: self.measure.as_secs_f64() * 1e3,
            warm_up_ms: self.warm_up.as_secs_f64() * 1e3,
            cpus: self.cpus.clone(),
            raw: self.raw.clone().map(|file| RawNote { file, most_messages: MOST_RAW as u64 }),
            percentiles: self.percentiles.clone(),
            trace: self.trace.as_deref().map(trace_note),
            deep_check_every: if self.check_all { 1 } else { DEEP_EVERY },
            command: self.command.clone(),
        }
    }
}

fn trace_note(trace: &Trace) -> TraceNote {
    let bytes: u64 = trace.sizes().iter().map(|size| u64::from(*size)).sum();
    let pass_s = trace.pass_ns() as f64 / 1e9;
    TraceNote {
        name: trace.name().into(),
        hash: format!("{:08x}", trace.hash()),
        messages: trace.len() as u64,
        pass_s,
        rate_per_s: trace.len() as f64 / pass_s,
        mean_bytes: bytes as f64 / trace.len() as f64,
        longest_bytes: trace.sizes().iter().copied().max().unwrap_or_default().into(),
    }
}

/// Returns the command line of this process, for a record. What is no UTF-8 becomes U+FFFD.
#[must_use]
pub fn command_line() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

impl Default for Options {
    fn default() -> Options {
        Options::new()
    }
}

/// Returns the transports of some cells, by name.
pub(super) fn entries(specs: &[CellSpec]) -> impl Iterator<Item = (String, &'static Entry)> {
    specs.iter().map(|spec| (spec.key.transport.clone(), spec.entry))
}
