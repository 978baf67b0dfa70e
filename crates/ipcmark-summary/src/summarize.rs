//! From raw invocations to rows.

use crate::figure::figure;
use crate::pooled::counts;
use crate::workload::{counted, time_of};
use crate::{Census, DistanceRange, Result, Row, Samples, Status, Summary};
use ipcmark_record::{Cell, Distance, Integrity, Invocation, InvocationOutcome, Record, State};
use ipcmark_stats::median;

/// A pair of CPUs whose distance grew or shrank by more than this factor has moved.
const MOVED: f64 = 4.0 / 3.0;

/// One row a cell, in the record's order.
///
/// # Errors
/// A histogram that cannot be unpacked is an error that names its cell.
pub fn summarize(record: &Record) -> Result<Summary> {
    let rows = record
        .cells
        .iter()
        .map(|cell| {
            let row = summarize_cell(cell, record.harness.clock_step_ns)?;
            Ok(row.held_against(record.clock.as_ref(), cell))
        })
        .collect::<Result<Vec<Row>>>()?;
    let census = Census::of(&rows);
    Ok(Summary { rows, census })
}

/// The row of one cell. `clock_step_ns` is the smallest step of the clock that timed it, as in its record's
/// `harness.clock_step_ns`; 0 where that is not known. It is not yet held against the clocks of two CPUs:
/// [`Row::held_against`] does that.
///
/// # Errors
/// As [`summarize`].
pub fn summarize_cell(cell: &Cell, clock_step_ns: f64) -> Result<Row> {
    let samples = Samples::of(cell)?;
    let good: Vec<&Invocation> = cell.invocations.iter().filter(|i| counts(i)).collect();
    Ok(Row {
        key: cell.key.clone(),
        family: cell.family.clone(),
        wait: cell.wait.clone(),
        framing: cell.framing.clone(),
        floor: cell.floor,
        time_of: time_of(&cell.key),
        counted: counted(&cell.key),
        carries: cell.carries.clone(),
        lossy: cell.lossy,
        links: good.iter().find_map(|i| i.links.clone()),
        group: cell.group.clone(),
        status: status(cell),
        capacity: cell.capacity,
        invocations: good.len(),
        failed_invocations: cell.invocations.len() - good.len(),
        unsteady_invocations: good.iter().filter(|i| !i.warm_up.steady).count(),
        messages: good.iter().map(|i| i.messages).sum(),
        figure: figure(cell, &samples, clock_step_ns),
        distance: distance(&good),
        integrity: integrity(&cell.invocations),
    })
}

impl Census {
    /// Counts rows.
    #[must_use]
    pub fn of(rows: &[Row]) -> Census {
        let mut census = Census { cells: rows.len(), ..Census::default() };
        for row in rows {
            *match row.status {
                Status::Measured => &mut census.measured,
                Status::Failed { .. } => &mut census.failed,
                Status::Unavailable { .. } => &mut census.unavailable,
                Status::Unsupported { .. } => &mut census.unsupported,
                Status::Pending => &mut census.pending,
            } += 1;
        }
        census
    }
}

/// What became of a cell. A state without invocations behind it is no measurement, whatever it says.
fn status(cell: &Cell) -> Status {
    if let Some(what) = cell.invocations.iter().find_map(failure) {
        return Status::Failed { what };
    }
    match &cell.state {
        State::Unavailable { reason, remedy } => {
            Status::Unavailable { reason: reason.clone(), remedy: remedy.clone() }
        }
        State::Unsupported { reason } => Status::Unsupported { reason: reason.clone() },
        State::Pending | State::Measured if cell.invocations.is_empty() => Status::Pending,
        State::Pending | State::Measured => Status::Measured,
    }
}

/// Why an invocation does not count; `None` when it does.
fn failure(invocation: &Invocation) -> Option<String> {
    match &invocation.outcome {
        InvocationOutcome::Failed { side, what } => Some(format!("{side}: {what}")),
        InvocationOutcome::Ok if counts(invocation) => None,
        InvocationOutcome::Ok => {
            Some("not one message was measured; give the measured phase more time".into())
        }
    }
}

fn distance(good: &[&Invocation]) -> Option<DistanceRange> {
    let distances: Vec<Distance> = good.iter().filter_map(|i| i.distance).collect();
    let ends = || distances.iter().flat_map(|d| [d.before_ns, d.after_ns]);
    let middles: Vec<f64> = distances.iter().map(|d| (d.before_ns + d.after_ns) / 2.0).collect();
    Some(DistanceRange {
        min_ns: ends().reduce(f64::min)?,
        median_ns: median(&middles)?,
        max_ns: ends().reduce(f64::max)?,
        moved: distances
            .iter()
            .filter(|d| d.before_ns.max(d.after_ns) > MOVED * d.before_ns.min(d.after_ns))
            .count(),
    })
}

fn integrity(invocations: &[Invocation]) -> Integrity {
    invocations.iter().fold(Integrity::default(), |sum, i| Integrity {
        lost: sum.lost + i.integrity.lost,
        repeated: sum.repeated + i.integrity.repeated,
        reordered: sum.reordered + i.integrity.reordered,
        damaged: sum.damaged + i.integrity.damaged,
    })
}
