//! Histograms of a cell: whose they are, and all of them together.

use crate::{Error, Result};
use ipcmark_record::{Cell, Encoded, Histogram, Invocation, Unit};

/// All values of a cell in one histogram: the shape of its distribution, for charts.
///
/// It is no basis for an interval: values of one invocation are more alike than those of two.
#[derive(Debug, Clone)]
pub struct Pooled {
    /// The values, in `unit`.
    pub histogram: Histogram,
    /// What they are.
    pub unit: Unit,
    /// Messages (round trips) behind each value: 1, or the length of a block; where invocations differ, the longest.
    pub messages_per_value: u64,
}

impl Pooled {
    /// The smallest value that the share `q` (0 to 1) of all values does not exceed, ns; to the histogram's precision.
    #[must_use]
    pub fn ns_at_quantile(&self, q: f64) -> f64 {
        ns(self.histogram.value_at_quantile(q), self.unit)
    }

    /// A value of this histogram in ns.
    #[must_use]
    pub fn ns(&self, value: u64) -> f64 {
        ns(value, self.unit)
    }
}

/// The values of all good invocations of `cell` together; `None` when there are none.
///
/// # Errors
/// A histogram that cannot be unpacked is an error that names the cell.
pub fn pooled(cell: &Cell) -> Result<Option<Pooled>> {
    let mut pooled: Option<Pooled> = None;
    for (_, encoded, histogram) in histograms(cell)? {
        match &mut pooled {
            None => {
                let mut histogram = histogram;
                histogram.auto(true);
                let Encoded { unit, messages_per_value, .. } = *encoded;
                pooled = Some(Pooled { histogram, unit, messages_per_value });
            }
            Some(p) => {
                p.histogram.add(&histogram).expect("a histogram that resizes takes any other");
                p.messages_per_value = p.messages_per_value.max(encoded.messages_per_value);
            }
        }
    }
    Ok(pooled)
}

/// The histogram of each good invocation that has values, with the invocation it is of; all of one unit.
pub(crate) fn histograms(cell: &Cell) -> Result<Vec<(&Invocation, &Encoded, Histogram)>> {
    let mut found: Vec<(&Invocation, &Encoded, Histogram)> = Vec::new();
    for (number, invocation) in cell.invocations.iter().enumerate() {
        let Some((side, encoded)) = kept(cell, invocation).filter(|_| counts(invocation)) else {
            continue;
        };
        let histogram = encoded.unpack().map_err(|source| Error::Histogram {
            key: Box::new(cell.key.clone()),
            invocation: number,
            side: side.into(),
            source,
        })?;
        if let Some((_, first, _)) = found.first()
            && first.unit != encoded.unit
        {
            return Err(Error::MixedUnits {
                key: Box::new(cell.key.clone()),
                invocation: number,
                found: encoded.unit,
                expected: first.unit,
            });
        }
        if !histogram.is_empty() {
            found.push((invocation, encoded, histogram));
        }
    }
    Ok(found)
}

/// True when an invocation stands behind figures: it ended well and measured something.
pub(crate) fn counts(invocation: &Invocation) -> bool {
    invocation.is_ok() && invocation.messages > 0 && invocation.elapsed_ns > 0
}

/// A value in ns.
pub(crate) fn ns(value: u64, unit: Unit) -> f64 {
    match unit {
        Unit::PsPerMessageBlock => value as f64 / 1_000.0,
        Unit::NsPerRoundTrip
        | Unit::NsOneWay
        | Unit::NsLag
        | Unit::NsPerBurst
        | Unit::NsPerTask => value as f64,
    }
}

/// The histogram that tells of the cell: of round trips the initiator's, of a stream the responder's, because what was
/// sent is not yet received; of a floor that of its one side.
fn kept<'a>(cell: &Cell, invocation: &'a Invocation) -> Option<(&'a str, &'a Encoded)> {
    let teller = if cell.key.pattern == "stream" { "responder" } else { "initiator" };
    invocation
        .sides
        .iter()
        .find(|s| s.side == teller || cell.floor)
        .and_then(|s| Some((s.side.as_str(), s.histogram.as_ref()?)))
}
