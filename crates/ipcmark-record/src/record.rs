//! The document itself, and how it is read.

use crate::once::Once;
use crate::{
    Cell, ClockCertificate, Error, Host, Knee, Limit, MachineNoise, Result, Rule, Sharing,
    harmless, journal,
};
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The family of documents this crate reads; the number behind the slash is the version.
pub(crate) const FAMILY: &str = "ipcmark.record";
/// The version this crate writes, and the newest it reads.
pub(crate) const VERSION: u32 = 1;
/// Value of [`Record::schema`] in records that this crate writes.
pub const SCHEMA: &str = "ipcmark.record/1";

/// Everything one run measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Record {
    /// `ipcmark.record/1`.
    pub schema: String,
    /// The build that measured.
    pub tool: Tool,
    /// Start of the run, RFC 3339, UTC.
    pub started: String,
    /// End of the run; absent while it runs, or if it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// Result of the run.
    pub outcome: Outcome,
    /// Settings of the run.
    pub settings: Settings,
    /// The suite, with its prose.
    pub suite: SuiteNote,
    /// The machine.
    pub host: Host,
    /// Facts of the machine that had changed when the run was resumed: its older invocations were made under other ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<String>,
    /// Cost of the harness itself, measured in this run.
    pub harness: HarnessCost,
    /// Offsets between the clocks of its CPUs; absent in records of versions that did not measure
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockCertificate>,
    /// Limits of the hardware and the kernel, measured in this run on the same CPUs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Number of times that the whole run died while it measured limits.
    #[serde(default, skip_serializing_if = "crate::cell::never")]
    pub limit_deaths: u32,
    /// Pairs of CPUs that were tried for execution units that they share; empty where the topology tells, and in older records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sharing: Vec<Sharing>,
    /// Other uses of its CPUs' time; absent in records of versions that did not measure them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<MachineNoise>,
    /// Things that could not be counted on this machine, with the reason: `cycles`, `system calls`
    /// ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_counted: Vec<String>,
    /// The mechanisms' own rules as this machine showed them; empty where they were not tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Results of a search for the highest rate under a bound; empty if there was none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub knees: Vec<Knee>,
    /// One entry a cell, in the suite's order.
    pub cells: Vec<Cell>,
}

/// Result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Still running, or killed: no end was written.
    Running,
    /// Every planned round was made.
    Complete,
    /// The budget of time ended first.
    BudgetSpent,
    /// The user stopped it.
    Interrupted,
    /// An error stopped it: the record could no longer be kept.
    Stopped,
}

/// The build that measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Tool {
    /// `ipcmark`, or the name of a program built on its crates.
    pub name: String,
    /// Version.
    pub version: String,
    /// Commit it was built from, with `-dirty` behind it when the tree had changes; absent outside a checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// `rustc --version`.
    pub rustc: String,
    /// Cargo profile: `release` or `debug`.
    pub profile: String,
    /// Target triple.
    pub target: String,
}

/// Settings of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Settings {
    /// Seeds the order of cells and the contents of messages.
    pub seed: u64,
    /// Bound on wall time in seconds, if one was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_s: Option<f64>,
    /// Invocations of each cell, all of one class and none set aside, that are made in any case.
    pub rounds: u32,
    /// Invocations of each cell at most; absent in a run of fixed rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds_most: Option<u32>,
    /// Target of an adaptive run, which continues with the cells whose interval is wider; absent in
    /// a run of fixed rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Measured phase of one invocation, ms.
    pub measure_ms: f64,
    /// Upper bound of one warm-up, ms.
    pub warm_up_ms: f64,
    /// CPUs that the run was given, in the order in which processes take them; empty for all that were
    /// allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpus: Vec<u32>,
    /// The file that got the times of each message, one by one; absent if none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawNote>,
    /// Percentiles that the tables show, as fractions; empty for the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub percentiles: Vec<f64>,
    /// The trace that cells with replayed arrivals have their times and sizes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceNote>,
    /// One message in this many is compared byte for byte; every one is checked by sequence number and check value.
    pub deep_check_every: u64,
    /// The command line, for people.
    pub command: Vec<String>,
}

/// The file of raw times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct RawNote {
    /// Its name.
    pub file: String,
    /// Messages of an invocation that are in it at most.
    pub most_messages: u64,
}

/// A trace: times and sizes of messages, replayed. The record does not hold them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct TraceNote {
    /// Name of its file.
    pub name: String,
    /// Hash of its times and sizes: `0a1b2c3d`, as in the arrivals of its cells.
    pub hash: String,
    /// Messages of one pass.
    pub messages: u64,
    /// Time of one pass, s.
    pub pass_s: f64,
    /// Messages a second, mean.
    pub rate_per_s: f64,
    /// Bytes of a message, mean.
    pub mean_bytes: f64,
    /// Bytes of the longest message.
    pub longest_bytes: u64,
}

