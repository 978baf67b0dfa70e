//! What is in each message, so that a benchmark is also a test.
//!
//! A message of 16 bytes or more opens with its sequence number and ends with a check value over
//! seed, sequence number, last flag and length; in long messages one stands at each multiple of
//! 4096, too: a torn, truncated or mixed message cannot pass. Between the stamps stands a body that
//! depends on the seed alone; one message in [`DEEP_EVERY`] is compared byte for byte, or each
//! ([`Checker::comparing`]). Shorter messages carry the low bits of the same two values.
//!
//! So every message that is lost, repeated, reordered, cut, or mixed of two is noticed, and a wrong
//! byte in a stamp; a wrong byte between the stamps in one message of `DEEP_EVERY`. A message under
//! 16 bytes is all stamps; one under 8 bytes has seven bits of the number.
//!
//! Two stamps and no more, because every message carries them and over a ring a message is a matter
//! of four nanoseconds: each further store waits for the same line that the message itself waits
//! for. The harness measures what they cost and prints it.

mod checker;
mod copy;
mod shared;

pub use checker::{Checker, Fault, Integrity, Verdict};
pub use copy::copy_message;
pub use shared::{MOST_SENDERS, Rising, Sums, first_of_sender, sender_of};

use crate::Buffer;

/// One message in this many is compared byte for byte.
pub const DEEP_EVERY: u64 = 1024;
/// Long messages carry a stamp at each multiple of this.
const STRIDE: usize = 4096;
const WORD: usize = 8;
/// Length from which a message carries all its stamps.
const FULL: usize = 2 * WORD;

/// Applies the finaliser of SplitMix64 (Steele, Lea & Flood 2014): every input bit moves every
/// output bit.
#[inline]
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Returns the number of low bits of a sequence number that a message of `size` bytes has room for.
const fn sequence_bits(size: usize) -> u32 {
    match size {
        0..=7 => 7,
        8..=15 => 31,
        _ => 63,
    }
}

/// Returns the check value of a head: one multiplication, because it is paid for every message. It
/// maps heads one to one, so that no two sequence numbers share one; the rotation puts the
/// product's best bits where short messages take theirs.
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

/// Stamps a message of less than a word.
#[inline(never)]
fn stamp_shortest(message: &mut [u8], head: u64, check: u64) {
    message[0] = head as u8;
    let len = message.len();
    message[1..].copy_from_slice(&check.to_le_bytes()[..len - 1]);
}

/// The number from which the check values of messages of one length are made.
#[derive(Debug, Clone, Copy)]
struct Key(u64);

impl Key {
    /// Stamps `message`, which holds the body already.
    #[inline(always)]
    fn stamp(self, message: &mut [u8], sequence: u64, last: bool) {
        let size = message.len();
        if size < FULL {
            return self.stamp_short(message, sequence, last);
        }
        let head = sequence | (u64::from(last) << 63);
        let check = check_of(head, self.0);
        put(message, 0, head);
        put(message, size - WORD, check);
        if size > STRIDE {
            inner_stamps(size).for_each(|at| put(message, at, check ^ at as u64));
        }
    }

    #[inline(always)]
    fn stamp_short(self, message: &mut [u8], sequence: u64, last: bool) {
        let size = message.len();
        let bits = sequence_bits(size);
        let head = (sequence & ((1 << bits) - 1)) | (u64::from(last) << bits);
        let check = check_of(head, self.0);
        if size < WORD {
            stamp_shortest(message, head, check);
        } else {
            put(message, 0, head | (check << 32));
        }
    }

    /// Returns the head of a full-length `message`, and a word that is zero when all its stamps
    /// agree.
    #[inline(always)]
    fn read(self, message: &[u8]) -> (u64, u64) {
        let size = message.len();
        let head = get(message, 0);
        let check = check_of(head, self.0);
        let mut differs = get(message, size - WORD) ^ check;
        if size > STRIDE {
            differs |= inner_stamps(size)
                .fold(0, |differs, at| differs | (get(message, at) ^ check ^ at as u64));
        }
        (head, differs)
    }

