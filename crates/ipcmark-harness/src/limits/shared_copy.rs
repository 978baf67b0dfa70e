//! Bytes through memory that two processes share: one copies in, the other copies out, and neither
//! waits longer than the hardware makes it wait.
//!
//! The memory is a ring of slots. A slot is handed over whole: it holds some messages or a piece of
//! one, so the two sides synchronise once for many bytes. The ring is small compared with the
//! caches, so no byte goes further than from one CPU's cache to the other's. Each pass writes the
//! same bytes again, so they have to travel.

use ipcmark_core::Buffer;
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::mapped::MappedFile;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Least and largest slot, bytes: one message if its length is between the two. Tried on siblings
/// and far apart: with shorter slots the sides wait more often, and a copy of a few pages at a time
/// is slower than one of many.
const SLOT_BYTES: [usize; 2] = [16 << 10, 64 << 10];
const SLOTS: u64 = 4;
/// The longest ring.
pub(super) const BUFFER_BYTES: usize = SLOT_BYTES[1] * SLOTS as usize;
/// Rounds of a batch: enough that the ring's content at its beginning does not matter.
const ROUNDS: u64 = 4;
/// Least and largest number of batches.
const BATCHES: [usize; 2] = [4, 32];

/// The layout of messages of one size in slots.
#[derive(Debug, Clone, Copy)]
struct Shape {
    size: usize,
    /// Bytes of a slot.
    slot: usize,
    /// Messages in a slot; 1 if a message is longer than a slot.
    per_slot: usize,
    /// Slots of a message; 1 if a slot holds several.
    pieces: u64,
}

impl Shape {
    fn of(size: usize) -> Shape {
        const PAGE: usize = 4096;
        let [least, most] = SLOT_BYTES;
        let slot = size.clamp(least, most).next_multiple_of(PAGE);
        let pieces = size.div_ceil(slot).max(1) as u64;
        Shape { size, slot, per_slot: (slot / size.max(1)).max(1), pieces }
    }

    /// Returns the slots of a batch, which holds whole messages.
    fn batch(self) -> u64 {
        (ROUNDS * SLOTS).next_multiple_of(self.pieces)
    }

    /// Returns the number of messages in `slots` slots.
    fn messages(self, slots: u64) -> f64 {
        (slots * self.per_slot as u64 / self.pieces) as f64
    }

    /// Calls `copy` for each message of slot `n`, with its place in the ring and in the message.
    #[inline(always)]
    fn slot(self, n: u64, mut copy: impl FnMut(usize, std::ops::Range<usize>)) {
        let at = (n % SLOTS) as usize * self.slot;
        if self.pieces == 1 {
            for message in 0..self.per_slot {
                copy(at + message * self.size, 0..self.size);
            }
        } else {
            let from = (n % self.pieces) as usize * self.slot;
            copy(at, from..self.size.min(from + self.slot));
        }
    }
}

/// Memory that both sides share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) ring: &'a MappedFile,
    /// Slots that the sender has put.
    pub(super) put: &'a AtomicU64,
    /// Slots that the receiver has taken; [`STOP`] when it has enough.
    pub(super) taken: &'a AtomicU64,
}

/// Sends messages until the receiver has enough.
pub(super) fn send(shared: Shared<'_>, size: usize) {
    let shape = Shape::of(size);
    let mut message = Buffer::new(size);
    message.fill(7);
    let Shared { ring, put, taken } = shared;
    let mut seen = 0;
    for n in 0.. {
        while n >= seen + SLOTS {
            seen = taken.load(Acquire);
            if seen == STOP {
                return;
            }
            std::hint::spin_loop();
        }
        shape.slot(n, |at, part| ring.write(at, &message[part]));
        put.store(n + 1, Release);
    }
}

const STOP: u64 = u64::MAX;

/// Receives messages for about `share` of time: ns a message, batch by batch.
pub(super) fn receive(clock: &Clock, shared: Shared<'_>, size: usize, share: Ticks) -> Vec<f64> {
    let shape = Shape::of(size);
    let mut message = Buffer::new(size);
    let Shared { ring, put, taken } = shared;
    let (slots, [least, most]) = (shape.batch(), BATCHES);
    let mut batches = Vec::with_capacity(most);
    let (mut n, mut seen) = (0, 0);
    let begun = clock.now();
    let mut last = begun;
    // The first batch meets cold caches and untouched pages.
    for batch in 0..=most {
        for _ in 0..slots {
            while seen <= n {
                seen = put.load(Acquire);
                std::hint::spin_loop();
            }
            shape.slot(n, |at, part| ring.read(at, &mut message[part]));
            n += 1;
            taken.store(n, Release);
        }
        let now = clock.now();
        if batch > 0 {
            batches.push(clock.ns(now - last) / shape.messages(slots));
        }
        last = now;
        if batch >= least && now - begun > share {
            break;
        }
    }
    taken.store(STOP, Relaxed);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_every_message_has_its_place() {
        for size in [1, 8, 64, 1_000, 4_096, 4_097, 65_536, 100_000, 1 << 20] {
            let shape = Shape::of(size);
            let slots = shape.batch();
            let mut bytes = 0;
            for n in 0..slots {
                let mut end = 0;
                shape.slot(n, |at, part| {
                    assert!(at >= end && at + part.len() <= BUFFER_BYTES, "{size}: {at}");
                    assert_eq!(at / shape.slot, (n % SLOTS) as usize, "in its slot");
                    end = at + part.len();
                    bytes += part.len();
                });
            }
            assert_eq!(bytes as f64, shape.messages(slots) * size as f64, "{size}");
            assert!(bytes >= 2 * SLOTS as usize * shape.slot, "{size}: a batch of {bytes}");
        }
    }
}
