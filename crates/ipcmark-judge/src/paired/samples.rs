//! All pairs of one cell in one stage: log ratios for each figure, and the pairs that do not count.

use super::pair::{P99_VALUES, Ratios, Reading, has_failed};
use crate::Figure;
use ipcmark_record::{InvocationOutcome, Pair, PairedCell, Stage};
use ipcmark_show::time;
use ipcmark_stats::median;
use ipcmark_summary::Headline;
use serde::Serialize;

/// Pairs that do not count, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SetAside {
    /// A side failed.
    pub failed: usize,
    /// A side did not reach the rate of its messages.
    pub late: usize,
    /// The CPUs moved in every lap.
    pub moved: usize,
    /// No lap is whole: it was cut off.
    pub short: usize,
}

impl SetAside {
    /// Returns the number of all.
    #[must_use]
    pub const fn all(&self) -> usize {
        self.failed + self.late + self.moved + self.short
    }

    /// Returns `6 discarded: the CPUs moved in 4, a side failed in 2`; `None` if all count.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let parts = [
            (self.moved, "the CPUs moved in"),
            (self.failed, "a side failed in"),
            (self.late, "the rate was not reached in"),
            (self.short, "cut off in"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{what} {count}"))
            .collect();
        (!parts.is_empty()).then(|| format!("{} discarded: {}", self.all(), parts.join(", ")))
    }
}

/// A 99th percentile of fewer clock steps exceeds its smallest effect when it moves by one.
const STEPS: f64 = 10.0;

/// More late pairs than one in this many leave no latency: those that are left were chosen by their speed.
const LATE: usize = 4;

/// One figure over the usable pairs of a stage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) figure: Figure,
    /// ln(new / base) of each pair.
    pub(super) new: Vec<f64>,
    /// ln(again / base) of each pair.
    pub(super) again: Vec<f64>,
    /// Median over the pairs, ns.
    pub(super) base_ns: f64,
    /// Median over the pairs, ns.
    pub(super) new_ns: f64,
}

/// The result of a stage for one cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Samples {
    /// Number of pairs.
    pub(super) made: usize,
    pub(super) set_aside: SetAside,
    /// Pairs in which the new side alone did not reach the rate.
    pub(super) late_in_new: usize,
    /// The headline figure first; empty if no pair is usable.
    pub(super) figures: Vec<Sample>,
    /// The reason why the 99th percentile is missing, if the workload has one.
    pub(super) no_p99: Option<String>,
}

impl Samples {
    /// Reads the pairs of a cell in `stage`.
    pub(super) fn of(cell: &PairedCell, stage: Stage, clock_step_ns: f64) -> Samples {
        let mut samples = Samples::default();
        let (mut typical, mut tails): (Vec<Ratios>, Vec<Option<Ratios>>) = Default::default();
        for pair in cell.pairs.iter().filter(|pair| pair.stage == stage) {
            samples.made += 1;
            match Reading::of(pair, cell.key.workload) {
                Reading::Usable { typical: ratios, p99 } => {
                    typical.push(ratios);
                    tails.push(p99);
                }
                Reading::Failed => samples.set_aside.failed += 1,
                Reading::Late { new_alone } => {
                    samples.set_aside.late += 1;
                    samples.late_in_new += usize::from(new_alone);
                }
                Reading::Moved => samples.set_aside.moved += 1,
                Reading::Short => samples.set_aside.short += 1,
            }
        }
        if samples.set_aside.late * LATE > samples.made {
            return samples;
        }
        let (figure, tail) = figures(cell);
        samples.figures.extend(sample(figure, &typical));
        let Some(tail) = tail.filter(|_| !typical.is_empty()) else { return samples };
        // Pairs with enough values and pairs with too few differ in kind: use all of them, or none.
        match tails.into_iter().collect::<Option<Vec<Ratios>>>() {
            Some(tails) => match sample(tail, &tails) {
                Some(sample) if sample.base_ns < STEPS * clock_step_ns => {
                    samples.no_p99 = Some(format!(
                        "p99 is not judged: it is {}, and the clock has steps of {}",
                        time(sample.base_ns),
                        time(clock_step_ns)
                    ));
                }
                sample => samples.figures.extend(sample),
            },
            None => {
                samples.no_p99 = Some(format!(
                    "p99 is not judged: it needs {P99_VALUES} values per slice, and some have fewer"
                ));
            }
        }
        samples
    }

    /// Returns the number of usable pairs.
    pub(super) fn usable(&self) -> usize {
        if self.figures.is_empty() { 0 } else { self.made - self.set_aside.all() }
    }
}

/// Returns the headline figure of a cell, and the second one if its workload has one.
fn figures(cell: &PairedCell) -> (Figure, Option<Figure>) {
    match cell.key.workload.headline() {
        Headline::Rate => (Figure::TimePerMessage, None),
        Headline::SpeedUp => (Figure::TaskTime, None),
        Headline::Median | Headline::UsefulWork => {
            let (p50, p99) = Figure::percentiles(cell.key.workload);
            (p50, Some(p99))
        }
    }
}

fn sample(figure: Figure, pairs: &[Ratios]) -> Option<Sample> {
    let of = |part: fn(&Ratios) -> f64| pairs.iter().map(part).collect::<Vec<f64>>();
    Some(Sample {
        figure,
        base_ns: median(&of(|r| r.base_ns))?,
        new_ns: median(&of(|r| r.new_ns))?,
        new: of(|r| r.new),
        again: of(|r| r.again),
    })
}

/// Number of failures of each side, and the first of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Failures {
    /// Pairs in which the base failed, at first or again.
    pub(super) base: usize,
    /// Pairs in which the new side failed.
    pub(super) new: usize,
    /// The first failure, of the new side if it has one.
    pub(super) what: String,
}

impl Failures {
    pub(super) fn of(cell: &PairedCell) -> Failures {
        let base = |pair: &Pair| has_failed(&pair.base) || has_failed(&pair.again);
        let first = |of: fn(&Pair) -> [&ipcmark_record::Arm; 3]| {
            cell.pairs.iter().flat_map(of).find_map(|side| match &side.outcome {
                InvocationOutcome::Failed { side, what } => Some(format!("{side}: {what}")),
                InvocationOutcome::Ok => None,
            })
        };
        let what =
            first(|p| [&p.new, &p.new, &p.new]).or_else(|| first(|p| [&p.base, &p.again, &p.new]));
        Failures {
            base: cell.pairs.iter().filter(|p| base(p)).count(),
            new: cell.pairs.iter().filter(|p| has_failed(&p.new)).count(),
            what: what.unwrap_or_default(),
        }
    }
}
