//! Finds cells that are faster than a limit of their machine: then one of the two is wrong.

use ipcmark_record::CellKey;
use ipcmark_summary::Summary;
use serde::Serialize;
use std::collections::BTreeMap;

/// Cells compared with their limits, in all runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Limits {
    /// Rows (a cell in a run) with a limit.
    pub rows: usize,
    /// Rows that are below it.
    pub below: usize,
    /// The cells of those rows, the one most often below first.
    pub cells: Vec<BelowLimit>,
}

/// A cell that is faster than its limit allows, in some run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BelowLimit {
    /// The cell.
    pub key: CellKey,
    /// The limit, in the words of the first such run.
    pub words: String,
    /// Runs in which it was below.
    pub below: usize,
    /// Runs in which it had a limit.
    pub runs: usize,
    /// The smallest ratio of figure to limit of all runs.
    pub times_least: f64,
}

pub(super) fn limits(summaries: &[Summary]) -> Limits {
    let mut cells: BTreeMap<&CellKey, BelowLimit> = BTreeMap::new();
    for row in summaries.iter().flat_map(|summary| &summary.rows) {
        let Some(limit) = &row.limit else { continue };
        let cell = cells.entry(&row.key).or_insert_with(|| BelowLimit {
            key: row.key.clone(),
            words: String::new(),
            below: 0,
            runs: 0,
            times_least: f64::INFINITY,
        });
        cell.runs += 1;
        cell.times_least = cell.times_least.min(limit.times.value);
        if limit.is_below() {
            cell.below += 1;
            if cell.words.is_empty() {
                cell.words.clone_from(&limit.words);
            }
        }
    }
    let rows = cells.values().map(|cell| cell.runs).sum();
    let mut cells: Vec<BelowLimit> = cells.into_values().filter(|cell| cell.below > 0).collect();
    cells.sort_by(|a, b| b.below.cmp(&a.below).then(a.times_least.total_cmp(&b.times_least)));
    Limits { rows, below: cells.iter().map(|cell| cell.below).sum(), cells }
}
