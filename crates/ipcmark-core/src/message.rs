//! What stands in each message, so that a benchmark is also a test.
//!
//! A message of 16 bytes or more opens with its sequence number and a check value over seed, sequence number, last
//! flag and length. From 24 bytes on the check value stands again in the last eight bytes, and, in long messages, at
//! each multiple of 4096: a torn, truncated or mixed message cannot pass. Between the stamps stands a body that
//! depends on the seed alone; one message in [`DEEP_EVERY`] is compared byte for byte. Shorter messages carry the low
//! bits of the same two values.
//!
//! Stamping costs a few nanoseconds, whatever the length up to 4096; the harness measures what and prints it.

mod shared;

pub use shared::{MOST_SENDERS, Rising, Sums, first_of_sender, sender_of};

use crate::Buffer;

/// One message in this many is compared byte for byte.
pub const DEEP_EVERY: u64 = 1024;
/// Long messages carry a stamp at each multiple of this.
const STRIDE: usize = 4096;
const WORD: usize = 8;
/// From this length on a message carries all its stamps.
const FULL: usize = 3 * WORD;
const TAIL: u64 = 0x7461_696c_7461_696c;

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every input bit moves every output bit.
#[inline]
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// How many low bits of a sequence number a message of `size` bytes has room for.
const fn sequence_bits(size: usize) -> u32 {
    match size {
        0..=7 => 7,
        8..=15 => 31,
        _ => 63,
    }
}

/// The check value of a head: one multiplication, because it is paid for every message. It maps heads one to one, so
/// that no two sequence numbers share one; the rotation puts the product's best bits where short messages take theirs.
#[inline(always)]
fn check_of(head: u64, key: u64) -> u64 {
    (head ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
}

#[inline(always)]
fn put(buf: &mut [u8], at: usize, word: u64) {
    buf[at..at + WORD].copy_from_slice(&word.to_le_bytes());
}

#[inline(always)]
fn get(buf: &[u8], at: usize) -> u64 {
    let mut word = [0; WORD];
    word.copy_from_slice(&buf[at..at + WORD]);
    u64::from_le_bytes(word)
}

/// Writes messages of one size.
#[derive(Debug, Clone)]
pub struct Stamper {
    key: u64,
    body: Buffer,
}

impl Stamper {
    /// Makes messages of `size` bytes (at least 1) whose contents depend on `seed`.
    #[must_use]
    pub fn new(seed: u64, size: usize) -> Self {
        let mut state = seed;
        let mut body = Buffer::new(size);
        for chunk in body.chunks_mut(WORD) {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            chunk.copy_from_slice(&mix(state).to_le_bytes()[..chunk.len()]);
        }
        Stamper { key: mix(seed ^ size as u64), body }
    }

    /// The message as it stands in the user's memory before it is sent; [`stamp`](Stamper::stamp) completes it.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Stamps `message`, which holds the body already, with its sequence number. `last` tells the peer that no more
    /// follow in this phase.
    ///
    /// Straight code for all but the shortest: after a system call each branch costs more than the arithmetic.
    #[inline(always)]
    pub fn stamp(&self, message: &mut [u8], sequence: u64, last: bool) {
        let size = message.len();
        if size < FULL {
            return self.stamp_short(message, sequence, last);
        }
        let head = sequence | (u64::from(last) << 63);
        let check = check_of(head, self.key);
        put(message, 0, head);
        put(message, WORD, check);
        put(message, size - WORD, check ^ TAIL);
        if size > STRIDE {
            inner_stamps(size).for_each(|at| put(message, at, check ^ at as u64));
        }
    }

    #[cold]
    fn stamp_short(&self, message: &mut [u8], sequence: u64, last: bool) {
        let size = message.len();
        let bits = sequence_bits(size);
        let head = (sequence & ((1 << bits) - 1)) | (u64::from(last) << bits);
        let check = check_of(head, self.key);
        match size {
            0..=7 => {
                message[0] = head as u8;
                message[1..].copy_from_slice(&check.to_le_bytes()[..size - 1]);
            }
            8..=15 => put(message, 0, head | (check << 32)),
            _ => {
                put(message, 0, head);
                put(message, WORD, check);
            }
        }
    }

    /// The head of a full-length `message`, and a word that is zero when all its stamps agree.
    #[inline(always)]
    fn read(&self, message: &[u8]) -> (u64, u64) {
        let size = message.len();
        let head = get(message, 0);
        let check = check_of(head, self.key);
        let mut differs = (get(message, WORD) ^ check) | (get(message, size - WORD) ^ check ^ TAIL);
        if size > STRIDE {
            differs |= inner_stamps(size)
                .fold(0, |differs, at| differs | (get(message, at) ^ check ^ at as u64));
        }
        (head, differs)
    }

    /// The head of a `message` of any length, if all its stamps agree.
    fn read_any(&self, message: &[u8]) -> Option<u64> {
        let size = message.len();
        if size != self.body.len() {
            return None;
        }
        match size {
            0 => None,
            1..=7 => {
                let head = u64::from(message[0]);
                let check = check_of(head, self.key).to_le_bytes();
                (message[1..] == check[..size - 1]).then_some(head)
            }
            8..=15 => {
                let word = get(message, 0);
                let head = word & 0xffff_ffff;
                (word >> 32 == check_of(head, self.key) & 0xffff_ffff).then_some(head)
            }
            16..FULL => {
                let head = get(message, 0);
                (get(message, WORD) == check_of(head, self.key)).then_some(head)
            }
            _ => {
                let (head, differs) = self.read(message);
                (differs == 0).then_some(head)
            }
        }
    }
}

/// Where the stamps between the first and the last stand.
#[inline(always)]
fn inner_stamps(size: usize) -> impl Iterator<Item = usize> {
    (STRIDE..=size - 2 * WORD).step_by(STRIDE)
}

/// What came of the messages one side received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Integrity {
    /// Messages received and found whole, in any order.
    pub received: u64,
    /// Sequence numbers that never came.
    pub lost: u64,
    /// Messages that came again.
    pub repeated: u64,
    /// Messages that came after a later one.
    pub reordered: u64,
    /// Messages whose stamps or bytes were wrong.
    pub damaged: u64,
}

