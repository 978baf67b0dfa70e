//! The messages: `W` words of 8 B, which come from private memory and go to private memory.
//!
//! The first and the last word of a message are its number. Every candidate does the same work on
//! it: a copy in, a copy out, and the check of those two words. In a fan-in the number also
//! contains the sender.

use std::hint::black_box;
use zerocopy::{FromZeros, IntoBytes};

/// Messages in the pool of a source of short messages.
const POOL: usize = 16;

/// Private memory that begins at a page: the cost of a copy depends on the alignment of its source.
#[derive(FromZeros)]
#[repr(C, align(4096))]
struct Private<const W: usize> {
    pool: [[u64; W]; POOL],
}

impl<const W: usize> Private<W> {
    /// Returns zeroed memory. Pages that are never touched cost nothing.
    fn new() -> Box<Private<W>> {
        Private::new_box_zeroed().expect("a few pages of memory")
    }
}

/// Position of the sender in a number.
const SENDER_SHIFT: u32 = 48;

/// The source of messages.
pub struct Source<const W: usize> {
    messages: Box<Private<W>>,
    sent: u64,
}

impl<const W: usize> Source<W> {
    /// Places in use. A short message gets its number some messages before it is sent. A load of
    /// the whole message right after two of its words were stored would wait for those stores (a
    /// failed store forwarding), a cost that real programs do not have. A message of one word
    /// forwards; in a long one the wait does not show.
    const PLACES: usize = if W > 1 && W <= 16 { POOL } else { 1 };
    const AHEAD: u64 = Self::PLACES as u64 / 2;

    /// Begins with message 1 of this sender.
    #[must_use]
    pub fn begin(sender: usize) -> Source<W> {
        let sent = (sender as u64) << SENDER_SHIFT;
        let mut source = Source { messages: Private::new(), sent };
        for number in sent + 1..=sent + Self::AHEAD {
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

    /// Returns the next message.
    #[inline(always)]
    pub fn upcoming(&mut self) -> &[u64; W] {
        self.sent += 1;
        self.number(self.sent + Self::AHEAD);
        // Keeps the optimiser from inferring the contents.
        let message = &mut self.messages.pool[self.sent as usize & (Self::PLACES - 1)];
        let unknown: &mut [u64; W] = black_box(message);
        unknown
    }
}

/// The destination of messages.
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

    /// Returns the number of messages taken so far.
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

    /// Copies a message of bytes out and checks it.
    #[inline(always)]
    pub fn take_bytes(&mut self, message: &[u8]) {
        if message.len() != 8 * W {
            wrong(self.taken, message.len() as u64);
        }
        self.space().as_mut_bytes().copy_from_slice(message);
        self.check();
    }

    /// Returns the private memory. The caller copies the message into it and then calls
    /// [`check`](Sink::check).
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

    /// Returns the message copied out last.
    #[inline(always)]
    pub fn message(&self) -> &[u64; W] {
        &self.space.pool[0]
    }
}

/// The destination of messages of several senders.
pub(super) struct Gather<const W: usize> {
    space: [u64; W],
    /// Number of the last message of each sender.
    last: Vec<u64>,
}

impl<const W: usize> Gather<W> {
    /// Expects message 1 of each sender.
    pub(super) fn begin(senders: usize) -> Gather<W> {
        let last = (0..senders as u64).map(|sender| sender << SENDER_SHIFT).collect();
        Gather { space: [0; W], last }
    }

    /// Returns the private memory. The caller copies the message into it and then calls `check`.
    #[inline(always)]
    pub(super) fn space(&mut self) -> &mut [u64; W] {
        &mut self.space
    }

    /// Checks the message that was copied out against its sender's last.
    #[inline(always)]
    pub(super) fn check(&mut self) {
        let message = black_box(&mut self.space);
        match self.last.get_mut((message[0] >> SENDER_SHIFT) as usize) {
            Some(last) if message[0] == *last + 1 && message[W - 1] == message[0] => *last += 1,
            last => wrong(last.map_or(0, |last| *last + 1), message[0]),
        }
    }
}

#[cold]
#[inline(never)]
fn wrong(number: u64, found: u64) -> ! {
    panic!("message {number} is lost, repeated, torn or of another length: found {found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_arrive<const W: usize>() {
        let (mut source, mut sink) = (Source::<W>::begin(0), Sink::<W>::begin());
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
        let (mut source, mut sink) = (Source::<8>::begin(0), Sink::<8>::begin());
        let message = *source.upcoming();
        sink.take(&message);
        sink.take(&message);
    }

    #[test]
    #[should_panic(expected = "lost, repeated, torn")]
    fn a_torn_message_is_found() {
        let (mut source, mut sink) = (Source::<128>::begin(0), Sink::<128>::begin());
        let mut message = *source.upcoming();
        message[127] = 0;
        sink.take(&message);
    }
}
