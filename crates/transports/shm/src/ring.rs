//! The transport: two rings in one mapping, one for each direction.

use crate::backing::Backing;
use crate::mapping::Mapping;
use crate::wait::{Half, Look, RingWait, Seat, Site, Turn};
use ipcmark_core::{
    Availability, Capacity, Error, Framing, Info, Link, Placement, Plan, Receiver, Result, Sender,
    Side, Transport,
};
use ipcmark_ring::spsc::{Consumer, Producer};
use ipcmark_ring::{MAX_CAPACITY, RingError, capacity_for, footprint};
use ipcmark_sys::affinity;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair};
use std::hint::spin_loop;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// Capacity of each direction when the plan asks for none, in bytes.
pub const DEFAULT_CAPACITY: usize = 256 << 10;
/// Messages a ring holds at least, whatever capacity was asked for.
const MESSAGES: usize = 4;
/// Rings start on multiples of this, in bytes.
const PAGE: usize = 4096;
/// Pauses before a receiver that drained a batch looks again: a sender that runs ahead gets to finish the line it is
/// writing, and lines move once. From 32 to 128 does equally well; 16 is too few where the CPUs are far apart.
pub(crate) const BATCH_PAUSES: u32 = 64;

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
    /// Of each direction, in bytes.
    capacity: usize,
    /// Largest message, in bytes.
    size: usize,
    site: Site,
}

/// From the first byte of one ring to that of the next.
fn stride(capacity: usize) -> usize {
    footprint(capacity).next_multiple_of(PAGE)
}

/// The largest message for which both rings of a link fit into `bytes`, in bytes; `None` when not even those of the
/// default capacity do.
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
            .ok_or_else(|| Error::Unavailable {
                reason: format!(
                    "a ring of {asked} bytes, and {MESSAGES} messages of {} bytes, is over 4 GiB",
                    plan.size
                ),
                remedy: Some("ask for less capacity or smaller messages".into()),
            })?;
        let mapping = B::map(&plan.names, 2 * stride(capacity))?;
        mapping.populate();
        for side in Side::ALL {
            let base = mapping.slice(side.index() * stride(capacity), footprint(capacity));
            // SAFETY: the mapping was made just now and is used by nobody else yet.
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

/// Where the sides of a plan will run.
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
    let wait = |half| W::prepare(site, bells, Seat { side, half }, &lifeline);
    Ok(Link {
        tx: ShmSender {
            ring: tx,
            wait: wait(Half::Sender)?,
            max: size,
            lifeline: lifeline.clone(),
            _mapping: mapping.clone(),
        },
        rx: ShmReceiver {
            ring: rx,
            wait: wait(Half::Receiver)?,
            in_batch: false,
            drained_batch: false,
            vain_looks: 0,
            lifeline: lifeline.clone(),
            _mapping: mapping.clone(),
        },
    })
}

impl<B: Backing, W: RingWait> Transport for ShmRing<B, W> {
    const INFO: Info = Info {
        zero_copy: true,
        zero_copy_rx: true,
        overlaps: true,
        ..Info::new(("shm", B::MECHANISM), W::KIND, Framing::Message, B::SUMMARY, B::REFERENCE)
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

    /// Bytes of one ring: what was asked for, rounded up to a power of two that holds four messages at least.
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(fixture.capacity), messages: None })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let ShmFixture { mapping, lifeline, bells, capacity, size, site } = fixture;
        halves(&mapping, (lifeline.split(side), &bells), (capacity, size, site), side)
    }
}

/// The sending half. Dropping it ends the stream.
#[derive(Debug)]
pub struct ShmSender<W: RingWait> {
    ring: Producer<'static>,
    wait: W,
    max: usize,
    lifeline: Arc<Lifeline>,
    /// What `ring` points into.
    _mapping: Arc<Mapping>,
}

impl<W: RingWait> ShmSender<W> {
    /// Wakes a receiver that sleeps.
    #[inline]
    fn wake(&self) -> Result<()> {
        self.wait.published(self.ring.peer_flag())
    }

