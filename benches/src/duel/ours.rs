//! Our rings as candidates.

use super::candidate::{Candidate, Role};
use super::limits;
use super::link::{Link, Part, Rx, Tx};
use super::message::{Sink, Source};
use super::shape::{Pattern, Shape, batch};
use ipcmark_ring::spsc;
use ipcmark_shm::BATCH_PAUSES;
use ipcmark_shm::bare::{self, OwnedConsumer, OwnedProducer};
use std::hint::spin_loop;
use zerocopy::IntoBytes;

/// What our rings and the limits of their shapes are called in tables.
pub mod names {
    /// The limit of round trips.
    pub const MAILBOX: &str = "limit: one-slot mailbox";
    /// The limit of streams.
    pub const BULK: &str = "limit: bulk copy";
    /// The ring for messages of any size.
    pub const RING: &str = "ring";
    /// The same, asked to copy: a long message is read while it is written.
    pub const RING_COPIED: &str = "ring, copying";
    /// The same, between threads.
    pub const RING_THREADS: &str = "ring, two threads";
    /// The same, with one publication a batch.
    pub const RING_BATCHED: &str = "ring, batches";
}

/// Limits and our rings.
#[must_use]
pub fn candidates() -> Vec<Candidate> {
    let mut all = limits::candidates();
    all.extend([
        Candidate::between_processes::<Ring>(names::RING, Role::Ours),
        Candidate::between_processes::<Copied>(names::RING_COPIED, Role::Ours),
        Candidate::between_processes::<Batched>(names::RING_BATCHED, Role::Ours),
        Candidate::between_threads::<Ring>(names::RING_THREADS, Role::Variant),
    ]);
    all.extend(super::slots::candidates());
    all
}

/// The ring for messages of any size, at several capacities, to find out which is best.
#[must_use]
pub fn capacities() -> Vec<Candidate> {
    let kib = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
    let ring = |kib: usize| {
        let name = format!("ring of {kib} KiB");
        Candidate::between_processes::<Ring>(&name, Role::Ours).with_room(kib << 10)
    };
    kib.map(ring).into()
}

/// The ring for messages of any size, a publication a message.
struct Ring;

struct Sending(OwnedProducer);
struct Receiving(OwnedConsumer);

impl Link for Ring {
    type Tx<const W: usize> = Sending;
    type Rx<const W: usize> = Receiving;

    fn link<const W: usize>(bytes: usize) -> Result<(Sending, Receiving), String> {
        let longest = ipcmark_ring::largest_message(bytes);
        if 8 * W > longest {
            return Err(format!("a ring of {bytes} B takes messages of up to {longest} B"));
        }
        let (tx, rx) = bare::spsc(bytes).map_err(|e| e.to_string())?;
        Ok((Sending(tx), Receiving(rx)))
    }
}

#[inline(always)]
pub(super) fn put<const W: usize>(ring: &mut spsc::Producer<'_>, message: &[u64; W]) {
    while !ring.poll_claim(8 * W).expect("the receiver is there") {
        spin_loop();
    }
    ring.claimed().copy_from_slice(message.as_bytes());
    ring.commit();
}

/// Nothing is there: pauses, and longer where the sender runs ahead.
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

impl<const W: usize> Tx<W> for Sending {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.0.with(|ring| put(ring, message));
    }

    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        self.0.with(|ring| {
            for _ in 0..count {
                put(ring, source.upcoming());
            }
        });
    }
}

impl<const W: usize> Rx<W> for Receiving {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    /// A round trip: the sender cannot run ahead.
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        self.0.with(|ring| {
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
            for _ in 0..count {
                take(ring, sink);
            }
        });
    }
}

/// The ring for messages of any size, whose halves are asked to copy.
struct Copied;

struct CopiedSending(OwnedProducer);
struct CopiedReceiving(OwnedConsumer);

impl Link for Copied {
    type Tx<const W: usize> = CopiedSending;
    type Rx<const W: usize> = CopiedReceiving;

    fn link<const W: usize>(bytes: usize) -> Result<(CopiedSending, CopiedReceiving), String> {
        let (Sending(tx), Receiving(rx)) = Ring::link::<W>(bytes)?;
        Ok((CopiedSending(tx), CopiedReceiving(rx)))
    }
}

impl<const W: usize> Tx<W> for CopiedSending {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.0.with(|ring| {
            while !ring.try_send(message.as_bytes()).expect("the receiver is there") {
                spin_loop();
            }
        });
    }
}

impl<const W: usize> Rx<W> for CopiedReceiving {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    /// A round trip: the sender cannot run ahead.
    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        self.0.with(|ring| while !copy(ring, sink) {});
    }

    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        self.0.with(|ring| {
            for _ in 0..count {
                if !copy(ring, sink) {
                    after_batch(ring);
                    while !copy(ring, sink) {}
                }
            }
        });
    }
}

/// Copies what there is of the next message; true when that was all of it.
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

/// The ring for messages of any size, 32 messages to a publication.
struct Batched;

struct BatchedSending(OwnedProducer);

struct BatchedReceiving(OwnedConsumer);

impl Link for Batched {
    type Tx<const W: usize> = BatchedSending;
    type Rx<const W: usize> = BatchedReceiving;

    fn part(shape: Shape) -> Part {
        if shape.pattern == Pattern::Batched { Part::Takes } else { Part::Stays }
    }

    fn link<const W: usize>(bytes: usize) -> Result<(BatchedSending, BatchedReceiving), String> {
        let (Sending(tx), Receiving(rx)) = Ring::link::<W>(bytes)?;
        Ok((BatchedSending(tx), BatchedReceiving(rx)))
    }
}

impl<const W: usize> Tx<W> for BatchedSending {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    fn send(&mut self, message: &[u64; W]) {
        self.0.with(|ring| put(ring, message));
    }

    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        self.0.with(|ring| {
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

impl<const W: usize> Rx<W> for BatchedReceiving {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    fn receive(&mut self, sink: &mut Sink<W>) {
        self.0.with(|ring| take(ring, sink));
    }

    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        self.0.with(|ring| {
            let mut left = count;
            while left > 0 {
                let received = ring.receive_many(left as usize, |message| sink.take_bytes(message));
                match received.expect("the sender is there") {
                    0 => after_batch(ring),
                    received => left -= received as u64,
                }
            }
        });
    }
}
