//! The SPSC ring in one process: against a model, under stress, and over damaged memory.
#![cfg(not(loom))]

mod support;

use ipcmark_ring::spsc::{Consumer, Producer};
use ipcmark_ring::{CONTROL_BYTES, RingError, capacity_for, footprint, largest_message};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use support::Memory;

/// Offsets of the shared words, as the layout documents them.
const CAPACITY_AT: usize = 16;
const HEAD_AT: usize = 128;

fn send(tx: &mut Producer<'_>, message: &[u8]) -> bool {
    match tx.try_claim(message.len()).unwrap() {
        Some(space) => space.copy_from_slice(message),
        None => return false,
    }
    tx.commit();
    true
}

fn take(rx: &mut Consumer<'_>) -> Option<Vec<u8>> {
    let message = rx.try_receive().unwrap()?.to_vec();
    rx.release();
    Some(message)
}

#[derive(Debug, Clone)]
enum Step {
    Send(Vec<u8>),
    Stage(Vec<u8>),
    SendMany(usize, usize),
    Publish,
    Abandon(usize),
    Peek,
    Take,
    TakeMany(usize),
    TakeCopied,
}

fn step(max: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..=max).prop_map(Step::Send),
        3 => prop::collection::vec(any::<u8>(), 0..=max).prop_map(Step::Stage),
        1 => Just(Step::Publish),
        2 => (0..6usize, 0..=max).prop_map(|(count, len)| Step::SendMany(count, len)),
        2 => (0..6usize).prop_map(Step::TakeMany),
        1 => (0..=max).prop_map(Step::Abandon),
        1 => Just(Step::Peek),
        2 => Just(Step::Take),
        1 => Just(Step::TakeCopied),
    ]
}

