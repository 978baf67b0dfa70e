//! Many comparisons of one program with itself: how often something is called changed that is not, and how often what is
//! slower is found.

use super::PairedComparison;
use crate::Verdict;
use ipcmark_record::CellKey;
use ipcmark_stats::median;
use serde::Serialize;
use std::fmt::Write as _;

/// What [`Trials::schema`] says.
pub const TRIALS_SCHEMA: &str = "ipcmark.trials/1";

/// What came of several comparisons in which nothing differs but what was slowed down on purpose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trials {
    /// `ipcmark.trials/1`.
    pub schema: String,
    /// The suite's name.
    pub suite: String,
    /// Comparisons.
    pub comparisons: usize,
    /// Cells of each, the canary left out.
    pub cells: usize,
    /// Figures that were judged, in all comparisons, of cells that nothing was done to.
    pub figures: usize,
    /// Of these, the ones that could be told to be equivalent.
    pub equivalent: usize,
    /// What was called changed and is not, a line each.
    pub false_changes: Vec<FalseChange>,
    /// Comparisons with at least one of those.
    pub with_false_changes: usize,
    /// Comparisons whose A/A arm raised an alarm.
    pub again_alarms: usize,
    /// Comparisons that found their canary, at its size.
    pub canaries_found: usize,
    /// What was slowed down.
    pub slowed: Vec<Slowed>,
    /// Smallest detectable slow-down of each cell, as a fraction: median over the comparisons that know it, smallest first.
    pub detectable: Vec<(CellKey, f64)>,
}

/// A change that is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FalseChange {
    /// In which comparison, from 1.
    pub comparison: usize,
    /// Of which cell.
    pub key: CellKey,
    /// What it was called.
    pub verdict: Verdict,
    /// New / base.
    pub ratio: f64,
}

/// A cell with a known delay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slowed {
    /// Which.
    pub key: CellKey,
    /// The delay, thousandths of the cell's time.
    pub permille: u32,
    /// Comparisons that called it regressed.
    pub found: usize,
    /// Comparisons that looked.
    pub of: usize,
    /// New / base as estimated: least, median and most.
    pub ratios: Option<(f64, f64, f64)>,
}

impl Trials {
    /// Counts over comparisons of one suite with itself; `None` of none.
    #[must_use]
    pub fn of(comparisons: &[PairedComparison]) -> Option<Trials> {
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

    fn count(&mut self, number: usize, comparison: &PairedComparison) {
        let before = self.false_changes.len();
        let left_alone = comparison.judged().filter(|cell| cell.slow_down_permille.is_none());
        for cell in left_alone.filter(|cell| cell.is_judged()) {
            for figure in cell.figures.iter().filter(|figure| figure.new.interval.is_some()) {
                self.figures += 1;
                match figure.new.verdict {
                    verdict @ (Verdict::Regressed | Verdict::Improved) => {
                        self.false_changes.push(FalseChange {
                            comparison: number,
                            key: cell.key.clone(),
                            verdict,
                            ratio: figure.new.ratio,
                        });
                    }
                    Verdict::Equivalent => self.equivalent += 1,
                    Verdict::Inconclusive => {}
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

    fn over_all(&mut self, key: &CellKey, permille: Option<u32>, comparisons: &[PairedComparison]) {
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

/// The count as Markdown.
#[must_use]
pub fn trials_to_markdown(trials: &Trials) -> String {
    let Trials { comparisons: n, cells, figures, equivalent, .. } = trials;
    let mut text = format!(
        "# What {n} comparisons of a program with itself make of it\n\n\
         Suite {}, {cells} cells in each. Nothing differs between the sides but what is slowed down below.\n\n\
         - {} of {n} comparisons called something changed that is not: {} of {figures} figures\n\
         - {equivalent} of those figures were told to be equivalent, the others stayed open\n\
         - {} of {n} raised an alarm because of their A/A arm\n\
         - {} of {n} found their canary, at its size\n",
        trials.suite,
        trials.with_false_changes,
        trials.false_changes.len(),
        trials.again_alarms,
        trials.canaries_found,
    );
    for change in &trials.false_changes {
        let FalseChange { comparison, key, verdict, ratio } = change;
        let verdict = verdict.name();
        let _ = writeln!(text, "- false: comparison {comparison}, {key}: {verdict}, {ratio:.3}");
    }
    if !trials.slowed.is_empty() {
        text += "\n| slowed down | by | found | estimates: least, median, most |\n| --- | ---: | ---: | ---: |\n";
    }
    for Slowed { key, permille, found, of, ratios } in &trials.slowed {
        let percent = f64::from(*permille) / 10.0;
        let ratios = ratios.map_or("none".into(), |(low, middle, high)| {
            format!("{low:.3}, {middle:.3}, {high:.3}")
        });
        let _ = writeln!(text, "| {key} | {percent:.1} % | {found} of {of} | {ratios} |");
    }
    text += "\nSmallest slow-down that one comparison finds in four cases of five, median over the comparisons:\n\n\
             | cell | found from |\n| --- | ---: |\n";
    for (key, share) in &trials.detectable {
        let _ = writeln!(text, "| {key} | {:.1} % |", share * 100.0);
    }
    text
}
