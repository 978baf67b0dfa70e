//! What is sent: messages of `W` words of 8 B, which come from private memory and go to private memory.
//!
//! The first and the last word of a message are its number. Every candidate does the same work on it: a copy in, a copy out,
//! and the check of those two words.

use std::hint::black_box;
use zerocopy::{FromZeros, IntoBytes};

/// Messages that stand ready side by side where messages are short.
const POOL: usize = 16;

/// Private memory that begins at a page: what a copy costs depends on where its source begins.
#[derive(FromZeros)]
#[repr(C, align(4096))]
struct Private<const W: usize> {
    pool: [[u64; W]; POOL],
}

impl<const W: usize> Private<W> {
    /// Zeroed. What is never touched costs no memory.
    fn new() -> Box<Private<W>> {
        Private::new_box_zeroed().expect("a few pages of memory")
    }
}

/// Where messages come from.
pub struct Source<const W: usize> {
    messages: Box<Private<W>>,
    sent: u64,
}

impl<const W: usize> Source<W> {
    /// Places in use. A short message is numbered some messages before it is sent: loading it whole right after two of its words
    /// were stored would wait for those stores (a failed store forwarding), which is nobody's cost in real life. A message
    /// of one word forwards, and in a long one it is lost.
    const PLACES: usize = if W > 1 && W <= 16 { POOL } else { 1 };
    const AHEAD: u64 = Self::PLACES as u64 / 2;

    /// Begins with message 1.
    #[must_use]
    pub fn begin() -> Source<W> {
        let mut source = Source { messages: Private::new(), sent: 0 };
        for number in 1..=Self::AHEAD {
            source.number(number);
        }
        source
    }

    #[inline(always)]
    fn number(&mut self, number: u64) {
        let message = &mut self.messages.pool[number as usize & (Self::PLACES - 1)];
        message[0] = number;
        message[W - 1] = number;
    }

    /// The next message.
    #[inline(always)]
    pub fn upcoming(&mut self) -> &[u64; W] {
        self.sent += 1;
        self.number(self.sent + Self::AHEAD);
        // Nobody may conclude what stands in it from what was written above.
        let message = &mut self.messages.pool[self.sent as usize & (Self::PLACES - 1)];
        let unknown: &mut [u64; W] = black_box(message);
        unknown
    }
}

/// Where messages go to.
pub struct Sink<const W: usize> {
    space: Box<Private<W>>,
    taken: u64,
}

impl<const W: usize> Sink<W> {
    /// Expects message 1.
    #[must_use]
    pub fn begin() -> Sink<W> {
        Sink { space: Private::new(), taken: 0 }
    }

    /// Messages taken so far.
    #[inline(always)]
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Copies a message out and checks it.
    #[inline(always)]
    pub fn take(&mut self, message: &[u64; W]) {
        *self.space() = *message;
        self.check();
    }

    /// As [`take`](Sink::take), of bytes.
    #[inline(always)]
    pub fn take_bytes(&mut self, message: &[u8]) {
        if message.len() != 8 * W {
            wrong(self.taken, message.len() as u64);
        }
        self.space().as_mut_bytes().copy_from_slice(message);
        self.check();
    }

    /// The private memory itself, for those who copy out by themselves; then comes [`check`](Sink::check).
    #[inline(always)]
    pub fn space(&mut self) -> &mut [u64; W] {
        &mut self.space.pool[0]
    }

    /// Checks the message that was copied out.
    #[inline(always)]
    pub fn check(&mut self) {
        self.taken += 1;
        let message = black_box(&mut self.space.pool[0]);
        if message[0] != self.taken || message[W - 1] != self.taken {
            wrong(self.taken, message[0]);
        }
    }

    /// The message copied out last, to send it on.
    #[inline(always)]
    pub fn message(&self) -> &[u64; W] {
        &self.space.pool[0]
    }
}

#[cold]
#[inline(never)]
fn wrong(taken: u64, found: u64) -> ! {
    panic!("message {taken} is lost, repeated, torn or of another length: found {found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_arrive<const W: usize>() {
        let (mut source, mut sink) = (Source::<W>::begin(), Sink::<W>::begin());
        for number in 1..=100 {
            sink.take(source.upcoming());
            assert_eq!(sink.message()[W - 1], number);
        }
        assert_eq!(sink.taken(), 100);
    }

    #[test]
    fn messages_are_numbered_at_both_ends() {
        all_arrive::<1>();
        all_arrive::<8>();
        all_arrive::<128>();
        all_arrive::<8192>();
    }

    #[test]
    #[should_panic(expected = "lost, repeated, torn")]
    fn a_repeated_message_is_found() {
        let (mut source, mut sink) = (Source::<8>::begin(), Sink::<8>::begin());
        let message = *source.upcoming();
        sink.take(&message);
        sink.take(&message);
    }

    #[test]
    #[should_panic(expected = "lost, repeated, torn")]
    fn a_torn_message_is_found() {
        let (mut source, mut sink) = (Source::<128>::begin(), Sink::<128>::begin());
        let mut message = *source.upcoming();
        message[127] = 0;
        sink.take(&message);
    }
}