proptest! {
    #[test]
    fn a_ring_is_a_queue(
        (shift, steps) in (6u32..=13).prop_flat_map(|shift| {
            (Just(shift), prop::collection::vec(step(largest_message(1 << shift)), 0..200))
        }),
    ) {
        let capacity = 1 << shift;
        let mut memory = Memory::new(capacity);
        let (mut tx, mut rx) = memory.ring(capacity).unwrap();
        let mut model: VecDeque<Vec<u8>> = VecDeque::new();
        let mut staged: VecDeque<Vec<u8>> = VecDeque::new();
        for step in steps {
            match step {
                Step::Send(message) if message.len() % 2 == 0 => {
                    let sent = tx.try_send(&message).unwrap();
                    // Whether there was room or not, what was staged is published.
                    model.append(&mut staged);
                    prop_assert!(sent || !model.is_empty(), "an empty ring takes every length");
                    if sent {
                        model.push_back(message);
                    }
                }
                Step::Send(message) => {
                    let sent = send(&mut tx, &message);
                    model.append(&mut staged);
                    prop_assert!(sent || !model.is_empty(), "an empty ring takes every length");
                    if sent {
                        model.push_back(message);
                    }
                }
                Step::Stage(message) => match tx.try_claim(message.len()).unwrap() {
                    Some(space) => {
                        space.copy_from_slice(&message);
                        tx.stage();
                        staged.push_back(message);
                    }
                    None => model.append(&mut staged),
                },
                Step::SendMany(count, len) => {
                    let sent = tx.send_many(count, len, |n, space| space.fill(n as u8)).unwrap();
                    model.append(&mut staged);
                    prop_assert!(sent > 0 || count == 0 || !model.is_empty());
                    prop_assert!(sent <= count);
                    model.extend((0..sent).map(|n| vec![n as u8; len]));
                }
                Step::TakeMany(most) => {
                    let mut taken = vec![];
                    let n = rx.receive_many(most, |message| taken.push(message.to_vec())).unwrap();
                    let expected: Vec<_> = model.drain(..most.min(model.len())).collect();
                    prop_assert_eq!((n, taken), (expected.len(), expected));
                }
                Step::Publish => {
                    tx.publish();
                    model.append(&mut staged);
                }
                Step::Abandon(len) => {
                    match tx.try_claim(len).unwrap() {
                        Some(space) => {
                            prop_assert_eq!(space.len(), len);
                            space.fill(0xee);
                        }
                        None => model.append(&mut staged),
                    }
                }
                Step::Peek => prop_assert_eq!(
                    rx.try_receive().unwrap(),
                    model.front().map(|m| &m[..])
                ),
                Step::Take => prop_assert_eq!(take(&mut rx), model.pop_front()),
                Step::TakeCopied => {
                    let mut into = [0; 8192];
                    let copied = rx.try_copy(&mut into).unwrap().map(|len| into[..len].to_vec());
                    prop_assert_eq!(copied, model.pop_front());
                }
            }
        }
        tx.close();
        model.append(&mut staged);
        while let Some(expected) = model.pop_front() {
            prop_assert_eq!(take(&mut rx), Some(expected));
        }
        prop_assert_eq!(rx.try_receive(), Err(RingError::Closed));
    }

    /// Whatever a peer writes, a side gets messages that lie inside the ring, or an error; it never leaves the ring.
    #[test]
    fn no_bytes_lead_out_of_the_ring(
        head in 0u64..64, copies in any::<bool>(), words in prop::collection::vec(word(), 16),
    ) {
        let mut memory = Memory::new(128);
        memory.ring(128).unwrap();
        memory.poke(HEAD_AT, head * 8);
        for (i, word) in words.iter().enumerate() {
            memory.poke(CONTROL_BYTES + i * 8, *word);
        }
        let len = footprint(128);
        if let Ok(mut rx) = memory.consumer(len) {
            let mut into = [0; 64];
            for _ in 0..32 {
                if copies {
                    let copied = rx.try_copy(&mut into);
                    prop_assert!(copied.is_err() || copied.unwrap() <= Some(128 - 8));
                    continue;
                }
                match rx.try_receive() {
                    Ok(Some(message)) => prop_assert!(message.len() <= 128 - 8),
                    Ok(None) | Err(_) => break,
                }
                rx.release();
            }
        }
        if let Ok(mut tx) = memory.producer(len) {
            for _ in 0..32 {
                match tx.try_claim(8) {
                    Ok(Some(space)) => space.fill(1),
                    Ok(None) | Err(_) => break,
                }
                tx.commit();
            }
        }
    }
}

/// Mostly words that look like record headers.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => (0u64..6, 0u64..130, 0u64..20).prop_map(|(kind, len, there)| there << 35 | kind << 32 | len),
        1 => any::<u64>(),
    ]
}

#[test]
fn the_largest_message_fits_at_every_position() {
    for (capacity, lead) in [256, 4096].into_iter().flat_map(|c| (0..c / 8).map(move |n| (c, n))) {
        let max = largest_message(capacity);
        let mut memory = Memory::new(capacity);
        let (mut tx, mut rx) = memory.ring(capacity).unwrap();
        for _ in 0..lead {
            assert!(send(&mut tx, b""));
            assert_eq!(take(&mut rx), Some(vec![]));
        }
        assert!(send(&mut tx, &vec![9; max]), "{lead} records of 8 B before it");
        assert_eq!(take(&mut rx), Some(vec![9; max]));
    }
}

#[test]
fn too_long_a_message_is_refused_and_nothing_is_sent() {
    let mut memory = Memory::new(128);
    let (mut tx, mut rx) = memory.ring(128).unwrap();
    assert_eq!(tx.try_claim(57), Err(RingError::TooLong { len: 57, max: 56 }));
    assert_eq!(tx.try_claim(usize::MAX), Err(RingError::TooLong { len: usize::MAX, max: 56 }));
    tx.commit();
    assert_eq!(rx.try_receive(), Ok(None));
}

