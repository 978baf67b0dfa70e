//! Percentiles that a user asked for, besides the usual ones.

use crate::figure::{estimate, half_step};
use crate::pooled::told;
use crate::samples::enough;
use crate::{Context, PERCENTILES, Percentile, Result, Row};
use ipcmark_record::Cell;

/// Adds the percentiles `asked`, as fractions, to the figures of a row. A row whose times were
/// refused gets none.
pub(crate) fn ask(mut row: Row, cell: &Cell, asked: &[f64], context: &Context) -> Result<Row> {
    let has_times = |row: &Row| row.figure.as_ref().is_some_and(|f| !f.percentiles.is_empty());
    let asked: Vec<f64> = asked.iter().copied().filter(|q| !PERCENTILES.contains(q)).collect();
    if asked.is_empty() || !has_times(&row) {
        return Ok(row);
    }
    let mut histograms = Vec::new();
    for invocation in context.counting(cell).invocations {
        histograms.extend(told(cell, invocation)?);
    }
    let each: Vec<u64> = histograms.iter().map(|own| own.histogram.len()).collect();
    let all = each.iter().copied().fold(0, u64::saturating_add);
    let known_to_ns = if cell.key.is_rate() { 0.0 } else { half_step(context.clock_step_ns()) };
    let of = |quantile: f64| {
        let values: Vec<f64> = histograms.iter().map(|own| own.ns_at_quantile(quantile)).collect();
        Some(Percentile {
            quantile,
            ns: estimate(&values, context.drift_of(cell))?.widened(known_to_ns),
            samples: all,
            enough: enough(all, &each, quantile),
        })
    };
    if let Some(figure) = &mut row.figure {
        figure.percentiles.extend(asked.into_iter().filter_map(of));
        figure.percentiles.sort_by(|a, b| a.quantile.total_cmp(&b.quantile));
    }
    Ok(row)
}
