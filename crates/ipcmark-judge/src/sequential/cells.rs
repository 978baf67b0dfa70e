//! Cell by cell: which figures lie apart, and which cells have none to compare.

use super::Note;
use crate::finding::why_undecided;
use crate::{Figure, Finding, Shares, Unjudged, Verdict};
use ipcmark_record::{CellKey, Refusal};
use ipcmark_summary::{Estimate, Headline, Percentile, Row, Status};
use std::collections::HashMap;

/// All cells of two records.
#[derive(Default)]
pub(super) struct Cells {
    /// Number of cells of either record.
    pub(super) count: usize,
    pub(super) findings: Vec<Finding>,
    pub(super) unjudged: Vec<Unjudged>,
    pub(super) notes: Vec<Note>,
}

/// Compares the base's cells in its order, then those that only the new record has.
pub(super) fn compare(base: &[Row], new: &[Row], smallest: &Shares) -> Cells {
    let mut cells = Cells::default();
    let mut others: HashMap<&CellKey, &Row> = new.iter().map(|row| (&row.key, row)).collect();
    for row in base {
        cells.count += 1;
        match others.remove(&row.key) {
            Some(new) => cells.both(row, new, smallest),
            None => cells.leave_out(row, Verdict::Missing, "only in the base".into()),
        }
    }
    for row in new.iter().filter(|row| others.contains_key(&row.key)) {
        cells.count += 1;
        match &row.status {
            Status::Failed { what } => cells.leave_out(row, Verdict::Failed, what.clone()),
            _ => cells.leave_out(row, Verdict::Absent, "only in the new record".into()),
        }
    }
    cells
}

impl Cells {
    fn leave_out(&mut self, row: &Row, verdict: Verdict, why: String) {
        self.unjudged.push(Unjudged { key: row.key.clone(), verdict, why });
    }

    fn both(&mut self, base: &Row, new: &Row, smallest: &Shares) {
        let before = self.findings.len();
        let (in_base, in_new) = (readings(base), readings(new));
        let both = in_base.iter().filter_map(|b| {
            let n = in_new.iter().find(|n| n.figure == b.figure)?;
            Some(finding(base, new, b, n, smallest))
        });
        self.findings.extend(both);
        let failed = |row: &Row| matches!(row.status, Status::Failed { .. });
        if failed(new) && !failed(base) {
            self.leave_out(base, Verdict::Failed, state(new));
        } else if self.findings.len() == before {
            let (was, is) = (state(base), state(new));
            let verdict = if in_base.is_empty() { Verdict::Absent } else { Verdict::Missing };
            let why = match was == is {
                true => format!("in both {was}"),
                false => format!("in the base {was}; in the new record {is}"),
            };
            self.leave_out(base, verdict, why);
        }
        if base.figure.is_some() && new.figure.is_some() {
            let note = |text| Note { key: base.key.clone(), text };
            self.notes.extend(notes(base, new).into_iter().map(note));
        }
    }
}

/// A figure of a row.
struct Reading {
    figure: Figure,
    ns: Estimate,
    /// Too few samples for it.
    few: bool,
}

/// Returns the figures of a row that are compared.
fn readings(row: &Row) -> Vec<Reading> {
    let Some(summed) = &row.figure else { return Vec::new() };
    let one = |figure, ns| vec![Reading { figure, ns, few: false }];
    match row.key.workload.headline() {
        Headline::Rate => one(Figure::TimePerMessage, summed.ns_per_message()),
        // A speed-up moves with either of its two times; the parallel one is the task's.
        Headline::SpeedUp => {
            summed.task.map_or_else(Vec::new, |task| one(Figure::TaskTime, task.parallel_ns))
        }
        Headline::Median | Headline::UsefulWork => {
            let (p50, p99) = Figure::percentiles(row.key.workload);
            let reading =
                |figure| move |p: &Percentile| Reading { figure, ns: p.ns, few: !p.enough };
            let p50 = summed.percentile(0.5).map(reading(p50));
            // A median of few samples is shown, and a tail of few is not.
            let p99 = summed.percentile(0.99).filter(|p| p.enough).map(reading(p99));
            p50.into_iter().chain(p99).collect()
        }
    }
}