#[test]
fn a_commit_or_release_without_its_other_half_does_nothing() {
    let mut memory = Memory::new(64);
    let (mut tx, mut rx) = memory.ring(64).unwrap();
    tx.commit();
    rx.release();
    assert_eq!(tx.claimed().len(), 0);
    assert!(send(&mut tx, b"one"));
    tx.commit();
    assert_eq!(tx.claimed().len(), 0, "committed bytes are the consumer's");
    assert_eq!(take(&mut rx).as_deref(), Some(&b"one"[..]));
    rx.release();
    assert_eq!(rx.received().len(), 0, "released bytes are the producer's");
    assert_eq!(rx.try_receive(), Ok(None));
}

#[test]
fn a_full_ring_takes_no_more_until_space_is_given_back() {
    let mut memory = Memory::new(64);
    let (mut tx, mut rx) = memory.ring(64).unwrap();
    let sent = (0u8..).take_while(|n| send(&mut tx, &[*n; 8])).count();
    assert_eq!(sent, 3, "records of 16 B, and one word that stays empty");
    assert!(rx.try_receive().unwrap().is_some());
    assert!(!send(&mut tx, &[3; 8]), "a lent message keeps its space");
    rx.release();
    assert!(send(&mut tx, &[3; 8]));
}

#[test]
fn each_side_sees_the_other_close() {
    let mut memory = Memory::new(64);
    let (mut tx, mut rx) = memory.ring(64).unwrap();
    assert!(send(&mut tx, b"last"));
    tx.close();
    tx.commit();
    assert_eq!(take(&mut rx).as_deref(), Some(&b"last"[..]));
    assert_eq!(rx.try_receive(), Err(RingError::Closed));
    let mut memory = Memory::new(64);
    let (mut tx, mut rx) = memory.ring(64).unwrap();
    while send(&mut tx, b"unread") {}
    rx.close();
    rx.release();
    assert_eq!(tx.try_claim(6), Err(RingError::Closed));
    let len = footprint(64);
    assert_eq!(memory.producer(len).unwrap().try_claim(1), Err(RingError::Closed));
}

#[test]
fn a_half_attached_anew_goes_on_where_the_last_one_left_off() {
    let (mut memory, len) = (Memory::new(64), footprint(64));
    let (mut tx, _) = memory.ring(64).unwrap();
    assert!(send(&mut tx, b"one") && send(&mut tx, b"two"));
    let mut rx = memory.consumer(len).unwrap();
    assert_eq!(take(&mut rx).as_deref(), Some(&b"one"[..]));
    assert!(send(&mut memory.producer(len).unwrap(), b"three"));
    let mut rx = memory.consumer(len).unwrap();
    assert_eq!(take(&mut rx).as_deref(), Some(&b"two"[..]));
    assert_eq!(take(&mut rx).as_deref(), Some(&b"three"[..]));
}

#[test]
fn a_batch_counts_what_was_released_since_it_was_last_asked_for() {
    let mut memory = Memory::new(256);
    let (mut tx, mut rx) = memory.ring(256).unwrap();
    for n in 0..3 {
        assert!(send(&mut tx, &[n]));
        take(&mut rx).unwrap();
    }
    assert_eq!(rx.take_batch(), 3);
    assert!(send(&mut tx, &[3]));
    take(&mut rx).unwrap();
    assert_eq!((rx.take_batch(), rx.take_batch()), (1, 0));
}

#[test]
fn what_is_staged_is_not_seen_before_it_is_published_and_then_all_at_once() {
    let mut memory = Memory::new(256);
    let (mut tx, mut rx) = memory.ring(256).unwrap();
    for n in 0..3 {
        tx.try_claim(4).unwrap().unwrap().fill(n);
        tx.stage();
        assert_eq!(rx.try_receive(), Ok(None));
    }
    tx.publish();
    for n in 0..3 {
        assert_eq!(take(&mut rx), Some(vec![n; 4]));
    }
    tx.publish();
    assert_eq!(rx.try_receive(), Ok(None));
}

