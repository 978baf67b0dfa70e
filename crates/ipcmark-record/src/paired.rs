//! A paired comparison as it was measured: two builds or settings, alive at once, slice by slice in turn.
//!
//! It has its own document, raw like a [`Record`](crate::Record): the slices are judged after
//! measuring, and can be judged again, by another policy, from the same document.

use crate::journal;
use crate::{
    CellKey, Distance, Host, Integrity, InvocationOutcome, Outcome, Result, State, SuiteNote, Tool,
};
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The family of documents; the number behind the slash is the version.
const FAMILY: &str = "ipcmark.paired";
const VERSION: u32 = 1;
/// Value of [`Paired::schema`] in documents that this crate writes.
pub const PAIRED_SCHEMA: &str = "ipcmark.paired/1";

/// Everything one paired comparison measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Paired {
    /// `ipcmark.paired/1`.
    pub schema: String,
    /// The build that let the others take turns.
    pub tool: Tool,
    /// Start, RFC 3339, UTC.
    pub started: String,
    /// End; absent if it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// Result.
    pub outcome: Outcome,
    /// Settings of the comparison.
    pub settings: PairedSettings,
    /// The suite, with its prose.
    pub suite: SuiteNote,
    /// The machine.
    pub host: Host,
    /// The side that the other is compared with. The A/A side runs it, too.
    pub base: Contender,
    /// The side that is judged.
    pub new: Contender,
    /// Most runs of ipcmark, besides this one, that were seen alive at one time; absent if the kernel does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_runs: Option<u32>,
    /// One entry a cell, in the suite's order; the canary last.
    pub cells: Vec<PairedCell>,
}

/// Settings of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct PairedSettings {
    /// Seeds the order of cells, of arms, and the contents of messages.
    pub seed: u64,
    /// Bound on wall time in seconds.
    pub budget_s: f64,
    /// Pairs of invocations of each cell in the first stage, at most.
    pub screen_pairs: u32,
    /// Pairs of each candidate in the second, at most: fresh ones.
    pub confirm_pairs: u32,
    /// Measured turns of each arm in one pair of invocations.
    pub turns: u32,
    /// One slice, ms; longer where a cell would have too few values in it.
    pub slice_ms: f64,
    /// Cells of a first stage are looked at again where the p value of their change is at most this.
    pub screen_p: f64,
    /// Smallest step of the clock, ns; 0 in documents that do not know it.
    #[serde(default)]
    pub clock_step_ns: f64,
    /// The command line, for people.
    pub command: Vec<String>,
}

/// One of the two sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Contender {
    /// The program, as it was named; or the revision it was built from.
    pub program: String,
    /// The build, as the program reports it.
    pub tool: Tool,
    /// Variables that only this side's environment had, `NAME=VALUE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Arguments that only this side was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Facts of the machine that differ from what the comparing program found, as `name: value`: a wrapper may set its
    /// scheduling, limits or control group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
}

/// One cell under comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct PairedCell {
    /// Key of the cell.
    #[serde(flatten)]
    pub key: CellKey,
    /// The family the transport lives in.
    pub family: String,
    /// True for the floors: when they change, the machine or the harness did.
    pub floor: bool,
    /// Group of the suite that named it.
    pub group: String,
    /// True for the one cell in which the new side is the base with a known delay: it has to be found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canary: bool,
    /// The known delay of the new side, thousandths of the cell's time; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_down_permille: Option<u32>,
    /// State that the comparison left it in.
    pub state: State,
    /// Its pairs of invocations, in the order they were made.
    pub pairs: Vec<Pair>,
}

/// Invocations of all arms, alive at once: the unit of replication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Pair {
    /// Stage in which it was made.
    pub stage: Stage,
    /// Round of the comparison in which it was made, from 0: each round starts the programs afresh.
    pub round: u32,
    /// Start, in ns after the comparison's start.
    pub started_ns: u64,
    /// The base.
    pub base: Arm,
    /// The new side.
    pub new: Arm,
    /// The base a second time, as a third program: the A/A side.
    pub again: Arm,
}

/// A stage of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// All cells.
    Screen,
    /// Those that may have changed, on fresh invocations. What is called changed is called so by these alone.
    Confirm,
}

/// One arm's invocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Arm {
    /// Result.
    pub outcome: InvocationOutcome,
    /// Faults in its messages.
    pub integrity: Integrity,
    /// Its turns, in order.
    pub slices: Vec<Slice>,
}

/// A short stretch of one invocation, between two of which another arm has its turn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Slice {
    /// Number of the turn, over all arms, from 0. The turns of a pair go through the arms and back, again and again (A B C C B A ...):
    /// each such palindrome takes 6 turns, and a drift of the machine adds the same to each arm.
    pub turn: u32,
    /// Mean of the middle half of its times (of round trips, bursts, tasks, messages), ns. The clock's step can be a tenth of a
    /// short round trip, and the median then moves in such steps; this does not, and is as deaf to outliers.
    pub midmean_ns: f64,
    /// 99th percentile, ns.
    pub p99_ns: f64,
    /// Times in it.
    pub values: u64,
    /// Messages, as the pattern counts them.
    pub messages: u64,
    /// Time from its start to its last checked message, ns; or the time of its schedule.
    pub elapsed_ns: u64,
    /// True if `elapsed_ns` is the time of a schedule: see [`Invocation::by_schedule`](crate::Invocation::by_schedule).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_schedule: bool,
    /// Distance of the two CPUs, before and after; absent if both sides share one or neither is
    /// pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
}

impl Paired {
    /// Reads a document.
    ///
    /// # Errors
    /// As [`Record::read`](crate::Record::read): no JSON, something else's JSON, damaged, or of a newer version.
    pub fn read(path: &Path) -> Result<Paired> {
        let text = crate::read_text(path)?;
        Paired::parse(&text, &path.display().to_string())
    }

    /// Parses a document; `name` is what errors call it.
    pub fn parse(text: &str, name: &str) -> Result<Paired> {
        crate::record::parse(text, name, (FAMILY, VERSION))
    }

    /// Returns true if a text names itself such a document, of any version.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        serde_json::from_str::<Head>(text).is_ok_and(|head| head.schema.starts_with(FAMILY))
    }

    /// Writes it through a temporary file and a rename.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<()> {
        journal::write_whole(path, self)
    }
}
