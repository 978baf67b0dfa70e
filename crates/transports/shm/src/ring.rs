//! The transport: two rings in one mapping, one for each direction.

use crate::backing::Backing;
use crate::common::word;
use crate::ends::{RingReceiver, RingSender};
use crate::fixture::{Entered, ShmFixture, mapped};
use crate::wait::{Half, RingWait};
use ipcmark_core::{
    Availability, Capacity, Error, Info, Link, Plan, Refusal, Result, Side, Transport, WaitKind,
};
use ipcmark_ring::spsc::{Consumer, Producer};
use ipcmark_ring::{MAX_CAPACITY, capacity_for, footprint, messages_in};
use std::marker::PhantomData;

/// Capacity of each direction when the plan asks for none, in bytes.
pub const DEFAULT_CAPACITY: usize = 256 << 10;
/// Messages a ring holds at least, whatever capacity was asked for.
const MESSAGES: usize = 4;

/// A ring in each direction over pages from `B`, waiting as `W` does.
#[derive(Debug)]
pub struct ShmRing<B, W>(PhantomData<(B, W)>);

/// Returns the largest message for which both rings of a link fit into `bytes`, in bytes; `None` when not even
/// those of the default capacity do.
pub(crate) fn largest_within(bytes: usize) -> Option<usize> {
    let mut capacity = DEFAULT_CAPACITY;
    if mapped(footprint(capacity)) > bytes {
        return None;
    }
    while capacity < MAX_CAPACITY && mapped(footprint(2 * capacity)) <= bytes {
        capacity *= 2;
    }
    // The message of a record begins with its second line, and 8 bytes of a ring stay empty; see `capacity_for`.
    Some(capacity / MESSAGES - 72)
}

/// Makes both rings of a plan.
fn make<B: Backing, W: RingWait>(plan: &Plan) -> Result<ShmFixture<W>> {
    let asked = plan.capacity.unwrap_or(DEFAULT_CAPACITY);
    let capacity = asked
        .checked_next_power_of_two()
        .zip(capacity_for(MESSAGES, plan.size))
        .map(|(asked, needed)| asked.max(needed))
        .filter(|&capacity| capacity <= MAX_CAPACITY)
        .ok_or_else(|| {
            let reason = format!(
                "a ring of {asked} bytes, and {MESSAGES} messages of {} bytes, is over 4 GiB",
                plan.size
            );
            let remedy = "ask for less capacity or smaller messages";
            Error::Unavailable(Refusal::new(reason).with_remedy(remedy))
        })?;
    let len = footprint(capacity);
    // SAFETY: the mapping was made just now and is used by no one else yet.
    let create = |base| unsafe { Producer::create(base, len, capacity) }.map(drop);
    ShmFixture::new::<B>(plan, (len, capacity), create)
}

/// Takes a side's halves of the two rings.
fn halves<W: RingWait>(side: &Entered<W>) -> Result<Link<ShmSender<W>, ShmReceiver<W>>> {
    // SAFETY: both halves hold the mapping, and each side attaches to a half once.
    let tx = unsafe { Producer::attach(side.tx(), side.len) }.map_err(word)?;
    // SAFETY: as above.
    let rx = unsafe { Consumer::attach(side.rx(), side.len) }.map_err(word)?;
    Ok(Link {
        tx: RingSender::new(tx, side.rest(Half::Sender)?, side.size),
        rx: RingReceiver::new(rx, side.rest(Half::Receiver)?),
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
        spins_for_a_budget: matches!(W::KIND, WaitKind::Hybrid),
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
        make::<B, W>(plan)
    }

    /// Returns bytes of one ring: what was asked for, rounded up to a power of two that holds four messages
    /// at least.
    fn capacity(fixture: &Self::Fixture) -> Result<Capacity> {
        let ShmFixture { capacity, size, .. } = fixture;
        Ok(Capacity { bytes: Some(*capacity), messages: Some(messages_in(*capacity, *size)) })
    }

    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        halves(&fixture.enter(side))
    }
}

/// The sending half.
pub type ShmSender<W> = RingSender<Producer<'static>, W>;
/// The receiving half.
pub type ShmReceiver<W> = RingReceiver<Consumer<'static>, W>;

#[cfg(test)]
mod tests;
