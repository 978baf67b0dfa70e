//! A paired comparison as it was measured: two builds or settings, alive at once, slice by slice in turn.
//!
//! A document of its own beside [`Record`](crate::Record), raw like it: what the slices say is found out after measuring, and can
//! be found out again, by another policy, from the same document.

use crate::journal;
use crate::{
    CellKey, Distance, Error, Host, Integrity, InvocationOutcome, Outcome, Result, State,
    SuiteNote, Tool,
};
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The family of documents; the number behind the slash is the version.
const FAMILY: &str = "ipcmark.paired";
const VERSION: u32 = 1;
/// What [`Paired::schema`] says in documents that this crate writes.
pub const PAIRED_SCHEMA: &str = "ipcmark.paired/1";

/// Everything one paired comparison measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Paired {
    /// `ipcmark.paired/1`.
    pub schema: String,
    /// The build that let the others take turns.
    pub tool: Tool,
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// When it ended; absent when it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What was asked for.
    pub settings: PairedSettings,
    /// The suite, with its prose.
    pub suite: SuiteNote,
    /// The machine.
    pub host: Host,
    /// What is compared with. The A/A arm is this one, too.
    pub base: Contender,
    /// What is judged.
    pub new: Contender,
    /// One entry a cell, in the suite's order; the canary last.
    pub cells: Vec<PairedCell>,
}

/// What was asked for.
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
    /// What it says of itself.
    pub tool: Tool,
    /// What its environment had beside the common one, `NAME=VALUE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// What it was given beside the common arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
}

/// One cell under comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct PairedCell {
    /// What identifies it.
    #[serde(flatten)]
    pub key: CellKey,
    /// The family the transport lives in.
    pub family: String,
    /// True for the floors: when they change, the machine or the harness did.
    pub floor: bool,
    /// Which group of the suite named it.
    pub group: String,
    /// True for the one cell in which the new side is the base with a known delay: it has to be found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canary: bool,
    /// The known delay of the new side, thousandths of the cell's time; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_down_permille: Option<u32>,
    /// What became of it.
    pub state: State,
    /// Its pairs of invocations, in the order they were made.
    pub pairs: Vec<Pair>,
}

/// Invocations of all arms, alive at once: the unit of replication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Pair {
    /// In which stage it was made.
    pub stage: Stage,
    /// Round of the comparison in which it was made, from 0: each round starts the programs anew.
    pub round: u32,
    /// Start, in ns after the comparison's start.
    pub started_ns: u64,
    /// The base.
    pub base: Arm,
    /// The new side.
    pub new: Arm,
    /// The base once more, as a third program: the A/A arm.
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
    /// Whether it ended well.
    pub outcome: InvocationOutcome,
    /// What was found wrong in its messages.
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
    /// From its start to its last checked message, ns.
    pub elapsed_ns: u64,
    /// How far apart the two CPUs were, before and after; absent where both sides share one or neither is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
}

impl Paired {
    /// Reads a document.
    ///
    /// # Errors
    /// As [`Record::read`](crate::Record::read): no JSON, something else's JSON, damaged, or of a newer version.
    pub fn read(path: &Path) -> Result<Paired> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
        Paired::parse(&text, &path.display().to_string())
    }

    /// Parses a document; `name` is what errors call it.
    pub fn parse(text: &str, name: &str) -> Result<Paired> {
        crate::record::parse(text, name, (FAMILY, VERSION))
    }

    /// True when a text says of itself that it is such a document, whatever its version.
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
