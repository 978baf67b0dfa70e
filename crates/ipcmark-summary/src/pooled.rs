//! Histograms of a cell: whose they are, and all of them together.

use crate::workload::Teller;
use crate::{Error, Result};
use ipcmark_record::{Cell, Histogram, Invocation, SideReport, Unit};

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
    for (_, one) in histograms(cell)? {
        add(&mut pooled, one);
    }
    Ok(pooled)
}

fn add(sum: &mut Option<Pooled>, mut one: Pooled) {
    match sum {
        None => {
            one.histogram.auto(true);
            *sum = Some(one);
        }
        Some(sum) => {
            sum.histogram.add(&one.histogram).expect("a histogram that resizes takes any other");
            sum.messages_per_value = sum.messages_per_value.max(one.messages_per_value);
        }
    }
}

/// What tells of the cell in each good invocation that has values, with the invocation; all of one unit. Where several sides
/// tell, their values are put together.
pub(crate) fn histograms(cell: &Cell) -> Result<Vec<(&Invocation, Pooled)>> {
    let teller = Teller::of(&cell.key);
    // A floor has one side.
    kept(cell, |side| cell.floor || teller.is(&side.side, &cell.key.pattern))
}

/// How late a paced sender was, in each good invocation that says so.
pub(crate) fn lags(cell: &Cell) -> Result<Vec<(&Invocation, Pooled)>> {
    kept(cell, |side| side.histogram.as_ref().is_some_and(|h| h.unit == Unit::NsLag))
}

fn kept(cell: &Cell, keeps: impl Fn(&SideReport) -> bool) -> Result<Vec<(&Invocation, Pooled)>> {
    let mut found: Vec<(&Invocation, Pooled)> = Vec::new();
    let good = cell.invocations.iter().enumerate().filter(|(_, i)| counts(i));
    for (number, invocation) in good {
        let key = || Box::new(cell.key.clone());
        let mut own: Option<Pooled> = None;
        for side in invocation.sides.iter().filter(|side| keeps(side)) {
            let Some(encoded) = &side.histogram else { continue };
            let histogram = encoded.unpack().map_err(|source| Error::Histogram {
                key: key(),
                invocation: number,
                side: side.side.clone(),
                source,
            })?;
            let first = own.as_ref().or(found.first().map(|(_, first)| first));
            if let Some(expected) = first.map(|first| first.unit).filter(|u| *u != encoded.unit) {
                let found = encoded.unit;
                return Err(Error::MixedUnits { key: key(), invocation: number, found, expected });
            }
            let (unit, messages_per_value) = (encoded.unit, encoded.messages_per_value);
            if !histogram.is_empty() {
                add(&mut own, Pooled { histogram, unit, messages_per_value });
            }
        }
        found.extend(own.map(|own| (invocation, own)));
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
