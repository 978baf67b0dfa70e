//! The two processes of each ring.

use super::content::STAMPED;
use super::{Content, Count, Rhythm, STOP, STRIDE, Tally, failed, until};
use ipcmark_core::Result;
use ipcmark_ring::{RingError, mpsc, spsc};
use ipcmark_shm::bare::{self, OwnedConsumer, OwnedMpscConsumer, OwnedMpscProducer, OwnedProducer};
use ipcmark_sys::affinity;
use ipcmark_sys::crew::Crew;
use std::ops::Range;

/// Bytes of the ring for one sender: about five hundred messages a lap.
const CAPACITY: usize = 64 << 10;
/// Slots of the ring for many senders, and bytes of its longest message.
const SLOTS: usize = 256;
const SLOT: usize = 200;
/// Number of its senders. One process plays all of them in turn.
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
    /// All rings, and their names on the command line.
    pub const ALL: [(Ring, &'static str); 2] = [(Ring::Spsc, "spsc"), (Ring::Mpsc, "mpsc")];
}

/// Forks sender and receiver of the messages `numbers`; the tally holds what they find.
///
/// # Errors
/// If there is no memory or no process.
pub fn soak(ring: Ring, numbers: Range<u64>, tally: &Tally) -> Result<Crew> {
    let mut crew = Crew::new(2, 4096)?;
    match ring {
        Ring::Spsc => {
            let (producer, consumer) = bare::spsc(CAPACITY)?;
            let content = Content { least: 1, largest: ipcmark_ring::largest_message(CAPACITY) };
            let (sends, receives) = (numbers.clone(), numbers);
            side(&mut crew, 0, producer, |half| send_spsc(half, content, sends, tally))?;
            side(&mut crew, 1, consumer, |half| receive_spsc(half, content, receives, tally))?;
        }
        Ring::Mpsc => {
            let (producers, consumer) = bare::mpsc(SLOTS, SLOT, SENDERS)?;
            let content = Content { least: STAMPED, largest: SLOT };
            let (sends, receives) = (numbers.clone(), numbers);
            side(&mut crew, 0, producers, |halves| send_mpsc(halves, content, sends, tally))?;
            side(&mut crew, 1, consumer, |half| receive_mpsc(half, content, receives, tally))?;
        }
    }
    Ok(crew)
}

/// Forks one side, which works with its half on its own CPU if there are two. The parent's copy of
/// the half goes too.
fn side<H>(
    crew: &mut Crew,
    number: usize,
    half: H,
    work: impl FnOnce(H) -> Result<()>,
) -> Result<()> {
    crew.fork(|| {
        let cpus = affinity::allowed().unwrap_or_default();
        if cpus.len() > 1 {
            affinity::pin(cpus[number])?;
        }
        work(half)?;
        Ok(Vec::new())
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
            // One store publishes some batches; others are published message by message.
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

/// Returns true for a message, false for the end, and `None` for neither.
#[inline]
fn came(polled: std::result::Result<bool, RingError>) -> Result<Option<bool>> {
    match polled {
        Ok(true) => Ok(Some(true)),
        Ok(false) => Ok(None),
        Err(RingError::Closed) => Ok(Some(false)),
        Err(e) => Err(failed(e)),
    }
}

/// Sends messages of all senders. Message `turn` of sender `sender` has the number `turn · SENDERS
/// + sender`.
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
                // A claim that is given up must not block the others.
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

/// Returns each sender's first number from `start` on.
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
            // The ring keeps the order of each sender, and a message's number identifies its
            // sender.
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
