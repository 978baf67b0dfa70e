//! The broadcast ring in one process: what comes is whole and in order, and what does not come is counted.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "halves are attached to raw memory")]

mod support;

use ipcmark_ring::broadcast::{News, Reader, Writer, capacity_for, create, largest_message};
use ipcmark_ring::{RingError, footprint};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::thread;
use support::Memory;

struct Ring {
    memory: Memory,
    len: usize,
}

impl Ring {
    fn new(capacity: usize) -> Ring {
        let len = footprint(capacity);
        let memory = Memory::of_bytes(len);
        // SAFETY: the memory has that many zeroed bytes and no one else uses it yet.
        unsafe { create(memory.base(), len, capacity) }.unwrap();
        Ring { memory, len }
    }

    fn writer(&self) -> Writer<'_> {
        // SAFETY: the memory outlives the half, only halves use it, and a test makes one writer at a time.
        unsafe { Writer::attach(self.memory.base(), self.len) }.unwrap()
    }

    fn reader(&self) -> Reader<'_> {
        // SAFETY: as above.
        unsafe { Reader::attach(self.memory.base(), self.len) }.unwrap()
    }
}

/// Returns bytes that depend on the message's number in each place.
fn body(number: u64, len: usize) -> Vec<u8> {
    (0..len).map(|i| (number.wrapping_mul(0x9e37_79b9) >> (i % 32)) as u8 ^ i as u8).collect()
}

proptest! {
    /// One reader keeps up, one reads now and then: the first gets all, the second gets runs of what the first got, and
    /// learns what is between. A writer that takes over in the middle goes on where the first one stopped.
    #[test]
    fn got_and_missed_are_what_was_sent(
        capacity in prop::sample::select(vec![64usize, 128, 256, 1024]),
        steps in prop::collection::vec((0usize..300, 0usize..4, any::<bool>()), 1..200),
        successor in 0usize..200,
    ) {
        let ring = Ring::new(capacity);
        let largest = largest_message(capacity);
        let (mut tx, mut quick, mut slow) = (ring.writer(), ring.reader(), ring.reader());
        let mut into = vec![0; largest];
        let (mut sent, mut at) = (VecDeque::new(), 0u64);
        let mut follow = |slow: &mut Reader<'_>, sent: &VecDeque<Vec<u8>>, into: &mut [u8]| {
            match slow.read(into) {
                Ok(News::Message(len)) => {
                    assert_eq!(&into[..len], sent[at as usize].as_slice());
                    at += 1;
                }
                Ok(News::Missed { messages, .. }) => {
                    at += messages;
                    assert_eq!(at as usize, sent.len() - 1, "it goes on at the newest");
                }
                Ok(News::Nothing) => assert_eq!(at as usize, sent.len()),
                Err(e) => return Err(e),
            }
            Ok(())
        };
        for (n, &(len, reads, held)) in steps.iter().enumerate() {
            if n == successor {
                tx = ring.writer();
            }
            let message = body(n as u64, len % (largest + 1));
            if held {
                tx.write_more(&message).unwrap();
                tx.publish();
            } else {
                tx.write(&message).unwrap();
            }
            sent.push_back(message);
            let len = match quick.read(&mut into) {
                Ok(News::Message(len)) => len,
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(&into[..len], sent[n].as_slice());
            for _ in 0..reads.saturating_sub(1) {
                follow(&mut slow, &sent, &mut into).unwrap();
            }
        }
        tx.close();
        let end = loop {
            if let Err(e) = follow(&mut slow, &sent, &mut into) {
                break e;
            }
        };
        prop_assert_eq!(end, RingError::Closed);
        prop_assert_eq!(quick.read(&mut into), Err(RingError::Closed));
        prop_assert_eq!(quick.missed(), 0);
        prop_assert_eq!(at as usize, sent.len());
    }

    /// Whatever another process writes over the ring, a reader copies from its memory alone, and comes to an end.
    #[test]
    fn a_corrupt_writer_costs_an_error_at_most(
        pokes in prop::collection::vec((0usize..CORRUPTIBLE.len(), any::<u64>(), any::<bool>()), 1..30),
    ) {
        let mut ring = Ring::new(64);
        ring.writer().write(&[7; 8]).unwrap();
        let (base, len) = (ring.memory.base(), ring.len);
        // SAFETY: the memory outlives the half.
        let mut running = unsafe { Reader::attach(base, len) }.unwrap();
        for (at, value, small) in pokes {
            ring.memory.poke(CORRUPTIBLE[at], if small { value % 512 } else { value });
            // SAFETY: as above.
            let mut fresh = unsafe { Reader::attach(base, len) }.unwrap();
            for rx in [&mut running, &mut fresh] {
                let mut into = [0; 8];
                for _ in 0..20 {
                    if rx.read(&mut into).is_err() {
                        break;
                    }
                }
            }
        }
    }
}

/// Offsets of what a running reader looks at: what is published, what is reserved and for which number, and the records.
const CORRUPTIBLE: [usize; 11] = [256, 384, 392, 4096, 4104, 4112, 4120, 4128, 4136, 4144, 4152];

