//! The transport of slots: in each direction a ring whose slots say themselves what they hold.

use crate::backing::{Backing, Memfd};
use crate::ends::{Rest, RingReceiver, RingSender};
use crate::mapping::Mapping;
use crate::ring::{site, word};
use crate::wait::{Half, RingWait, Seat, Site};
use ipcmark_core::{
    Availability, Capacity, Error, Info, Link, MeetBy, Plan, Refusal, Result, Side, Transport,
};
use ipcmark_ring::MAX_CAPACITY;
use ipcmark_ring::slots::{Consumer, Producer, footprint, slot_bytes};
use ipcmark_sys::lifeline::{Lifeline, LifelinePair};
use std::marker::PhantomData;
use std::sync::Arc;

/// Slots of a direction at least, whatever capacity was asked for.
const SLOTS: usize = 4;
/// Rings start on multiples of this, in bytes.
const PAGE: usize = 4096;

/// A ring of slots in each direction, waiting as `W` does. News and message come with one transfer of one line, where the message
/// is no longer than 56 bytes; every message takes a slot for the longest.
#[derive(Debug)]
pub struct ShmSlots<W>(PhantomData<W>);

/// Sends into slots.
pub type SlotsSender<W> = RingSender<Producer<'static>, W>;
/// Receives from slots.
pub type SlotsReceiver<W> = RingReceiver<Consumer<'static>, W>;

/// The mapping and what both sides agreed on.
#[derive(Debug)]
pub struct SlotsFixture<W: RingWait> {
    mapping: Arc<Mapping>,
    lifeline: LifelinePair,
    bells: W::Bells,
    /// Size of each direction.
    slots: usize,
    /// Largest message, in bytes.
    size: usize,
    site: Site,
}

/// Returns the distance from the first byte of one ring to that of the next.
fn stride(slots: usize, size: usize) -> usize {
    footprint(slots, size).next_multiple_of(PAGE)
}

impl<W: RingWait> SlotsFixture<W> {
    fn new(plan: &Plan) -> Result<Self> {
        let asked = plan.capacity.unwrap_or(crate::DEFAULT_CAPACITY);
        let size = plan.size;
        let refused = || {
            Error::Unavailable(
                Refusal::new(format!("{asked} bytes in slots for {size} bytes are over 4 GiB"))
                    .with_remedy("ask for less capacity or smaller messages"),
            )
        };
        if size > MAX_CAPACITY / SLOTS / 2 {
            return Err(refused());
        }
        let slots = asked.div_ceil(slot_bytes(size)).max(SLOTS);
        if slots.checked_mul(slot_bytes(size)).is_none_or(|bytes| bytes > MAX_CAPACITY) {
            return Err(refused());
        }
        let mapping = Memfd::map(&plan.names, 2 * stride(slots, size))?;
        mapping.populate();
        for side in Side::ALL {
            let len = footprint(slots, size);
            let base = mapping.slice(side.index() * stride(slots, size), len);
            // SAFETY: the mapping was made just now and is used by no one else yet.
            unsafe { Producer::create(base, len, slots, size) }.map_err(word)?;
        }
        Ok(SlotsFixture {
            mapping: Arc::new(mapping),
            lifeline: LifelinePair::new()?,
            bells: W::bells(&plan.names)?,
            slots,
            size,
            site: site(plan)?,
        })
    }
}

/// Takes `side`'s halves of the two rings.
fn halves<W: RingWait>(
    mapping: &Arc<Mapping>,
    (lifeline, bells): (Lifeline, &W::Bells),
    (slots, size, site): (usize, usize, Site),
    side: Side,
) -> Result<Link<SlotsSender<W>, SlotsReceiver<W>>> {
    mapping.populate();
    let len = footprint(slots, size);
    let place = |from: Side| mapping.slice(from.index() * stride(slots, size), len);
    // SAFETY: both halves hold the mapping, and each side attaches to a half once.
    let tx = unsafe { Producer::attach(place(side), len) }.map_err(word)?;
    // SAFETY: as above.
    let rx = unsafe { Consumer::attach(place(side.peer()), len) }.map_err(word)?;
    let lifeline = Arc::new(lifeline);
    let rest = |half| Rest::<W>::new(mapping, (&lifeline, bells), site, Seat { side, half });
    Ok(Link {
        tx: RingSender::new(tx, rest(Half::Sender)?, size),
        rx: RingReceiver::new(rx, rest(Half::Receiver)?),
    })
}

impl<W: RingWait> Transport for ShmSlots<W> {
    const INFO: Info = Info {
        zero_copy: true,
        zero_copy_rx: true,
        user_space: true,
        overlaps: true,
        never_waits: true,
        family: "shm",
        mechanism: "shm-slots",
        wait: W::KIND,
        meet_by: MeetBy::Descriptor,
        summary: "lock-free ring of slots in shared memory (memfd), one sender",
        reference: "memfd_create(2)",
        ..Info::DEFAULT
    };
    type Fixture = SlotsFixture<W>;
    type Tx = SlotsSender<W>;
    type Rx = SlotsReceiver<W>;

    fn available() -> Availability {
        match W::available() {
            Availability::Available(_) => Memfd::available(),
            without => without,
        }
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        SlotsFixture::new(plan)
    }

    /// Returns what was asked for in slots, rounded up, and four at least.
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        let bytes = fixture.slots * slot_bytes(fixture.size);
        Ok(Capacity { bytes: Some(bytes), messages: Some(fixture.slots) })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let SlotsFixture { mapping, lifeline, bells, slots, size, site } = fixture;
        halves(&mapping, (lifeline.split(side), &bells), (slots, size, site), side)
    }
}

#[cfg(test)]
mod tests;
