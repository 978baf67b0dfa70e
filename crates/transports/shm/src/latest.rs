//! The transport of the latest value: a seqlock in each direction.

use crate::backing::{Backing, Memfd};
use crate::common::{looked_in_vain, word};
use crate::mapping::Mapping;
use crate::wait::{Look, Watch};
use ipcmark_core::{
    Availability, Buffer, Capacity, Error, Info, Link, MeetBy, Plan, Receiver, Refusal, Result,
    Sender, Side, Transport,
};
use ipcmark_ring::MAX_CAPACITY;
use ipcmark_ring::latest::{Reader, Writer, create, footprint};
use ipcmark_sys::lifeline::{Lifeline, LifelinePair};
use std::marker::PhantomData;
use std::sync::Arc;

/// Places a value lies in, in turn. A reader is disturbed when the writer laps it.
const PLACES: usize = 4;
/// Rings start on multiples of this, in bytes.
const PAGE: usize = 4096;
/// Values written between two questions whether the peer lives: a writer never waits, and so has no other moment to ask.
const UNASKED: u32 = 256;

/// A latest value in each direction. The sender overwrites and never waits; the receiver gets the newest whole value that
/// it has not had, and what was overwritten before is lost.
#[derive(Debug)]
pub struct ShmLatest<W>(PhantomData<W>);

/// The mapping and what both sides agreed on.
#[derive(Debug)]
pub struct LatestFixture {
    mapping: Arc<Mapping>,
    lifeline: LifelinePair,
    /// Largest value, in bytes.
    size: usize,
}

/// Returns the distance from the first byte of one direction to that of the other.
fn stride(size: usize) -> usize {
    footprint(PLACES, size).next_multiple_of(PAGE)
}

impl<W: Watch> Transport for ShmLatest<W> {
    const INFO: Info = Info {
        lossy: true,
        user_space: true,
        broadcasts: true,
        overlaps: true,
        family: "shm",
        mechanism: "shm-latest",
        wait: W::KIND,
        meet_by: MeetBy::Descriptor,
        summary: "latest value in shared memory (seqlock): newer ones overwrite",
        reference: "memfd_create(2)",
        ..Info::DEFAULT
    };
    type Fixture = LatestFixture;
    type Tx = LatestSender;
    type Rx = LatestReceiver<W>;

    fn available() -> Availability {
        Memfd::available()
    }

    /// Returns four places in each direction; a capacity cannot be asked for, as none bounds the
    /// sender.
    fn fixture(plan: &Plan) -> Result<LatestFixture> {
        if plan.size > MAX_CAPACITY / (2 * PLACES) {
            return Err(Error::Unavailable(
                Refusal::new(format!("{PLACES} values of {} bytes are over 2 GiB", plan.size))
                    .with_remedy("ask for smaller messages"),
            ));
        }
        let mapping = Memfd::map(&plan.names, 2 * stride(plan.size))?;
        mapping.populate();
        for side in Side::ALL {
            let len = footprint(PLACES, plan.size);
            let base = mapping.slice(side.index() * stride(plan.size), len);
            // SAFETY: the mapping was made just now, zeroed, and is used by no one else yet.
            unsafe { create(base, len, PLACES, plan.size) }.map_err(word)?;
        }
        let lifeline = LifelinePair::new()?;
        Ok(LatestFixture { mapping: Arc::new(mapping), lifeline, size: plan.size })
    }

    fn capacity(_: &LatestFixture) -> Result<Capacity> {
        Ok(Capacity { bytes: None, messages: Some(1) })
    }

    fn split(fixture: LatestFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let LatestFixture { mapping, lifeline, size } = fixture;
        mapping.populate();
        let lifeline = Arc::new(lifeline.split(side));
        let len = footprint(PLACES, size);
        let place = |from: Side| mapping.slice(from.index() * stride(size), len);
        // SAFETY: both halves hold the mapping, and each side writes one direction.
        let writer = unsafe { Writer::attach(place(side), len) }.map_err(word)?;
        // SAFETY: as above.
        let reader = unsafe { Reader::attach(place(side.peer()), len) }.map_err(word)?;
        Ok(Link {
            tx: LatestSender {
                value: writer,
                buffer: Buffer::new(size),
                claimed: None,
                unasked: 0,
                lifeline: lifeline.clone(),
                _mapping: mapping.clone(),
            },
            rx: LatestReceiver {
                value: reader,
                buffer: Buffer::new(size),
                lent: None,
                vain_looks: 0,
                lifeline,
                wait: PhantomData,
                _mapping: mapping,
            },
        })
    }
}

/// The sending half. Dropping it ends the stream.
#[derive(Debug)]
pub struct LatestSender {
    value: Writer<'static>,
    buffer: Buffer,
    claimed: Option<usize>,
    /// Values written since the lifeline was asked.
    unasked: u32,
    lifeline: Arc<Lifeline>,
    /// Memory that `value` points into.
    _mapping: Arc<Mapping>,
}

impl Sender for LatestSender {
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
        let Some(len) = self.claimed.take() else { return Ok(()) };
        self.value.write(&self.buffer[..len]).map_err(word)?;
        self.unasked += 1;
        if self.unasked == UNASKED {
            self.unasked = 0;
            if self.lifeline.peer_is_gone() {
                return Err(self.lifeline.end());
            }
        }
        Ok(())
    }
}

impl Drop for LatestSender {
    fn drop(&mut self) {
        self.value.close();
    }
}

/// The receiving half. Dropping it tells the sender that nothing more will be read.
#[derive(Debug)]
pub struct LatestReceiver<W> {
    value: Reader<'static>,
    buffer: Buffer,
    /// Length of the value in the buffer that has not been released.
    lent: Option<usize>,
    /// Times that [`ready`](Receiver::ready) found nothing since it last asked the lifeline.
    vain_looks: u32,
    lifeline: Arc<Lifeline>,
    wait: PhantomData<W>,
    /// Memory that `value` points into.
    _mapping: Arc<Mapping>,
}

impl<W: Watch> Receiver for LatestReceiver<W> {
    #[inline]
    fn receive(&mut self) -> Result<&[u8]> {
        if self.lent.is_none() {
            let LatestReceiver { value, buffer, lent, lifeline, .. } = self;
            W::watch(&mut Newer { value, buffer, lent }, lifeline)?;
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
        if self.lent.is_some() || self.value.has_news() != Ok(false) {
            return Ok(true);
        }
        Ok(looked_in_vain(&mut self.vain_looks, &self.lifeline))
    }
}

impl<W> Drop for LatestReceiver<W> {
    fn drop(&mut self) {
        self.value.close();
    }
}

/// A receiver's look: copies the newest value if it is newer.
struct Newer<'a> {
    value: &'a mut Reader<'static>,
    buffer: &'a mut Buffer,
    lent: &'a mut Option<usize>,
}

impl Look for Newer<'_> {
    #[inline]
    fn look(&mut self) -> Result<bool> {
        *self.lent = self.value.read(self.buffer).map_err(word)?;
        Ok(self.lent.is_some())
    }
}
