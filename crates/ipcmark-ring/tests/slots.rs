//! The ring of slots in one process: against a model, in batches, under stress, and over damaged memory.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "halves are attached to raw memory")]

mod support;

use ipcmark_ring::slots::{Consumer, Producer, footprint, slot_bytes};
use ipcmark_ring::{CONTROL_BYTES, RingError};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use support::Memory;

/// Offsets of the shared words, as they are laid out: header, the consumer's number, the end.
const COUNT_AT: usize = 16;
const HEAD_AT: usize = 128;

struct Ring {
    memory: Memory,
    len: usize,
}

impl Ring {
    fn new(count: usize, largest: usize) -> Ring {
        let len = footprint(count, largest);
        let memory = Memory::of_bytes(len);
        // SAFETY: the memory has that many bytes and no one else uses it yet.
        unsafe { Producer::create(memory.base(), len, count, largest) }.unwrap();
        Ring { memory, len }
    }

    fn producer(&self) -> Result<Producer<'_>, RingError> {
        // SAFETY: the memory outlives the half; the tests use one at a time.
        unsafe { Producer::attach(self.memory.base(), self.len) }
    }

    fn consumer(&self) -> Result<Consumer<'_>, RingError> {
        // SAFETY: as above.
        unsafe { Consumer::attach(self.memory.base(), self.len) }
    }

    fn both(&self) -> (Producer<'_>, Consumer<'_>) {
        (self.producer().unwrap(), self.consumer().unwrap())
    }
}

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
    Publish,
    /// Messages of one length.
    SendMany(u64, usize),
    Abandon(usize),
    Peek,
    Take,
    Drain(u64),
    /// Both halves again.
    Attach,
}

fn step(largest: usize) -> impl Strategy<Value = Step> {
    let message = move || prop::collection::vec(any::<u8>(), 0..=largest);
    prop_oneof![
        4 => message().prop_map(Step::Send),
        2 => message().prop_map(Step::Stage),
        1 => Just(Step::Publish),
        2 => (0u64..9, 0..=largest).prop_map(|(most, len)| Step::SendMany(most, len)),
        1 => (0..=largest).prop_map(Step::Abandon),
        1 => Just(Step::Peek),
        3 => Just(Step::Take),
        2 => (0u64..9).prop_map(Step::Drain),
        1 => Just(Step::Attach),
    ]
}

