//! Bookkeeping for links that several processes share.
//!
//! With several senders a sequence number carries its sender's number in its top bits, so that each
//! sender's messages are numbered without gaps and one [`Checker`] a sender finds what is wrong.
//! With several receivers each sees a part of one sequence: [`Rising`] checks that its part rises,
//! and the [`Sums`] of both ends tells whether all parts together are what was sent, nothing twice
//! and nothing left out, without anybody keeping a list.
//!
//! Messages must have at least [`LEAST_SHARED`](crate::LEAST_SHARED) bytes: shorter ones have no
//! room for such numbers.

use super::{Checker, DEEP_EVERY, Fault, Stamper, Verdict, get, mix};
use crate::{Buffer, LEAST_SHARED};

/// Senders that one link can tell apart.
pub const MOST_SENDERS: usize = 1 << 10;
/// First bit of the sender's number in a sequence number; below it there is room for years of
/// messages.
const SENDER_SHIFT: u32 = 53;

/// Returns the sequence number of the first message of sender `sender` (below [`MOST_SENDERS`]) on
/// a shared link.
#[must_use]
pub const fn first_of_sender(sender: usize) -> u64 {
    (sender as u64 % MOST_SENDERS as u64) << SENDER_SHIFT
}

/// Returns who sent `message`, as far as its head tells; its [`Checker`] says whether that is so.
/// `None` of a message too short to tell.
#[inline(always)]
#[must_use]
pub fn sender_of(message: &[u8]) -> Option<usize> {
    (message.len() >= LEAST_SHARED)
        .then(|| (get(message, 0) >> SENDER_SHIFT) as usize % MOST_SENDERS)
}

impl Checker {
    /// Expects the messages of one sender of a shared link, from its first on.
    #[must_use]
    pub fn of_sender(seed: u64, size: usize, sender: usize) -> Checker {
        Checker { expected: first_of_sender(sender), ..Checker::new(seed, size) }
    }
}

/// The sequence numbers that were sent or received, as three sums: their count, their sum and the
/// sum of hashes of them. Two that are equal are of the same numbers, each as often; another set
/// would have to agree in all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Number of messages.
    pub count: u64,
    /// Their sum, modulo 2^64.
    pub sum: u64,
    /// The sum of their hashes, modulo 2^64.
    pub hashes: u64,
}

impl Sums {
    /// Takes one number in.
    #[inline(always)]
    pub fn take(&mut self, sequence: u64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(sequence);
        self.hashes = self.hashes.wrapping_add(mix(sequence));
    }

    /// Returns both together.
    #[must_use]
    pub const fn and(self, other: Sums) -> Sums {
        Sums {
            count: self.count + other.count,
            sum: self.sum.wrapping_add(other.sum),
            hashes: self.hashes.wrapping_add(other.hashes),
        }
    }
}

/// Checks the messages that one of several receivers of a link gets: each whole, each later than
/// the one before.
#[derive(Debug, Clone)]
pub struct Rising {
    stamper: Stamper,
    scratch: Buffer,
    /// The least number that the next message may have.
    least: u64,
    /// Sums of what was received whole.
    pub sums: Sums,
    /// Messages that came again, or after a later one.
    pub late: u64,
    /// Messages whose stamps or bytes were wrong.
    pub damaged: u64,
    /// One message in this many is compared byte for byte.
    deep_every: u64,
}

impl Rising {
    /// Expects messages of `size` bytes, made by the [`Stamper`] of the same seed.
    #[must_use]
    pub fn new(seed: u64, size: usize) -> Rising {
        Rising {
            stamper: Stamper::new(seed, size),
            scratch: Buffer::new(size),
            least: 0,
            sums: Sums::default(),
            late: 0,
            damaged: 0,
            deep_every: DEEP_EVERY,
        }
    }

