//! Our rings as candidates.

use super::candidate::{Candidate, Role};
use super::link::{Link, Part, Rx, Tx, batched, one_by_one};
use super::message::{Sink, Source};
use super::names;
use super::shape::{BATCH, Shape, batch};
use ipcmark_ring::spsc;
use ipcmark_shm::BATCH_PAUSES;
use ipcmark_shm::bare::{
    self, OwnedConsumer, OwnedProducer, OwnedSlotsConsumer, OwnedSlotsProducer,
};
use std::hint::spin_loop;
use zerocopy::IntoBytes;

/// Pauses of a receiver of slots that drained a batch: half the transport's. The figures in the
/// ring's README were taken with it.
const SLOTS_PAUSES: u32 = 32;

/// Returns our rings.
#[must_use]
pub fn candidates() -> Vec<Candidate> {
    vec![
        Candidate::between_processes::<Ring<SINGLE>>(names::RING, Role::Ours),
        Candidate::between_processes::<Ring<COPIED>>(names::RING_COPIED, Role::Ours),
        Candidate::between_processes::<Ring<BATCHED>>(names::RING_BATCHED, Role::Ours),
        Candidate::between_threads::<Ring<SINGLE>>(names::RING_THREADS, Role::Variant),
        Candidate::between_processes::<Slots<false>>("slots", Role::Ours),
        Candidate::between_processes::<Slots<true>>("slots, batches", Role::Ours),
    ]
}

/// Returns the ring for messages of any size at several capacities, to find the best one.
#[must_use]
pub fn capacities() -> Vec<Candidate> {
    let kib = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
    let ring = |kib: usize| {
        let name = format!("ring of {kib} KiB");
        Candidate::between_processes::<Ring<SINGLE>>(&name, Role::Ours).with_room(kib << 10)
    };
    kib.map(ring).into()
}

/// A publication a message.
const SINGLE: u8 = 0;
/// The halves copy.
const COPIED: u8 = 1;
/// 32 messages to a publication.
const BATCHED: u8 = 2;

/// The ring for messages of any size, used in one of three ways.
struct Ring<const HOW: u8>;
struct Sending<const HOW: u8>(OwnedProducer);
struct Receiving<const HOW: u8>(OwnedConsumer);

impl<const HOW: u8> Link for Ring<HOW> {
    type Tx<const W: usize> = Sending<HOW>;
    type Rx<const W: usize> = Receiving<HOW>;

    fn part(shape: Shape) -> Part {
        part(shape, HOW == BATCHED)
    }

    fn link<const W: usize>(bytes: usize) -> Result<(Sending<HOW>, Receiving<HOW>), String> {
        let longest = ipcmark_ring::largest_message(bytes);
        if 8 * W > longest {
            return Err(format!("a ring of {bytes} B takes messages of up to {longest} B"));
        }
        let (tx, rx) = bare::spsc(bytes).map_err(|e| e.to_string())?;
        Ok((Sending(tx), Receiving(rx)))
    }
}

/// Returns the part of a ring that sends batches, or of one that does not.
fn part(shape: Shape, batches: bool) -> Part {
    if batches { batched(shape) } else { one_by_one(shape) }
}

#[inline(always)]
pub(super) fn put<const W: usize>(ring: &mut spsc::Producer<'_>, message: &[u64; W]) {
    while !ring.poll_claim(8 * W).expect("the receiver is there") {
        spin_loop();
    }
    ring.claimed().copy_from_slice(message.as_bytes());
    ring.commit();
}

/// Pauses if no message is there, and longer if the sender runs ahead.
#[inline(always)]
fn after_batch(ring: &mut spsc::Consumer<'_>) {
    let pauses = if ring.take_batch() > 1 { BATCH_PAUSES } else { 1 };
    (0..pauses).for_each(|_| spin_loop());
}

#[inline(always)]
pub(super) fn take<const W: usize>(ring: &mut spsc::Consumer<'_>, sink: &mut Sink<W>) {
    if !ring.poll_receive().expect("the sender is there") {
        after_batch(ring);
        while !ring.poll_receive().expect("the sender is there") {
            spin_loop();
        }
    }
    sink.take_bytes(ring.received());
    ring.release();
}

/// Copies what is there of the next message; returns true if that was all of it.
#[inline(always)]
fn copy<const W: usize>(ring: &mut spsc::Consumer<'_>, sink: &mut Sink<W>) -> bool {
    let copied = ring.try_copy(sink.space().as_mut_bytes()).expect("the sender is there");
    if copied.is_some() {
        sink.check();
    } else {
        spin_loop();
    }
    copied.is_some()
}

