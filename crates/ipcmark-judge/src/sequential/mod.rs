//! Two records of different times: the figures whose intervals lie apart raise a suspicion.
//!
//! Each record states an interval for each figure, in which another run of the same program is
//! expected. If the intervals of two records lie apart by more than the smallest effect, the change
//! is more than the scatter of their invocations and the drift that each run shows. It may still be
//! the machine: so this is never a verdict, and [`CAUTION`] is printed with it.

mod across;
mod cells;
mod document;
mod hosts;

use crate::verdict::with_counts;
use crate::{Counts, Error, Finding, Findings, Result, Shares, Unjudged, Verdict};
pub use across::{
    ACROSS_CAUTION, ACROSS_SCHEMA, ALIKE, AcrossHosts, LimitComparison, NotComparable, Position,
    compare_across_hosts,
};
use ipcmark_record::{CellKey, Record};
use ipcmark_show::plural;
use ipcmark_summary::{Classes, Context, Summary, summarize_in};
use serde::Serialize;

/// Value of [`Comparison::schema`].
pub const SCHEMA: &str = "ipcmark.comparison/2";

/// Printed with every comparison of two records.
pub const CAUTION: &str = "These records were taken at different times, so nothing here is a \
verdict. Between two runs a shared machine moves the CPUs, and its neighbours come and go: two \
runs of one program differ by tens of percent. A suspicion is a reason to measure both sides with \
`ipcmark ab`, which detects a change of a few percent. Failed and missing cells are certain: no \
noise causes them.";

/// Two records, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// `ipcmark.comparison/2`.
    pub schema: String,
    /// The base's run.
    pub base: Run,
    /// The new run.
    pub new: Run,
    /// The smallest effects that matter.
    pub smallest: Shares,
    /// [`CAUTION`].
    pub caution: String,
    /// Warnings to read before the first figure.
    pub warnings: Vec<String>,
    /// Number of cells of either record.
    pub cells: usize,
    /// Counts of verdicts.
    pub census: Counts,
    /// Figures that both records have: the base's order.
    pub findings: Vec<Finding>,
    /// Cells without such a figure, and those that failed in the new record alone.
    pub unjudged: Vec<Unjudged>,
    /// Notes for readers of a cell's figures.
    pub notes: Vec<Note>,
}

/// Something that a reader of a cell's figures must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The cell.
    pub key: CellKey,
    /// The note.
    pub text: String,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Start, RFC 3339, UTC.
    pub started: String,
    /// Version of the ipcmark that measured.
    pub version: String,
    /// Commit that it was built from, if known.
    pub commit: Option<String>,
    /// Its suite.
    pub suite: String,
    /// Its host's fingerprint.
    pub host_fingerprint: String,
    /// Kernel release of that host.
    pub kernel: String,
    /// Number of cells in the record.
    pub cells: usize,
}

/// Compares two records, cell by cell.
///
/// # Errors
/// Records of different hosts are refused: see [`compare_across_hosts`]. So is a record with a
/// histogram that cannot be unpacked.
pub fn compare(base: &Record, new: &Record, smallest: &Shares) -> Result<Comparison> {
    let differences = hosts::differences(&base.host, &new.host);
    if !differences.is_empty() {
        return Err(Error::HostsDiffer { differences });
    }
    // Both use the same classes, so that a class means the same distances in each.
    let classes = Classes::of(&[base, new]);
    let summary = |record, which| -> Result<Summary> {
        let context = Context::with(record, classes.clone());
        context
            .and_then(|context| summarize_in(record, &context))
            .map_err(|source| Error::Record { which, source })
    };
    let (in_base, in_new) = (summary(base, "base")?, summary(new, "new")?);
    let cells::Cells { count, findings, unjudged, notes } =
        cells::compare(&in_base.rows, &in_new.rows, smallest);
    Ok(Comparison {
        schema: SCHEMA.into(),
        base: Run::of(base),
        new: Run::of(new),
        smallest: *smallest,
        caution: CAUTION.into(),
        warnings: hosts::warnings(base, new, &findings),
        cells: count,
        census: Counts::of(findings.iter().map(|finding| finding.verdict)),
        findings,
        unjudged,
        notes,
    })
}

impl Run {
    /// Describes the run of a record.
    #[must_use]
    pub fn of(record: &Record) -> Run {
        Run {
            started: record.started.clone(),
            version: record.tool.version.clone(),
            commit: record.tool.commit.clone(),
            suite: record.suite.name.clone(),
            host_fingerprint: record.host.fingerprint.clone(),
            kernel: record.host.kernel.clone(),
            cells: record.cells.len(),
        }
    }

    /// Returns a line such as `2026-01-31T12:00:00Z, ipcmark 0.1.0 (1f2e3d4), suite quick,
    /// 230 cells, host 0123456789abcdef, kernel 6.12.9`.
    #[must_use]
    pub fn words(&self) -> String {
        let Run { started, version, commit, suite, host_fingerprint, kernel, cells } = self;
        let commit = commit.as_deref().map(|c| format!(" ({c})")).unwrap_or_default();
        format!(
            "{started}, ipcmark {version}{commit}, suite {suite}, {cells} cells, \
             host {host_fingerprint}, kernel {kernel}"
        )
    }
}

impl Comparison {
    /// Returns the findings for the gate. Not paired: the gate treats them as suspicions.
    #[must_use]
    pub fn findings(&self) -> Findings {
        Findings {
            base: self.base.words(),
            new: self.new.words(),
            paired: false,
            alarms: Vec::new(),
            warnings: self.warnings.clone(),
            findings: self.findings.clone(),
            unjudged: self.unjudged.clone(),
            census: self.line(),
        }
    }

    /// Returns the counts in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let of = |verdict| self.unjudged.iter().filter(|cell| cell.verdict == verdict).count();
        let line = format!(
            "Compared {} of {}: {}",
            plural(self.census.figures, "figure"),
            plural(self.cells, "cell"),
            self.census.words(false)
        );
        let others = [Verdict::Failed, Verdict::Missing, Verdict::Absent];
        with_counts(line, &others.map(|verdict| (of(verdict), verdict.name())))
    }

    /// Returns the worst that was found, for an exit code; undecided if no figure was compared.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let nothing = self.findings.is_empty().then_some(Verdict::Inconclusive);
        let figures = self.findings.iter().map(|finding| finding.verdict);
        let cells = self.unjudged.iter().map(|cell| cell.verdict);
        figures.chain(cells).chain(nothing).max().unwrap_or(Verdict::Inconclusive)
    }
}
