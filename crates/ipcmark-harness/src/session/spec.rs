//! What a session is asked for.

use crate::Entry;
use ipcmark_core::{Arrivals, Load, Names, Pattern, Placement, Plan};
use ipcmark_record::{CellKey, LoadKey, SuiteNote, Target, Tool};
use std::time::Duration;

/// One cell to measure.
#[derive(Debug, Clone)]
pub struct CellSpec {
    /// The transport.
    pub entry: &'static Entry,
    /// The workload.
    pub pattern: Pattern,
    /// How much of it; of what the pattern does not heed nothing is kept.
    pub load: Load,
    /// Message size, bytes.
    pub size: usize,
    /// CPUs.
    pub placement: Placement,
    /// Capacity asked of each direction, bytes; `None` keeps the default.
    pub capacity: Option<usize>,
    /// The suite's group that named it.
    pub group: String,
}

impl CellSpec {
    /// What identifies the cell in a record.
    #[must_use]
    pub fn key(&self) -> CellKey {
        CellKey {
            transport: self.entry.info.name(),
            pattern: self.pattern.name().into(),
            size_bytes: self.size as u64,
            placement: self.placement.name().into(),
            capacity_bytes: self.capacity.map(|bytes| bytes as u64),
            load: self.load_key(),
        }
    }

    /// One invocation of it: a single message of each, no warm-up, until the caller says how much.
    #[must_use]
    pub fn plan(&self, names: Names) -> Plan {
        Plan {
            pattern: self.pattern,
            load: self.load,
            capacity: self.capacity,
            placement: self.placement,
            ..Plan::new(self.size, names)
        }
    }

    /// The cell that a record's key names, of a transport that the caller has found.
    ///
    /// # Errors
    /// A word that this build does not know.
    pub fn of_key(
        entry: &'static Entry,
        key: &CellKey,
        group: &str,
    ) -> std::result::Result<CellSpec, String> {
        let own = Load::DEFAULT;
        let LoadKey { peers, depth, rate_per_s, arrivals, input } = &key.load;
        let size = |n: u64| usize::try_from(n).map_err(|e| e.to_string());
        Ok(CellSpec {
            entry,
            pattern: key.pattern.parse()?,
            load: Load {
                peers: peers.map_or(own.peers, |n| n as usize),
                depth: depth.map_or(own.depth, |n| n as usize),
                rate: rate_per_s.unwrap_or(own.rate),
                arrivals: arrivals.as_ref().map_or(Ok(own.arrivals), |word| word.parse())?,
                input: input.as_ref().map_or(Ok(own.input), |word| word.parse())?,
            },
            size: size(key.size_bytes)?,
            placement: key.placement.parse()?,
            capacity: key.capacity_bytes.map(size).transpose()?,
            group: group.into(),
        })
    }

    fn load_key(&self) -> LoadKey {
        let Load { peers, depth, rate, arrivals, input } = self.load;
        let heeds = self.pattern.heeds();
        LoadKey {
            peers: heeds.peers.then_some(peers as u32),
            depth: heeds.depth.then_some(depth as u32),
            rate_per_s: heeds.rate.then_some(rate),
            arrivals: (heeds.rate && arrivals != Arrivals::Constant)
                .then(|| arrivals.name().into()),
            input: heeds.input.then(|| input.name().into()),
        }
    }
}

/// How to measure them.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seeds the order of visits and the contents of messages.
    pub seed: u64,
    /// Bound on the wall time of [`Session::run`](super::Session::run).
    pub budget: Option<Duration>,
    /// Invocations of each cell that are made in any case, for the record: a [`Steer`](super::Steer) makes them.
    pub rounds: u32,
    /// Invocations of each cell at most, and how narrow its interval is to be, for the record, where a [`Steer`](super::Steer) heeds them.
    pub adapt: Option<(u32, Target)>,
    /// Measured phase of one invocation; the budget may cut it.
    pub measure: Duration,
    /// Upper bound of one warm-up; cut with the measured phase.
    pub warm_up: Duration,
    /// Whether to count the system calls of each cell, in an invocation made for it, for a tenth of the budget at most.
    pub count: bool,
    /// The command line, for the record.
    pub command: Vec<String>,
    /// The build, for the record.
    pub tool: Tool,
    /// The suite's prose, for the record.
    pub suite: SuiteNote,
    /// The transport on which the cost of the whole loop is measured.
    pub floor: Option<&'static Entry>,
}