#[test]
fn limits_are_kept() {
    let ring = Ring::new(128);
    let (mut tx, mut rx) = (ring.writer(), ring.reader());
    assert_eq!(largest_message(128), 24);
    assert_eq!(tx.write(&[0; 25]), Err(RingError::TooLong { len: 25, max: 24 }));
    assert_eq!(rx.read(&mut [0; 24]), Ok(News::Nothing));
    tx.write(&[1; 24]).unwrap();
    let short = rx.read(&mut [0; 23]);
    assert_eq!(short, Err(RingError::TooSmall { len: 23, needed: 24 }));
    assert_eq!(rx.read(&mut [0; 24]), Ok(News::Message(24)));
    for size in [1, 8, 64, 1000, 65_536] {
        for messages in [1, 5, 1000] {
            let capacity = capacity_for(messages, size).unwrap();
            assert!(largest_message(capacity) >= size && capacity / (size + 8) >= messages);
        }
    }
    assert_eq!(capacity_for(4, usize::MAX), None);
}

#[test]
fn what_is_held_back_is_seen_with_the_next_publication_or_when_it_would_be_overwritten() {
    let ring = Ring::new(1024);
    let (mut tx, mut rx) = (ring.writer(), ring.reader());
    let into = &mut [0; 8];
    tx.write_more(&[0; 8]).unwrap();
    assert_eq!(rx.read(into), Ok(News::Nothing));
    tx.publish();
    assert_eq!(rx.read(into), Ok(News::Message(8)));
    let held = (1..1000).take_while(|_| {
        tx.write_more(&[0; 8]).unwrap();
        rx.read(into) == Ok(News::Nothing)
    });
    assert_eq!(held.count(), 16, "a quarter of the ring at most is held back");
}

/// No half of this ring takes another's memory for its own.
#[test]
fn foreign_memory_is_refused() {
    let memory = Memory::of_bytes(footprint(64));
    let base = memory.base();
    // SAFETY: the memory has that many bytes, zeroed.
    let foreign = unsafe { Reader::attach(base, footprint(64)) }.unwrap_err();
    assert!(matches!(foreign, RingError::Foreign { field: "magic", found: 0 }));
    // SAFETY: as above, and no one else uses it.
    let short = unsafe { create(base, footprint(64), 128) }.unwrap_err();
    assert!(matches!(short, RingError::TooSmall { .. }));
    // SAFETY: as above.
    let odd = unsafe { create(base, footprint(64), 96) }.unwrap_err();
    assert_eq!(odd, RingError::Capacity { capacity: 96 });
}

/// A reader that comes when the ring has gone round learns how much it was too late for, and gets what comes now.
#[test]
fn a_late_reader_is_told_what_it_came_too_late_for() {
    let ring = Ring::new(256);
    let mut tx = ring.writer();
    (0..1000u64).for_each(|n| tx.write(&n.to_le_bytes()).unwrap());
    let mut late = ring.reader();
    let into = &mut [0; 8];
    assert_eq!(late.read(into), Ok(News::Missed { messages: 999, bytes: 999 * 16 }));
    assert_eq!(late.read(into), Ok(News::Message(8)));
    assert_eq!(u64::from_le_bytes(*into), 999);
    assert_eq!(tx.attendance(), (1, 0));
    late.close();
    assert_eq!(tx.attendance(), (1, 1));
}

/// Three readers with a writer that never pauses: one as fast as it can, one that dawdles, one that dawdles for long.
/// Each gets whole messages in order, and what it got and what it missed, as it learned, is what was sent.
#[test]
fn no_message_is_torn_under_stress() {
    const MESSAGES: u64 = 12_000;
    // Some are copied word by word, some by one instruction.
    const LENGTHS: [usize; 4] = [9, 100, 1_500, 4_088];
    let length = |n: u64| LENGTHS[n as usize % 4];
    let ring = Ring::new(16 << 10);
    let mut tx = ring.writer();
    let missed: Vec<u64> = thread::scope(|scope| {
        let readers: Vec<_> = [0, 20, 2_000]
            .into_iter()
            .map(|dawdle| {
                let mut rx = ring.reader();
                scope.spawn(move || {
                    let (mut into, mut next, mut got) = ([0; 4_088], 0, 0u64);
                    loop {
                        match rx.read(&mut into) {
                            Ok(News::Message(len)) => {
                                assert_eq!(into[..len], body(next, length(next)));
                                (next, got) = (next + 1, got + 1);
                                (0..dawdle).for_each(|_| std::hint::spin_loop());
                            }
                            Ok(News::Missed { messages, .. }) => next += messages,
                            Ok(News::Nothing) => thread::yield_now(),
                            Err(e) => {
                                assert_eq!(e, RingError::Closed);
                                break;
                            }
                        }
                    }
                    assert_eq!((next, got + rx.missed()), (MESSAGES, MESSAGES));
                    rx.missed()
                })
            })
            .collect();
        scope.spawn(move || {
            (0..MESSAGES).for_each(|n| tx.write(&body(n, length(n))).unwrap());
            tx.close();
        });
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    assert!(missed[2] > 0, "the slowest was never lapped: {missed:?}");
}
