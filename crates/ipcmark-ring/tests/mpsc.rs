//! The MPSC ring in one process: order, laps, dead producers, ends.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "halves are attached to raw memory")]

mod support;

use ipcmark_ring::RingError;
use ipcmark_ring::mpsc::{Consumer, Producer, TAG_MAX, create, footprint};
use std::thread;
use support::Memory;

/// Slots and largest message of the rings here.
const COUNT: usize = 4;
const LARGEST: usize = 24;

struct Ring {
    memory: Memory,
    len: usize,
}

impl Ring {
    fn new() -> Ring {
        let len = footprint(COUNT, LARGEST);
        let memory = Memory::of_bytes(len);
        // SAFETY: the memory has that many bytes and no one else uses it yet.
        unsafe { create(memory.base(), len, COUNT, LARGEST) }.unwrap();
        Ring { memory, len }
    }

    /// Returns the halves live as long as the test's ring.
    fn producer(&self, tag: u32) -> Producer<'_> {
        // SAFETY: the memory outlives the half, and only halves use it.
        unsafe { Producer::attach(self.memory.base(), self.len, tag) }.unwrap()
    }

    fn consumer(&self, tag: u32) -> Consumer<'_> {
        // SAFETY: as above.
        unsafe { Consumer::attach(self.memory.base(), self.len, tag) }.unwrap()
    }
}

fn send(tx: &mut Producer<'_>, message: &[u8]) -> bool {
    let room = tx.poll_claim(message.len()).unwrap();
    if room {
        tx.claimed().copy_from_slice(message);
        tx.commit();
    }
    room
}

fn take(rx: &mut Consumer<'_>) -> Option<Vec<u8>> {
    let message = rx.poll_receive().unwrap().then(|| rx.received().to_vec());
    rx.release();
    message
}

#[test]
fn messages_of_many_lengths_come_in_the_order_of_their_claims() {
    let ring = Ring::new();
    let (mut a, mut b, mut rx) = (ring.producer(1), ring.producer(2), ring.consumer(3));
    assert_eq!(take(&mut rx), None);
    for lap in 0..10u8 {
        assert!(send(&mut a, &vec![lap; 1 + usize::from(lap)]));
        assert!(send(&mut b, &[lap; LARGEST]));
        assert_eq!(take(&mut rx).unwrap(), vec![lap; 1 + usize::from(lap)]);
        assert_eq!(take(&mut rx).unwrap(), [lap; LARGEST]);
    }
    let long = Err(RingError::TooLong { len: LARGEST + 25, max: LARGEST });
    assert_eq!(a.poll_claim(LARGEST + 25), long);
}

#[test]
fn a_full_ring_has_no_room_until_one_is_released() {
    let ring = Ring::new();
    let (mut a, mut b, mut rx) = (ring.producer(1), ring.producer(2), ring.consumer(3));
    (0..COUNT).for_each(|_| assert!(send(&mut a, b"x")));
    assert!(!send(&mut b, b"y") && !send(&mut a, b"y"));
    take(&mut rx).unwrap();
    assert!(send(&mut b, b"y"));
    assert!(!send(&mut a, b"y"));
}

#[test]
fn a_claim_that_is_made_again_keeps_its_slot() {
    let ring = Ring::new();
    let (mut tx, mut rx) = (ring.producer(1), ring.consumer(3));
    for _ in 0..10 {
        assert!(tx.poll_claim(5).unwrap());
        tx.claimed().fill(1);
        assert!(send(&mut tx, b"second"));
        assert_eq!(take(&mut rx).unwrap(), b"second");
        assert_eq!(take(&mut rx), None);
    }
}

#[test]
fn a_dead_producers_claim_is_told_and_skipped_and_nothing_else_is_lost() {
    let ring = Ring::new();
    let (mut dead, mut b, mut rx) = (ring.producer(TAG_MAX), ring.producer(2), ring.consumer(3));
    assert!(send(&mut dead, b"before"));
    assert!(dead.poll_claim(3).unwrap());
    assert!(send(&mut b, b"after"));
    assert_eq!(take(&mut rx).unwrap(), b"before");
    assert_eq!(take(&mut rx), None);
    assert_eq!(rx.stalled(), Some(TAG_MAX));
    // SAFETY: that producer writes no more.
    unsafe { rx.skip(2) };
    assert_eq!(take(&mut rx), None, "the claim is another's");
    // SAFETY: as above.
    unsafe { rx.skip(TAG_MAX) };
    assert_eq!(take(&mut rx).unwrap(), b"after");
    assert_eq!(rx.stalled(), None);
    (0..3 * COUNT).for_each(|_| {
        assert!(send(&mut b, b"on"));
        assert_eq!(take(&mut rx).unwrap(), b"on");
    });
}

