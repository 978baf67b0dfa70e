//! Our ring of slots as a candidate: message by message, and 32 to a publication.

use super::candidate::{Candidate, Role};
use super::link::{Link, Part, Rx, Tx};
use super::message::{Sink, Source};
use super::shape::{BATCH, Pattern, Shape, batch};
use ipcmark_shm::bare::{self, OwnedSlotsConsumer, OwnedSlotsProducer};
use std::hint::spin_loop;
use zerocopy::IntoBytes;

/// Pauses before a receiver that drained a batch looks again: half the transport's. The figures of the ring's README were
/// taken with it.
const BATCH_PAUSES: u32 = 32;

pub(super) fn candidates() -> Vec<Candidate> {
    vec![
        Candidate::between_processes::<Slots<false>>("slots", Role::Ours),
        Candidate::between_processes::<Slots<true>>("slots, batches", Role::Ours),
    ]
}

struct Slots<const BATCHED: bool>;
struct Sending<const BATCHED: bool>(OwnedSlotsProducer);
struct Receiving<const BATCHED: bool>(OwnedSlotsConsumer);

impl<const BATCHED: bool> Link for Slots<BATCHED> {
    type Tx<const W: usize> = Sending<BATCHED>;
    type Rx<const W: usize> = Receiving<BATCHED>;

    fn part(shape: Shape) -> Part {
        if (shape.pattern == Pattern::Batched) == BATCHED { Part::Takes } else { Part::Stays }
    }

    fn link<const W: usize>(
        bytes: usize,
    ) -> Result<(Sending<BATCHED>, Receiving<BATCHED>), String> {
        let (tx, rx) = bare::slots(bytes / (8 * W), 8 * W).map_err(|e| e.to_string())?;
        Ok((Sending(tx), Receiving(rx)))
    }
}

impl<const W: usize, const BATCHED: bool> Tx<W> for Sending<BATCHED> {
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
                let now = if BATCHED { batch(left) } else { 1 };
                for _ in 0..now {
                    while !ring.poll_claim(8 * W).expect("the receiver is there") {
                        spin_loop();
                    }
                    ring.claimed().copy_from_slice(source.upcoming().as_bytes());
                    if BATCHED {
                        ring.stage();
                    } else {
                        ring.commit();
                    }
                }
                if BATCHED {
                    ring.publish();
                }
                left -= now as u64;
            }
        });
    }
}

impl<const W: usize, const BATCHED: bool> Rx<W> for Receiving<BATCHED> {
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
        let most = if BATCHED { BATCH as u64 } else { 1 };
        self.0.with(|ring| {
            while sink.taken() < end {
                let got = ring.drain(most, |message| sink.take_bytes(message));
                if got.expect("the sender is there") == 0 {
                    let pauses = if ring.take_batch() > 1 { BATCH_PAUSES } else { 1 };
                    (0..pauses).for_each(|_| spin_loop());
                }
            }
        });
    }
}
