//! Resources that both sides inherit: a mapping with a ring for each direction.

use crate::backing::Backing;
use crate::common::{site, word};
use crate::ends::Rest;
use crate::mapping::Mapping;
use crate::wait::{Half, RingWait, Seat, Site};
use ipcmark_core::{Plan, Result, Side};
use ipcmark_ring::RingError;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair};
use std::ptr::NonNull;
use std::sync::Arc;

/// Rings start on multiples of this, in bytes.
const PAGE: usize = 4096;

/// Returns the bytes of a mapping with two rings of `len` bytes.
pub(crate) fn mapped(len: usize) -> usize {
    2 * len.next_multiple_of(PAGE)
}

/// The mapping and what both sides agreed on.
#[derive(Debug)]
pub struct ShmFixture<W: RingWait> {
    pub(crate) mapping: Arc<Mapping>,
    lifeline: LifelinePair,
    bells: Arc<W::Bells>,
    /// Bytes of one direction's ring.
    len: usize,
    /// Size of each direction, in bytes or slots.
    pub(crate) capacity: usize,
    /// Largest message, in bytes.
    pub(crate) size: usize,
    pub(crate) site: Site,
}

impl<W: RingWait> ShmFixture<W> {
    /// Maps two rings of `len` bytes, and has `create` make each.
    pub(crate) fn new<B: Backing>(
        plan: &Plan,
        (len, capacity): (usize, usize),
        create: impl Fn(NonNull<u8>) -> std::result::Result<(), RingError>,
    ) -> Result<Self> {
        let mapping = Arc::new(B::map(&plan.names, mapped(len))?);
        mapping.populate();
        for side in Side::ALL {
            create(place(&mapping, len, side)).map_err(word)?;
        }
        Ok(ShmFixture {
            mapping,
            lifeline: LifelinePair::new()?,
            bells: Arc::new(W::bells(&plan.names)?),
            len,
            capacity,
            size: plan.size,
            site: site(plan)?,
        })
    }

    /// Keeps `side`'s resources, in its process.
    pub(crate) fn enter(self, side: Side) -> Entered<W> {
        let ShmFixture { mapping, lifeline, bells, len, size, site, .. } = self;
        mapping.populate();
        Entered { mapping, lifeline: Arc::new(lifeline.split(side)), bells, len, size, site, side }
    }

    /// Enters both sides in one process.
    #[cfg(test)]
    pub(crate) fn enter_both(self) -> [Entered<W>; 2] {
        let ShmFixture { mapping, lifeline, bells, len, size, site, .. } = self;
        let [a, b] = lifeline.into_both().map(Arc::new);
        let enter = |lifeline, side| Entered {
            mapping: mapping.clone(),
            lifeline,
            bells: bells.clone(),
            len,
            size,
            site,
            side,
        };
        [enter(a, Side::Initiator), enter(b, Side::Responder)]
    }
}

/// Resources of one side.
pub(crate) struct Entered<W: RingWait> {
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) lifeline: Arc<Lifeline>,
    bells: Arc<W::Bells>,
    /// Bytes of one direction's ring.
    pub(crate) len: usize,
    /// Largest message, in bytes.
    pub(crate) size: usize,
    site: Site,
    side: Side,
}

impl<W: RingWait> Entered<W> {
    /// Returns the first byte of the ring that this side sends through.
    pub(crate) fn tx(&self) -> NonNull<u8> {
        place(&self.mapping, self.len, self.side)
    }

    /// Returns the first byte of the ring that this side receives from.
    pub(crate) fn rx(&self) -> NonNull<u8> {
        place(&self.mapping, self.len, self.side.peer())
    }

    /// Prepares the wait of a half.
    pub(crate) fn wait(&self, half: Half) -> Result<W> {
        W::prepare(self.site, &self.bells, Seat { side: self.side, half }, &self.lifeline)
    }

    /// Prepares what a half holds next to its ring.
    pub(crate) fn rest(&self, half: Half) -> Result<Rest<W>> {
        Ok(Rest::new(self.wait(half)?, &self.lifeline, &self.mapping))
    }
}

/// Returns the first byte of the ring that `from` sends through.
fn place(mapping: &Mapping, len: usize, from: Side) -> NonNull<u8> {
    mapping.slice(from.index() * len.next_multiple_of(PAGE), len)
}
