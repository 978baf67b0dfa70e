//! Many comparisons of one program with itself: counts false changes, and detected delays.

use super::Comparison;
use crate::Verdict;
use ipcmark_record::CellKey;
use ipcmark_stats::median;
use serde::Serialize;

/// Value of [`Trials::schema`].
pub const TRIALS_SCHEMA: &str = "ipcmark.trials/1";

/// The results of several comparisons of a program with itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trials {
    /// `ipcmark.trials/1`.
    pub schema: String,
    /// The suite's name.
    pub suite: String,
    /// Number of comparisons.
    pub comparisons: usize,
    /// Number of cells of each, without the canary.
    pub cells: usize,
    /// Figures judged in all comparisons, of cells without a known delay.
    pub figures: usize,
    /// Figures that were judged equivalent.
    pub equivalent: usize,
    /// Figures that were called changed and are not.
    pub false_changes: Vec<FalseChange>,
    /// Comparisons with at least one of them.
    pub with_false_changes: usize,
    /// Comparisons in which the base changed against itself.
    pub again_alarms: usize,
    /// Comparisons that detected their canary at its size.
    pub canaries_found: usize,
    /// Cells with a known delay.
    pub slowed: Vec<Slowed>,
    /// Smallest detectable slow-down of each cell, as a fraction: median over the comparisons,
    /// smallest first.
    pub detectable: Vec<(CellKey, f64)>,
}

/// A false change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FalseChange {
    /// Number of the comparison, from 1.
    pub comparison: usize,
    /// The cell.
    pub key: CellKey,
    /// The verdict.
    pub verdict: Verdict,
    /// New / base.
    pub ratio: f64,
}

/// A cell with a known delay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slowed {
    /// The cell.
    pub key: CellKey,
    /// The delay, thousandths of the cell's time.
    pub permille: u32,
    /// Comparisons that detected it.
    pub found: usize,
    /// Comparisons that could.
    pub of: usize,
    /// Smallest, median and largest estimate of new / base.
    pub ratios: Option<(f64, f64, f64)>,
}

impl Trials {
    /// Counts over comparisons; `None` without one.
    #[must_use]
    pub fn of(comparisons: &[Comparison]) -> Option<Trials> {
        let first = comparisons.first()?;
        let mut trials = Trials {
            schema: TRIALS_SCHEMA.into(),
            suite: first.suite.clone(),
            comparisons: comparisons.len(),
            cells: first.judged().count(),
            figures: 0,
            equivalent: 0,
            false_changes: Vec::new(),
            with_false_changes: 0,
            again_alarms: 0,
            canaries_found: 0,
            slowed: Vec::new(),
            detectable: Vec::new(),
        };
        for (at, comparison) in comparisons.iter().enumerate() {
            trials.count(at + 1, comparison);
        }
        for cell in first.judged() {
            trials.over_all(&cell.key, cell.slow_down_permille, comparisons);
        }
        trials.detectable.sort_by(|a, b| a.1.total_cmp(&b.1));
        Some(trials)
    }

    fn count(&mut self, number: usize, comparison: &Comparison) {
        let before = self.false_changes.len();
        let left_alone = comparison.judged().filter(|cell| cell.slow_down_permille.is_none());
        for cell in left_alone.filter(|cell| cell.is_judged()) {
            for figure in cell.figures.iter().filter(|figure| figure.new.interval.is_some()) {
                self.figures += 1;
                let verdict = figure.new.verdict;
                self.equivalent += usize::from(verdict == Verdict::Equivalent);
                if verdict.is_change() {
                    self.false_changes.push(FalseChange {
                        comparison: number,
                        key: cell.key.clone(),
                        verdict,
                        ratio: figure.new.ratio,
                    });
                }
            }
        }
        self.with_false_changes += usize::from(self.false_changes.len() > before);
        let alarm = |again: bool| {
            comparison.alarms.iter().any(|a| (a.kind == super::AlarmKind::Again) == again)
        };
        self.again_alarms += usize::from(alarm(true));
        self.canaries_found += usize::from(!alarm(false));
    }

    fn over_all(&mut self, key: &CellKey, permille: Option<u32>, comparisons: &[Comparison]) {
        let cells = comparisons.iter().filter_map(|c| c.judged().find(|cell| cell.key == *key));
        let headlines: Vec<_> = cells.filter_map(|cell| cell.figures.first()).collect();
        let detectable: Vec<_> = headlines.iter().filter_map(|figure| figure.detectable).collect();
        if let Some(middle) = median(&detectable) {
            self.detectable.push((key.clone(), middle));
        }
        let Some(permille) = permille else { return };
        let mut ratios: Vec<_> = headlines.iter().map(|figure| figure.new.ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let found = headlines.iter().filter(|f| f.new.verdict == Verdict::Regressed).count();
        let ends = ratios.first().zip(ratios.last());
        self.slowed.push(Slowed {
            key: key.clone(),
            permille,
            found,
            of: comparisons.len(),
            ratios: ends.zip(median(&ratios)).map(|((low, high), middle)| (*low, middle, *high)),
        });
    }
}