fn finding(base: &Row, new: &Row, b: &Reading, n: &Reading, smallest: &Shares) -> Finding {
    let delta = smallest.get(b.figure.quantity());
    let interval = b.ns.interval.zip(n.ns.interval).map(|(b, n)| (n.0 / b.1, n.1 / b.0));
    let obstacle = obstacle(base, new)
        .or_else(|| (b.few || n.few).then(|| "too few samples for a median".into()));
    let verdict = match obstacle {
        Some(_) => Verdict::Inconclusive,
        None => Verdict::of(interval, delta).suspicion(),
    };
    let why = (verdict == Verdict::Inconclusive)
        .then(|| obstacle.unwrap_or_else(|| why_undecided(interval, delta)));
    Finding {
        key: base.key.clone(),
        floor: base.floor,
        figure: b.figure,
        base_ns: b.ns.value,
        new_ns: n.ns.value,
        ratio: n.ns.value / b.ns.value,
        interval,
        detectable: None,
        replicates: base.invocations.min(new.invocations),
        significant: true,
        delta,
        verdict,
        why,
    }
}

/// Returns the reason why two rows cannot be compared, whatever their figures are.
fn obstacle(base: &Row, new: &Row) -> Option<String> {
    let class = |row: &Row| row.class.map_or("none, they moved".into(), |class| class.to_string());
    // Without probes there is no class, and nothing that differs.
    let probed = base.distance.is_some() && new.distance.is_some();
    if probed && base.class != new.class {
        return Some(format!(
            "different CPU distances: {} in the base, {} in the new record",
            class(base),
            class(new)
        ));
    }
    let late = |row: &Row| row.figure.as_ref()?.lag.filter(|lag| lag.sender_too_slow);
    let which = match (late(base), late(new)) {
        (None, None) => return None,
        (Some(_), Some(_)) => "both records",
        (Some(_), None) => "the base",
        (None, Some(_)) => "the new record",
    };
    Some(format!("the sender missed its schedule in {which}; lower the rate"))
}

fn notes(base: &Row, new: &Row) -> Vec<String> {
    let mut notes = Vec::new();
    if base.capacity != new.capacity {
        notes.push("the buffer sizes differ".into());
    }
    if base.links != new.links {
        notes.push(
            "one record has one channel for all peers, the other one channel per peer".into(),
        );
    }
    let loss = |row: &Row| row.figure.as_ref().and_then(|f| f.lost_share).map(|share| share.value);
    if let (Some(b), Some(n)) = (loss(base), loss(new))
        && b.max(n) > 0.0
    {
        let (b, n) = (b * 100.0, n * 100.0);
        notes.push(format!("lost messages: {b:.2} % in the base, {n:.2} % in the new record"));
    }
    for (name, row) in [("base", base), ("new record", new)] {
        let all = row.made_invocations;
        for (count, what) in
            [(row.failed_invocations, "failed"), (row.unsteady_invocations, "were not steady")]
        {
            if count > 0 {
                notes.push(format!("{count} of {all} invocations {what} in the {name}"));
            }
        }
    }
    notes
}

/// Returns what happened to a cell.
fn state(row: &Row) -> String {
    match &row.status {
        Status::Measured => {
            let refused = row.figure.as_ref().and_then(|figure| figure.refused.clone());
            refused.unwrap_or_else(|| "measured".into())
        }
        Status::Failed { what } => what.clone(),
        Status::Unavailable(Refusal { reason, .. }) => format!("not available: {reason}"),
        Status::Unsupported { reason } => format!("not supported: {reason}"),
        Status::Pending => "not reached".into(),
    }
}
