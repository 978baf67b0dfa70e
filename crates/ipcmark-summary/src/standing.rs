//! How a cell is left: what its figures can be trusted with. The one rule, for the record, for tables and for whoever
//! steers a run.

use crate::counting::FEWEST;
use crate::{Estimate, Row};
use ipcmark_record::{Headline, Standing, Target};

/// How far an interval is from what was asked for: half its width over the target's, of the headline, and of the 99th
/// percentile where that is a time and stands on enough values, whichever is more. Up to 1 it is as narrow as was asked
/// for. `None` where there is no interval.
#[must_use]
pub fn excess(row: &Row, target: Target) -> Option<f64> {
    let figure = row.figure.as_ref()?;
    let headline = row.key.workload.headline();
    let width = |estimate: Estimate| {
        let (low, high) = estimate.interval?;
        // Of the value 0 no width is a fraction.
        Some(if low == high {
            0.0
        } else {
            estimate.relative_half_width().unwrap_or(f64::INFINITY)
        })
    };
    let own = width(figure.headline(headline)?)? / target.p50;
    let tail = figure.percentile(0.99).filter(|p| headline == Headline::Median && p.enough);
    let tail = tail.and_then(|p| width(p.ns)).map(|width| width / target.p99);
    Some(tail.map_or(own, |tail| own.max(tail)))
}

/// How a cell is left by its row, `target` being what was asked for; `None` where nothing was measured.
///
/// Noisy when more than a third of the good invocations had to be set aside; few with under 6 that count; not steady when
/// more than a third of those never settled in their warm-up; wide by the target; else precise. The first that holds is
/// said: it is the reason behind the others.
#[must_use]
pub fn standing(row: &Row, target: Target) -> Option<Standing> {
    row.figure.as_ref()?;
    let good = row.made_invocations - row.failed_invocations;
    Some(match excess(row, target) {
        _ if good >= FEWEST && 3 * row.set_aside > good => Standing::Noisy,
        _ if row.invocations < FEWEST => Standing::Few,
        _ if 3 * row.unsteady_invocations > row.invocations => Standing::NotSteady,
        Some(excess) if excess <= 1.0 => Standing::Precise,
        _ => Standing::Wide,
    })
}