#[test]
fn a_run_is_claimed_at_once_and_what_is_not_used_of_it_is_passed_over() {
    let ring = Ring::new();
    let (mut a, mut b, mut rx) = (ring.producer(1), ring.producer(2), ring.consumer(3));
    for _ in 0..10 {
        assert_eq!(a.poll_reserve(9), Ok(COUNT / 2), "half the ring at most");
        assert!(send(&mut b, b"behind"));
        assert!(send(&mut a, b"one"));
        assert_eq!(take(&mut rx).unwrap(), b"one");
        assert_eq!(take(&mut rx), None, "the claim that is left comes before what is behind");
        assert_eq!(a.poll_reserve(2), Ok(1), "the rest of the run");
        a.give_up();
        assert_eq!(take(&mut rx).unwrap(), b"behind");
        assert_eq!(take(&mut rx), None);
    }
}

#[test]
fn a_run_takes_what_room_there_is() {
    let ring = Ring::new();
    let (mut a, mut rx) = (ring.producer(1), ring.consumer(3));
    (0..COUNT - 1).for_each(|_| assert!(send(&mut a, b"x")));
    assert_eq!(a.poll_reserve(2), Ok(1));
    assert!(send(&mut a, b"y"));
    assert_eq!(a.poll_reserve(2), Ok(0));
    take(&mut rx).unwrap();
    assert_eq!(a.poll_reserve(2), Ok(1));
}

#[test]
fn a_dead_producers_run_is_skipped_claim_by_claim_in_every_lap() {
    let ring = Ring::new();
    let (mut b, mut rx) = (ring.producer(2), ring.consumer(3));
    for dead in 10..30 {
        let mut victim = ring.producer(dead);
        assert_eq!(victim.poll_reserve(2), Ok(2));
        if dead % 2 == 0 {
            assert!(send(&mut victim, b"first"));
        }
        assert!(send(&mut b, b"behind"));
        // Comes when the consumer stands inside the run, and must not take what is left of it.
        let mut late = ring.producer(99);
        let mut found = vec![];
        for _ in 0..2 * COUNT {
            found.extend(take(&mut rx));
            if rx.stalled() == Some(dead) {
                send(&mut late, b"late");
                // SAFETY: that producer writes no more.
                unsafe { rx.skip(dead) };
            }
        }
        let first = found.iter().filter(|m| *m == b"first").count();
        let behind = found.iter().filter(|m| *m == b"behind").count();
        let late = found.iter().filter(|m| *m == b"late").count();
        assert_eq!((first, behind), (usize::from(dead % 2 == 0), 1), "{found:?}");
        assert!(late >= 1 && found.len() == first + behind + late, "{found:?}");
    }
}

#[test]
fn a_producer_that_comes_laps_late_finds_its_place() {
    let ring = Ring::new();
    let (mut a, mut late, mut rx) = (ring.producer(1), ring.producer(2), ring.consumer(3));
    for n in 0..50u8 {
        // Full at some times, inside a run at others.
        for _ in 0..n {
            if a.poll_reserve(2).unwrap() > 0 {
                assert!(send(&mut a, &[n]));
            } else {
                take(&mut rx).unwrap();
            }
        }
        while !send(&mut late, &[n, n]) {
            a.give_up();
            take(&mut rx).unwrap();
        }
        a.give_up();
        let rest: Vec<_> = std::iter::from_fn(|| take(&mut rx)).collect();
        assert_eq!(rest.iter().filter(|m| m.len() == 2).count(), 1, "{n}: {rest:?}");
    }
}