    /// Does the same for a message that has room for one word.
    #[inline(always)]
    fn read_word(self, message: &[u8]) -> (u64, u64) {
        let word = get(message, 0);
        let head = word & 0xffff_ffff;
        (head, (word >> 32) ^ (check_of(head, self.0) & 0xffff_ffff))
    }

    /// Returns the head of a `message` of any length, if all its stamps agree.
    fn read_any(self, message: &[u8]) -> Option<u64> {
        match message.len() {
            0 => None,
            size @ 1..=7 => {
                let head = u64::from(message[0]);
                let check = check_of(head, self.0).to_le_bytes();
                (message[1..] == check[..size - 1]).then_some(head)
            }
            8..=15 => {
                let (head, differs) = self.read_word(message);
                (differs == 0).then_some(head)
            }
            _ => {
                let (head, differs) = self.read(message);
                (differs == 0).then_some(head)
            }
        }
    }
}

/// Writes messages of one size, or of several up to that.
#[derive(Debug, Clone)]
pub struct Stamper {
    key: Key,
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
        Stamper { key: Key(mix(seed ^ size as u64)), body }
    }

    /// Returns the message as it is in the user's memory before it is sent;
    /// [`stamp`](Stamper::stamp) completes it.
    #[inline(always)]
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Stamps `message`, which holds the body already, with its sequence number. `last` tells the
    /// peer that no more follow in this phase.
    ///
    /// Straight code for all but the shortest: after a system call each branch costs more than the
    /// arithmetic.
    #[inline(always)]
    pub fn stamp(&self, message: &mut [u8], sequence: u64, last: bool) {
        self.key.stamp(message, sequence, last);
    }

    /// Writes a message of any length up to the size, with its stamps, whatever `message` holds: what
    /// a shorter or longer one left there is no body. An empty one has no stamps.
    pub fn write(&self, message: &mut [u8], sequence: u64, last: bool) {
        let len = message.len();
        copy_message(message, &self.body[..len]);
        if len > 0 {
            self.key_of(len).stamp(message, sequence, last);
        }
    }

    /// Returns the key of messages of one of several lengths: so one that was cut is noticed.
    fn key_of(&self, len: usize) -> Key {
        Key(mix(self.key.0 ^ len as u64))
    }

    /// Returns the head of a `message` of the size, if all its stamps agree.
    fn read_any(&self, message: &[u8]) -> Option<u64> {
        if message.len() == self.body.len() { self.key.read_any(message) } else { None }
    }
}

