//! The line of a run: what a series needs, in one line of JSON.
//!
//! It has the shape of other benchmark trackers (`timestamp`, `attributes`, `metrics` with `name`,
//! `value`, `unit`), so that others can read the lines of a history; further fields are ours. The store
//! also holds the record, so the line is short: the rest can be computed from there.

use ipcmark_summary::Bound;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Value of [`Line::schema`] in lines that this crate writes.
pub const SCHEMA: &str = "ipcmark.history/1";
/// The family of documents; the number behind the slash is the version.
pub(crate) const FAMILY: &str = "ipcmark.history";
/// The version this crate writes, and the newest it reads.
pub(crate) const VERSION: u32 = 1;

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// `ipcmark.history/1`.
    pub schema: String,
    /// The run's key in its store: `2026/01/20260131T101500Z-0123456789abcdef`.
    pub run: String,
    /// Time of the commit, seconds since 1970; start of the run if it is unknown.
    pub timestamp: i64,
    /// Start of the run, seconds since 1970.
    pub run_timestamp: i64,
    /// Origin of the figures.
    pub attributes: Attributes,
    /// Facts of the machine and of the process that measured, by name: CPU quota, scheduling, limits. Empty in lines of older
    /// builds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// One entry per figure, cells in the suite's order.
    pub metrics: Vec<Metric>,
}

/// Origin of the figures of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// URL of the project's repository, without passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_repo: Option<String>,
    /// The commit that was measured, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_commit: Option<String>,
    /// Time of the commit, RFC 3339; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_time: Option<String>,
    /// Its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Fingerprint of the machine, 16 hexadecimal digits: figures of two machines are never one series.
    pub host: String,
    /// Its CPU, as the kernel names it.
    pub cpu_model: String,
    /// Its kernel release.
    pub kernel: String,
    /// Version of the ipcmark that measured.
    pub tool_version: String,
    /// Commit that ipcmark was built from, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_commit: Option<String>,
    /// Its Cargo profile: `release` or `debug`.
    pub profile: String,
    /// The suite.
    pub suite: String,
    /// Version and commit of the pinned build, the base of the ratios `times its reference`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Further attributes of the user: `--attribute runner=large`.
    #[serde(flatten)]
    pub more: BTreeMap<String, String>,
}

/// One figure of one cell. Less is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// `pipe/block ping-pong 64 B cross-core @siblings: p50`: cell, range of distances if any, figure; unique in a line.
    pub name: String,
    /// The median over invocations, in `unit`.
    pub value: f64,
    /// `ns`, or `1` of a ratio.
    pub unit: String,
    /// Lower end of its interval; absent with under 6 invocations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Invocations behind it.
    pub n: usize,
    /// Distance of the two CPUs, ns: the centre of the class; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_ns: Option<f64>,
    /// Words that go with the figure: `noisy`, `not-steady`, `few`, `sender-too-slow`, `lost-messages`,
    /// `rate-not-reached`; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// Kinds of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Figure {
    /// Median of the cell's time, ns: of round trips, bursts, one way.
    P50,
    /// 99th percentile of the time, ns; only if enough values lie beyond it.
    P99,
    /// Time per message by the drained, verified rate, ns.
    TimePerMessage,
    /// Time of a task over its workers, ns.
    TaskTime,
    /// The cell's time over a limit that an older ipcmark chose for each row and run. Read, no longer
    /// written: two of them may have different limits.
    TimesLimit,
    /// The cell's time over the best that the machine allows, measured in the same run. Continues across
    /// machines. The limit is part of the name.
    Times(Bound),
    /// The cell's time over that of a pinned build, measured on the same machine. Continues across
    /// machines.
    TimesReference,
}

impl Figure {
    /// All of them, in the order of a line.
    pub const ALL: [Figure; 11] = [
        Figure::P50,
        Figure::P99,
        Figure::TimePerMessage,
        Figure::TaskTime,
        Figure::TimesLimit,
        Figure::Times(Bound::LineOrCopies),
        Figure::Times(Bound::SwitchesOrCopies),
        Figure::Times(Bound::SharedCopies),
        Figure::Times(Bound::Copies),
        Figure::Times(Bound::SharedTask),
        Figure::TimesReference,
    ];