#[test]
fn words_out_of_their_lap_are_an_error_and_never_an_access_out_of_bounds() {
    let ring = Ring::new();
    for offset in (0..ring.len).step_by(8).filter(|&at| at >= 128) {
        for value in [1u64, u64::MAX, 1 << 63, 2 << 32, 0xffff_ffff, 1 << 32 | 0xffff_fffe] {
            let damaged = Ring::new();
            let (mut a, mut b, mut rx) =
                (damaged.producer(1), damaged.producer(2), damaged.consumer(3));
            (0..COUNT as u8).for_each(|n| assert!(send(&mut a, &[n])));
            take(&mut rx);
            // SAFETY: the offset is a multiple of 8 inside the memory.
            let at = unsafe { damaged.memory.base().add(offset) };
            // SAFETY: as above; no other thread runs.
            unsafe { at.cast::<u64>().write(value) };
            for _ in 0..3 * COUNT {
                let _ = (a.poll_reserve(2), a.poll_claim(3), b.poll_claim(LARGEST));
                a.commit();
                b.commit();
                if let Ok(true) = rx.poll_receive() {
                    assert!(rx.received().len() <= LARGEST + 25);
                }
                rx.release();
                let _ = (rx.stalled(), b.claimed().len());
            }
        }
    }
}

#[test]
fn the_end_comes_after_the_last_message_of_the_last_producer() {
    let ring = Ring::new();
    let (mut a, mut b, mut rx) = (ring.producer(1), ring.producer(2), ring.consumer(3));
    assert!(a.poll_claim(3).unwrap());
    assert!(send(&mut b, b"last"));
    a.close();
    assert_eq!(take(&mut rx).unwrap(), b"last", "what was claimed and given up is passed over");
    assert_eq!(rx.poll_receive(), Ok(false));
    b.close();
    assert_eq!(rx.poll_receive(), Err(RingError::Closed));
}

#[test]
fn a_producer_sees_the_consumer_close() {
    let ring = Ring::new();
    let (mut tx, mut rx) = (ring.producer(1), ring.consumer(3));
    rx.close();
    assert_eq!(tx.poll_claim(1), Err(RingError::Closed));
}

#[test]
fn the_first_that_polls_is_the_one_consumer() {
    let ring = Ring::new();
    let (mut tx, mut rx, mut late) = (ring.producer(1), ring.consumer(3), ring.consumer(4));
    assert!(send(&mut tx, b"one"));
    assert_eq!(take(&mut rx).unwrap(), b"one");
    assert_eq!(late.poll_receive(), Err(RingError::Occupied { tag: 3 }));
    late.close();
    assert!(tx.poll_claim(1).unwrap(), "it was not its to close");
}

#[test]
fn foreign_memory_and_wrong_shapes_are_refused() {
    let len = footprint(COUNT, LARGEST);
    let memory = Memory::of_bytes(len);
    // SAFETY: the memory has that many bytes, zeroed.
    let foreign = unsafe { Producer::attach(memory.base(), len, 1) }.unwrap_err();
    assert!(matches!(foreign, RingError::Foreign { field: "magic", found: 0 }));
    for count in [0, 1, 3] {
        // SAFETY: as above.
        let refused = unsafe { create(memory.base(), len, count, LARGEST) };
        assert!(matches!(refused, Err(RingError::Slots { .. })));
    }
    // SAFETY: as above.
    let refused = unsafe { create(memory.base(), len - 1, COUNT, LARGEST) };
    assert!(matches!(refused, Err(RingError::TooSmall { .. })));
}

#[test]
fn four_threads_under_stress_lose_nothing() {
    const EACH: u32 = 20_000;
    const SENDERS: u32 = 4;
    let ring = Ring::new();
    let mut rx = ring.consumer(9);
    thread::scope(|scope| {
        // All attach first: the end is when all that came have left.
        let producers: Vec<_> = (0..SENDERS).map(|n| ring.producer(1 + n)).collect();
        for (sender, mut tx) in (0u32..).zip(producers) {
            scope.spawn(move || {
                for n in 0..EACH {
                    let word = (u64::from(sender) << 32 | u64::from(n)).to_le_bytes();
                    while !send(&mut tx, &[word, word].concat()) {
                        thread::yield_now();
                    }
                }
                tx.close();
            });
        }
        let mut next = [0; SENDERS as usize];
        loop {
            match rx.poll_receive() {
                Ok(true) => {
                    let (a, b) = rx.received().split_at(8);
                    assert_eq!(a, b);
                    let word = u64::from_le_bytes(a.try_into().unwrap());
                    let sender = (word >> 32) as usize;
                    assert_eq!(word as u32, next[sender]);
                    next[sender] += 1;
                    rx.release();
                }
                Ok(false) => thread::yield_now(),
                Err(RingError::Closed) => break,
                Err(e) => panic!("{e}"),
            }
        }
        assert_eq!(next, [EACH; SENDERS as usize]);
    });
}