#[test]
fn a_claim_that_finds_no_room_publishes_what_is_staged() {
    let mut memory = Memory::new(64);
    let (mut tx, mut rx) = memory.ring(64).unwrap();
    for n in 0..3 {
        tx.try_claim(8).unwrap().unwrap().fill(n);
        tx.stage();
    }
    assert_eq!(rx.try_receive(), Ok(None));
    assert_eq!(tx.try_claim(8), Ok(None));
    assert_eq!(take(&mut rx), Some(vec![0; 8]));
}

/// What was in the ring a lap ago looks like headers, all of it.
#[test]
fn old_bytes_are_never_taken_for_a_record() {
    let mut memory = Memory::new(256);
    let (mut tx, mut rx) = memory.ring(256).unwrap();
    let forged: Vec<u8> = (1u64 << 32 | 8).to_le_bytes().repeat(9);
    for round in 0..1000 {
        let message = &forged[..8 * (round % 10)];
        assert!(send(&mut tx, message));
        assert_eq!(take(&mut rx).as_deref(), Some(message));
        assert_eq!(rx.try_receive(), Ok(None), "in round {round}");
    }
}

#[test]
fn a_copy_goes_on_where_it_had_to_stop() {
    let mut memory = Memory::new(256 << 10);
    let (mut tx, mut rx) = memory.ring(256 << 10).unwrap();
    let messages = if cfg!(miri) { 2 } else { 50 };
    let len = |n: usize| 40_000 + 1237 * n % 80_000;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..messages {
                let message: Vec<u8> = (0..len(n)).map(|at| (at * 7 + n) as u8).collect();
                while !tx.try_send(&message).unwrap() {
                    std::thread::yield_now();
                }
            }
            tx.close();
        });
        let mut into = vec![0; 256 << 10];
        for n in 0..messages {
            let got = loop {
                match rx.try_copy(&mut into).unwrap() {
                    Some(len) => break len,
                    None => std::thread::yield_now(),
                }
            };
            assert_eq!(got, len(n));
            assert!(into[..got].iter().enumerate().all(|(at, b)| *b == (at * 7 + n) as u8), "{n}");
        }
        let end = loop {
            match rx.try_copy(&mut into) {
                Ok(None) => std::thread::yield_now(),
                end => break end,
            }
        };
        assert_eq!(end, Err(RingError::Closed));
    });
}

#[test]
fn a_copy_into_too_little_memory_is_refused_and_can_be_made_good() {
    let mut memory = Memory::new(64);
    let (mut tx, mut rx) = memory.ring(64).unwrap();
    assert!(tx.try_send(b"eleven byte").unwrap());
    assert_eq!(rx.try_copy(&mut [0; 10]), Err(RingError::TooSmall { len: 10, needed: 11 }));
    let mut into = [0; 11];
    assert_eq!(rx.try_copy(&mut into), Ok(Some(11)));
    assert_eq!(&into, b"eleven byte");
}

#[test]
fn memory_that_holds_no_ring_is_refused() {
    let (mut memory, len) = (Memory::new(64), footprint(64));
    assert!(matches!(memory.consumer(len), Err(RingError::Foreign { field: "magic", found: 0 })));
    assert!(matches!(memory.ring(96), Err(RingError::Capacity { capacity: 96 })));
    assert!(matches!(memory.ring(128), Err(RingError::TooSmall { .. })));
    memory.ring(64).unwrap();
    assert!(matches!(memory.consumer(len - 1), Err(RingError::TooSmall { .. })));
    assert!(matches!(memory.consumer(100), Err(RingError::TooSmall { .. })));
    memory.poke(CAPACITY_AT, 128);
    assert!(matches!(memory.consumer(len), Err(RingError::TooSmall { .. })));
    memory.poke(CAPACITY_AT, 65);
    assert!(matches!(memory.consumer(len), Err(RingError::Capacity { capacity: 65 })));
    memory.poke(8, 0xdead << 32);
    assert!(matches!(memory.consumer(len), Err(RingError::Foreign { field: "kind", found: 0 })));
}

