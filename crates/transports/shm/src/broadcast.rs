//! The transport that tells everybody: a broadcast ring in each direction.

use crate::backing::{Backing, Memfd};
use crate::common::{looked_in_vain, word};
use crate::fixture::ShmFixture;
use crate::mapping::Mapping;
use crate::wait::{Half, Look, RingWait, Turn};
use ipcmark_core::{
    Availability, Buffer, Capacity, Error, Info, Link, MeetBy, Plan, Receiver, Refusal, Result,
    Sender, Side, Transport, WaitKind,
};
use ipcmark_ring::broadcast::{News, Reader, Writer, capacity_for, create};
use ipcmark_ring::footprint;
use ipcmark_sys::lifeline::Lifeline;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

/// Messages of a direction at least, whatever capacity was asked for.
const MESSAGES: usize = 8;
/// Messages written between two questions whether the peer lives: a writer never waits, and so has no other moment to ask.
const UNASKED: u32 = 256;
/// Bytes of messages after which those that were kept for their successors are published: some cache lines more than
/// readers prefetch, and few enough that they are never far behind.
const HELD: usize = 1024;

/// A broadcast ring in each direction, readers waiting as `W` does. Any number of processes may take the responder's side;
/// each gets every message that it is fast enough for. The sender overwrites and never waits.
#[derive(Debug)]
pub struct ShmBroadcast<W>(PhantomData<W>);

impl<W: RingWait<Bells = ()>> Transport for ShmBroadcast<W> {
    const INFO: Info = Info {
        lossy: true,
        user_space: true,
        broadcasts: true,
        overlaps: true,
        family: "shm",
        mechanism: "shm-broadcast",
        wait: W::KIND,
        spins_for_a_budget: matches!(W::KIND, WaitKind::Hybrid),
        meet_by: MeetBy::Descriptor,
        summary: "broadcast ring in shared memory: each reader gets all, or learns what it missed",
        reference: "memfd_create(2)",
        ..Info::DEFAULT
    };
    type Fixture = ShmFixture<W>;
    type Tx = BroadcastSender<W>;
    type Rx = BroadcastReceiver<W>;

    fn available() -> Availability {
        Memfd::available()
    }

    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        let asked = plan.capacity.unwrap_or(crate::DEFAULT_CAPACITY);
        let refused = || {
            Error::Unavailable(
                Refusal::new(format!(
                    "{MESSAGES} messages of {} bytes, or {asked} bytes, are over 4 GiB",
                    plan.size
                ))
                .with_remedy("ask for less capacity or smaller messages"),
            )
        };
        let least = capacity_for(MESSAGES, plan.size).ok_or_else(refused)?;
        let capacity = asked.max(least).checked_next_power_of_two().ok_or_else(refused)?;
        if capacity > ipcmark_ring::MAX_CAPACITY {
            return Err(refused());
        }
        let len = footprint(capacity);
        // SAFETY: the mapping was made just now, zeroed, and is used by no one else yet.
        let create = |base| unsafe { create(base, len, capacity) };
        ShmFixture::new::<Memfd>(plan, (len, capacity), create)
    }

    /// Returns what a reader may fall behind by; it bounds no sender.
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        let record = (fixture.size + 8).next_multiple_of(8);
        // An eighth may be reserved, and another be padding and the message that is being written.
        let messages = (fixture.capacity * 3 / 4 / record).max(1);
        Ok(Capacity { bytes: Some(fixture.capacity), messages: Some(messages) })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let ends = fixture.enter(side);
        // SAFETY: both halves hold the mapping, which rings of this kind alone use.
        let writer = unsafe { Writer::attach(ends.tx(), ends.len) }.map_err(word)?;
        // SAFETY: as above.
        let reader = unsafe { Reader::attach(ends.rx(), ends.len) }.map_err(word)?;
        Ok(Link {
            tx: BroadcastSender {
                ring: writer,
                buffer: Buffer::new(ends.size),
                claimed: None,
                held: 0,
                unasked: 0,
                wait: ends.wait(Half::Sender)?,
                lifeline: ends.lifeline.clone(),
                _mapping: ends.mapping.clone(),
            },
            rx: BroadcastReceiver {
                ring: reader,
                buffer: Buffer::new(ends.size),
                lent: None,
                vain_looks: 0,
                wait: ends.wait(Half::Receiver)?,
                lifeline: ends.lifeline,
                _mapping: ends.mapping,
            },
        })
    }
}