    /// `p50`, `p99`, `time per message`, `task`, `times line-or-copies` (and other limits), `times its
    /// reference`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Figure::P50 => "p50",
            Figure::P99 => "p99",
            Figure::TimePerMessage => "time per message",
            Figure::TaskTime => "task",
            Figure::TimesLimit => "times its limit",
            Figure::Times(Bound::LineOrCopies) => "times line-or-copies",
            Figure::Times(Bound::SwitchesOrCopies) => "times switches-or-copies",
            Figure::Times(Bound::SharedCopies) => "times shared-copies",
            Figure::Times(Bound::Copies) => "times copies",
            Figure::Times(Bound::SharedTask) => "times shared-task",
            Figure::TimesReference => "times its reference",
        }
    }

    /// Returns true if it is relative to the machine, so that a series continues on another one.
    #[must_use]
    pub const fn is_ratio(self) -> bool {
        matches!(self, Figure::TimesLimit | Figure::Times(_) | Figure::TimesReference)
    }

    /// `ns`, or `1` of a ratio.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        if self.is_ratio() { "1" } else { "ns" }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Figure {
    type Err = ();

    fn from_str(word: &str) -> Result<Figure, ()> {
        Figure::ALL.into_iter().find(|figure| figure.name() == word).ok_or(())
    }
}

impl Metric {
    /// Returns the name of a figure of a cell in a distance class.
    #[must_use]
    pub fn name_of(cell: &str, class: Option<&str>, figure: Figure) -> String {
        match class {
            Some(class) => format!("{cell} @{class}: {figure}"),
            None => format!("{cell}: {figure}"),
        }
    }

    /// Returns the cell: `pipe/block ping-pong 64 B cross-core`.
    #[must_use]
    pub fn cell(&self) -> &str {
        let before = self.before_figure();
        before.rsplit_once(" @").map_or(before, |(cell, _)| cell)
    }

    /// Returns its transport: `pipe/block`.
    #[must_use]
    pub fn transport(&self) -> &str {
        self.name.split(' ').next().unwrap_or_default()
    }

    /// Returns the key of the range of [`Metric::distance_ns`], if any: see [`ipcmark_record::Reach::key`].
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.before_figure().rsplit_once(" @").map(|(_, class)| class)
    }

    /// Returns the figure; `None` for one of a later version.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        self.name.rsplit_once(": ").and_then(|(_, figure)| figure.parse().ok())
    }

    /// Returns its interval, if it has one.
    #[must_use]
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }

    fn before_figure(&self) -> &str {
        self.name.rsplit_once(": ").map_or(&self.name, |(before, _)| before)
    }
}

/// Rounds to six digits: no figure here is more precise, and seventeen are twice as long.
pub(crate) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: String) -> Metric {
        let value = 1.0;
        let (unit, flags) = ("ns".into(), Vec::new());
        Metric { name, value, unit, low: None, high: None, n: 9, distance_ns: None, flags }
    }

    #[test]
    fn a_name_says_cell_class_and_figure() {
        let cell = "pipe/block paced 64 B cross-core (10/s, poisson) (capacity 4096 B)";
        for figure in Figure::ALL {
            for class in [None, Some("one cache")] {
                let metric = metric(Metric::name_of(cell, class, figure));
                assert_eq!((metric.cell(), metric.class()), (cell, class), "{}", metric.name);
                assert_eq!(metric.figure(), Some(figure));
                assert_eq!(metric.transport(), "pipe/block");
            }
        }
        assert_eq!(metric(format!("{cell}: a later figure")).figure(), None);
    }

    #[test]
    fn values_keep_six_digits() {
        let values = [0.0, 123.456_789, 7.0, 1e-9 / 3.0, 9_999_996.0].map(rounded);
        assert_eq!(values, [0.0, 123.457, 7.0, 3.33333e-10, 1e7]);
    }
}
