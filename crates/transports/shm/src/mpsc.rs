//! The transport of many senders: a row of slots in each direction.

use crate::backing::{Backing, Memfd};
use crate::common::{looked_in_vain, word};
use crate::ends::BATCH_PAUSES;
use crate::fixture::ShmFixture;
use crate::mapping::Mapping;
use crate::wait::{Half, Look, RingWait, Turn};
use ipcmark_core::{
    Availability, Capacity, Error, Info, Link, MeetBy, Plan, Receiver, Refusal, Result, Sender,
    Side, Transport, WaitKind,
};
use ipcmark_ring::MAX_CAPACITY;
use ipcmark_ring::mpsc::{Consumer, Producer, create, footprint, slot_bytes};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::process;
use std::hint::spin_loop;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// Slots of a direction at least, whatever capacity was asked for.
const SLOTS: usize = 4;

/// A ring of slots in each direction, waiting as `W` does. Any number of processes may take the initiator's side and
/// send; the first of a side that receives is its one receiver.
#[derive(Debug)]
pub struct ShmMpsc<W>(PhantomData<W>);

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
    let slots = slots.checked_next_power_of_two().ok_or_else(refused)?;
    if slots.checked_mul(slot_bytes(size)).is_none_or(|bytes| bytes > MAX_CAPACITY) {
        return Err(refused());
    }
    let len = footprint(slots, size);
    // SAFETY: the mapping was made just now and is used by no one else yet.
    let create = |base| unsafe { create(base, len, slots, size) };
    ShmFixture::new::<Memfd>(plan, (len, slots), create)
}

impl<W: RingWait<Bells = ()>> Transport for ShmMpsc<W> {
    const INFO: Info = Info {
        zero_copy: true,
        zero_copy_rx: true,
        user_space: true,
        many_senders: true,
        overlaps: true,
        family: "shm",
        mechanism: "shm-mpsc",
        wait: W::KIND,
        spins_for_a_budget: matches!(W::KIND, WaitKind::Hybrid),
        meet_by: MeetBy::Descriptor,
        summary: "lock-free ring of slots in shared memory (memfd), many senders",
        reference: "memfd_create(2)",
        ..Info::DEFAULT
    };
    type Fixture = ShmFixture<W>;
    type Tx = MpscSender<W>;
    type Rx = MpscReceiver<W>;

    fn available() -> Availability {
        Memfd::available()
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        make(plan)
    }

    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        let bytes = fixture.capacity * slot_bytes(fixture.size);
        Ok(Capacity { bytes: Some(bytes), messages: Some(fixture.capacity) })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let ends = fixture.enter(side);
        // The process number is what tells whether a claim that is never committed is a dead process's.
        let tag = std::process::id();
        // SAFETY: both halves hold the mapping, which rings alone use.
        let tx = unsafe { Producer::attach(ends.tx(), ends.len, tag) }.map_err(word)?;
        // SAFETY: as above.
        let rx = unsafe { Consumer::attach(ends.rx(), ends.len, tag) }.map_err(word)?;
        Ok(Link {
            tx: MpscSender {
                ring: tx,
                wait: ends.wait(Half::Sender)?,
                max: ends.size,
                lifeline: ends.lifeline.clone(),
                _mapping: ends.mapping.clone(),
            },
            rx: MpscReceiver {
                ring: rx,
                wait: ends.wait(Half::Receiver)?,
                vain_looks: 0,
                lifeline: ends.lifeline.clone(),
                _mapping: ends.mapping.clone(),
            },
        })
    }
}

/// A sending half. When the last of a side is dropped the stream ends.
#[derive(Debug)]
pub struct MpscSender<W: RingWait> {
    ring: Producer<'static>,
    wait: W,
    max: usize,
    lifeline: Arc<Lifeline>,
    /// Memory that `ring` points into.
    _mapping: Arc<Mapping>,
}

impl<W: RingWait> MpscSender<W> {
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

impl<W: RingWait> Sender for MpscSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        if len > self.max {
            return Err(Error::misfit(len, self.max));
        }
        if !self.ring.poll_claim(len).map_err(word)? {
            self.wait_for_room(len)?;
        }
        Ok(self.ring.claimed())
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        self.ring.commit();
        self.wake()
    }
}

impl<W: RingWait> Drop for MpscSender<W> {
    fn drop(&mut self) {
        self.ring.close();
        // A futex that cannot be woken leaves a sleeper to its timeout.
        let _ = self.wake();
    }
}

/// The receiving half. Dropping it tells the senders that nothing more will be read.
#[derive(Debug)]
pub struct MpscReceiver<W: RingWait> {
    ring: Consumer<'static>,
    wait: W,
    /// Times that [`ready`](Receiver::ready) found nothing since it last asked the lifeline.
    vain_looks: u32,
    lifeline: Arc<Lifeline>,
    /// Memory that `ring` points into.
    _mapping: Arc<Mapping>,
}

impl<W: RingWait> MpscReceiver<W> {
    /// Wakes the senders that sleep.
    #[inline]
    fn wake(&mut self) -> Result<()> {
        if self.ring.take_news() { self.wait.published(self.ring.peer_flag()) } else { Ok(()) }
    }

    #[inline(never)]
    fn wait_for_message(&mut self) -> Result<()> {
        // What was kept back while messages came was given back when none came.
        self.wake()?;
        if self.ring.take_batch() > 1 {
            for _ in 0..BATCH_PAUSES {
                spin_loop();
            }
        }
        self.wait.until(&mut Message { ring: &mut self.ring }, &self.lifeline)
    }
}

impl<W: RingWait> Receiver for MpscReceiver<W> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        if !self.ring.poll_receive().map_err(word)? {
            self.wait_for_message()?;
        }
        Ok(self.ring.received())
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        self.ring.release();
        self.wake()
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        // What fails fails again in `receive`.
        if self.ring.poll_receive() != Ok(false) {
            return Ok(true);
        }
        self.wake()?;
        let gone = looked_in_vain(&mut self.vain_looks, &self.lifeline);
        if self.vain_looks == 0 {
            skip_the_dead(&mut self.ring);
        }
        Ok(gone)
    }
}

impl<W: RingWait> Drop for MpscReceiver<W> {
    fn drop(&mut self) {
        self.ring.close();
        // A futex that cannot be woken leaves a sleeper to its timeout.
        let _ = self.wake();
    }
}

/// Skips the claim in the way, if the process that made it has ended. Other processes' messages lie behind it.
#[cold]
fn skip_the_dead(ring: &mut Consumer<'_>) {
    if let Some(tag) = ring.stalled()
        && process::has_ended(tag as i32)
    {
        // SAFETY: that process has ended.
        unsafe { ring.skip(tag) };
    }
}

/// A sender's turn.
struct Room<'a> {
    ring: &'a mut Producer<'static>,
    len: usize,
}

impl Look for Room<'_> {
    #[inline]
    fn look(&mut self) -> Result<bool> {
        self.ring.poll_claim(self.len).map_err(word)
    }
}

impl Turn for Room<'_> {
    const SHARED_FLAG: bool = true;

    fn flag(&self) -> &AtomicU32 {
        self.ring.own_flag()
    }
}

/// A receiver's turn.
struct Message<'a> {
    ring: &'a mut Consumer<'static>,
}

impl Look for Message<'_> {
    #[inline]
    fn look(&mut self) -> Result<bool> {
        self.ring.poll_receive().map_err(word)
    }
    fn recover(&mut self) {
        skip_the_dead(self.ring);
    }
}

impl Turn for Message<'_> {
    fn flag(&self) -> &AtomicU32 {
        self.ring.own_flag()
    }
}