/// The sending half. Dropping it ends the stream.
#[derive(Debug)]
pub struct BroadcastSender<W: RingWait> {
    ring: Writer<'static>,
    buffer: Buffer,
    claimed: Option<usize>,
    /// Bytes written and not yet published.
    held: usize,
    /// Messages written since the lifeline was asked.
    unasked: u32,
    wait: W,
    lifeline: Arc<Lifeline>,
    /// Memory that `ring` points into.
    _mapping: Arc<Mapping>,
}

impl<W: RingWait> BroadcastSender<W> {
    /// Wakes readers that sleep.
    #[inline]
    fn wake(&self) -> Result<()> {
        self.wait.published(self.ring.peer_flag())
    }

    /// Fails when no reader is left.
    #[cold]
    fn look_around(&mut self) -> Result<()> {
        self.unasked = 0;
        let (came, left) = self.ring.attendance();
        if came > 0 && came == left {
            return Err(Error::Closed);
        }
        if self.lifeline.peer_is_gone() { Err(self.lifeline.end()) } else { Ok(()) }
    }

    #[inline]
    fn write(&mut self, more: bool) -> Result<()> {
        let Some(len) = self.claimed.take() else { return Ok(()) };
        self.ring.write_more(&self.buffer[..len]).map_err(word)?;
        self.held += len;
        // Who may sleep is woken for each message; else the wake-up for one that the ring published by itself would be lost.
        if !more || W::SLEEPS || self.held >= HELD {
            self.held = 0;
            self.ring.publish();
            self.wake()?;
        }
        self.unasked += 1;
        if self.unasked == UNASKED { self.look_around() } else { Ok(()) }
    }
}

impl<W: RingWait> Sender for BroadcastSender<W> {
    #[inline]
    fn claim(&mut self, len: usize) -> Result<&mut [u8]> {
        let max = self.buffer.len();
        if len > max {
            return Err(Error::misfit(len, max));
        }
        self.claimed = Some(len);
        Ok(&mut self.buffer[..len])
    }

    #[inline]
    fn commit(&mut self) -> Result<()> {
        self.write(false)
    }

    #[inline]
    fn commit_more(&mut self) -> Result<()> {
        self.write(true)
    }
}

impl<W: RingWait> Drop for BroadcastSender<W> {
    fn drop(&mut self) {
        self.ring.close();
        // A futex that cannot be woken leaves a sleeper to its timeout.
        let _ = self.wake();
    }
}

/// The receiving half. When the last of a side is dropped, the sender learns it.
#[derive(Debug)]
pub struct BroadcastReceiver<W: RingWait> {
    ring: Reader<'static>,
    buffer: Buffer,
    /// Length of the message in the buffer that has not been released.
    lent: Option<usize>,
    /// Times that [`ready`](Receiver::ready) found nothing since it last asked the lifeline.
    vain_looks: u32,
    wait: W,
    lifeline: Arc<Lifeline>,
    /// Memory that `ring` points into.
    _mapping: Arc<Mapping>,
}

impl<W: RingWait> Receiver for BroadcastReceiver<W> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        if self.lent.is_none() {
            let BroadcastReceiver { ring, buffer, lent, wait, lifeline, .. } = self;
            let mut next = Next { ring, buffer, lent };
            if !next.look()? {
                wait.until(&mut next, lifeline)?;
            }
        }
        Ok(&self.buffer[..self.lent.unwrap_or(0)])
    }

    #[inline]
    fn release(&mut self) -> Result<()> {
        self.lent = None;
        Ok(())
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        // What fails fails again in `receive`.
        if self.lent.is_some() || self.ring.has_news() != Ok(false) {
            return Ok(true);
        }
        Ok(looked_in_vain(&mut self.vain_looks, &self.lifeline))
    }
}

impl<W: RingWait> Drop for BroadcastReceiver<W> {
    fn drop(&mut self) {
        self.ring.close();
    }
}

/// A receiver's turn: copies the next message. The numbers in the messages show what was missed.
struct Next<'a> {
    ring: &'a mut Reader<'static>,
    buffer: &'a mut Buffer,
    lent: &'a mut Option<usize>,
}

impl Look for Next<'_> {
    #[inline]
    fn look(&mut self) -> Result<bool> {
        loop {
            match self.ring.read(self.buffer).map_err(word)? {
                News::Message(len) => {
                    *self.lent = Some(len);
                    return Ok(true);
                }
                News::Missed { .. } => {}
                News::Nothing => return Ok(false),
            }
        }
    }
}

impl Turn for Next<'_> {
    const SHARED_FLAG: bool = true;

    fn flag(&self) -> &AtomicU32 {
        self.ring.own_flag()
    }
}