/// Returns the places of the stamps between the first and the last, and their words.
#[inline(always)]
fn inner_stamps(size: usize) -> impl Iterator<Item = usize> {
    (1..=(size - 2 * WORD) / STRIDE).map(|n| n * STRIDE)
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
        fn a_message_cut_from_two_is_seen(size in 16usize..5_000, at: prop::sample::Index, n in 1u64..3_000, back in 1u64..3_000) {
            let (stamper, at) = (Stamper::new(1, size), 8 + at.index(size - 15));
            let mut checker = Checker { expected: n, ..Checker::new(1, size) };
            let other = message(&stamper, n.abs_diff(back), false);
            let mut torn = message(&stamper, n, false);
            torn[at..].copy_from_slice(&other[at..]);
            let whole = torn == message(&stamper, n, false);
            prop_assert_eq!(checker.check(&torn).fault, (!whole).then_some(Fault::Damaged));
        }

        #[test]
        fn a_wrong_stamp_is_seen_in_any_message(size in 8usize..10_000, n in 0u64..100_000, bit in 0usize..128) {
            let stamper = Stamper::new(1, size);
            let mut checker = Checker { expected: n, ..Checker::new(1, size) };
            let mut m = message(&stamper, n, false);
            // Of a message with room for one word, that; else of the first word or the last.
            let at = match (size, bit / 64) { (8..16, _) => bit % 64, (_, 0) => bit, _ => 8 * (size - 8) + bit % 64 };
            m[at / 8] ^= 1 << (at % 8);
            prop_assert!(checker.check(&m).fault.is_some());
            prop_assert_eq!(checker.integrity.received + checker.integrity.damaged, 1);
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

    proptest! {
        #[test]
        fn messages_of_several_lengths_in_order_are_clean(
            lens in prop::collection::vec(0usize..10_000, 1..60), seed: u64,
        ) {
            let stamper = Stamper::new(seed, 10_000);
            let len_of = |n: u64| lens[n as usize % lens.len()];
            for all in [false, true] {
                let mut checker = Checker::new(seed, 10_000).comparing(all);
                let mut buffer = vec![0xff; 10_000];
                for n in 0..2 * lens.len() as u64 {
                    let last = n + 1 == lens.len() as u64;
                    let message = &mut buffer[..crate::sent_len(len_of(n), last)];
                    stamper.write(message, n, last);
                    let verdict = checker.check_sized(message, &len_of);
                    prop_assert_eq!(verdict, Verdict { last, fault: None });
                }
                prop_assert!(checker.integrity.is_clean());
            }
        }

        #[test]
        fn one_of_another_length_is_damaged(
            len in 16usize..9_000, other in 0usize..9_000, n in 0u64..5_000,
        ) {
            prop_assume!(len != other);
            let stamper = Stamper::new(1, 9_000);
            let mut checker = Checker { expected: n, ..Checker::new(1, 9_000) };
            let mut message = vec![0; len];
            stamper.write(&mut message, n, false);
            message.resize(other, 0);
            prop_assert_eq!(checker.check_sized(&message, &|_| len).fault, Some(Fault::Damaged));
            let mut whole = vec![0; other];
            stamper.write(&mut whole, n + 1, false);
            let fault = checker.check_sized(&whole, &|_| len).fault;
            prop_assert_eq!(fault, Some(Fault::Damaged), "whole, and not the one that is due");
        }
    }

    #[test]
    fn losses_among_several_lengths_are_counted() {
        let stamper = Stamper::new(9, 64);
        let mut checker = Checker::new(9, 64);
        let len_of = |n: u64| [64, 16, 40][n as usize % 3];
        for n in [0, 1, 1, 4, 2, 5] {
            let mut message = vec![0; len_of(n)];
            stamper.write(&mut message, n, false);
            checker.check_sized(&message, &len_of);
        }
        let Integrity { received, lost, repeated, reordered, damaged } = checker.integrity;
        assert_eq!((received, lost, repeated, reordered, damaged), (5, 1, 1, 1, 0));
        // Of empty messages the last one tells how many there were.
        let mut checker = Checker::new(9, 64);
        (0..3).for_each(|_| assert_eq!(checker.check_sized(&[], &|_| 0).fault, None));
        let mut last = vec![0; crate::LAST_BYTES];
        stamper.write(&mut last, 5, true);
        let verdict = checker.check_sized(&last, &|_| 0);
        assert_eq!(verdict, Verdict { last: true, fault: Some(Fault::Skipped(2)) });
    }

    proptest! {
        // reliability 13
        #[test]
        fn a_wrong_byte_anywhere_is_seen_if_all_are_compared(
            size in 16usize..10_000, at: prop::sample::Index, flip in 1u8.., n in 1u64..100_000,
        ) {
            let stamper = Stamper::new(1, size);
            let mut m = message(&stamper, n, false);
            m[at.index(size)] ^= flip;
            let mut checker = Checker { expected: n, ..Checker::new(1, size) }.comparing(true);
            prop_assert!(checker.check(&m).fault.is_some());
            let mut rising = Rising::new(1, size).comparing(true);
            rising.sums.count = n;
            prop_assert_eq!(rising.check(&m).fault, Some(Fault::Damaged));
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