impl Integrity {
    /// True when nothing was lost, repeated, reordered or damaged.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost == 0 && self.repeated == 0 && self.reordered == 0 && self.damaged == 0
    }
}

/// One message's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Stamps or bytes are wrong.
    Damaged,
    /// This many sequence numbers were skipped.
    Skipped(u64),
    /// The message came again, or after a later one.
    Late,
}

/// What the [`Checker`] found in one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The sender said that no more follow in this phase.
    pub last: bool,
    /// What was wrong with it, if anything.
    pub fault: Option<Fault>,
}

/// Checks messages of one size, made by the [`Stamper`] of the same seed.
#[derive(Debug, Clone)]
pub struct Checker {
    stamper: Stamper,
    scratch: Buffer,
    expected: u64,
    /// What was found so far.
    pub integrity: Integrity,
}

impl Checker {
    /// Expects messages from sequence number 0 on.
    #[must_use]
    pub fn new(seed: u64, size: usize) -> Self {
        Checker {
            stamper: Stamper::new(seed, size),
            scratch: Buffer::new(size),
            expected: 0,
            integrity: Integrity::default(),
        }
    }

    /// The sequence number expected next.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// Checks one message and counts what it finds.
    #[inline(always)]
    pub fn check(&mut self, message: &[u8]) -> Verdict {
        if message.len() == self.stamper.body.len() && message.len() >= FULL {
            let (head, differs) = self.stamper.read(message);
            // The shift leaves the last flag out of the comparison.
            if differs | ((head ^ self.expected) << 1) == 0
                && !self.expected.is_multiple_of(DEEP_EVERY)
            {
                self.expected += 1;
                self.integrity.received += 1;
                return Verdict { last: head >> 63 != 0, fault: None };
            }
        }
        self.check_slowly(message)
    }

    /// What is not the common case: short messages, those compared byte for byte, and those with a fault.
    #[inline(never)]
    fn check_slowly(&mut self, message: &[u8]) -> Verdict {
        let bits = sequence_bits(self.stamper.body.len());
        let sequences = (1u64 << bits) - 1;
        match self.stamper.read_any(message) {
            Some(head) if head & sequences == self.expected & sequences => {
                let last = head >> bits != 0;
                let deep = self.expected.is_multiple_of(DEEP_EVERY);
                let whole = !deep || self.is_whole(message, last);
                self.expected += 1;
                if !whole {
                    return self.damaged();
                }
                self.integrity.received += 1;
                Verdict { last, fault: None }
            }
            Some(head) => self.out_of_sequence(head & sequences, bits, head >> bits != 0),
            None => {
                // It stands for the one expected: its successor is not to count it as lost once more.
                self.expected += 1;
                self.damaged()
            }
        }
    }

