//! The whole comparison: plain data, ready to print.

use crate::{Carries, CellComparison, Metric, Policy, Standing, Verdict};
use ipcmark_record::Record;
use serde::Serialize;

/// What [`Comparison::schema`] says.
pub const SCHEMA: &str = "ipcmark.comparison/1";

/// Printed with every comparison of two records.
pub const CAUTION: &str = "These records were taken at different times. On a shared machine that carries little: \
between the runs the host moves the CPUs, and neighbours come and go. One process against one process called 62 to 70 % \
of identical pairs changed, and a rank test on processes run in sequence 16 to 47 %. Take a verdict as a reason to measure \
both sides interleaved, not as a finding.";

/// Two records side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// `ipcmark.comparison/1`.
    pub schema: String,
    /// The run compared with.
    pub base: Run,
    /// The run judged.
    pub new: Run,
    /// What it was judged by.
    pub policy: Policy,
    /// [`CAUTION`]: what such a comparison is worth.
    pub caution: String,
    /// The same of these two records: what it can tell, and what it cannot.
    pub carries: Carries,
    /// What else a reader must know before the first figure.
    pub warnings: Vec<String>,
    /// How many of what.
    pub census: Census,
    /// Every cell of either record: the base's order, then those that only the new record has.
    pub cells: Vec<CellComparison>,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// Version of the ipcmark that measured.
    pub version: String,
    /// Commit it was built from, where known.
    pub commit: Option<String>,
    /// Its suite.
    pub suite: String,
    /// Its host's fingerprint.
    pub host_fingerprint: String,
    /// Kernel release of that host.
    pub kernel: String,
    /// Cells in the record.
    pub cells: usize,
}

impl Run {
    /// What a record says of its run.
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

    /// In a line: `2026-01-31T12:00:00Z, ipcmark 0.1.0 (1f2e3d4), suite quick, 230 cells, host 0123456789abcdef, kernel 6.12.9`.
    #[must_use]
    pub fn words(&self) -> String {
        let Run { started, version, commit, suite, host_fingerprint, kernel, cells } = self;
        let commit = commit.as_deref().map(|c| format!(" ({c})")).unwrap_or_default();
        format!(
            "{started}, ipcmark {version}{commit}, suite {suite}, {cells} cells, host {host_fingerprint}, kernel {kernel}"
        )
    }
}

/// How many of what. `compared` to `not_measured` add up to `cells`; `regressed` to `inconclusive` to `figures`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Census {
    /// Cells of either record.
    pub cells: usize,
    /// Cells with figures in both.
    pub compared: usize,
    /// Cells that failed in the new record alone.
    pub newly_failed: usize,
    /// Cells that only the base has.
    pub only_in_base: usize,
    /// Cells that only the new record has.
    pub only_in_new: usize,
    /// Cells that the base measured and the new record did not.
    pub lost: usize,
    /// Cells that the base did not measure.
    pub not_measured: usize,
    /// Cells with a judged figure.
    pub judged: usize,
    /// Figures judged.
    pub figures: usize,
    /// Of these: slower beyond the smallest effect.
    pub regressed: usize,
    /// Faster beyond it.
    pub improved: usize,
    /// Within it.
    pub equivalent: usize,
    /// Cannot be told.
    pub inconclusive: usize,
    /// Figures that a test at these confidences calls changed by chance alone when nothing changed, on average and at
    /// most; the smallest effect makes it fewer.
    pub false_alarms_expected: f64,
}

impl Census {
    pub(crate) fn of(cells: &[CellComparison]) -> Census {
        let mut census = Census { cells: cells.len(), ..Census::default() };
        for cell in cells {
            *match cell.standing {
                Standing::Compared => &mut census.compared,
                Standing::NewlyFailed { .. } => &mut census.newly_failed,
                Standing::OnlyInBase => &mut census.only_in_base,
                Standing::OnlyInNew => &mut census.only_in_new,
                Standing::Lost { .. } => &mut census.lost,
                Standing::NotMeasured { .. } => &mut census.not_measured,
            } += 1;
            census.judged += usize::from(!cell.metrics.is_empty());
            cell.metrics.iter().for_each(|m| census.count(m));
        }
        census
    }

    fn count(&mut self, metric: &Metric) {
        self.figures += 1;
        self.false_alarms_expected += metric.confidence.map_or(0.0, |c| 1.0 - c);
        *match metric.verdict {
            Verdict::Regressed => &mut self.regressed,
            Verdict::Improved => &mut self.improved,
            Verdict::Equivalent => &mut self.equivalent,
            Verdict::Inconclusive => &mut self.inconclusive,
        } += 1;
    }

    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let line = format!(
            "Judged {} figures of {} of {} cells: {} regressed, {} improved, {} equivalent, {} inconclusive",
            self.figures,
            self.judged,
            self.cells,
            self.regressed,
            self.improved,
            self.equivalent,
            self.inconclusive
        );
        let beside = [
            (self.newly_failed, "newly failed"),
            (self.lost, "no longer measured"),
            (self.only_in_base, "only in the base"),
            (self.only_in_new, "only in the new record"),
            (self.not_measured, "not measured in the base"),
        ];
        with_counts(line, &beside)
    }
}

/// A census's line with what stands beside the verdicts, where there is any, and its full stop.
pub(crate) fn with_counts(line: String, beside: &[(usize, &str)]) -> String {
    let there = beside.iter().filter(|(count, _)| *count > 0);
    there.fold(line, |line, (count, what)| format!("{line}; {count} {what}")) + "."
}

impl Comparison {
    /// The worst verdict of all cells, for an exit code. Where nothing could be judged it is inconclusive, and a cell that
    /// failed in the new record alone is a regression.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let nothing = (self.census.figures == 0).then_some(Verdict::Inconclusive);
        self.cells
            .iter()
            .filter_map(CellComparison::worst)
            .chain(nothing)
            .max()
            .unwrap_or(Verdict::Inconclusive)
    }
}

/// The comparison as JSON, with a newline at its end.
#[must_use]
pub fn to_json(comparison: &Comparison) -> String {
    let mut text = serde_json::to_string_pretty(comparison).expect("a comparison is plain JSON");
    text.push('\n');
    text
}
