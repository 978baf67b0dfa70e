//! Medians over invocations, with their intervals.

use crate::{Estimate, Figure, PERCENTILES, Percentile, Samples};
use ipcmark_record::Cell;
use ipcmark_stats::{median, median_interval, samples_enough};

/// Confidence asked of every interval of a summary.
const CONFIDENCE: f64 = 0.95;

/// The figures of a cell; `None` when no invocation stands behind them.
pub(crate) fn figure(cell: &Cell, samples: &Samples) -> Option<Figure> {
    let messages_per_s = estimate(&samples.messages_per_s)?;
    Some(Figure {
        percentiles: PERCENTILES
            .iter()
            .zip(&samples.percentiles_ns)
            .filter_map(|(q, values)| {
                Some(Percentile {
                    quantile: *q,
                    ns: estimate(values)?,
                    samples: samples.values,
                    enough: samples_enough(samples.values, *q),
                })
            })
            .collect(),
        // A block is an average: its largest says nothing of the slowest message.
        max_ns: samples.max_ns.filter(|_| cell.key.pattern != "stream"),
        messages_per_s,
        bytes_per_s: messages_per_s.times(cell.key.size_bytes as f64),
        cpu_ns_per_message: estimate(&samples.cpu_ns_per_message)?,
        switches_per_message: estimate(&samples.switches_per_message)?,
    })
}

/// The median and its interval; `None` of nothing.
pub(crate) fn estimate(values: &[f64]) -> Option<Estimate> {
    let interval = median_interval(values, CONFIDENCE);
    Some(Estimate {
        value: median(values)?,
        interval: interval.map(|i| (i.low, i.high)),
        confidence: interval.map(|i| i.confidence),
    })
}

impl Estimate {
    /// The same in another unit, `factor` (above zero) of which make one of this.
    #[must_use]
    pub fn times(self, factor: f64) -> Estimate {
        Estimate {
            value: self.value * factor,
            interval: self.interval.map(|(low, high)| (low * factor, high * factor)),
            ..self
        }
    }

    /// Half the width of the interval, as a fraction of the value; `None` without an interval, or of the value 0.
    #[must_use]
    pub fn relative_half_width(&self) -> Option<f64> {
        let (low, high) = self.interval?;
        (self.value != 0.0).then(|| (high - low) / 2.0 / self.value)
    }
}
