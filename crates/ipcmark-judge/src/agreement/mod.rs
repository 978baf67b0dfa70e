//! Several runs of one suite: do the other runs confirm what each run states?
//!
//! An interval is a promise about the next run. This module checks the promise. It estimates and
//! tests nothing, it counts: [`Containment`] (are the other runs' figures inside?), [`Ranking`] (do
//! cells that one run tells apart come in the same order in the others?) and [`Limits`] (is a cell
//! faster than a limit of its machine?).

mod containment;
mod document;
mod limits;
mod ranking;
mod stated;

pub use containment::{CellContainment, Containment, Tally};
pub use limits::{BelowLimit, Limits};
pub use ranking::{PairRanking, Ranking};
pub use stated::{Flag, Flagged};

use crate::{Error, Result};
use ipcmark_record::Record;
use ipcmark_summary::{Classes, Context, summarize_in};
use serde::Serialize;

/// Value of [`Agreement::schema`].
pub const SCHEMA: &str = "ipcmark.agreement/1";

/// The runs agree in a cell if this share of the other runs' figures is inside its intervals. It is
/// below the stated 95 % because runs are few: of 10 runs' 90 pairs, one run that is off spoils 18.
pub const KEPT: f64 = 0.85;

/// Two cells keep their order if this share of the other runs has the same order: 9 of 10.
pub const SAME_ORDER: f64 = 0.9;

/// Counts of how often runs agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// [`SCHEMA`].
    pub schema: String,
    /// Number of runs.
    pub runs: usize,
    /// Start of each (RFC 3339), in the order given.
    pub started: Vec<String>,
    /// Warnings: runs of several machines, or of several builds.
    pub warnings: Vec<String>,
    /// The stated intervals.
    pub containment: Containment,
    /// The order of cells.
    pub ranking: Ranking,
    /// Cells that are faster than a limit of the machine.
    pub limits: Limits,
    /// Number of rows (a cell in a run) that were not judged, by reason.
    pub flagged: Vec<Flagged>,
}

/// Evaluates `records` of one suite on one machine. They share their distance classes, so that a
/// class means the same in each.
///
/// # Errors
/// Fewer than two records; a record with a histogram that cannot be unpacked.
pub fn agreement(records: &[Record]) -> Result<Agreement> {
    if records.len() < 2 {
        return Err(Error::TooFewRuns { runs: records.len() });
    }
    let classes = Classes::of(&records.iter().collect::<Vec<_>>());
    let summary = |record: &Record| {
        let context = Context::with(record, classes.clone())?;
        summarize_in(record, &context)
    };
    let error = |source| Error::Record { which: "one of the runs'", source };
    let summaries =
        records.iter().map(summary).collect::<ipcmark_summary::Result<Vec<_>>>().map_err(error)?;
    let cells = stated::cells(&summaries);
    Ok(Agreement {
        schema: SCHEMA.into(),
        runs: records.len(),
        started: records.iter().map(|r| r.started.clone()).collect(),
        warnings: warnings(records),
        containment: containment::containment(&cells),
        ranking: ranking::ranking(&cells),
        limits: limits::limits(&summaries),
        flagged: stated::flagged(&summaries),
    })
}

fn warnings(records: &[Record]) -> Vec<String> {
    fn several(records: &[Record], of: impl Fn(&Record) -> String) -> Option<usize> {
        let mut all: Vec<String> = records.iter().map(of).collect();
        all.sort_unstable();
        all.dedup();
        (all.len() > 1).then_some(all.len())
    }
    let hosts = several(records, |r| format!("{} {:?}", r.host.fingerprint, r.host.cpu_quota()));
    let conditions = records.iter().find_map(|r| {
        let differences = records[0].host.differences(&r.host);
        differences.into_iter().find(|fact| !fact.machine)
    });
    let builds = several(records, |r| {
        let tool = &r.tool;
        format!("{} {} {}", tool.version, tool.commit.as_deref().unwrap_or(""), tool.profile)
    });
    let times = several(records, |r| format!("{} {}", r.started, r.host.fingerprint));
    let suites = several(records, |r| r.suite.name.clone());
    [
        hosts
            .map(|n| format!("The records come from {n} machines, whose difference they measure.")),
        conditions.map(|fact| {
            format!(
                "The records were made under different conditions, at least in {}: {} and {}.",
                fact.name, fact.base, fact.new
            )
        }),
        builds.map(|n| format!("The records come from {n} builds of ipcmark.")),
        suites.map(|n| format!("The records come from {n} suites; only common cells are judged.")),
        (times.unwrap_or(1) < records.len())
            .then(|| "A record was given twice; it agrees with itself.".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
