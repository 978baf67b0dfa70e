//! How many of what: printed with every comparison, so that what was not judged is not forgotten.

use super::{JudgedCell, PairedStanding};
use crate::Verdict;
use crate::comparison::with_counts;
use ipcmark_record::Stage;
use ipcmark_stats::median;
use serde::Serialize;

/// How many of what, without the canary. `judged` to `not_reached` add up to `cells`; `regressed` to `inconclusive` to `figures`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct PairedCensus {
    /// Cells of the suite.
    pub cells: usize,
    /// Cells with an interval.
    pub judged: usize,
    /// Cells with too few usable pairs for one, or none.
    pub wide: usize,
    /// Cells in which the new side failed, and the base did not.
    pub newly_failed: usize,
    /// Cells in which the base failed.
    pub failed: usize,
    /// Cells that this machine cannot run.
    pub not_available: usize,
    /// Cells that the time did not suffice for.
    pub not_reached: usize,
    /// Cells that were looked at again on fresh invocations.
    pub looked_at_again: usize,
    /// Figures of the judged and the wide cells.
    pub figures: usize,
    /// Of these: slower beyond the smallest effect.
    pub regressed: usize,
    /// Faster beyond it.
    pub improved: usize,
    /// Within it.
    pub equivalent: usize,
    /// Cannot be told.
    pub inconclusive: usize,
    /// Pairs that the judged and the wide cells were judged by.
    pub pairs: usize,
    /// Pairs of these cells that do not count.
    pub set_aside: usize,
    /// Smallest detectable slow-down of the headline figures, as a fraction: median over the cells.
    pub detectable_median: Option<f64>,
    /// The largest of them.
    pub detectable_worst: Option<f64>,
}

impl PairedCensus {
    /// Counts cells, judged.
    pub(super) fn of(cells: &[JudgedCell]) -> PairedCensus {
        let mut census = PairedCensus::default();
        let mut detectable = Vec::new();
        for cell in cells.iter().filter(|cell| !cell.canary) {
            census.cells += 1;
            census.looked_at_again += usize::from(cell.stage == Stage::Confirm);
            *match &cell.standing {
                PairedStanding::Judged if cell.figures.iter().any(|f| f.new.interval.is_some()) => {
                    &mut census.judged
                }
                PairedStanding::Judged | PairedStanding::NoPair { .. } => &mut census.wide,
                PairedStanding::NewlyFailed { .. } => &mut census.newly_failed,
                PairedStanding::Failed { .. } => &mut census.failed,
                PairedStanding::NotAvailable { .. } => &mut census.not_available,
                PairedStanding::NotReached => &mut census.not_reached,
            } += 1;
            if !cell.is_judged() {
                continue;
            }
            census.pairs += cell.pairs - cell.set_aside.all();
            census.set_aside += cell.set_aside.all();
            detectable.extend(cell.figures.first().and_then(|figure| figure.detectable));
            for figure in &cell.figures {
                census.figures += 1;
                *match figure.new.verdict {
                    Verdict::Regressed => &mut census.regressed,
                    Verdict::Improved => &mut census.improved,
                    Verdict::Equivalent => &mut census.equivalent,
                    Verdict::Inconclusive => &mut census.inconclusive,
                } += 1;
            }
        }
        census.detectable_median = median(&detectable);
        census.detectable_worst = detectable.into_iter().reduce(f64::max);
        census
    }

    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let figures = match self.figures == self.judged {
            true => String::new(),
            false => format!(", {} figures", self.figures),
        };
        let line = format!(
            "Judged {} of {} cells{figures}: {} regressed, {} improved, {} equivalent, {} inconclusive",
            self.judged,
            self.cells,
            self.regressed,
            self.improved,
            self.equivalent,
            self.inconclusive
        );
        let beside = [
            (self.newly_failed, "newly failed"),
            (self.wide, "wide"),
            (self.failed, "failed in the base"),
            (self.not_available, "not available"),
            (self.not_reached, "not reached"),
        ];
        with_counts(line, &beside)
    }

    /// What could have been found, in one line; `None` where nothing was judged.
    #[must_use]
    pub fn detectable_line(&self) -> Option<String> {
        let (median, worst) = (self.detectable_median?, self.detectable_worst?);
        Some(format!(
            "Smallest slow-down that is found in four cases of five: {:.1} % in the median cell, {:.1} % in the worst.",
            median * 100.0,
            worst * 100.0
        ))
    }
}
