//! Each ring's two processes.

use super::content::STAMPED;
use super::{Content, Count, Rhythm, STOP, STRIDE, Tally, failed, until};
use ipcmark_core::{Result, Side};
use ipcmark_ring::{RingError, mpsc, spsc};
use ipcmark_shm::bare::{self, OwnedConsumer, OwnedMpscConsumer, OwnedMpscProducer, OwnedProducer};
use ipcmark_sys::affinity;
use ipcmark_sys::process::{self, Child};
use std::ops::Range;

/// Bytes of the ring for one sender: some five hundred messages to a lap.
const CAPACITY: usize = 64 << 10;
/// Slots of the ring for many senders, and its longest message; the shortest tells who sent it.
const SLOTS: usize = 256;
const SLOT: usize = 200;
/// Its senders, which one process plays in turn.
const SENDERS: usize = 3;

/// A ring to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// One sender, messages of any length.
    Spsc,
    /// Many senders; here one process plays three, each with its own numbers.
    Mpsc,
}

impl Ring {
    /// All of them, with the names they are chosen by.
    pub const ALL: [(Ring, &'static str); 2] = [(Ring::Spsc, "spsc"), (Ring::Mpsc, "mpsc")];
}

/// Forks sender and receiver of the messages `numbers`; what they find is in the tally.
///
/// # Errors
/// When there is no memory or no process to be had.
pub fn soak(ring: Ring, numbers: Range<u64>, tally: &Tally) -> Result<[Child; 2]> {
    match ring {
        Ring::Spsc => {
            let (producer, consumer) = bare::spsc(CAPACITY)?;
            let content = Content { least: 1, largest: ipcmark_ring::largest_message(CAPACITY) };
            let (mut producer, mut consumer) = (Some(producer), Some(consumer));
            Ok([
                side(Side::Initiator, || match producer.take() {
                    Some(half) => send_spsc(half, content, numbers.clone(), tally),
                    None => Ok(()),
                })?,
                side(Side::Responder, || match consumer.take() {
                    Some(half) => receive_spsc(half, content, numbers.clone(), tally),
                    None => Ok(()),
                })?,
            ])
        }
        Ring::Mpsc => {
            let (producers, consumer) = bare::mpsc(SLOTS, SLOT, SENDERS)?;
            let content = Content { least: STAMPED, largest: SLOT };
            let (mut producers, mut consumer) = (Some(producers), Some(consumer));
            Ok([
                side(Side::Initiator, || match producers.take() {
                    Some(halves) => send_mpsc(halves, content, numbers.clone(), tally),
                    None => Ok(()),
                })?,
                side(Side::Responder, || match consumer.take() {
                    Some(half) => receive_mpsc(half, content, numbers.clone(), tally),
                    None => Ok(()),
                })?,
            ])
        }
    }
}

/// A process, on a CPU of its own where there are two.
fn side(side: Side, work: impl FnOnce() -> Result<()>) -> Result<Child> {
    process::fork(|| {
        let cpus = affinity::allowed().unwrap_or_default();
        let settled = match cpus.get(side.index()) {
            Some(&cpu) if cpus.len() > 1 => affinity::pin(cpu),
            _ => Ok(()),
        };
        match settled.and_then(|()| work()) {
            Ok(()) => 0,
            Err(_) => 1,
        }
    })
}

fn send_spsc(
    mut half: OwnedProducer,
    content: Content,
    numbers: Range<u64>,
    tally: &Tally,
) -> Result<()> {
    half.populate();
    half.with(|ring: &mut spsc::Producer<'_>| {
        let mut rhythm = Rhythm::new(numbers.start);
        for number in numbers {
            let len = content.len(number);
            until(|| Ok(ring.poll_claim(len).map_err(failed)?.then_some(())))?;
            content.fill(number, ring.claimed());
            // Some batches are published by one store, some message by message.
            if rhythm.batched() {
                ring.stage()
            } else {
                ring.commit()
            }
            if rhythm.beat() {
                ring.publish();
            }
            if number.is_multiple_of(STRIDE) && tally.get(STOP) != 0 {
                break;
            }
        }
        ring.publish();
        ring.close();
        Ok(())
    })
}

fn receive_spsc(
    mut half: OwnedConsumer,
    content: Content,
    numbers: Range<u64>,
    tally: &Tally,
) -> Result<()> {
    half.populate();
    half.with(|ring: &mut spsc::Consumer<'_>| {
        let mut count = Count::new(tally);
        let mut expected = numbers.start;
        while until(|| came(ring.poll_receive()))? {
            let message = ring.received();
            count.add(message.len(), content.is(expected, message));
            expected += 1;
            ring.release();
        }
        count.enter();
        Ok(())
    })
}

/// A message, the end, or neither yet.
#[inline]
fn came(polled: std::result::Result<bool, RingError>) -> Result<Option<bool>> {
    match polled {
        Ok(true) => Ok(Some(true)),
        Ok(false) => Ok(None),
        Err(RingError::Closed) => Ok(Some(false)),
        Err(e) => Err(failed(e)),
    }
}

/// Message `turn` of sender `sender` has the number `turn · SENDERS + sender`: who sent it follows from it.
fn send_mpsc(
    mut halves: Vec<OwnedMpscProducer>,
    content: Content,
    numbers: Range<u64>,
    tally: &Tally,
) -> Result<()> {
    halves.iter().for_each(OwnedMpscProducer::populate);
    let mut next = firsts(numbers.start);
    let mut rhythm = Rhythm::new(numbers.start);
    let mut left = numbers.end - numbers.start;
    while left > 0 && tally.get(STOP) == 0 {
        let sender = rhythm.random.usize(0..SENDERS);
        let run = rhythm.random.u64(1..=32).min(left);
        halves[sender].with(|ring: &mut mpsc::Producer<'_>| {
            let reserved = until(|| {
                let found = ring.poll_reserve(run as usize).map_err(failed)?;
                Ok((found > 0).then_some(found))
            })?;
            for _ in 0..reserved {
                // A claim that is given up must hold up nobody.
                if rhythm.random.u32(0..256) == 0 {
                    ring.give_up();
                    break;
                }
                let number = next[sender];
                until(|| Ok(ring.poll_claim(content.len(number)).map_err(failed)?.then_some(())))?;
                content.fill(number, ring.claimed());
                ring.commit();
                next[sender] += SENDERS as u64;
                left -= 1;
                rhythm.beat();
            }
            Ok(())
        })?;
    }
    for half in &mut halves {
        half.with(|ring| ring.close());
    }
    Ok(())
}

/// Each sender's first number from `start` on.
fn firsts(start: u64) -> [u64; SENDERS] {
    let base = start.next_multiple_of(SENDERS as u64);
    std::array::from_fn(|sender| base + sender as u64)
}

fn receive_mpsc(
    mut half: OwnedMpscConsumer,
    content: Content,
    numbers: Range<u64>,
    tally: &Tally,
) -> Result<()> {
    half.populate();
    half.with(|ring: &mut mpsc::Consumer<'_>| {
        let mut count = Count::new(tally);
        let mut next = firsts(numbers.start);
        while until(|| came(ring.poll_receive()))? {
            let message = ring.received();
            // Each sender's order is kept, and its messages say whose they are.
            let sender = content.number(message).map(|number| (number % SENDERS as u64) as usize);
            let right = sender.is_some_and(|sender| content.is(next[sender], message));
            count.add(message.len(), right);
            if let Some(sender) = sender {
                next[sender] += SENDERS as u64;
            }
            ring.release();
        }
        count.enter();
        Ok(())
    })
}