/// Target for intervals: half their width, as a fraction of the figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Target {
    /// Target for medians, rates and shares.
    pub p50: f64,
    /// Target for the 99th percentile.
    pub p99: f64,
}

impl Default for Target {
    /// Returns 2 % and 10 %.
    fn default() -> Target {
        Target { p50: 0.02, p99: 0.10 }
    }
}

/// The suite that named the cells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct SuiteNote {
    /// Its name.
    pub name: String,
    /// One line.
    pub title: String,
    /// Prose: what the suite is for, Markdown.
    pub prose: String,
    /// Groups of cells, in order.
    pub groups: Vec<GroupNote>,
}

/// One group of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct GroupNote {
    /// Its name; each [`Cell::group`] is one of these.
    pub name: String,
    /// The reason why these cells are worth measuring, Markdown.
    pub prose: String,
}

/// Costs of the harness, ns; medians of many turns, measured in the run that has the record.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct HarnessCost {
    /// One clock read.
    pub clock_ns: f64,
    /// Smallest step the clock was seen to make.
    pub clock_step_ns: f64,
    /// One value recorded in a histogram.
    pub histogram_ns: f64,
    /// Stamping one 64-byte message.
    pub stamp_ns: f64,
    /// Checking one 64-byte message.
    pub check_ns: f64,
    /// Comparing every byte of one 64-byte message, as `--check full` does with each; absent in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_ns: Option<f64>,
    /// Cost of it for a message of 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_page_ns: Option<f64>,
    /// Keeping the times of one message for `--raw`; absent without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_ns: Option<f64>,
    /// One 64-byte message through the whole loop over a floor: stamped, sent, received, checked, in one process.
    /// Absent where the build has no floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loop_ns: Option<f64>,
}

impl Record {
    /// Reads a record, compressed or not, and the journal next to it if its run was killed.
    ///
    /// # Errors
    /// A file that is no JSON, no ipcmark record, damaged, or written by a newer version is refused, each with its
    /// own words.
    pub fn read(path: &Path) -> Result<Record> {
        Record::read_and(path, |_| {})
    }

    /// Reads as [`read`](Record::read) does, and tells `warn` in words which lines of the journal it left out as damaged, and
    /// where the run died.
    ///
    /// # Errors
    /// As [`read`](Record::read).
    pub fn read_and(path: &Path, mut warn: impl FnMut(&str)) -> Result<Record> {
        let text = crate::read_text(path)?;
        let mut record = Record::parse(&text, &path.display().to_string())?;
        if let Some(under_way) = journal::replay(path, &mut record, &mut warn)? {
            journal::note_death(path, &mut record, under_way, warn);
        }
        Ok(record)
    }

    /// Parses a record; `name` is what errors call it.
    pub fn parse(text: &str, name: &str) -> Result<Record> {
        parse(text, name, (FAMILY, VERSION))
    }

    /// Returns true if the run would probably die again while it measures limits, as of [`Cell::is_deadly`].
    #[must_use]
    pub fn limits_are_deadly(&self) -> bool {
        self.limit_deaths > u32::from(!self.limits.is_empty())
    }

    /// Finds the cell of this key.
    #[must_use]
    pub fn cell(&self, key: &crate::CellKey) -> Option<&Cell> {
        self.cells.iter().find(|c| c.key == *key)
    }
}

/// Parses a document of a family, up to a version; `name` is what errors call it.
pub(crate) fn parse<T: DeserializeOwned>(
    text: &str,
    name: &str,
    (family, known): (&'static str, u32),
) -> Result<T> {
    let Once(mut value) = serde_json::from_str(text)
        .map_err(|e| Error::Damaged { name: name.into(), what: e.to_string() })?;
    harmless::clean(&mut value, "");
    let schema = value.get("schema").and_then(|s| s.as_str()).unwrap_or_default();
    let foreign = || Error::Foreign { name: name.into(), schema: schema.into(), family };
    let version = schema.strip_prefix(family).and_then(|s| s.strip_prefix('/'));
    // `1` alone is version 1: neither `01` nor `+1`.
    let number = version.and_then(|v| v.parse().ok().filter(|n: &u32| n.to_string() == v));
    let version = number.ok_or_else(foreign)?;
    if version > known {
        return Err(Error::Newer { name: name.into(), version, known });
    }
    serde_json::from_value(value)
        .map_err(|e| Error::Damaged { name: name.into(), what: e.to_string() })
}
