//! A peer that breaks the rules: random words are written into the shared memory between calls. Each half answers with an
//! error, or with some message; it never panics, loops for ever or leaves its memory.
#![cfg(not(loom))]
#![allow(unsafe_code, reason = "halves are attached to raw memory")]

mod support;

use ipcmark_ring::{RingError, broadcast, footprint, latest, mpsc, slots, spsc};
use proptest::prelude::*;
use support::Memory;

/// Bytes behind each ring that no one may touch.
const FENCE: usize = 4096;
const CAPACITY: usize = 256;
const COUNT: usize = 4;
const LARGEST: usize = 40;

/// One step: a call, with a length; or a word of the memory, with a new value.
#[derive(Debug, Clone, Copy)]
enum Step {
    Call { what: usize, len: usize },
    Write { at: usize, value: Value },
}

/// What is written, some of it by what is there: a word near the right one passes most checks.
#[derive(Debug, Clone, Copy)]
enum Value {
    Word(u64),
    Plus(u64),
    Flip(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let edges = vec![
        0,
        1,
        2,
        u64::MAX,
        1 << 63,
        (1 << 63) + 1,
        (1 << 32) - 1,
        1 << 32,
        3 << 30,
        u64::MAX - 1,
    ];
    let value = prop_oneof![
        prop::sample::select(edges).prop_map(Value::Word),
        any::<u64>().prop_map(Value::Word),
        (0u64..1024).prop_map(Value::Word),
        (-64i64..64).prop_map(|by| Value::Plus(by as u64)),
        (0u32..64).prop_map(Value::Flip),
    ];
    // The heads are at the front: they are hit as often as all messages together.
    let at = prop_oneof![0usize..64, 0usize..1 << 10];
    let call = (0usize..12, 0usize..2 * CAPACITY).prop_map(|(what, len)| Step::Call { what, len });
    let write = (at, value).prop_map(|(at, value)| Step::Write { at, value });
    prop::collection::vec(prop_oneof![3 => call, 1 => write], 1..120)
}

/// Memory of a ring, with a fence behind it.
struct Fenced {
    memory: Memory,
    len: usize,
}

impl Fenced {
    fn new(len: usize) -> Fenced {
        Fenced { memory: Memory::of_bytes(len + FENCE), len }
    }

    fn write(&mut self, at: usize, value: Value) {
        let at = at * 8 % (self.len & !7);
        let there = self.memory.peek(at);
        let value = match value {
            Value::Word(word) => word,
            Value::Plus(by) => there.wrapping_add(by),
            Value::Flip(bit) => there ^ 1 << bit,
        };
        self.memory.poke(at, value);
    }

