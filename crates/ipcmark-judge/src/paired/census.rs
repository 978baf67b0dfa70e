//! The counts of a paired comparison, so that what was not judged is not forgotten.

use super::{JudgedCell, Standing};
use crate::Counts;
use crate::verdict::with_counts;
use ipcmark_record::Stage;
use ipcmark_show::{plural, share};
use ipcmark_stats::median;
use serde::Serialize;

/// The counts without the canary; `judged` to `not_reached` add up to `cells`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Census {
    /// Cells of the suite.
    pub cells: usize,
    /// Cells with an interval.
    pub judged: usize,
    /// Cells with too few usable pairs for one.
    pub wide: usize,
    /// Cells that failed on the new side alone.
    pub newly_failed: usize,
    /// Cells that failed in the base.
    pub failed: usize,
    /// Cells that this machine cannot run.
    pub not_available: usize,
    /// Cells that the budget did not reach.
    pub not_reached: usize,
    /// Cells measured again on fresh invocations.
    pub looked_at_again: usize,
    /// Figures of the judged and the wide cells.
    #[serde(flatten)]
    pub counts: Counts,
    /// Pairs that these cells were judged by.
    pub pairs: usize,
    /// Pairs of these cells that do not count.
    pub set_aside: usize,
    /// Smallest detectable slow-down of the headline figures, as a fraction: median over the cells.
    pub detectable_median: Option<f64>,
    /// The largest of them.
    pub detectable_worst: Option<f64>,
}

impl Census {
    /// Counts judged cells.
    pub(super) fn of(cells: &[JudgedCell]) -> Census {
        let mut census = Census::default();
        let mut detectable = Vec::new();
        for cell in cells.iter().filter(|cell| !cell.canary) {
            census.cells += 1;
            census.looked_at_again += usize::from(cell.stage == Stage::Confirm);
            *match &cell.standing {
                Standing::Judged if cell.figures.iter().any(|f| f.new.interval.is_some()) => {
                    &mut census.judged
                }
                Standing::Judged | Standing::NoPair { .. } => &mut census.wide,
                Standing::NewlyFailed { .. } => &mut census.newly_failed,
                Standing::Failed { .. } => &mut census.failed,
                Standing::NotAvailable { .. } => &mut census.not_available,
                Standing::NotReached => &mut census.not_reached,
            } += 1;
            if cell.is_judged() {
                census.pairs += cell.pairs - cell.set_aside.all();
                census.set_aside += cell.set_aside.all();
                detectable.extend(cell.figures.first().and_then(|figure| figure.detectable));
                cell.figures.iter().for_each(|figure| census.counts.add(figure.new.verdict));
            }
        }
        census.detectable_median = median(&detectable);
        census.detectable_worst = detectable.into_iter().reduce(f64::max);
        census
    }

    /// Returns the counts in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let figures = match self.counts.figures == self.judged {
            true => String::new(),
            false => format!(", {}", plural(self.counts.figures, "figure")),
        };
        let line = format!(
            "Judged {} of {}{figures}: {}",
            self.judged,
            plural(self.cells, "cell"),
            self.counts.words(true)
        );
        let others = [
            (self.newly_failed, "failed on the new side alone"),
            (self.wide, "with too few usable pairs"),
            (self.failed, "failed in the base"),
            (self.not_available, "not available"),
            (self.not_reached, "not reached"),
        ];
        with_counts(line, &others)
    }

    /// Returns what could have been detected, in one line; `None` if nothing was judged.
    pub(super) fn detectable_line(&self) -> Option<String> {
        let (median, worst) = (self.detectable_median?, self.detectable_worst?);
        Some(format!(
            "Smallest slow-down detected in four cases of five: {} in the median cell, {} in the \
             worst.",
            share(median),
            share(worst)
        ))
    }
}
