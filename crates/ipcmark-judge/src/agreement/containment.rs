//! Counts how often the other runs' figures are inside the interval that a run states.

use super::KEPT;
use super::stated::{Cell, Stated};
use ipcmark_record::CellKey;
use ipcmark_stats::median;
use ipcmark_summary::Headline;
use serde::Serialize;

/// Number of times that the other runs' figures were inside the stated intervals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Containment {
    /// Over all cells that were judged.
    pub all: Tally,
    /// Over cells whose figure is a median time.
    pub times: Tally,
    /// Over pairs whose first run found the cell precise.
    pub precise: Tally,
    /// Cells with a pair of runs to judge, the worst first.
    pub cells: Vec<CellContainment>,
    /// Cells that no two runs measured without a flag in one distance class.
    pub not_judged: usize,
}

/// A count over pairs of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Cells with at least one pair of runs.
    pub cells: usize,
    /// Cells with [`KEPT`] or more inside.
    pub kept: usize,
    /// Ordered pairs of runs over all these cells: one states the interval, the other is compared.
    pub pairs: usize,
    /// Pairs in which the other's figure was inside.
    pub inside: usize,
}

impl Tally {
    /// Returns pairs inside over pairs; `None` without a pair.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.inside as f64 / self.pairs as f64)
    }

    pub(super) fn add(&mut self, pairs: usize, inside: usize) {
        if pairs > 0 {
            self.cells += 1;
            self.kept += usize::from(inside as f64 >= KEPT * pairs as f64);
            self.pairs += pairs;
            self.inside += inside;
        }
    }
}

/// One cell over all runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellContainment {
    /// The cell.
    pub key: CellKey,
    /// Runs that state an interval for it.
    pub runs: usize,
    /// Ordered pairs of runs within one distance class.
    pub pairs: usize,
    /// Pairs in which the other run's figure was inside.
    pub inside: usize,
    /// Half-width of its intervals, relative to the figure: the median over runs. A wide interval
    /// is always right.
    pub half_width: f64,
    /// Largest figure over smallest within one class, in the worst class.
    pub spread: f64,
}

impl CellContainment {
    /// Returns pairs inside over pairs.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.inside as f64 / self.pairs.max(1) as f64
    }
}

pub(super) fn containment(cells: &[Cell]) -> Containment {
    let mut found = Containment {
        all: Tally::default(),
        times: Tally::default(),
        precise: Tally::default(),
        cells: Vec::new(),
        not_judged: 0,
    };
    for cell in cells {
        let (pairs, inside) = count(cell, |_| true);
        found.all.add(pairs, inside);
        if cell.headline == Headline::Median {
            found.times.add(pairs, inside);
        }
        let (precise, precise_inside) = count(cell, |stated| stated.precise);
        found.precise.add(precise, precise_inside);
        match pairs {
            0 => found.not_judged += 1,
            _ => found.cells.push(one(cell, pairs, inside)),
        }
    }
    // Among equals the one with more runs against it comes first.
    found.cells.sort_by(|a, b| a.share().total_cmp(&b.share()).then(b.pairs.cmp(&a.pairs)));
    found
}

/// Counts ordered pairs of runs whose first figure fulfils `counts`, and those that are inside.
fn count(cell: &Cell, counts: impl Fn(&Stated) -> bool) -> (usize, usize) {
    let (mut pairs, mut inside) = (0, 0);
    for run in 0..cell.runs.len() {
        let Some(own) = cell.own(run).filter(|own| counts(own)) else { continue };
        let Some((low, high)) = own.interval else { continue };
        for other in (0..cell.runs.len()).filter(|other| *other != run) {
            if let Some(other) = cell.of_class(other, own.class) {
                pairs += 1;
                inside += usize::from(low <= other.value && other.value <= high);
            }
        }
    }
    (pairs, inside)
}

fn one(cell: &Cell, pairs: usize, inside: usize) -> CellContainment {
    let own: Vec<&Stated> = (0..cell.runs.len()).filter_map(|run| cell.own(run)).collect();
    let spread = |class: Option<u64>| {
        let values = (0..cell.runs.len()).filter_map(|run| cell.of_class(run, class));
        let (least, most) =
            values.fold((f64::INFINITY, 0.0f64), |(a, b), s| (a.min(s.value), b.max(s.value)));
        most / least
    };
    let half_widths: Vec<f64> = own.iter().map(|stated| stated.half_width()).collect();
    CellContainment {
        key: cell.key.clone(),
        runs: own.len(),
        pairs,
        inside,
        half_width: median(&half_widths).unwrap_or(0.0),
        spread: own.iter().map(|stated| spread(stated.class)).fold(1.0, f64::max),
    }
}