impl<const W: usize, const HOW: u8> Tx<W> for Sending<HOW> {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.0.with(|ring| {
            if HOW == COPIED {
                while !ring.try_send(message.as_bytes()).expect("the receiver is there") {
                    spin_loop();
                }
            } else {
                put(ring, message);
            }
        });
    }

    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        if HOW == COPIED {
            return (0..count).for_each(|_| self.send(source.upcoming()));
        }
        self.0.with(|ring| {
            if HOW == SINGLE {
                return (0..count).for_each(|_| put(ring, source.upcoming()));
            }
            let mut left = count;
            while left > 0 {
                let sent = ring.send_many(batch(left), 8 * W, |_, space| {
                    space.copy_from_slice(source.upcoming().as_bytes());
                });
                match sent.expect("the receiver is there") {
                    0 => spin_loop(),
                    sent => left -= sent as u64,
                }
            }
        });
    }
}

impl<const W: usize, const HOW: u8> Rx<W> for Receiving<HOW> {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    /// Receives the one message of a round trip: the sender cannot run ahead.
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        self.0.with(|ring| {
            if HOW == COPIED {
                while !copy(ring, sink) {}
                return;
            }
            while !ring.poll_receive().expect("the sender is there") {
                spin_loop();
            }
            sink.take_bytes(ring.received());
            ring.release();
        });
    }

    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        self.0.with(|ring| {
            let mut left = count;
            while left > 0 {
                match HOW {
                    SINGLE => take(ring, sink),
                    COPIED if copy(ring, sink) => {}
                    COPIED => {
                        after_batch(ring);
                        while !copy(ring, sink) {}
                    }
                    _ => {
                        let many = ring.receive_many(left as usize, |bytes| sink.take_bytes(bytes));
                        match many.expect("the sender is there") {
                            0 => after_batch(ring),
                            received => left -= received as u64,
                        }
                        continue;
                    }
                }
                left -= 1;
            }
        });
    }
}

/// The ring of slots, message by message or 32 to a publication.
struct Slots<const BATCHES: bool>;
struct SlotsSending<const BATCHES: bool>(OwnedSlotsProducer);
struct SlotsReceiving<const BATCHES: bool>(OwnedSlotsConsumer);

impl<const BATCHES: bool> Link for Slots<BATCHES> {
    type Tx<const W: usize> = SlotsSending<BATCHES>;
    type Rx<const W: usize> = SlotsReceiving<BATCHES>;

    fn part(shape: Shape) -> Part {
        part(shape, BATCHES)
    }

    fn link<const W: usize>(bytes: usize) -> Result<(Self::Tx<W>, Self::Rx<W>), String> {
        let (tx, rx) = bare::slots(bytes / (8 * W), 8 * W).map_err(|e| e.to_string())?;
        Ok((SlotsSending(tx), SlotsReceiving(rx)))
    }
}

impl<const W: usize, const BATCHES: bool> Tx<W> for SlotsSending<BATCHES> {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.0.with(|ring| {
            while !ring.poll_claim(8 * W).expect("the receiver is there") {
                spin_loop();
            }
            ring.claimed().copy_from_slice(message.as_bytes());
            ring.commit();
        });
    }

    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        let mut left = count;
        self.0.with(|ring| {
            while left > 0 {
                let now = if BATCHES { batch(left) } else { 1 };
                for _ in 0..now {
                    while !ring.poll_claim(8 * W).expect("the receiver is there") {
                        spin_loop();
                    }
                    ring.claimed().copy_from_slice(source.upcoming().as_bytes());
                    if BATCHES {
                        ring.stage();
                    } else {
                        ring.commit();
                    }
                }
                if BATCHES {
                    ring.publish();
                }
                left -= now as u64;
            }
        });
    }
}

impl<const W: usize, const BATCHES: bool> Rx<W> for SlotsReceiving<BATCHES> {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        <Self as Rx<W>>::receive_many(self, sink, 1);
    }

    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        let end = sink.taken() + count;
        let most = if BATCHES { BATCH as u64 } else { 1 };
        self.0.with(|ring| {
            while sink.taken() < end {
                let got = ring.drain(most, |message| sink.take_bytes(message));
                if got.expect("the sender is there") == 0 {
                    let pauses = if ring.take_batch() > 1 { SLOTS_PAUSES } else { 1 };
                    (0..pauses).for_each(|_| spin_loop());
                }
            }
        });
    }
}
