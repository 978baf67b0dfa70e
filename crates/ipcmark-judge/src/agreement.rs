//! How far runs of one suite agree: whether what each run states of itself is borne out by the others.
//!
//! A benchmark that prints an interval makes a promise about the next run. This module holds it to the promise: nothing here
//! is estimated or tested, it is counted. Runs are told apart by nothing but their numbers; what is counted is
//! [`Containment`] (do the other runs' figures fall inside?), [`Ranking`] (do cells that one run tells apart come in the same
//! order in the others?) and [`Limits`] (is a cell faster than a limit of the machine that it was measured on?).

mod containment;
mod limits;
mod markdown;
mod ranking;
mod stated;

pub use containment::{CellContainment, Containment, Tally};
pub use limits::{BelowLimit, Limits};
pub use markdown::agreement_to_markdown;
pub use ranking::{PairRanking, Ranking};
pub use stated::{Flag, Flagged};

use crate::{Error, Result};
use ipcmark_record::Record;
use ipcmark_summary::{Classes, Context, Summary, summarize_in};
use serde::Serialize;

/// Names the form of [`Agreement`] as JSON; the number behind the slash is its version.
pub const AGREEMENT_SCHEMA: &str = "ipcmark.agreement/1";

/// A cell keeps its word when so many of the other runs' figures fall inside its stated intervals. Less than the 95 % that is
/// stated, because runs are few: of 10 runs' 90 pairs each run stands in 18, and one run that is off takes them all along.
pub const KEPT: f64 = 0.85;

/// Two cells come in the same order when so many of the other runs say so: 9 of 10.
pub const SAME_ORDER: f64 = 0.9;

/// How far runs agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// [`AGREEMENT_SCHEMA`].
    pub schema: String,
    /// How many runs.
    pub runs: usize,
    /// When each began (RFC 3339), in the order given.
    pub started: Vec<String>,
    /// What a reader must know: runs of several machines, or of several builds.
    pub warnings: Vec<String>,
    /// The stated intervals.
    pub containment: Containment,
    /// The order of cells.
    pub ranking: Ranking,
    /// Cells that are faster than the machine.
    pub limits: Limits,
    /// What was not judged, and why: each reason with the number of rows (a cell in a run) it kept out.
    pub flagged: Vec<Flagged>,
}

/// Evaluates `records`, of one suite on one machine. The distance classes are those of all distances in all records
/// together, so that a class means the same in each.
///
/// # Errors
/// Fewer than two records; a record with a histogram that cannot be unpacked.
pub fn agreement(records: &[Record]) -> Result<Agreement> {
    let classes = Classes::of(&records.iter().collect::<Vec<_>>());
    let summary = |record: &Record| {
        let context = Context::with(record, classes.clone())?;
        summarize_in(record, &context)
    };
    let error = |source| Error::Record { which: "one of the runs'", source };
    let summaries =
        records.iter().map(summary).collect::<ipcmark_summary::Result<Vec<_>>>().map_err(error)?;
    let mut agreement = agreement_of(&summaries)?;
    agreement.started = records.iter().map(|r| r.started.clone()).collect();
    agreement.warnings = warnings(records);
    Ok(agreement)
}

/// The same of summaries that were made with common classes.
///
/// # Errors
/// Fewer than two summaries.
pub fn agreement_of(summaries: &[Summary]) -> Result<Agreement> {
    if summaries.len() < 2 {
        return Err(Error::TooFewRuns { runs: summaries.len() });
    }
    let cells = stated::cells(summaries);
    Ok(Agreement {
        schema: AGREEMENT_SCHEMA.into(),
        runs: summaries.len(),
        started: Vec::new(),
        warnings: Vec::new(),
        containment: containment::containment(&cells),
        ranking: ranking::ranking(&cells),
        limits: limits::limits(summaries),
        flagged: stated::flagged(summaries),
    })
}

fn warnings(records: &[Record]) -> Vec<String> {
    fn several(records: &[Record], of: impl Fn(&Record) -> String) -> Option<usize> {
        let mut all: Vec<String> = records.iter().map(of).collect();
        all.sort_unstable();
        all.dedup();
        (all.len() > 1).then_some(all.len())
    }
    let hosts = several(records, |r| r.host.fingerprint.clone());
    let builds = several(records, |r| {
        let tool = &r.tool;
        format!("{} {} {}", tool.version, tool.commit.as_deref().unwrap_or(""), tool.profile)
    });
    let times = several(records, |r| format!("{} {}", r.started, r.host.fingerprint));
    let suites = several(records, |r| r.suite.name.clone());
    [
        hosts.map(|n| format!("The records come from {n} machines: they measure the difference.")),
        builds.map(|n| format!("The records come from {n} builds of ipcmark.")),
        suites.map(|n| format!("The records are of {n} suites; only cells they share are judged.")),
        (times.unwrap_or(1) < records.len())
            .then(|| "A record was given twice: it agrees with itself.".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `agreement` as pretty JSON.
///
/// # Panics
/// Never: the types hold nothing that JSON cannot.
#[must_use]
pub fn agreement_to_json(agreement: &Agreement) -> String {
    serde_json::to_string_pretty(agreement).expect("plain data")
}