    /// Returns the number after the latest one that was received.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.least
    }

    /// Compares as [`Checker::comparing`] says.
    #[must_use]
    pub fn comparing(self, all: bool) -> Rising {
        Rising { deep_every: if all { 1 } else { DEEP_EVERY }, ..self }
    }

    /// Checks one message and counts what it finds.
    #[inline(always)]
    pub fn check(&mut self, message: &[u8]) -> Verdict {
        let Some(head) = self.stamper.read_any(message) else {
            self.damaged += 1;
            return Verdict { last: false, fault: Some(Fault::Damaged) };
        };
        let (sequence, last) = (head & (u64::MAX >> 1), head >> 63 != 0);
        if self.sums.count.is_multiple_of(self.deep_every)
            && !self.is_whole(message, sequence, last)
        {
            self.damaged += 1;
            return Verdict { last: false, fault: Some(Fault::Damaged) };
        }
        self.sums.take(sequence);
        if sequence < self.least {
            self.late += 1;
            return Verdict { last, fault: Some(Fault::Late) };
        }
        self.least = sequence + 1;
        Verdict { last, fault: None }
    }

    #[cold]
    fn is_whole(&mut self, message: &[u8], sequence: u64, last: bool) -> bool {
        self.scratch.copy_from_slice(&self.stamper.body);
        self.stamper.stamp(&mut self.scratch, sequence, last);
        self.scratch[..] == *message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Integrity;
    use proptest::prelude::*;

    const SEED: u64 = 5;

    fn message(size: usize, sequence: u64, last: bool) -> Vec<u8> {
        let stamper = Stamper::new(SEED, size);
        let mut m = stamper.body().to_vec();
        stamper.stamp(&mut m, sequence, last);
        m
    }

    proptest! {
        #[test]
        fn senders_that_interleave_are_told_apart(
            size in LEAST_SHARED..5_000, order in prop::collection::vec(0usize..MOST_SENDERS, 1..300),
        ) {
            let mut checkers: Vec<_> =
                (0..MOST_SENDERS).map(|s| Checker::of_sender(SEED, size, s)).collect();
            let mut sent = [0; MOST_SENDERS];
            for sender in order {
                let m = message(size, first_of_sender(sender) + sent[sender], false);
                sent[sender] += 1;
                prop_assert_eq!(sender_of(&m), Some(sender));
                prop_assert_eq!(checkers[sender].check(&m).fault, None);
            }
            for (checker, sent) in checkers.iter().zip(sent) {
                prop_assert!(checker.integrity.is_clean());
                prop_assert_eq!(checker.integrity.received, sent);
            }
        }

        #[test]
        fn parts_of_one_sequence_add_up_whoever_got_which(
            size in LEAST_SHARED..5_000, takers in prop::collection::vec(0usize..4, 4..400),
        ) {
            let mut receivers = vec![Rising::new(SEED, size); 4];
            let mut sent = Sums::default();
            for (sequence, taker) in takers.iter().enumerate() {
                sent.take(sequence as u64);
                let verdict = receivers[*taker].check(&message(size, sequence as u64, false));
                prop_assert_eq!(verdict.fault, None);
            }
            let all = receivers.iter().fold(Sums::default(), |sum, r| sum.and(r.sums));
            prop_assert_eq!(all, sent);
        }
    }

    #[test]
    fn a_senders_faults_are_its_own() {
        let mut checkers = [Checker::of_sender(SEED, 64, 0), Checker::of_sender(SEED, 64, 1)];
        for (sender, n) in [(0, 0), (1, 0), (1, 1), (0, 2), (0, 1), (1, 1), (1, 2)] {
            checkers[sender].check(&message(64, first_of_sender(sender) + n, false));
        }
        let Integrity { received, lost, repeated, reordered, .. } = checkers[0].integrity;
        assert_eq!((received, lost, repeated, reordered), (3, 0, 0, 1));
        let Integrity { received, lost, repeated, reordered, .. } = checkers[1].integrity;
        assert_eq!((received, lost, repeated, reordered), (3, 0, 1, 0));
        assert_eq!(sender_of(&[0; 15]), None);
    }

    #[test]
    fn a_message_given_to_two_and_one_given_to_none_is_seen() {
        let (mut sent, mut received) = (Sums::default(), Sums::default());
        (0..10).for_each(|n| sent.take(n));
        (0..9).chain([3]).for_each(|n| received.take(n));
        assert_eq!(sent.count, received.count);
        assert_ne!(sent, received);
        // 3 and 6 for 4 and 5: the plain sum would not tell.
        let of = |numbers: [u64; 4]| {
            numbers.iter().fold(Sums::default(), |mut t, n| {
                t.take(*n);
                t
            })
        };
        assert_eq!(of([3, 4, 5, 6]).sum, of([3, 3, 6, 6]).sum);
        assert_ne!(of([3, 4, 5, 6]), of([3, 3, 6, 6]));
    }

    #[test]
    fn what_falls_back_or_is_torn_is_counted() {
        let mut receiver = Rising::new(SEED, 64);
        for n in [0, 2, 7, 7, 3] {
            receiver.check(&message(64, n, false));
        }
        assert_eq!((receiver.sums.count, receiver.late), (5, 2));
        let mut torn = message(64, 9, false);
        torn[60] ^= 1;
        assert_eq!(receiver.check(&torn).fault, Some(Fault::Damaged));
        assert_eq!(receiver.check(&torn[..63]).fault, Some(Fault::Damaged));
        assert!(receiver.check(&message(64, 10, true)).last);
        assert_eq!(receiver.damaged, 2);
    }
}
