//! One number an invocation: what estimates and comparisons are made of.

use crate::pooled::{counts, histograms, ns};
use crate::{PERCENTILES, Result};
use ipcmark_record::{Cell, Invocation};

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
            values: histograms.iter().map(|(_, _, h)| h.len()).sum(),
            max_ns: histograms.iter().map(|(_, e, h)| ns(h.max(), e.unit)).reduce(f64::max),
        })
    }

    /// The invocations' own percentile `q`, ns; `q` is one of [`PERCENTILES`], else there are none.
    #[must_use]
    pub fn percentile_ns(&self, q: f64) -> &[f64] {
        PERCENTILES.iter().position(|p| *p == q).map_or(&[], |at| &self.percentiles_ns[at])
    }
}
