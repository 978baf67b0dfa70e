//! The limits of rings: a mailbox for round trips, a bare copy for streams.

use super::candidate::{Candidate, Ends, Role, sized};
use super::link::{Duplex, Link, Part, Rx, Tx, spin};
use super::message::{Sink, Source};
use super::names;
use super::ours::{put, take};
use super::shape::{Pattern, Shape};
use ipcmark_shm::bare::{self, Mailbox, OwnedConsumer, OwnedProducer};
use std::hint::spin_loop;
use zerocopy::IntoBytes;

/// Bytes that the copy limit publishes at a time.
const BULK: usize = 16 << 10;

/// Returns all limits.
pub(super) fn candidates() -> Vec<Candidate> {
    vec![mailbox(), Candidate::between_processes::<Bulk>(names::BULK, Role::Limit)]
}

/// The limit of streams: many messages side by side to a publication, with nothing between them.
struct Bulk;

struct BulkSending(OwnedProducer);
struct BulkReceiving(OwnedConsumer);

/// Returns the messages of `W` words to a publication.
const fn bulk<const W: usize>() -> usize {
    if 8 * W > BULK { 1 } else { BULK / (8 * W) }
}

impl Link for Bulk {
    type Tx<const W: usize> = BulkSending;
    type Rx<const W: usize> = BulkReceiving;

    fn part(shape: Shape) -> Part {
        match shape.pattern {
            Pattern::Stream | Pattern::Batched => Part::Takes,
            Pattern::RoundTrip | Pattern::FanIn { .. } => Part::Stays,
        }
    }

    fn link<const W: usize>(bytes: usize) -> Result<(BulkSending, BulkReceiving), String> {
        let (tx, rx) = bare::spsc(bytes).map_err(|e| e.to_string())?;
        Ok((BulkSending(tx), BulkReceiving(rx)))
    }
}

impl<const W: usize> Tx<W> for BulkSending {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    fn send(&mut self, message: &[u64; W]) {
        self.0.with(|ring| put(ring, message));
    }

    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        let mut left = count as usize;
        self.0.with(|ring| {
            while left > 0 {
                let now = left.min(bulk::<W>());
                while !ring.poll_claim(now * 8 * W).expect("the receiver is there") {
                    spin_loop();
                }
                for place in ring.claimed().chunks_exact_mut(8 * W) {
                    place.copy_from_slice(source.upcoming().as_bytes());
                }
                ring.commit();
                left -= now;
            }
        });
    }
}

impl<const W: usize> Rx<W> for BulkReceiving {
    fn ready(&mut self) -> Result<(), String> {
        self.0.populate();
        Ok(())
    }

    fn receive(&mut self, sink: &mut Sink<W>) {
        self.0.with(|ring| take(ring, sink));
    }

    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        let end = sink.taken() + count;
        self.0.with(|ring| {
            while sink.taken() < end {
                while !ring.poll_receive().expect("the sender is there") {
                    spin_loop();
                }
                for message in ring.received().chunks_exact(8 * W) {
                    sink.take_bytes(message);
                }
                ring.release();
            }
        });
    }
}

/// Returns the limit of round trips.
fn mailbox() -> Candidate {
    fn part(shape: Shape) -> Part {
        if shape.pattern == Pattern::RoundTrip { Part::Takes } else { Part::Stays }
    }
    fn made<const W: usize>() -> Result<Ends, String> {
        Candidate::round_trips::<W, Mailbox>(Mailbox::pair(8 * W).map_err(|e| e.to_string()))
    }
    let make = Box::new(|shape: Shape, _| sized!(shape, made, [], ()));
    Candidate::made_by(names::MAILBOX, Role::Limit, (part, false), make)
}

impl<const W: usize> Duplex<W> for Mailbox {
    fn ready(&mut self) -> Result<(), String> {
        self.populate();
        Ok(())
    }

    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.put(message.as_bytes());
    }

    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        spin(|| self.get(sink.space().as_mut_bytes()).then_some(()));
        sink.check();
    }
}
