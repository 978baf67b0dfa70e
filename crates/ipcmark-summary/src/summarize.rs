//! From raw invocations to rows.

use crate::asked::ask;
use crate::classes::{has_moved, is_good};
use crate::cost::cost;
use crate::figure::figure;
use crate::limit::against;
use crate::rate::replayed_per_s;
use crate::sending::sending;
use crate::sizes::by_size;
use crate::standing::standing;
use crate::{Census, ClassFigure, Context, DistanceRange, Result, Row, Samples, Status, Summary};
use ipcmark_record::{
    Cell, Distance, Integrity, Invocation, InvocationOutcome, Mark, Record, Standing, State,
};
use ipcmark_stats::median;

/// Returns one row per cell, in the record's order.
///
/// # Errors
/// A histogram that cannot be unpacked is an error that names its cell.
pub fn summarize(record: &Record) -> Result<Summary> {
    summarize_in(record, &Context::of(record)?)
}

/// Returns one row per cell, in a context that exists already.
///
/// # Errors
/// As [`summarize`].
pub fn summarize_in(record: &Record, context: &Context) -> Result<Summary> {
    let target = record.settings.target.unwrap_or_default();
    // A record may hold any number.
    let mut percentiles = record.settings.percentiles.clone();
    percentiles.retain(|q| *q > 0.0 && *q < 1.0);
    let row = |cell| {
        let row = summarize_cell(cell, context)?;
        // A run that was killed left no standing, and neither did versions that did not judge.
        let standing = row.standing.or_else(|| standing(&row, target));
        ask(Row { standing, ..row }, cell, &percentiles, context)
    };
    let rows = record.cells.iter().map(row).collect::<Result<Vec<Row>>>()?;
    let census = Census::of(&rows);
    let (classes, drift) = (context.classes().clone(), context.drift().into());
    Ok(Summary { rows, census, classes, drift, target: context.target(), percentiles })
}

/// Returns the row of one cell.
///
/// # Errors
/// As [`summarize`].
pub fn summarize_cell(cell: &Cell, context: &Context) -> Result<Row> {
    let counting = context.counting(cell);
    let of = |invocations: &[&Invocation]| {
        let samples = Samples::of_these(cell, invocations, context)?;
        Ok(figure(cell, &samples, context.clock_step_ns(), context.drift_of(cell)))
    };
    let mut others = Vec::new();
    for (class, some) in &counting.others {
        let (class, invocations) = (*class, some.len());
        others.extend(of(some)?.map(|figure| ClassFigure { class, invocations, figure }));
    }
    let good = &counting.good;
    let row = Row {
        key: cell.key.clone(),
        family: cell.family.clone(),
        wait: cell.wait,
        framing: cell.framing,
        floor: cell.floor,
        time_of: cell.key.workload.time_of(),
        counted: cell.key.workload.counted(),
        carries: cell.carries,
        lossy: cell.lossy,
        works_elsewhere: cell.works_elsewhere,
        links: good.iter().find_map(|i| i.links.clone()),
        group: cell.group.clone(),
        status: status(cell),
        capacity: cell.capacity,
        invocations: counting.invocations.len(),
        made_invocations: cell.invocations.len(),
        failed_invocations: cell.invocations.len() - good.len(),
        unsteady_invocations: counting.invocations.iter().filter(|i| !i.warm_up.steady).count(),
        throttled_invocations: counting.invocations.iter().filter(|i| is_throttled(i)).count(),
        set_aside: counting.set_aside,
        disturbed: counting.disturbed,
        messages: good.iter().map(|i| i.messages).fold(0, u64::saturating_add),
        by_schedule: good.iter().all(|i| i.by_schedule),
        class: counting.class,
        limit: None,
        replayed_per_s: replayed_per_s(&counting.invocations),
        by_size: by_size(cell, &counting.invocations, context)?,
        figure: of(&counting.invocations)?,
        cost: cost(cell, &counting.invocations, context.drift_of(cell)),
        sending: sending(cell, &counting.invocations, context)?,
        others,
        standing: cell.standing,
        distance: distance(good),
        integrity: integrity(&cell.invocations),
    };
    let row = row.held_against(context.clocks(), cell).held_to_its_rate();
    let limit = row.figure.as_ref().and_then(|figure| against(cell, &counting, figure, context));
    Ok(Row { limit, ..row })
}

impl Census {
    /// Counts rows by outcome and quality.
    #[must_use]
    pub fn of(rows: &[Row]) -> Census {
        let mut census = Census { cells: rows.len(), ..Census::default() };
        for row in rows {
            *match row.status {
                Status::Measured => &mut census.measured,
                Status::Failed { .. } => &mut census.failed,
                Status::Unavailable(_) => &mut census.unavailable,
                Status::Unsupported { .. } => &mut census.unsupported,
                Status::Pending => &mut census.pending,
            } += 1;
            *match row.standing {
                None => continue,
                Some(Standing::Precise) => &mut census.precise,
                Some(Standing::Wide) => &mut census.wide,
                Some(Standing::NotSteady) => &mut census.not_steady,
                Some(Standing::Noisy) => &mut census.noisy,
                Some(Standing::Few) => &mut census.few,
            } += 1;
        }
        census
    }
}

fn is_throttled(invocation: &Invocation) -> bool {
    invocation.marks.contains(&Mark::Throttled)
}

/// Returns the outcome of a cell. A state without invocations is not a measurement, whatever the
/// record says.
fn status(cell: &Cell) -> Status {
    if let Some(what) = cell.invocations.iter().find_map(failure) {
        return Status::Failed { what };
    }
    match &cell.state {
        State::Unavailable(refusal) => Status::Unavailable(refusal.clone()),
        State::Unsupported { reason } => Status::Unsupported { reason: reason.clone() },
        State::Pending | State::Measured if cell.invocations.is_empty() => Status::Pending,
        State::Pending | State::Measured => Status::Measured,
    }
}

/// Returns the reason why an invocation does not count; `None` if it does.
fn failure(invocation: &Invocation) -> Option<String> {
    match &invocation.outcome {
        InvocationOutcome::Failed { side, what } => Some(format!("{side}: {what}")),
        InvocationOutcome::Ok if is_good(invocation) => None,
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
        moved: good.iter().filter(|i| has_moved(i)).count(),
    })
}

fn integrity(invocations: &[Invocation]) -> Integrity {
    invocations.iter().fold(Integrity::default(), |sum, i| Integrity {
        lost: sum.lost.saturating_add(i.integrity.lost),
        repeated: sum.repeated.saturating_add(i.integrity.repeated),
        reordered: sum.reordered.saturating_add(i.integrity.reordered),
        damaged: sum.damaged.saturating_add(i.integrity.damaged),
    })
}