    fn is_whole(&mut self) -> bool {
        (self.len.next_multiple_of(8)..self.len + FENCE)
            .step_by(8)
            .all(|at| self.memory.peek(at) == 0)
    }
}

/// Plays the steps: writes here, calls with `call`.
fn play(mut fenced: Fenced, steps: &[Step], mut call: impl FnMut(usize, usize)) -> bool {
    for step in steps {
        match *step {
            Step::Call { what, len } => call(what, len),
            Step::Write { at, value } => fenced.write(at, value),
        }
    }
    fenced.is_whole()
}

proptest! {
    #[test]
    fn spsc_survives(steps in steps()) {
        let fenced = Fenced::new(footprint(CAPACITY));
        let (base, len) = (fenced.memory.base(), fenced.len);
        // SAFETY: the memory outlives the halves, which only this test's thread uses.
        let mut tx = unsafe { spsc::Producer::create(base, len, CAPACITY) }.unwrap();
        // SAFETY: as above.
        let mut rx = unsafe { spsc::Consumer::attach(base, len) }.unwrap();
        let mut into = vec![0; CAPACITY];
        let whole = play(fenced, &steps, |what, bytes| match what {
            0..3 => if let Ok(Some(space)) = tx.try_claim(bytes) {
                space.fill(7);
                if what > 0 { tx.commit() } else { tx.stage() }
            },
            3 => drop(tx.try_send(&vec![7; bytes])),
            4 => drop(tx.send_many(8, bytes % 32, |_, space| space.fill(7))),
            5 => tx.publish(),
            6 => drop(rx.try_receive().map(|message| message.map(|m| m.iter().fold(0u8, |sum, b| sum ^ b)))),
            7 => drop(rx.receive_many(8, |message| assert!(message.len() <= CAPACITY))),
            8 => drop(rx.try_copy(&mut into)),
            9 => { let _ = (rx.take_batch(), tx.take_wake(), rx.take_wake()); }
            10 => {
                // SAFETY: as above: who comes late meets the same words.
                let _ = unsafe { spsc::Consumer::attach(base, len) };
                // SAFETY: the memory is the same, and larger than what is attached.
                let _ = unsafe { spsc::Producer::attach(base, len) };
            }
            _ => rx.release(),
        });
        prop_assert!(whole);
    }

    #[test]
    fn slots_survive(steps in steps()) {
        let fenced = Fenced::new(slots::footprint(COUNT, LARGEST));
        let (base, len) = (fenced.memory.base(), fenced.len);
        // SAFETY: the memory outlives the halves, which only this test's thread uses.
        let mut tx = unsafe { slots::Producer::create(base, len, COUNT, LARGEST) }.unwrap();
        // SAFETY: as above.
        let mut rx = unsafe { slots::Consumer::attach(base, len) }.unwrap();
        let whole = play(fenced, &steps, |what, bytes| match what {
            0..4 => if let Ok(Some(space)) = tx.try_claim(bytes % (LARGEST + 2)) {
                space.fill(7);
                if what > 0 { tx.commit() } else { tx.stage() }
            },
            4 => if tx.poll_claim_many(3, bytes % LARGEST).is_ok() {
                tx.claims().for_each(|space| space.fill(7));
                tx.commit();
            },
            5 => tx.publish(),
            6 | 7 => drop(rx.try_receive().map(|message| message.map(|m| assert!(m.len() <= LARGEST)))),
            8 => drop(rx.drain(8, |message| assert!(message.len() <= LARGEST))),
            9 => { let _ = (rx.take_batch(), tx.take_wake(), rx.take_wake()); }
            10 => {
                // SAFETY: as above: who comes late meets the same words.
                let _ = unsafe { slots::Consumer::attach(base, len) };
                // SAFETY: the memory is the same, and larger than what is attached.
                let _ = unsafe { slots::Producer::attach(base, len) };
            }
            _ => rx.release(),
        });
        prop_assert!(whole);
    }

    #[test]
    fn mpsc_survives(steps in steps()) {
        let fenced = Fenced::new(mpsc::footprint(COUNT, LARGEST));
        let (base, len) = (fenced.memory.base(), fenced.len);
        // SAFETY: the memory is as long, and no one uses it yet.
        unsafe { mpsc::create(base, len, COUNT, LARGEST) }.unwrap();
        // SAFETY: the memory outlives the halves, which only this test's thread uses.
        let mut txs = [1, 2].map(|tag| unsafe { mpsc::Producer::attach(base, len, tag) }.unwrap());
        // SAFETY: as above.
        let mut rx = unsafe { mpsc::Consumer::attach(base, len, 3) }.unwrap();
        let whole = play(fenced, &steps, |what, bytes| {
            let tx = &mut txs[what % 2];
            match what {
                0..4 => if tx.poll_claim(bytes % (LARGEST + 2)) == Ok(true) {
                    tx.claimed().fill(7);
                    tx.commit();
                },
                4 => drop(tx.poll_reserve(bytes)),
                5 => tx.give_up(),
                6..9 => if rx.poll_receive() == Ok(true) {
                    assert!(rx.received().len() <= LARGEST + 32);
                },
                9 => { let _ = (rx.take_batch(), rx.take_news(), rx.take_wake(), tx.take_wake(), rx.stalled()); }
                10 => {
                    // SAFETY: as above: who comes late meets the same words.
                    let _ = unsafe { mpsc::Consumer::attach(base, len, 4) };
                    // SAFETY: the memory is the same, and larger than what is attached.
                    let _ = unsafe { mpsc::Producer::attach(base, len, 5) };
                }
                _ => rx.release(),
            }
        });
        prop_assert!(whole);
    }

    #[test]
    fn broadcast_survives(steps in steps()) {
        let fenced = Fenced::new(footprint(CAPACITY));
        let (base, len) = (fenced.memory.base(), fenced.len);
        // SAFETY: the memory is as long, and no one uses it yet.
        unsafe { broadcast::create(base, len, CAPACITY) }.unwrap();
        // SAFETY: the memory outlives the halves, which only this test's thread uses.
        let mut tx = unsafe { broadcast::Writer::attach(base, len) }.unwrap();
        // SAFETY: as above.
        let mut rxs = [0, 1].map(|_| unsafe { broadcast::Reader::attach(base, len) }.unwrap());
        let mut into = vec![0; CAPACITY];
        let whole = play(fenced, &steps, |what, bytes| {
            let rx = &mut rxs[what % 2];
            match what {
                0..3 => drop(tx.write(&vec![7; bytes % CAPACITY])),
                3 => drop(tx.write_more(&vec![7; bytes % CAPACITY])),
                4 => tx.publish(),
                5..9 => match rx.read(&mut into[..bytes.min(CAPACITY)]) {
                    Ok(broadcast::News::Message(len)) => assert!(len <= bytes),
                    Ok(_) | Err(RingError::Corrupt { .. } | RingError::Closed | RingError::TooSmall { .. }) => {}
                    Err(other) => panic!("{other}"),
                },
                9 => drop(rx.has_news()),
                10 => {
                    // SAFETY: as above: who comes late meets the same words.
                    let _ = unsafe { broadcast::Reader::attach(base, len) };
                    // SAFETY: the memory is the same, and larger than what is attached.
                    let _ = unsafe { broadcast::Writer::attach(base, len) };
                }
                _ => { let _ = (tx.attendance(), tx.take_wake()); }
            }
        });
        prop_assert!(whole);
    }

    #[test]
    fn latest_survives(steps in steps()) {
        let fenced = Fenced::new(latest::footprint(COUNT, LARGEST));
        let (base, len) = (fenced.memory.base(), fenced.len);
        // SAFETY: the memory is as long, and no one uses it yet.
        unsafe { latest::create(base, len, COUNT, LARGEST) }.unwrap();
        // SAFETY: the memory outlives the halves, which only this test's thread uses.
        let mut tx = unsafe { latest::Writer::attach(base, len) }.unwrap();
        // SAFETY: as above.
        let mut rx = unsafe { latest::Reader::attach(base, len) }.unwrap();
        let mut into = [0; LARGEST];
        let whole = play(fenced, &steps, |what, bytes| match what {
            0..4 => drop(tx.write(&vec![7; bytes % (LARGEST + 2)])),
            4..9 => if let Ok(Some(len)) = rx.read(&mut into[..bytes.min(LARGEST)]) {
                assert!(len <= bytes);
            },
            9 => drop(rx.has_news()),
            10 => {
                // SAFETY: as above: who comes late meets the same words.
                let _ = unsafe { latest::Reader::attach(base, len) };
                // SAFETY: the memory is the same, and larger than what is attached.
                let _ = unsafe { latest::Writer::attach(base, len) };
            }
            _ => { let _ = (rx.missed(), rx.torn()); }
        });
        prop_assert!(whole);
    }
}
