//! Compares figures with the limits of their machine: is a cell faster than one (then one of the two is
//! wrong), and do runs find the same multiple of it?

use super::containment::Tally;
use super::stated;
use ipcmark_record::CellKey;
use ipcmark_summary::{Row, Summary};
use serde::Serialize;
use std::collections::BTreeMap;

/// Cells compared with their limits, in all runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Limits {
    /// Rows (a cell in a run) with a limit.
    pub rows: usize,
    /// Rows with a figure that have none, although another run's row of the cell has one.
    pub lacking: usize,
    /// Number of times that the other runs' multiple of the limit was inside the interval that a run states for it.
    pub times: Tally,
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
    let below = cells.iter().map(|cell| cell.below).sum();
    let (lacking, times) = multiples(summaries);
    Limits { rows, lacking, times, below, cells }
}

/// Returns the number of rows without a limit that another run has, and how far multiples of it agree.
fn multiples(summaries: &[Summary]) -> (usize, Tally) {
    let mut cells: BTreeMap<&CellKey, Vec<&Row>> = BTreeMap::new();
    let rows = summaries.iter().flat_map(|summary| &summary.rows);
    for row in rows.filter(|row| row.figure.is_some()) {
        cells.entry(&row.key).or_default().push(row);
    }
    let (mut lacking, mut tally) = (0, Tally::default());
    for rows in cells.values() {
        let have = rows.iter().filter(|row| row.limit.is_some()).count();
        lacking += if have > 0 { rows.len() - have } else { 0 };
        let judged = rows.iter().filter(|row| stated::of(row).is_ok());
        let multiples: Vec<_> =
            judged.filter_map(|row| Some((row.class, row.limit.as_ref()?.times))).collect();
        let (mut pairs, mut inside) = (0, 0);
        for (at, (class, own)) in multiples.iter().enumerate() {
            let Some((low, high)) = own.interval else { continue };
            let others = multiples.iter().enumerate().filter(|(other, _)| *other != at);
            for (_, (_, other)) in others.filter(|(_, (of, _))| of == class) {
                pairs += 1;
                inside += usize::from((low..=high).contains(&other.value));
            }
        }
        tally.add(pairs, inside);
    }
    (lacking, tally)
}