#[test]
fn a_damaged_ring_is_an_error() {
    let (mut memory, len) = (Memory::new(64), footprint(64));
    memory.ring(64).unwrap();
    for wrong in [7 << 32, 1 << 32 | 57, 2 << 32 | 56, 3 << 32 | 1 << 31] {
        memory.poke(CONTROL_BYTES, wrong);
        assert!(
            matches!(memory.consumer(len), Err(RingError::Corrupt { value, .. }) if value == wrong)
        );
        assert!(
            matches!(memory.producer(len), Err(RingError::Corrupt { value, .. }) if value == wrong)
        );
    }
    for at in 0..8 {
        memory.poke(CONTROL_BYTES + 8 * at, 1 << 32);
    }
    memory.consumer(len).unwrap();
    let found = memory.producer(len);
    assert!(matches!(found, Err(RingError::Corrupt { .. })), "records lead around the ring");
    memory.poke(HEAD_AT, 12);
    assert!(matches!(memory.producer(len), Err(RingError::Corrupt { value: 12, .. })));
    assert!(matches!(memory.consumer(len), Err(RingError::Corrupt { value: 12, .. })));
    memory.poke(CONTROL_BYTES, 0);
    memory.poke(HEAD_AT, 0);
    let mut tx = memory.producer(len).unwrap();
    while send(&mut tx, b"fill") {}
    memory.poke(HEAD_AT, 8);
    assert!(memory.producer(len).is_err(), "the head is inside a record");
    assert_eq!(memory.peek(HEAD_AT), 8);
}

#[test]
fn a_flag_is_up_from_announcement_until_someone_takes_it_down() {
    let mut memory = Memory::new(64);
    let (mut tx, rx) = memory.ring(64).unwrap();
    assert!(!tx.take_wake());
    let asleep = rx.announce_sleep();
    assert_eq!(rx.own_flag().load(Ordering::Relaxed), asleep);
    assert!(send(&mut tx, b"wake up"));
    assert!(tx.take_wake());
    assert!(!tx.take_wake(), "one wake-up a sleep");
    let _ = tx.announce_sleep();
    tx.retract_sleep();
    assert!(!rx.take_wake());
}

/// Two threads, messages of many lengths, each with its number in every byte position that a misplaced copy would hit.
#[test]
fn two_threads_lose_and_damage_nothing() {
    let messages: u64 = if cfg!(miri) { 200 } else { 300_000 };
    let longest = 200;
    let capacity = capacity_for(4, longest).unwrap();
    let len_of =
        |n: u64| 8 + (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % (longest - 7);
    let check = |n: u64, at: usize| (n as u8).wrapping_mul(31).wrapping_add(at as u8);
    let mut memory = Memory::new(capacity);
    let (mut tx, mut rx) = memory.ring(capacity).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..messages {
                while !tx.poll_claim(len_of(n)).unwrap() {
                    std::thread::yield_now();
                }
                let space = tx.claimed();
                space[..8].copy_from_slice(&n.to_le_bytes());
                space.iter_mut().enumerate().skip(8).for_each(|(at, b)| *b = check(n, at));
                tx.commit();
            }
            tx.close();
        });
        let mut n = 0;
        loop {
            match rx.poll_receive() {
                Ok(true) => {}
                Ok(false) => {
                    std::thread::yield_now();
                    continue;
                }
                Err(end) => {
                    assert_eq!((end, n), (RingError::Closed, messages));
                    break;
                }
            }
            let message = rx.received();
            assert_eq!(message.len(), len_of(n));
            assert_eq!(message[..8], n.to_le_bytes());
            assert!(message.iter().enumerate().skip(8).all(|(at, b)| *b == check(n, at)), "{n}");
            rx.release();
            n += 1;
        }
    });
}