    #[cold]
    fn damaged(&mut self) -> Verdict {
        self.integrity.damaged += 1;
        Verdict { last: false, fault: Some(Fault::Damaged) }
    }

    /// A sequence number other than the expected one: ahead means loss, behind means late or again. The half of the
    /// number circle ahead of the expected one counts as ahead.
    #[cold]
    fn out_of_sequence(&mut self, sequence: u64, bits: u32, last: bool) -> Verdict {
        let circle = (1u64 << bits) - 1;
        let ahead = sequence.wrapping_sub(self.expected) & circle;
        let fault = if ahead <= circle / 2 {
            self.integrity.lost += ahead;
            self.integrity.received += 1;
            self.expected += ahead + 1;
            Fault::Skipped(ahead)
        } else if ahead == circle {
            self.integrity.repeated += 1;
            Fault::Late
        } else {
            // It was counted as lost when its successor came first.
            self.integrity.lost = self.integrity.lost.saturating_sub(1);
            self.integrity.reordered += 1;
            self.integrity.received += 1;
            Fault::Late
        };
        Verdict { last, fault: Some(fault) }
    }

    #[cold]
    fn is_whole(&mut self, message: &[u8], last: bool) -> bool {
        self.scratch.copy_from_slice(&self.stamper.body);
        self.stamper.stamp(&mut self.scratch, self.expected, last);
        self.scratch[..] == *message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(stamper: &Stamper, sequence: u64, last: bool) -> Vec<u8> {
        let mut m = stamper.body().to_vec();
        stamper.stamp(&mut m, sequence, last);
        m
    }

    proptest! {
        #[test]
        fn in_order_is_clean(size in 1usize..10_000, n in 1u64..300, seed: u64) {
            let stamper = Stamper::new(seed, size);
            let mut checker = Checker::new(seed, size);
            for i in 0..n {
                let verdict = checker.check(&message(&stamper, i, i + 1 == n));
                prop_assert_eq!(verdict, Verdict { last: i + 1 == n, fault: None });
            }
            prop_assert!(checker.integrity.is_clean());
            prop_assert_eq!(checker.integrity.received, n);
        }

        #[test]
        fn a_wrong_byte_in_the_first_message_is_seen(size in 8usize..10_000, at: prop::sample::Index, flip in 1u8..) {
            let stamper = Stamper::new(1, size);
            let mut m = message(&stamper, 0, false);
            m[at.index(size)] ^= flip;
            let mut checker = Checker::new(1, size);
            prop_assert!(checker.check(&m).fault.is_some());
        }

        #[test]
        fn a_page_of_another_message_is_seen(size in 5_000usize..70_000, page in 1usize..17, n in 1u64..500) {
            let at = page * STRIDE;
            prop_assume!(at + STRIDE <= size);
            let stamper = Stamper::new(1, size);
            let mut checker = Checker::new(1, size);
            for i in 0..n {
                checker.check(&message(&stamper, i, false));
            }
            let mut torn = message(&stamper, n, false);
            torn[at..at + STRIDE].copy_from_slice(&message(&stamper, n - 1, false)[at..at + STRIDE]);
            prop_assert_eq!(checker.check(&torn).fault, Some(Fault::Damaged));
        }
    }

    #[test]
    fn loss_repetition_and_disorder_are_told_apart() {
        let stamper = Stamper::new(9, 64);
        let mut checker = Checker::new(9, 64);
        for i in [0, 1, 1, 4, 2, 5] {
            checker.check(&message(&stamper, i, false));
        }
        let Integrity { received, lost, repeated, reordered, damaged } = checker.integrity;
        assert_eq!((received, lost, repeated, reordered, damaged), (5, 1, 1, 1, 0));
    }

    #[test]
    fn another_seed_is_damage() {
        let mut checker = Checker::new(2, 64);
        let verdict = checker.check(&message(&Stamper::new(1, 64), 0, true));
        assert_eq!(verdict, Verdict { last: false, fault: Some(Fault::Damaged) });
    }
}