proptest! {
    #[test]
    fn a_ring_is_a_queue(
        (count, largest, steps) in (2usize..=9, 0usize..=130).prop_flat_map(|(count, largest)| {
            (Just(count), Just(largest), prop::collection::vec(step(largest), 0..200))
        }),
    ) {
        let ring = Ring::new(count, largest);
        let (mut tx, mut rx) = ring.both();
        // Published, and behind it staged.
        let (mut model, mut staged) = (VecDeque::<Vec<u8>>::new(), VecDeque::new());
        let mut tag = 0u8;
        for step in steps {
            if matches!(step, Step::Peek | Step::Take | Step::Drain(_)) {
                tx.publish();
                model.append(&mut staged);
            }
            let room = count - model.len() - staged.len();
            match step {
                Step::Send(message) => {
                    prop_assert_eq!(send(&mut tx, &message), room > 0);
                    // Either way: a look for room publishes what is staged.
                    model.append(&mut staged);
                    if room > 0 {
                        model.push_back(message);
                    }
                }
                Step::Stage(message) => {
                    let claimed = tx.poll_claim(message.len()).unwrap();
                    prop_assert_eq!(claimed, room > 0);
                    if claimed {
                        tx.claimed().copy_from_slice(&message);
                        tx.stage();
                        staged.push_back(message);
                    }
                }
                Step::Publish => {
                    tx.publish();
                    model.append(&mut staged);
                }
                Step::SendMany(most, len) => {
                    let claimed = tx.poll_claim_many(most, len).unwrap();
                    prop_assert_eq!(claimed, most.min(room as u64));
                    model.append(&mut staged);
                    for space in tx.claims() {
                        tag = tag.wrapping_add(1);
                        space.fill(tag);
                        model.push_back(vec![tag; len]);
                    }
                    tx.commit();
                }
                Step::Abandon(len) => {
                    tx.publish();
                    model.append(&mut staged);
                    if let Some(space) = tx.try_claim(len).unwrap() {
                        prop_assert_eq!(space.len(), len);
                        space.fill(0xee);
                    }
                }
                Step::Peek => prop_assert_eq!(
                    rx.try_receive().unwrap(),
                    model.front().map(|m| &m[..])
                ),
                Step::Take => prop_assert_eq!(take(&mut rx), model.pop_front()),
                Step::Drain(most) => {
                    let mut taken = vec![];
                    let number = rx.drain(most, |message| taken.push(message.to_vec())).unwrap();
                    prop_assert_eq!(number, most.min(model.len() as u64));
                    prop_assert_eq!(taken, model.drain(..number as usize).collect::<Vec<_>>());
                }
                Step::Attach => {
                    tx.publish();
                    model.append(&mut staged);
                    (tx, rx) = ring.both();
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

    /// Whatever a peer writes, a side gets messages that lie inside their slots, or an error; it never leaves the ring.
    #[test]
    fn no_bytes_lead_out_of_the_ring(
        head in any::<u64>(), words in prop::collection::vec(word(), 12),
    ) {
        let mut ring = Ring::new(4, 16);
        ring.memory.poke(HEAD_AT, head);
        for (i, word) in words.iter().enumerate() {
            ring.memory.poke(CONTROL_BYTES + i * 8, *word);
        }
        if let Ok(mut rx) = ring.consumer() {
            for _ in 0..32 {
                match rx.try_receive() {
                    Ok(Some(message)) => prop_assert!(message.len() <= 16),
                    Ok(None) | Err(_) => break,
                }
                rx.release();
            }
        }
        if let Ok(mut tx) = ring.producer() {
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

/// Mostly words that look like those of messages.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![3 => (0u64..9, 0u64..20).prop_map(|(n, len)| n << 32 | len), 1 => any::<u64>()]
}

#[test]
fn too_long_a_message_is_refused_and_nothing_is_sent() {
    let ring = Ring::new(2, 56);
    let (mut tx, mut rx) = ring.both();
    assert_eq!((tx.count(), tx.largest(), rx.count(), rx.largest()), (2, 56, 2, 56));
    assert_eq!(tx.try_claim(57), Err(RingError::TooLong { len: 57, max: 56 }));
    tx.commit();
    assert_eq!(rx.try_receive(), Ok(None));
}

#[test]
fn a_commit_or_release_without_its_other_half_does_nothing() {
    let ring = Ring::new(2, 8);
    let (mut tx, mut rx) = ring.both();
    tx.commit();
    tx.publish();
    rx.release();
    assert_eq!((tx.claimed().len(), tx.claims().count()), (0, 0));
    assert!(send(&mut tx, b"one"));
    tx.commit();
    assert_eq!(tx.claimed().len(), 0, "committed bytes are the consumer's");
    assert_eq!(take(&mut rx).as_deref(), Some(&b"one"[..]));
    rx.release();
    assert_eq!(rx.received().len(), 0, "released bytes are the producer's");
    assert_eq!(rx.try_receive(), Ok(None));
}

#[test]
fn what_is_staged_is_not_seen_before_it_is_published() {
    let ring = Ring::new(4, 8);
    let (mut tx, mut rx) = ring.both();
    for n in 0..3 {
        assert!(tx.poll_claim(8).unwrap());
        tx.claimed().fill(n);
        tx.stage();
        assert_eq!(rx.try_receive(), Ok(None));
    }
    tx.publish();
    let mut n = 0;
    let mut in_order = |message: &[u8]| {
        assert_eq!(message, [n; 8]);
        n += 1;
    };
    assert_eq!(rx.drain(9, &mut in_order), Ok(3));
    assert_eq!(rx.drain(9, &mut in_order), Ok(0));
}

#[test]
fn a_full_ring_takes_no_more_until_a_slot_is_given_back() {
    let ring = Ring::new(3, 8);
    let (mut tx, mut rx) = ring.both();
    assert_eq!((0u8..).take_while(|n| send(&mut tx, &[*n; 8])).count(), 3);
    assert!(rx.try_receive().unwrap().is_some());
    assert!(!send(&mut tx, &[4; 8]), "a lent message keeps its slot");
    rx.release();
    assert!(send(&mut tx, &[4; 8]));
    assert_eq!(tx.poll_claim_many(3, 8), Ok(0));
}

#[test]
fn each_side_sees_the_other_close() {
    let ring = Ring::new(2, 8);
    let (mut tx, mut rx) = ring.both();
    assert!(send(&mut tx, b"last"));
    tx.close();
    assert_eq!(tx.try_claim(1), Err(RingError::Closed));
    assert_eq!(take(&mut rx).as_deref(), Some(&b"last"[..]));
    assert_eq!(rx.try_receive(), Err(RingError::Closed));
    assert_eq!(rx.drain(1, |_| ()), Err(RingError::Closed));
    assert_eq!(ring.producer().unwrap().try_claim(1), Err(RingError::Closed));
    let ring = Ring::new(2, 8);
    let (mut tx, mut rx) = ring.both();
    while send(&mut tx, b"unread") {}
    rx.close();
    rx.release();
    assert_eq!(tx.try_claim(6), Err(RingError::Closed));
    assert_eq!(ring.producer().unwrap().try_claim(1), Err(RingError::Closed));
}

#[test]
fn a_batch_counts_what_was_released_since_it_was_last_taken() {
    let ring = Ring::new(8, 8);
    let (mut tx, mut rx) = ring.both();
    assert_eq!((take(&mut rx), rx.take_batch()), (None, 0));
    for sent in [5, 1, 3] {
        (0..sent).for_each(|n| assert!(send(&mut tx, &[n])));
        (0..sent).for_each(|n| assert_eq!(take(&mut rx), Some(vec![n])));
        assert_eq!((take(&mut rx), rx.take_batch()), (None, u32::from(sent)));
        assert_eq!(rx.take_batch(), 0);
    }
}

#[test]
fn memory_that_holds_no_ring_is_refused() {
    let mut ring = Ring::new(4, 8);
    let len = ring.len;
    ring.len = len - 1;
    assert!(matches!(ring.consumer(), Err(RingError::TooSmall { .. })));
    ring.len = 100;
    assert!(matches!(ring.producer(), Err(RingError::TooSmall { .. })));
    ring.len = len;
    ring.memory.poke(COUNT_AT, 5);
    assert!(matches!(ring.consumer(), Err(RingError::TooSmall { .. })));
    ring.memory.poke(COUNT_AT, 1);
    assert!(matches!(ring.consumer(), Err(RingError::Slots { count: 1, largest: 8 })));
    ring.memory.poke(8, 1);
    assert!(matches!(ring.consumer(), Err(RingError::Foreign { field: "kind", found: 1 })));
    ring.memory.poke(0, 7);
    assert!(matches!(ring.producer(), Err(RingError::Foreign { field: "magic", found: 7 })));
}

#[test]
fn damaged_numbers_and_lengths_are_errors() {
    let mut ring = Ring::new(4, 8);
    let (slot, first) = (slot_bytes(8), CONTROL_BYTES);
    ring.memory.poke(first, 9);
    assert!(matches!(
        ring.consumer().unwrap().try_receive(),
        Err(RingError::Corrupt { value: 9, .. })
    ));
    ring.memory.poke(first + slot, 2 << 32);
    ring.memory.poke(first, 8);
    let mut rx = ring.consumer().unwrap();
    take(&mut rx).unwrap();
    assert!(
        matches!(rx.try_receive(), Err(RingError::Corrupt { .. })),
        "message 2 in the slot of 1"
    );
    let mut ring = Ring::new(4, 8);
    // SAFETY: the memory outlives this half, the only producer.
    let mut tx = unsafe { Producer::attach(ring.memory.base(), ring.len) }.unwrap();
    while send(&mut tx, b"full") {}
    ring.memory.poke(HEAD_AT, 2 * 99);
    assert!(matches!(tx.try_claim(8), Err(RingError::Corrupt { value: 99, .. })));
}

#[test]
fn a_flag_is_up_from_announcement_until_someone_takes_it_down() {
    let ring = Ring::new(2, 8);
    let (mut tx, rx) = ring.both();
    assert!(!tx.take_wake());
    let asleep = rx.announce_sleep();
    assert_eq!(tx.peer_flag().load(Ordering::Relaxed), asleep);
    assert!(send(&mut tx, b"wake up"));
    assert!(tx.take_wake());
    assert!(!tx.take_wake(), "one wake-up a sleep");
    let _ = tx.announce_sleep();
    tx.retract_sleep();
    assert!(!rx.take_wake());
}

/// Two threads, messages of many lengths, single and in batches, each with its number in every byte that a misplaced
/// copy would hit.
#[test]
fn two_threads_lose_and_damage_nothing() {
    let messages: u64 = if cfg!(miri) { 200 } else { 300_000 };
    let largest = 100;
    let len_of =
        |n: u64| 8 + (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % (largest - 7);
    let expected = |n: u64, at: usize| (n as u8).wrapping_mul(31).wrapping_add(at as u8);
    let write = |n: u64, space: &mut [u8]| {
        space[..8].copy_from_slice(&n.to_le_bytes());
        space.iter_mut().enumerate().skip(8).for_each(|(at, b)| *b = expected(n, at));
    };
    let ring = Ring::new(7, largest);
    let (mut tx, mut rx) = ring.both();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut n = 0;
            while n < messages {
                // A lot of one length, from 1 to 4 messages.
                let most = (n % 4 + 1).min(messages - n);
                if tx.poll_claim_many(most, len_of(n / 4)).unwrap() == 0 {
                    std::thread::yield_now();
                }
                for space in tx.claims() {
                    write(n, space);
                    n += 1;
                }
                if n % 3 == 0 { tx.stage() } else { tx.commit() }
            }
            tx.close();
        });
        let mut n = 0u64;
        let mut check = |message: &[u8]| {
            assert_eq!(message[..8], n.to_le_bytes());
            assert!(message.iter().enumerate().skip(8).all(|(at, b)| *b == expected(n, at)), "{n}");
            n += 1;
        };
        let end = loop {
            match rx.drain(5, &mut check) {
                Ok(0) => std::thread::yield_now(),
                Ok(_) => {}
                Err(end) => break end,
            }
        };
        assert_eq!((end, n), (RingError::Closed, messages));
    });
}
