//! Histograms of a cell: the sides that they come from, and all of them together.

use crate::{Context, Error, Result};
use ipcmark_record::{
    Cell, Encoded, Histogram, Invocation, Parameter, PeerTimes, Side, SideReport, Unit,
};

/// All values behind a cell's row in one histogram: the shape of its distribution, for charts.
///
/// It is not a basis for an interval: values of one invocation are more alike than those of two.
#[derive(Debug, Clone)]
pub struct Pooled {
    /// The values, in `unit`.
    pub histogram: Histogram,
    /// Unit of the values.
    pub unit: Unit,
    /// Messages (round trips) behind each value: 1, or the length of a block; if invocations
    /// differ, the longest.
    pub messages_per_value: u64,
}

impl Pooled {
    /// Returns the smallest value that the share `q` (0 to 1) of all values does not exceed, ns, to
    /// the histogram's precision.
    #[must_use]
    pub fn ns_at_quantile(&self, q: f64) -> f64 {
        ns(self.histogram.value_at_quantile(q), self.unit)
    }

    /// Returns a value of this histogram in ns.
    #[must_use]
    pub fn ns(&self, value: u64) -> f64 {
        ns(value, self.unit)
    }
}

/// Returns the values of all invocations behind a cell's row together, so of one distance class;
/// `None` if there are none.
///
/// # Errors
/// A histogram that cannot be unpacked is an error that names the cell.
pub fn pooled(cell: &Cell, context: &Context) -> Result<Option<Pooled>> {
    let mut pooled: Option<Pooled> = None;
    for invocation in context.counting(cell).invocations {
        let unit = pooled.as_ref().map(|first| first.unit);
        if let Some(one) = own(cell, invocation, Told::Figures, unit)? {
            add(&mut pooled, one);
        }
    }
    Ok(pooled)
}

/// Returns the values of one invocation: one term of [`pooled`], or what would be one if the
/// invocation counted; `None` if it holds no value.
///
/// # Errors
/// A histogram that cannot be unpacked is an error that names the cell.
pub fn told(cell: &Cell, invocation: &Invocation) -> Result<Option<Pooled>> {
    own(cell, invocation, Told::Figures, None)
}

/// Returns true if the figures of `cell` are made of what this side timed. A receiver times a
/// stream; the side that began it times a round trip.
#[must_use]
pub fn tells(cell: &Cell, side: &SideReport) -> bool {
    // A floor has one side.
    cell.floor
        || Side::of_process(&side.side).is_some_and(|side| cell.key.workload.is_timed_by(side))
}

/// Unpacks one histogram of invocation number `invocation` of a cell.
///
/// # Errors
/// A histogram that cannot be unpacked is an error that names the cell.
pub fn unpack(cell: &Cell, invocation: usize, side: &str, encoded: &Encoded) -> Result<Pooled> {
    let histogram = encoded.unpack().map_err(|source| Error::Histogram {
        key: Box::new(cell.key.clone()),
        invocation,
        side: side.into(),
        source,
    })?;
    let (unit, messages_per_value) = (encoded.unit, encoded.messages_per_value);
    Ok(Pooled { histogram, unit, messages_per_value })
}

pub(crate) fn add(sum: &mut Option<Pooled>, mut one: Pooled) {
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

/// Kind of histograms to read from an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Those of the cell's own figures.
    Figures,
    /// Those of a paced sender's delay.
    Lag,
    /// Those of how long a send holds its sender.
    Hold,
    /// Those of messages up to this many bytes, the longest of their class.
    Size(u64),
}

/// Returns the packed histograms of this kind in one invocation, each with its side.
pub(crate) fn packed<'i>(
    cell: &'i Cell,
    invocation: &'i Invocation,
    told: Told,
) -> impl Iterator<Item = (&'i SideReport, &'i Encoded)> {
    invocation.sides.iter().filter_map(move |side| {
        let own = side.histogram.as_ref();
        let kept = match told {
            Told::Figures => own.filter(|_| tells(cell, side)),
            Told::Lag => own.filter(|own| own.unit == Unit::NsLag).or(side.lag.as_ref()),
            Told::Hold => side.hold.as_ref().map(|hold| &hold.times),
            Told::Size(bytes) => {
                let class = side.sizes.iter().find(|of| of.to_bytes == bytes);
                class.map(|of| &of.histogram).filter(|_| tells(cell, side))
            }
        };
        Some((side, kept?))
    })
}

/// Returns the values of one invocation; `None` if it holds none. If several sides have values,
/// they are merged. All must have one unit, and it must be `unit` if that is given.
pub(crate) fn own(
    cell: &Cell,
    invocation: &Invocation,
    told: Told,
    unit: Option<Unit>,
) -> Result<Option<Pooled>> {
    let mut own: Option<Pooled> = None;
    let mut unit = unit;
    for (side, encoded) in packed(cell, invocation, told) {
        let one = unpack(cell, number(cell, invocation), &side.side, encoded)?;
        same_unit(cell, invocation, unit, one.unit)?;
        unit = Some(one.unit);
        if !one.histogram.is_empty() {
            add(&mut own, one);
        }
    }
    Ok(own)
}

/// The worst of several peers, in one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worst {
    /// Largest median and largest 99th percentile of a peer, ns.
    pub(crate) times_ns: [f64; 2],
    /// The fewest values of a peer.
    pub(crate) fewest: u64,
}

/// Returns the worst of several peers with a set rate; `None` of other workloads, and without values.
pub(crate) fn worst(cell: &Cell, invocation: &Invocation) -> Result<Option<Worst>> {
    let workload = cell.key.workload;
    let mut worst: Option<Worst> = None;
    if !workload.takes(Parameter::Rate) || !workload.has_peers() {
        return Ok(None);
    }
    let mut take = |times: PeerTimes| {
        let own = [times.p50_ns as f64, times.p99_ns as f64];
        let so_far = worst.unwrap_or(Worst { times_ns: own, fewest: times.values });
        worst = Some(Worst {
            times_ns: [0, 1].map(|at| own[at].max(so_far.times_ns[at])),
            fewest: times.values.min(so_far.fewest),
        });
    };
    for (side, encoded) in packed(cell, invocation, Told::Figures) {
        if side.peers.is_empty() {
            let one = unpack(cell, number(cell, invocation), &side.side, encoded)?;
            PeerTimes::of(&one.histogram).into_iter().for_each(&mut take);
        } else {
            side.peers.iter().copied().for_each(&mut take);
        }
    }
    Ok(worst)
}

/// Refuses to merge values of two units.
pub(crate) fn same_unit(
    cell: &Cell,
    invocation: &Invocation,
    expected: Option<Unit>,
    found: Unit,
) -> Result<()> {
    match expected.filter(|expected| *expected != found) {
        None => Ok(()),
        Some(expected) => {
            let (key, invocation) = (Box::new(cell.key.clone()), number(cell, invocation));
            Err(Error::MixedUnits { key, invocation, found, expected })
        }
    }
}

/// Returns the index of this invocation in the cell, from 0.
fn number(cell: &Cell, invocation: &Invocation) -> usize {
    cell.invocations.iter().position(|i| std::ptr::eq(i, invocation)).unwrap_or_default()
}

/// Returns a value in ns.
pub(crate) fn ns(value: u64, unit: Unit) -> f64 {
    match unit {
        Unit::PsPerMessageBlock => value as f64 / 1_000.0,
        Unit::NsPerRoundTrip
        | Unit::NsOneWay
        | Unit::NsLag
        | Unit::NsPerBurst
        | Unit::NsPerTask
        | Unit::NsPerSend => value as f64,
    }
}
