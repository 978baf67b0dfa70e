//! Cache of unpacked histograms. Unpacking costs most in a summary, and an adaptive run sums up
//! after each round.

use crate::pooled::{Pooled, Told, Worst, add, ns, own, packed, same_unit, worst};
use crate::sizes::sizes;
use crate::{PERCENTILES, Result};
use ipcmark_record::{Cell, Invocation, Unit};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Figures kept from the histograms of one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    unit: Unit,
    /// Values in them.
    pub(crate) values: u64,
    /// Value at each of [`PERCENTILES`], ns.
    pub(crate) percentiles_ns: [f64; PERCENTILES.len()],
    /// Largest value, ns.
    pub(crate) max_ns: f64,
    /// The worst of several peers with a set rate.
    pub(crate) worst: Option<Worst>,
}

impl Kept {
    fn of(own: &Pooled, worst: Option<Worst>) -> Kept {
        Kept {
            worst,
            unit: own.unit,
            values: own.histogram.len(),
            percentiles_ns: PERCENTILES.map(|q| own.ns_at_quantile(q)),
            max_ns: ns(own.histogram.max(), own.unit),
        }
    }
}

/// Kept figures. The key is a hash of the packed histograms, so that no invocation can be mistaken
/// for another, or for an earlier state of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memo(HashMap<u64, Option<Kept>>);

impl Memo {
    /// Returns the kept figures of each of `invocations` that has values, in their order.
    pub(crate) fn tell(
        &self,
        cell: &Cell,
        invocations: &[&Invocation],
        told: Told,
    ) -> Result<Vec<Kept>> {
        let mut all: Vec<Kept> = Vec::new();
        for invocation in invocations {
            let known = self.0.get(&key(cell, invocation, told)).copied();
            let kept = known.map_or_else(|| unpacked(cell, invocation, told), Ok)?;
            if let Some(kept) = kept {
                same_unit(cell, invocation, all.first().map(|first| first.unit), kept.unit)?;
                all.push(kept);
            }
        }
        Ok(all)
    }

    /// Keeps the figures of these invocations, and returns all their values together.
    pub(crate) fn pool(
        &mut self,
        cell: &Cell,
        invocations: &[&Invocation],
    ) -> Result<Option<Pooled>> {
        let mut pooled: Option<Pooled> = None;
        for invocation in invocations {
            let unit = pooled.as_ref().map(|first| first.unit);
            let own = own(cell, invocation, Told::Figures, unit)?;
            let worst = worst(cell, invocation)?;
            let kept = own.as_ref().map(|own| Kept::of(own, worst));
            self.0.insert(key(cell, invocation, Told::Figures), kept);
            if let Some(own) = own {
                add(&mut pooled, own);
            }
        }
        Ok(pooled)
    }

    /// Keeps the figures of `invocation`.
    pub(crate) fn learn(&mut self, cell: &Cell, invocation: &Invocation) -> Result<()> {
        let sizes = sizes(cell, &[invocation]);
        let sizes = sizes.into_iter().map(|(to_bytes, _)| Told::Size(to_bytes));
        for told in [Told::Figures, Told::Lag, Told::Hold].into_iter().chain(sizes) {
            if let Entry::Vacant(place) = self.0.entry(key(cell, invocation, told)) {
                place.insert(unpacked(cell, invocation, told)?);
            }
        }
        Ok(())
    }
}

fn key(cell: &Cell, invocation: &Invocation, told: Told) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (side, encoded) in packed(cell, invocation, told) {
        side.peers.hash(&mut hasher);
        std::mem::discriminant(&encoded.unit).hash(&mut hasher);
        encoded.count.hash(&mut hasher);
        encoded.hdr_v2_deflate.hash(&mut hasher);
    }
    hasher.finish()
}

fn unpacked(cell: &Cell, invocation: &Invocation, told: Told) -> Result<Option<Kept>> {
    let worst = if told == Told::Figures { worst(cell, invocation)? } else { None };
    Ok(own(cell, invocation, told, None)?.as_ref().map(|own| Kept::of(own, worst)))
}
