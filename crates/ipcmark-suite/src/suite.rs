//! What a suite says, parsed.

use crate::{LoadAxes, Result, Selector, written};
use ipcmark_words::{Mix, Neighbours, Placement, SpinBudget, Workload};
use serde::Deserialize;
use std::time::Duration;

/// A suite: what to measure, and why.
#[derive(Debug, Clone)]
pub struct Suite {
    /// One word: names the folder of a run.
    pub name: String,
    /// One line.
    pub title: String,
    /// Purpose of the suite, Markdown.
    pub prose: String,
    /// Settings that hold unless a group or the command line says otherwise.
    pub defaults: Defaults,
    /// Its groups, in order; at least one.
    pub groups: Vec<Group>,
}

/// Settings of a run that a suite proposes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Defaults {
    /// Invocations of each cell that are made in any case.
    #[serde(deserialize_with = "written::rounds")]
    pub rounds: u32,
    /// Invocations of each cell at most; up to `rounds`: no more than those.
    #[serde(deserialize_with = "written::rounds")]
    pub rounds_most: u32,
    /// Target for medians, rates and shares: half the width of the interval, as a fraction. The run
    /// continues with the cells whose interval is wider.
    #[serde(deserialize_with = "written::share")]
    pub target: f64,
    /// Target for the 99th percentile; `None`: five times as much.
    #[serde(deserialize_with = "written::some_share")]
    pub target_p99: Option<f64>,
    /// Measured phase of one invocation.
    #[serde(deserialize_with = "written::duration")]
    pub measure: Duration,
    /// Upper bound of one warm-up.
    #[serde(deserialize_with = "written::duration")]
    pub warm_up: Duration,
    /// Bound on the wall time of the whole run.
    #[serde(deserialize_with = "written::some_duration")]
    pub budget: Option<Duration>,
    /// Capacity asked of each direction, bytes; `None` keeps the mechanism's own.
    #[serde(deserialize_with = "written::capacity")]
    pub capacity: Option<usize>,
}

impl Default for Defaults {
    /// Returns six rounds (the fewest that have an interval) up to sixty, until intervals are 2 % to
    /// either side; of 50 ms after at most 20 ms of warm-up; without a budget.
    fn default() -> Self {
        Defaults {
            rounds: 6,
            rounds_most: 60,
            target: 0.02,
            target_p99: None,
            measure: Duration::from_millis(50),
            warm_up: Duration::from_millis(20),
            budget: None,
            capacity: None,
        }
    }
}

/// A group of cells: the product of its axes.
#[derive(Debug, Clone)]
pub struct Group {
    /// One word.
    pub name: String,
    /// The reason why these cells are worth measuring, Markdown.
    pub prose: String,
    /// The transports.
    pub transports: Vec<Selector>,
    /// The workloads; parameters that [`Group::load`] names replace theirs.
    pub patterns: Vec<Workload>,
    /// Message sizes, bytes; empty only if no workload carries any, or with a mix.
    pub sizes: Vec<usize>,
    /// A mix of sizes, besides those of one size.
    pub mix: Option<Mix>,
    /// On which CPUs.
    pub placements: Vec<Placement>,
    /// Their parameters.
    pub load: LoadAxes,
    /// Capacity asked of each direction, bytes; `None` keeps the mechanism's own.
    pub capacity: Option<usize>,
    /// Times for which hybrid waits spin; empty keeps the transports' own.
    pub spin_budgets: Vec<SpinBudget>,
    /// Load next to the cells; `None` for none.
    pub neighbours: Option<Neighbours>,
}

/// The axes of the command line. An axis given here replaces that axis in every group, except
/// transports: they pick among those that a group names, so that a group keeps its meaning.
#[derive(Debug, Clone, Default)]
pub struct Axes {
    /// Empty: all that the groups name.
    pub transports: Vec<Selector>,
    /// Empty: as the groups say.
    pub patterns: Vec<Workload>,
    /// Empty, and no mix: as the groups say; bytes.
    pub sizes: Vec<usize>,
    /// A mix of sizes, besides those of one size.
    pub mix: Option<Mix>,
    /// Empty: as the groups say.
    pub placements: Vec<Placement>,
    /// Parameters of workloads; an empty axis keeps what the groups say.
    pub load: LoadAxes,
    /// `None`: as the groups say; `Some(None)`: the mechanism's own; bytes.
    pub capacity: Option<Option<usize>>,
    /// Times for which hybrid waits spin; empty: as the groups say.
    pub spin_budgets: Vec<SpinBudget>,
    /// Load next to the cells; `None`: as the groups say.
    pub neighbours: Option<Neighbours>,
}

impl Axes {
    /// Returns true if the command line leaves every axis to the suite.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let lists = [self.transports.is_empty(), self.patterns.is_empty(), self.sizes.is_empty()];
        lists.into_iter().all(|empty| empty)
            && self.mix.is_none()
            && self.placements.is_empty()
            && self.load == LoadAxes::default()
            && self.capacity.is_none()
            && self.spin_budgets.is_empty()
            && self.neighbours.is_none()
    }
}

impl Suite {
    /// Parses a suite; `file` is what errors call it.
    ///
    /// # Errors
    /// TOML that does not parse, unknown or missing keys, values of the wrong kind, words that name nothing: each
    /// with file, line, column, key, and what was expected.
    pub fn parse(text: &str, file: &str) -> Result<Suite> {
        written::read(text, file)
    }
}
