//! From runs to series: one figure of one cell over the project's commits.
//!
//! Figures of two machines, or of two distances between the CPUs, are figures of two things: absolute values of different hosts
//! and classes never share a series. What does go on across machines is a ratio: to the limit that the same run measured, or to a
//! pinned reference build. Such a series says of each point which host it is of, because ratios move with the machine too,
//! only less.

mod build;
mod classes;
mod latest;
mod wanted;

pub use latest::Latest;
pub use wanted::Wanted;

use crate::{Figure, Line};
use ipcmark_show::bytes;
use ipcmark_summary::DistanceClass;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// All series of a project, over one time line.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct History {
    /// The commits (runs, if their commit is unknown), oldest first.
    pub stops: Vec<Stop>,
    /// The machines, in the order of their first run.
    pub hosts: Vec<Machine>,
    /// First those across hosts, then host by host; within that as the suite had the cells.
    pub series: Vec<Series>,
    /// Runs behind them.
    pub runs: usize,
    /// Facts under which runs were made, by name, each set once.
    #[serde(skip)]
    pub facts: Vec<BTreeMap<String, String>>,
}

/// One place on the time line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// The commit, as the runs named it; absent where a run knew none.
    pub commit: Option<String>,
    /// Time of the commit, s since 1970 UTC; of its first run if that is unknown.
    pub at_s: i64,
    /// True if `at_s` is the commit's own time.
    pub of_commit: bool,
    /// Runs of it, on all hosts.
    pub runs: usize,
}

/// A machine that measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// The fingerprint of its facts, as in the record.
    pub fingerprint: String,
    /// Processor and kernel.
    pub words: String,
}

/// One figure over time. Less is better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// The cell: `pipe/block ping-pong 64 B cross-core`.
    pub cell: String,
    /// The figure.
    #[serde(serialize_with = "by_name")]
    pub figure: Figure,
    /// The machine, a place in [`History::hosts`]; absent where the series goes on across machines, as ratios do.
    pub host: Option<usize>,
    /// Distance class of the CPUs; absent on one CPU, and on CPUs of the kernel's choice.
    pub class: Option<DistanceClass>,
    /// Points in the order of [`History::stops`], at most one per stop.
    pub points: Vec<Point>,
}

/// One figure at one stop.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The stop, a place in [`History::stops`].
    pub stop: usize,
    /// Median over the runs of that stop.
    pub value: f64,
    /// Its interval: the run's own, or the medians of the ends over several runs. Absent where no run has one.
    pub interval: Option<(f64, f64)>,
    /// Runs behind it.
    pub runs: usize,
    /// The machines that made them, places in [`History::hosts`], ascending.
    pub hosts: Vec<usize>,
    /// Facts that they were made under, places in [`History::facts`], ascending.
    #[serde(skip)]
    pub facts: Vec<usize>,
}

impl History {
    /// Sorts the figures of these runs into series. Figures that only a later version knows are passed over.
    #[must_use]
    pub fn of(lines: &[Line]) -> History {
        build::history(lines)
    }

    /// Keeps only the series for which `wanted` is true.
    #[must_use]
    pub fn keep(mut self, wanted: impl FnMut(&Series) -> bool) -> History {
        self.series.retain(wanted);
        self
    }
}

impl Series {
    /// Returns `pipe/block ping-pong 64 B cross-core, p50, CPUs 57 ns apart`.
    #[must_use]
    pub fn name(&self) -> String {
        let apart = self.apart().map_or_else(String::new, |apart| format!(", {apart}"));
        format!("{}, {}{apart}", self.cell, self.figure)
    }

    /// Returns the cell for people: `pipe/block stream 4 KiB cross-core (capacity 256 KiB)`.
    #[must_use]
    pub fn title(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for word in self.cell.split(' ') {
            let size = words.last().and_then(|last| last.parse().ok());
            match (size, word.strip_prefix('B')) {
                (Some(size), Some(rest)) => {
                    words.pop();
                    words.push(bytes(size) + rest);
                }
                _ => words.push(word.into()),
            }
        }
        words.join(" ")
    }

    /// Returns `CPUs 57 ns apart`; `None` if no distance was probed.
    #[must_use]
    pub fn apart(&self) -> Option<String> {
        self.class.as_ref().map(|class| match self.host {
            Some(_) => format!("CPUs {class} apart"),
            // Of several machines the numbers differ.
            None => format!("CPUs apart: {}", class.reach()),
        })
    }

    /// Returns the values, oldest first.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.points.iter().map(|p| p.value).collect()
    }
}

fn by_name<S: Serializer>(figure: &Figure, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(figure.name())
}

impl Stop {
    /// Returns the commit in nine letters (`-dirty` kept), or the day of the run.
    #[must_use]
    pub fn short(&self) -> String {
        match &self.commit {
            Some(commit) => {
                let (hash, rest) = commit.split_once('-').unwrap_or((commit, ""));
                let hash: String = hash.chars().take(SHORT).collect();
                if rest.is_empty() { hash } else { format!("{hash}-{rest}") }
            }
            None => format!("run of {}", self.day()),
        }
    }

    /// Returns its day, UTC: `2026-01-31`.
    #[must_use]
    pub fn day(&self) -> String {
        jiff::Timestamp::from_second(self.at_s)
            .map_or_else(|_| "an impossible day".into(), |at| at.strftime("%F").to_string())
    }
}

/// Letters of a hash that people read.
const SHORT: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_called_by_its_commit_or_its_day() {
        let stop = |commit: Option<&str>, at_s| Stop {
            commit: commit.map(Into::into),
            at_s,
            of_commit: true,
            runs: 1,
        };
        assert_eq!(stop(Some("0123456789abcdef"), 0).short(), "012345678");
        assert_eq!(stop(Some("0123456789abcdef-dirty"), 0).short(), "012345678-dirty");
        assert_eq!(stop(None, 951_782_400).short(), "run of 2000-02-29");
        let days: Vec<String> = [0, -1, 1_795_392_000].map(|at_s| stop(None, at_s).day()).into();
        assert_eq!(days, ["1970-01-01", "1969-12-31", "2026-11-23"]);
    }
}
