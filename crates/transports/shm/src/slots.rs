//! The transport of slots: in each direction a ring whose slots say themselves what they hold.

use crate::backing::{Backing, Memfd};
use crate::common::word;
use crate::ends::{RingReceiver, RingSender};
use crate::fixture::{Entered, ShmFixture};
use crate::wait::{Half, RingWait};
use ipcmark_core::{
    Availability, Capacity, Error, Info, Link, MeetBy, Plan, Refusal, Result, Side, Transport,
    WaitKind,
};
use ipcmark_ring::MAX_CAPACITY;
use ipcmark_ring::slots::{Consumer, Producer, footprint, slot_bytes};
use std::marker::PhantomData;

/// Slots of a direction at least, whatever capacity was asked for.
const SLOTS: usize = 4;

/// A ring of slots in each direction, waiting as `W` does. News and message come with one transfer of one line, where the message
/// is no longer than 56 bytes; every message takes a slot for the longest.
#[derive(Debug)]
pub struct ShmSlots<W>(PhantomData<W>);

/// Sends into slots.
pub type SlotsSender<W> = RingSender<Producer<'static>, W>;
/// Receives from slots.
pub type SlotsReceiver<W> = RingReceiver<Consumer<'static>, W>;

/// Makes both rings of a plan.
fn make<W: RingWait>(plan: &Plan) -> Result<ShmFixture<W>> {
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
    let len = footprint(slots, size);
    // SAFETY: the mapping was made just now and is used by no one else yet.
    let create = |base| unsafe { Producer::create(base, len, slots, size) }.map(drop);
    ShmFixture::new::<Memfd>(plan, (len, slots), create)
}

/// Takes a side's halves of the two rings.
fn halves<W: RingWait>(side: &Entered<W>) -> Result<Link<SlotsSender<W>, SlotsReceiver<W>>> {
    // SAFETY: both halves hold the mapping, and each side attaches to a half once.
    let tx = unsafe { Producer::attach(side.tx(), side.len) }.map_err(word)?;
    // SAFETY: as above.
    let rx = unsafe { Consumer::attach(side.rx(), side.len) }.map_err(word)?;
    Ok(Link {
        tx: RingSender::new(tx, side.rest(Half::Sender)?, side.size),
        rx: RingReceiver::new(rx, side.rest(Half::Receiver)?),
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
        spins_for_a_budget: matches!(W::KIND, WaitKind::Hybrid),
        meet_by: MeetBy::Descriptor,
        summary: "lock-free ring of slots in shared memory (memfd), one sender",
        reference: "memfd_create(2)",
        ..Info::DEFAULT
    };
    type Fixture = ShmFixture<W>;
    type Tx = SlotsSender<W>;
    type Rx = SlotsReceiver<W>;

    fn available() -> Availability {
        match W::available() {
            Availability::Available(_) => Memfd::available(),
            without => without,
        }
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        make(plan)
    }

    /// Returns what was asked for in slots, rounded up, and four at least.
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        let bytes = fixture.capacity * slot_bytes(fixture.size);
        Ok(Capacity { bytes: Some(bytes), messages: Some(fixture.capacity) })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        halves(&fixture.enter(side))
    }
}

#[cfg(test)]
mod tests;
