//! A paired comparison in the shape that gates and histories read.

use super::{JudgedCell, JudgedFigure, PairedComparison, PairedStanding};
use crate::{Finding, Findings, Unjudged};
use ipcmark_record::Contender;

impl PairedComparison {
    /// What was found, without the canary: that one shows in the alarms alone.
    #[must_use]
    pub fn findings(&self) -> Findings {
        let judged = self.judged().filter(|cell| cell.is_judged());
        Findings {
            base: contender(&self.base),
            new: contender(&self.new),
            paired: true,
            alarms: self.alarms.iter().map(|alarm| alarm.words.clone()).collect(),
            warnings: self.warnings.clone(),
            findings: judged
                .flat_map(|cell| cell.figures.iter().map(move |figure| finding(cell, figure)))
                .collect(),
            unjudged: self.judged().filter_map(unjudged).collect(),
            census: self.census.line(),
        }
    }
}

fn finding(cell: &JudgedCell, figure: &JudgedFigure) -> Finding {
    Finding {
        key: cell.key.clone(),
        floor: cell.floor,
        figure: figure.figure,
        base_ns: figure.base_ns,
        new_ns: figure.new_ns,
        ratio: figure.new.ratio,
        interval: figure.new.interval,
        detectable: figure.detectable,
        replicates: figure.pairs,
        significant: figure.significant,
        delta: figure.delta,
        verdict: figure.new.verdict,
        why: figure.why.clone(),
    }
}

fn unjudged(cell: &JudgedCell) -> Option<Unjudged> {
    let why = words(&cell.standing)?;
    // The standing alone: figures of a cell that failed are no excuse.
    let verdict = JudgedCell { figures: Vec::new(), ..cell.clone() }.worst();
    Some(Unjudged { key: cell.key.clone(), verdict, why })
}

/// What became of a cell that was not judged.
pub(super) fn words(standing: &PairedStanding) -> Option<String> {
    Some(match standing {
        PairedStanding::Judged => return None,
        PairedStanding::NewlyFailed { pairs, what } => {
            format!("failed in the new side alone, in {pairs} pairs: {what}")
        }
        PairedStanding::Failed { what } => format!("failed in the base: {what}"),
        PairedStanding::NoPair { why } => why.clone(),
        PairedStanding::NotAvailable { why } => format!("not available: {why}"),
        PairedStanding::NotReached => "not reached: the time ended first".into(),
    })
}

/// A side in words: `base/ipcmark (0.1.0, 1f2e3d4c5b6a), X=1, --flag`.
pub(super) fn contender(side: &Contender) -> String {
    let commit = side.tool.commit.as_deref().map(|c| format!(", {c}")).unwrap_or_default();
    let mut words = format!("{} ({}{commit})", side.program, side.tool.version);
    for extra in side.env.iter().chain(&side.args) {
        words += &format!(", {extra}");
    }
    words
}
