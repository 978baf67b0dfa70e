//! The figure and the interval that each run states of each cell, or the reason not to use them.

use ipcmark_record::{CellKey, Standing};
use ipcmark_summary::{Estimate, Figure, Headline, Row, Status, Summary};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Fewest invocations of a class whose median is compared.
const FEWEST: usize = 6;

/// The figure of one cell in one run and one distance class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stated {
    /// The headline: a median time, a rate, a speed-up or a share.
    pub(super) value: f64,
    /// Interval in which another run is expected; absent in a class that is not the row's own.
    pub(super) interval: Option<(f64, f64)>,
    /// The class, by its lower border in whole ns; `None` on one CPU.
    pub(super) class: Option<u64>,
    /// True if the run found it precise.
    pub(super) precise: bool,
}

impl Stated {
    /// Returns half the width of the interval, relative to the figure; 0 without one.
    pub(super) fn half_width(&self) -> f64 {
        self.interval.map_or(0.0, |(low, high)| (high - low) / 2.0 / self.value.abs())
    }
}

/// One cell in all runs.
pub(super) struct Cell {
    pub(super) key: CellKey,
    /// The headline figure.
    pub(super) headline: Headline,
    /// Its figures in each run: the row's own first, then those of other classes; none if flagged.
    pub(super) runs: Vec<Vec<Stated>>,
}

impl Cell {
    /// Returns the row's own figure in a run.
    pub(super) fn own(&self, run: usize) -> Option<&Stated> {
        self.runs[run].first()
    }

    /// Returns the figure of `class` in a run.
    pub(super) fn of_class(&self, run: usize, class: Option<u64>) -> Option<&Stated> {
        self.runs[run].iter().find(|stated| stated.class == class)
    }
}

/// The reason why a row is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// Nothing was measured: not available, not supported, or not reached.
    NotMeasured,
    /// An invocation failed.
    Failed,
    /// Too many invocations never settled.
    NotSteady,
    /// The machine disturbed too many invocations.
    Noisy,
    /// Too few invocations of one class for an interval.
    Few,
    /// Too few samples for a median.
    FewSamples,
    /// The sender missed its schedule: the figure is the sender's.
    SenderTooSlow,
}

impl Flag {
    /// Returns the flag in words: `not steady`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Flag::NotMeasured => "not measured",
            Flag::Failed => "an invocation failed",
            Flag::NotSteady => "not steady",
            Flag::Noisy => "noisy",
            Flag::Few => "too few invocations of one class",
            Flag::FewSamples => "too few samples for a median",
            Flag::SenderTooSlow => "sender missed its schedule",
        }
    }
}

/// Number of rows that a flag kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Flagged {
    /// The reason.
    pub flag: Flag,
    /// Rows: a cell in a run.
    pub rows: usize,
}

/// Returns each cell that any run has, in the order of the first run that has it.
pub(super) fn cells(summaries: &[Summary]) -> Vec<Cell> {
    let mut places: HashMap<&CellKey, usize> = HashMap::new();
    let mut cells: Vec<Cell> = Vec::new();
    for (run, summary) in summaries.iter().enumerate() {
        for row in &summary.rows {
            let at = *places.entry(&row.key).or_insert_with(|| {
                cells.push(Cell {
                    key: row.key.clone(),
                    headline: row.key.workload.headline(),
                    runs: vec![Vec::new(); summaries.len()],
                });
                cells.len() - 1
            });
            cells[at].runs[run] = of(row).unwrap_or_default();
        }
    }
    cells
}

pub(super) fn flagged(summaries: &[Summary]) -> Vec<Flagged> {
    let mut rows: BTreeMap<Flag, usize> = BTreeMap::new();
    for flag in summaries.iter().flat_map(|s| &s.rows).filter_map(|row| of(row).err()) {
        *rows.entry(flag).or_default() += 1;
    }
    rows.into_iter().map(|(flag, rows)| Flagged { flag, rows }).collect()
}

/// Returns the figures of a row, its own first.
pub(super) fn of(row: &Row) -> Result<Vec<Stated>, Flag> {
    let headline = row.key.workload.headline();
    let Some(figure) = &row.figure else { return Err(Flag::NotMeasured) };
    match (&row.status, row.standing) {
        (Status::Failed { .. }, _) => return Err(Flag::Failed),
        (_, Some(Standing::NotSteady)) => return Err(Flag::NotSteady),
        (_, Some(Standing::Noisy)) => return Err(Flag::Noisy),
        _ if row.disturbed => return Err(Flag::Noisy),
        (_, Some(Standing::Few)) => return Err(Flag::Few),
        _ => {}
    }
    if !figure.has_enough(headline) {
        return Err(Flag::FewSamples);
    }
    if figure.lag.is_some_and(|lag| lag.sender_too_slow) {
        return Err(Flag::SenderTooSlow);
    }
    let usable = |figure: &Figure| figure.headline(headline).filter(|e| e.value.is_finite());
    let Some(Estimate { value, interval: Some(interval), .. }) = usable(figure) else {
        return Err(Flag::Few);
    };
    let class = |class: ipcmark_summary::DistanceClass| class.low_ns.round() as u64;
    let precise = row.standing == Some(Standing::Precise);
    let own = Stated { value, interval: Some(interval), class: row.class.map(class), precise };
    let others = row.others.iter().filter(|other| other.invocations >= FEWEST);
    let others = others.filter_map(|other| {
        let value = usable(&other.figure)?.value;
        Some(Stated { value, interval: None, class: Some(class(other.class)), precise })
    });
    Ok(std::iter::once(own).chain(others).collect())
}
