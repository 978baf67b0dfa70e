//! What the receiving side finds out from the stamps.

use super::{DEEP_EVERY, FULL, Key, Stamper, WORD, sequence_bits};
use crate::{Buffer, sent_len};

/// Counts of the messages that one side received.
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
    /// Returns true if nothing was lost, repeated, reordered or damaged.
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

/// The finding of the [`Checker`] about one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The sender said that no more follow in this phase.
    pub last: bool,
    /// The fault, if there is one.
    pub fault: Option<Fault>,
}

/// Checks messages of one size, made by the [`Stamper`] of the same seed.
#[derive(Debug, Clone)]
pub struct Checker {
    pub(super) stamper: Stamper,
    pub(super) scratch: Buffer,
    pub(super) expected: u64,
    /// Length of messages of which most are checked by their stamps alone; none is, if all are compared.
    pub(super) stamped: usize,
    /// Returns the findings so far.
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
            stamped: size,
            integrity: Integrity::default(),
        }
    }

    /// Compares every byte of every message from now on, if `all`, and not of one message in
    /// [`DEEP_EVERY`].
    #[must_use]
    pub fn comparing(self, all: bool) -> Self {
        let stamped = if all { usize::MAX } else { self.stamper.body.len() };
        Checker { stamped, ..self }
    }

    /// Returns the sequence number expected next.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// Checks one message and counts what it finds.
    #[inline(always)]
    pub fn check(&mut self, message: &[u8]) -> Verdict {
        let size = message.len();
        if size == self.stamped {
            if size >= FULL {
                let (head, differs) = self.stamper.key.read(message);
                // The shift leaves the last flag out of the comparison.
                if self.is_next(differs | ((head ^ self.expected) << 1)) {
                    return Verdict { last: head >> 63 != 0, fault: None };
                }
            } else if (WORD..2 * WORD).contains(&size) {
                let (head, differs) = self.stamper.key.read_word(message);
                if self.is_next(differs | u64::from(((head ^ self.expected) as u32) << 1)) {
                    return Verdict { last: head >> 31 != 0, fault: None };
                }
            }
        }
        self.check_slowly(message)
    }

    /// Counts a message of another length, which was not looked into.
    #[cold]
    pub fn misfit(&mut self) -> Verdict {
        self.check_slowly(&[])
    }

    /// Counts a message for whose stamps `differs` is 0; false where that must be looked into, or
    /// all its bytes compared.
    #[inline(always)]
    fn is_next(&mut self, differs: u64) -> bool {
        let is_next = differs == 0 && !self.expected.is_multiple_of(DEEP_EVERY);
        if is_next {
            self.expected += 1;
            self.integrity.received += 1;
        }
        is_next
    }

    /// Checks all but the common case: short messages, those compared byte for byte, and those with
    /// a fault.
    #[inline(never)]
    fn check_slowly(&mut self, message: &[u8]) -> Verdict {
        let bits = sequence_bits(self.stamper.body.len());
        let sequences = (1u64 << bits) - 1;
        match self.stamper.read_any(message) {
            Some(head) if head & sequences == self.expected & sequences => {
                let last = head >> bits != 0;
                let all = self.stamped == usize::MAX;
                let deep = all || self.expected.is_multiple_of(DEEP_EVERY);
                let whole = !deep || self.is_whole(message, self.stamper.key, last);
                self.expected += 1;
                if !whole {
                    return self.damaged();
                }
                self.integrity.received += 1;
                Verdict { last, fault: None }
            }
            Some(head) => self.out_of_sequence(head & sequences, bits, head >> bits != 0),
            None => {
                // It means the one expected: its successor must not count it as lost again.
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

    /// Counts a sequence number other than the expected one: ahead means loss, behind means late or
    /// again. The half of the number circle ahead of the expected one counts as ahead.
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

    /// Checks one of messages of several lengths, up to the checker's size, which [`Stamper::write`]
    /// wrote: `len_of` says how long each is, by its number. Of an empty one nothing but its place
    /// can be checked; the last of a phase is not empty (see [`sent_len`]), so that the numbers of those before
    /// it are known then.
    pub fn check_sized(&mut self, message: &[u8], len_of: &dyn Fn(u64) -> usize) -> Verdict {
        let len = message.len();
        if len == 0 && len_of(self.expected) == 0 {
            self.expected += 1;
            self.integrity.received += 1;
            return Verdict { last: false, fault: None };
        }
        let bits = sequence_bits(len);
        let circle = (1u64 << bits) - 1;
        let fits = len <= self.stamper.body.len();
        let key = self.stamper.key_of(len);
        let Some(head) = fits.then(|| key.read_any(message)).flatten() else {
            self.expected += 1;
            return self.damaged();
        };
        let (ahead, last) =
            ((head & circle).wrapping_sub(self.expected) & circle, head >> bits != 0);
        let sequence = match ahead <= circle / 2 {
            true => self.expected + ahead,
            false => self.expected.saturating_sub(circle + 1 - ahead),
        };
        if len != sent_len(len_of(sequence), last) {
            self.expected += 1;
            return self.damaged();
        }
        if ahead > 0 {
            return self.out_of_sequence(head & circle, bits, last);
        }
        let all = self.stamped == usize::MAX;
        let deep = all || self.expected.is_multiple_of(DEEP_EVERY);
        let whole = !deep || self.is_whole(message, key, last);
        self.expected += 1;
        if !whole {
            return self.damaged();
        }
        self.integrity.received += 1;
        Verdict { last, fault: None }
    }

    #[cold]
    fn is_whole(&mut self, message: &[u8], key: Key, last: bool) -> bool {
        let written = &mut self.scratch[..message.len()];
        written.copy_from_slice(&self.stamper.body[..message.len()]);
        key.stamp(written, self.expected, last);
        *written == *message
    }
}
