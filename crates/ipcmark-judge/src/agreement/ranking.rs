//! Counts how often cells that one run tells apart come in the same order in the others.

use super::SAME_ORDER;
use super::stated::{Cell, Stated};
use ipcmark_record::CellKey;
use serde::Serialize;
use std::collections::BTreeMap;

/// Pairs kept for a reader.
const SHOWN: usize = 20;

/// Number of pairs of cells of one table that kept their order. A run distinguishes two cells if its
/// intervals of them do not overlap, in one distance class.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Ranking {
    /// Pairs of cells that some run distinguished, and that another run measured in the same class.
    pub pairs: usize,
    /// Pairs whose order [`SAME_ORDER`] of the other runs confirm.
    pub kept: usize,
    /// Comparisons of a run that distinguishes two cells with another run, over all pairs of cells.
    pub comparisons: usize,
    /// Comparisons in which the other run has the same order.
    pub same: usize,
    /// The pairs that kept their order least often, the worst first; at most 20.
    pub worst: Vec<PairRanking>,
}

impl Ranking {
    /// Returns the share of comparisons in the same order; `None` without one.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        (self.comparisons > 0).then(|| self.same as f64 / self.comparisons as f64)
    }
}

/// Two cells of one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairRanking {
    /// One cell.
    pub a: CellKey,
    /// The other.
    pub b: CellKey,
    /// Runs that distinguished them.
    pub apart: usize,
    /// Comparisons of such a run with another.
    pub comparisons: usize,
    /// Comparisons in the same order.
    pub same: usize,
}

impl PairRanking {
    fn share(&self) -> f64 {
        self.same as f64 / self.comparisons.max(1) as f64
    }
}

pub(super) fn ranking(cells: &[Cell]) -> Ranking {
    let mut tables: BTreeMap<CellKey, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        // Cells of one table differ by the transport alone.
        let table = CellKey { transport: String::new(), ..cell.key.clone() };
        tables.entry(table).or_default().push(cell);
    }
    let mut found = Ranking::default();
    for table in tables.values() {
        for (at, a) in table.iter().enumerate() {
            for b in &table[at + 1..] {
                let pair = pair(a, b);
                if pair.comparisons == 0 {
                    continue;
                }
                found.pairs += 1;
                found.kept += usize::from(pair.share() >= SAME_ORDER);
                found.comparisons += pair.comparisons;
                found.same += pair.same;
                if pair.same < pair.comparisons {
                    found.worst.push(pair);
                }
            }
        }
    }
    found.worst.sort_by(|a, b| a.share().total_cmp(&b.share()).then(b.apart.cmp(&a.apart)));
    found.worst.truncate(SHOWN);
    found
}

fn pair(a: &Cell, b: &Cell) -> PairRanking {
    let (mut apart, mut comparisons, mut same) = (0, 0, 0);
    for run in 0..a.runs.len() {
        let (Some(own_a), Some(own_b)) = (a.own(run), b.own(run)) else { continue };
        if own_a.class != own_b.class || overlap(own_a, own_b) {
            continue;
        }
        apart += 1;
        for other in (0..a.runs.len()).filter(|other| *other != run) {
            let class = own_a.class;
            if let (Some(x), Some(y)) = (a.of_class(other, class), b.of_class(other, class)) {
                comparisons += 1;
                same += usize::from((x.value < y.value) == (own_a.value < own_b.value));
            }
        }
    }
    PairRanking { a: a.key.clone(), b: b.key.clone(), apart, comparisons, same }
}

fn overlap(a: &Stated, b: &Stated) -> bool {
    match (a.interval, b.interval) {
        (Some(a), Some(b)) => a.0 <= b.1 && b.0 <= a.1,
        _ => true,
    }
}