    #[inline(never)]
    fn wait_for_room(&mut self, len: usize) -> Result<()> {
        self.wait.until(&mut Room { ring: &mut self.ring, len }, &self.lifeline)
    }
}

impl<W: RingWait> Sender for ShmSender<W> {
    #[inline(always)]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len > self.max {
            return Err(too_long(len, self.max));
        }
        if !self.ring.poll_claim(len).map_err(word)? {
            self.wait_for_room(len)?;
        }
        Ok(self.ring.claimed())
    }

    #[inline(always)]
    fn commit(&mut self) -> Result<()> {
        self.ring.commit();
        self.wake()
    }
}

impl<W: RingWait> Drop for ShmSender<W> {
    fn drop(&mut self) {
        self.ring.close();
        // A futex that cannot be woken leaves a sleeper to its timeout.
        let _ = self.wake();
    }
}

/// The receiving half. Dropping it tells the sender that nothing more will be read.
#[derive(Debug)]
pub struct ShmReceiver<W: RingWait> {
    ring: Consumer<'static>,
    wait: W,
    /// The message lent next was there when the one before was released.
    in_batch: bool,
    /// So was the one released last, and nothing is behind it: the sender runs ahead.
    drained_batch: bool,
    /// Times that [`ready`](Receiver::ready) found nothing since it last asked the lifeline.
    vain_looks: u32,
    lifeline: Arc<Lifeline>,
    /// What `ring` points into.
    _mapping: Arc<Mapping>,
}

impl<W: RingWait> ShmReceiver<W> {
    /// Wakes a sender that sleeps.
    #[inline]
    fn wake(&self) -> Result<()> {
        self.wait.published(self.ring.peer_flag())
    }

    #[inline]
    fn wait_for_message(&mut self) -> Result<()> {
        self.wait.until(&mut Message { ring: &mut self.ring }, &self.lifeline)
    }
}

impl<W: RingWait> Receiver for ShmReceiver<W> {
    #[inline(always)]
    fn receive(&mut self) -> Result<&[u8]> {
        if !self.ring.poll_receive().map_err(word)? {
            if self.drained_batch {
                for _ in 0..BATCH_PAUSES {
                    spin_loop();
                }
            }
            self.wait_for_message()?;
        }
        Ok(self.ring.received())
    }

    #[inline(always)]
    fn release(&mut self) -> Result<()> {
        self.ring.release();
        self.wake()?;
        // What was behind this one already, if anything: a sender that waits for its answer has sent nothing more. The
        // next `receive` need not look again.
        let behind = matches!(self.ring.poll_receive(), Ok(true));
        self.drained_batch = !behind && self.in_batch;
        self.in_batch = behind;
        Ok(())
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        // What fails fails again in `receive`.
        if self.ring.poll_receive() != Ok(false) {
            return Ok(true);
        }
        Ok(looked_in_vain(&mut self.vain_looks, &self.lifeline))
    }
}

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

impl<W: RingWait> Drop for ShmReceiver<W> {
    fn drop(&mut self) {
        self.ring.close();
        // A futex that cannot be woken leaves a sleeper to its timeout.
        let _ = self.wake();
    }
}

/// A sender's turn.
struct Room<'a> {
    ring: &'a mut Producer<'static>,
    len: usize,
}

/// A receiver's turn.
struct Message<'a> {
    ring: &'a mut Consumer<'static>,
}

impl Look for Room<'_> {
    #[inline]
    fn look(&mut self) -> Result<bool> {
        self.ring.poll_claim(self.len).map_err(word)
    }
}

impl Turn for Room<'_> {
    fn flag(&self) -> &AtomicU32 {
        self.ring.own_flag()
    }
}

impl Look for Message<'_> {
    #[inline]
    fn look(&mut self) -> Result<bool> {
        self.ring.poll_receive().map_err(word)
    }
}

impl Turn for Message<'_> {
    fn flag(&self) -> &AtomicU32 {
        self.ring.own_flag()
    }
}

#[cold]
pub(crate) fn too_long(len: usize, max: usize) -> Error {
    Error::TooLong { len, max, limited_by: "the size this link was made for" }
}

/// The ring's error in the words of the seam.
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
