//! The transport: two rings in one mapping, one for each direction.

use crate::backing::Backing;
use crate::ends::{Rest, RingReceiver, RingSender};
use crate::mapping::Mapping;
use crate::wait::{Half, RingWait, Seat, Site};
use ipcmark_core::{
    Availability, Capacity, Error, Info, Link, Placement, Plan, Refusal, Result, Side, Transport,
};
use ipcmark_ring::spsc::{Consumer, Producer};
use ipcmark_ring::{MAX_CAPACITY, RingError, capacity_for, footprint};
use ipcmark_sys::affinity;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair};
use std::marker::PhantomData;
use std::sync::Arc;

/// Capacity of each direction when the plan asks for none, in bytes.
pub const DEFAULT_CAPACITY: usize = 256 << 10;
/// Messages a ring holds at least, whatever capacity was asked for.
const MESSAGES: usize = 4;
/// Rings start on multiples of this, in bytes.
const PAGE: usize = 4096;

/// A ring in each direction over pages from `B`, waiting as `W` does.
#[derive(Debug)]
pub struct ShmRing<B, W>(PhantomData<(B, W)>);

/// Times that a side may look in vain before it asks whether its peer lives.
const VAIN_LOOKS: u32 = 1 << 14;

/// The mapping and what both sides agreed on.
#[derive(Debug)]
pub struct ShmFixture<W: RingWait> {
    mapping: Arc<Mapping>,
    lifeline: LifelinePair,
    bells: W::Bells,
    /// Bytes of each direction.
    capacity: usize,
    /// Largest message, in bytes.
    size: usize,
    site: Site,
}

/// Returns the distance from the first byte of one ring to that of the next.
fn stride(capacity: usize) -> usize {
    footprint(capacity).next_multiple_of(PAGE)
}

/// Returns the largest message for which both rings of a link fit into `bytes`, in bytes; `None` when not even
/// those of the default capacity do.
pub(crate) fn largest_within(bytes: usize) -> Option<usize> {
    let mut capacity = DEFAULT_CAPACITY;
    if 2 * stride(capacity) > bytes {
        return None;
    }
    while capacity < MAX_CAPACITY && 2 * stride(2 * capacity) <= bytes {
        capacity *= 2;
    }
    // The message of a record begins with its second line, and 8 bytes of a ring stay empty; see `capacity_for`.
    Some(capacity / MESSAGES - 72)
}

impl<W: RingWait> ShmFixture<W> {
    fn new<B: Backing>(plan: &Plan) -> Result<Self> {
        let asked = plan.capacity.unwrap_or(DEFAULT_CAPACITY);
        let capacity = asked
            .checked_next_power_of_two()
            .zip(capacity_for(MESSAGES, plan.size))
            .map(|(asked, needed)| asked.max(needed))
            .filter(|&capacity| capacity <= MAX_CAPACITY)
            .ok_or_else(|| {
                Error::Unavailable(Refusal::new(format!(
                    "a ring of {asked} bytes, and {MESSAGES} messages of {} bytes, is over 4 GiB",
                    plan.size
                )).with_remedy("ask for less capacity or smaller messages"))
            })?;
        let mapping = B::map(&plan.names, 2 * stride(capacity))?;
        mapping.populate();
        for side in Side::ALL {
            let base = mapping.slice(side.index() * stride(capacity), footprint(capacity));
            // SAFETY: the mapping was made just now and is used by no one else yet.
            unsafe { Producer::create(base, footprint(capacity), capacity) }.map_err(word)?;
        }
        Ok(ShmFixture {
            mapping: Arc::new(mapping),
            lifeline: LifelinePair::new()?,
            bells: W::bells(&plan.names)?,
            capacity,
            size: plan.size,
            site: site(plan)?,
        })
    }
}

/// Returns where the sides of a plan will run.
pub(crate) fn site(plan: &Plan) -> Result<Site> {
    // The mask of each side tells nothing: sides on two CPUs are pinned to one each.
    let one_cpu = match plan.placement {
        Placement::SameCore => true,
        Placement::CrossCore | Placement::SmtSiblings | Placement::CrossNode => false,
        Placement::Free => affinity::allowed()?.len() == 1,
    };
    Ok(Site::of(one_cpu))
}

/// Takes `side`'s halves of the two rings.
fn halves<W: RingWait>(
    mapping: &Arc<Mapping>,
    (lifeline, bells): (Lifeline, &W::Bells),
    (capacity, size, site): (usize, usize, Site),
    side: Side,
) -> Result<Link<ShmSender<W>, ShmReceiver<W>>> {
    mapping.populate();
    let place = |from: Side| mapping.slice(from.index() * stride(capacity), footprint(capacity));
    // SAFETY: both halves hold the mapping, and each side attaches to a half once.
    let tx = unsafe { Producer::attach(place(side), footprint(capacity)) }.map_err(word)?;
    // SAFETY: as above.
    let rx = unsafe { Consumer::attach(place(side.peer()), footprint(capacity)) }.map_err(word)?;
    let lifeline = Arc::new(lifeline);
    let rest = |half| Rest::<W>::new(mapping, (&lifeline, bells), site, Seat { side, half });
    Ok(Link {
        tx: RingSender::new(tx, rest(Half::Sender)?, size),
        rx: RingReceiver::new(rx, rest(Half::Receiver)?),
    })
}

impl<B: Backing, W: RingWait> Transport for ShmRing<B, W> {
    const INFO: Info = Info {
        zero_copy: true,
        zero_copy_rx: true,
        user_space: true,
        overlaps: true,
        empty_messages: true,
        never_waits: true,
        family: "shm",
        mechanism: B::MECHANISM,
        wait: W::KIND,
        meet_by: B::MEET_BY,
        summary: B::SUMMARY,
        reference: B::REFERENCE,
        ..Info::DEFAULT
    };
    type Fixture = ShmFixture<W>;
    type Tx = ShmSender<W>;
    type Rx = ShmReceiver<W>;

    fn available() -> Availability {
        match W::available() {
            Availability::Available(_) => B::available(),
            without => without,
        }
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        ShmFixture::new::<B>(plan)
    }

    /// Returns bytes of one ring: what was asked for, rounded up to a power of two that holds four messages
    /// at least.
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(fixture.capacity), messages: None })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let ShmFixture { mapping, lifeline, bells, capacity, size, site } = fixture;
        halves(&mapping, (lifeline.split(side), &bells), (capacity, size, site), side)
    }
}

/// The sending half.
pub type ShmSender<W> = RingSender<Producer<'static>, W>;
/// The receiving half.
pub type ShmReceiver<W> = RingReceiver<Consumer<'static>, W>;

/// Counts one more look in vain; true when the peer was asked for at last, and is gone.
#[inline]
pub(crate) fn looked_in_vain(vain_looks: &mut u32, lifeline: &Lifeline) -> bool {
    *vain_looks += 1;
    if *vain_looks < VAIN_LOOKS {
        return false;
    }
    *vain_looks = 0;
    lifeline.peer_is_gone()
}

#[cold]
pub(crate) fn too_long(len: usize, max: usize) -> Error {
    Error::TooLong { len, max, limited_by: "the size this link was made for" }
}

/// Returns the ring's error in the words of the seam.
#[cold]
pub(crate) fn word(error: RingError) -> Error {
    match error {
        RingError::Closed => Error::Closed,
        RingError::TooLong { len, max } => too_long(len, max),
        other => Error::Protocol(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
