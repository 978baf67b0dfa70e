//! The times of messages of each size, in cells whose messages have several.

use crate::figure::{estimate, half_step};
use crate::memo::Kept;
use crate::pooled::{Told, tells};
use crate::samples::enough;
use crate::{Context, PERCENTILES, Percentile, Result, SizeFigure};
use ipcmark_record::{Cell, Invocation};
use std::collections::BTreeSet;

/// Returns the figures of each size in these invocations, shortest first.
pub(crate) fn by_size(
    cell: &Cell,
    invocations: &[&Invocation],
    context: &Context,
) -> Result<Vec<SizeFigure>> {
    let figure = |(to_bytes, from_bytes): (u64, u64)| {
        let kept = context.memo.tell(cell, invocations, Told::Size(to_bytes))?;
        Ok(SizeFigure {
            from_bytes,
            to_bytes,
            percentiles: percentiles(&kept, context.clock_step_ns(), context.drift_of(cell)),
            max_ns: kept.iter().map(|own| own.max_ns).fold(0.0, f64::max),
        })
    };
    sizes(cell, invocations).into_iter().map(figure).collect()
}

/// Returns the longest and the shortest size of each class that has values.
pub(crate) fn sizes(cell: &Cell, invocations: &[&Invocation]) -> BTreeSet<(u64, u64)> {
    let sides = invocations.iter().flat_map(|invocation| &invocation.sides);
    let told = sides.filter(|side| tells(cell, side)).flat_map(|side| &side.sizes);
    told.map(|of| (of.to_bytes, of.from_bytes)).collect()
}

fn percentiles(kept: &[Kept], clock_step_ns: f64, drift: f64) -> Vec<Percentile> {
    let each: Vec<u64> = kept.iter().map(|own| own.values).collect();
    let all = each.iter().copied().fold(0, u64::saturating_add);
    let of = |(at, quantile): (usize, f64)| {
        let values: Vec<f64> = kept.iter().map(|own| own.percentiles_ns[at]).collect();
        Some(Percentile {
            quantile,
            ns: estimate(&values, drift)?.widened(half_step(clock_step_ns)),
            samples: all,
            enough: enough(all, &each, quantile),
        })
    };
    PERCENTILES.into_iter().enumerate().filter_map(of).collect()
}
