//! One number an invocation: what estimates and comparisons are made of.

use crate::pooled::{counts, histograms, ns};
use crate::{PERCENTILES, Result};
use ipcmark_record::{Cell, Invocation};
use ipcmark_stats::{median, samples_enough};

/// Values that must lie beyond a percentile within the median invocation.
const BEYOND_EACH: f64 = 5.0;

/// The figures of each good invocation of a cell, in the order they were made. The invocation is the replicate
/// (Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time"): these lists are the samples of every interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// For each of [`PERCENTILES`]: the invocations' own percentile, ns. Invocations without values have no entry.
    pub percentiles_ns: Vec<Vec<f64>>,
    /// Messages (round trips) a second.
    pub messages_per_s: Vec<f64>,
    /// CPU time of all sides for one message (round trip), user and system, ns.
    pub cpu_ns_per_message: Vec<f64>,
    /// Context switches of all sides for one message (round trip).
    pub switches_per_message: Vec<f64>,
    /// Values in all histograms together.
    pub values: u64,
    /// Values in the histogram of each invocation that has any.
    pub values_each: Vec<u64>,
    /// Largest single value, ns.
    pub max_ns: Option<f64>,
}

impl Samples {
    /// Takes them out of a cell; all lists are empty when nothing was measured.
    ///
    /// # Errors
    /// A histogram that cannot be unpacked is an error that names the cell.
    pub fn of(cell: &Cell) -> Result<Samples> {
        let histograms = histograms(cell)?;
        let each = |figure: &dyn Fn(&Invocation) -> f64| {
            cell.invocations.iter().filter(|i| counts(i)).map(figure).collect::<Vec<_>>()
        };
        Ok(Samples {
            percentiles_ns: PERCENTILES
                .iter()
                .map(|q| {
                    histograms.iter().map(|(_, e, h)| ns(h.value_at_quantile(*q), e.unit)).collect()
                })
                .collect(),
            messages_per_s: each(&|i| i.messages as f64 * 1e9 / i.elapsed_ns as f64),
            cpu_ns_per_message: each(&|i| {
                let cpu: u64 = i.sides.iter().map(|s| s.usage.user_ns + s.usage.system_ns).sum();
                cpu as f64 / i.messages as f64
            }),
            switches_per_message: each(&|i| {
                let usages = i.sides.iter().map(|s| s.usage);
                let switches: u64 =
                    usages.map(|u| u.voluntary_switches + u.involuntary_switches).sum();
                switches as f64 / i.messages as f64
            }),
            values_each: histograms.iter().map(|(_, _, h)| h.len()).collect(),
            values: histograms.iter().map(|(_, _, h)| h.len()).sum(),
            max_ns: histograms.iter().map(|(_, e, h)| ns(h.max(), e.unit)).reduce(f64::max),
        })
    }

    /// True when the percentile `q` stands on enough values: 100 beyond it in all invocations together, and 5 beyond it
    /// in the median invocation. The figure is a median of the invocations' own percentiles, and in an invocation of 555
    /// round trips p99.9 is the largest of them, however many invocations there are.
    #[must_use]
    pub fn enough(&self, q: f64) -> bool {
        // The slack as in `samples_enough`: 1 - q is not exact in binary.
        let each: Vec<f64> = self.values_each.iter().map(|n| *n as f64).collect();
        samples_enough(self.values, q)
            && median(&each).is_some_and(|n| n * (1.0 - q) >= BEYOND_EACH * (1.0 - 1e-9))
    }

    /// The invocations' own percentile `q`, ns; `q` is one of [`PERCENTILES`], else there are none.
    #[must_use]
    pub fn percentile_ns(&self, q: f64) -> &[f64] {
        PERCENTILES.iter().position(|p| *p == q).map_or(&[], |at| &self.percentiles_ns[at])
    }
}
