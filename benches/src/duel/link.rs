//! What a candidate is made of: a sending and a receiving half for messages of each size, and the loops over them.
//!
//! A candidate is compiled for each size, so that a copy's length is known as it would be to who uses that crate for
//! messages of one type. Types are erased once a trial, never once a message.

use super::message::{Sink, Source};
use super::shape::{Pattern, Shape};
use std::hint::spin_loop;

/// Sends messages of `W` words.
pub trait Tx<const W: usize> {
    /// Called once, in the process or thread that sends, before the first message.
    ///
    /// # Errors
    /// Why it cannot be used here.
    fn ready(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Copies a message in and publishes it; spins while there is no room.
    fn send(&mut self, message: &[u64; W]);

    /// Sends the next `count` messages: each with a publication of its own, unless the candidate is there for batches.
    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        for _ in 0..count {
            self.send(source.upcoming());
        }
    }
}

/// Receives messages of `W` words.
pub trait Rx<const W: usize> {
    /// As [`Tx::ready`].
    ///
    /// # Errors
    /// Why it cannot be used here.
    fn ready(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Spins until a message is there, copies it out and has it checked.
    fn receive(&mut self, sink: &mut Sink<W>);

    /// Receives `count` messages, however many are there at a time.
    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        for _ in 0..count {
            self.receive(sink);
        }
    }
}

/// Both halves, of two directions: what a round trip needs.
pub trait Duplex<const W: usize> {
    /// As [`Tx::ready`].
    ///
    /// # Errors
    /// Why it cannot be used here.
    fn ready(&mut self) -> Result<(), String>;
    /// As [`Tx::send`].
    fn send(&mut self, message: &[u64; W]);
    /// As [`Rx::receive`].
    fn receive(&mut self, sink: &mut Sink<W>);
}

/// Halves of two links.
pub struct Both<T, R> {
    /// Of the one.
    pub tx: T,
    /// Of the other.
    pub rx: R,
}

impl<const W: usize, T: Tx<W>, R: Rx<W>> Duplex<W> for Both<T, R> {
    fn ready(&mut self) -> Result<(), String> {
        self.tx.ready()?;
        self.rx.ready()
    }

    #[inline(always)]
    fn send(&mut self, message: &[u64; W]) {
        self.tx.send(message);
    }

    #[inline(always)]
    fn receive(&mut self, sink: &mut Sink<W>) {
        self.rx.receive(sink);
    }
}

/// Looks until there is something, with a pause instruction between: how every candidate waits here.
#[inline(always)]
pub fn spin<T>(mut look: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        spin_loop();
    }
}

/// Whether a candidate has part in a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It has.
    Takes,
    /// The shape is not what it is there for: it has no row.
    Stays,
    /// It should and cannot: a row with the reason.
    Cannot(&'static str),
}

/// A way to send messages of any size.
pub trait Link {
    /// The sending half.
    type Tx<const W: usize>: Tx<W> + 'static;
    /// The receiving half.
    type Rx<const W: usize>: Rx<W> + 'static;

    /// Which shapes it takes part in. The default is what sends messages one by one.
    fn part(shape: Shape) -> Part {
        if shape.pattern == Pattern::Batched { Part::Stays } else { Part::Takes }
    }

    /// Makes one direction with room for `bytes` of messages.
    ///
    /// # Errors
    /// Why that cannot be had here.
    fn link<const W: usize>(bytes: usize) -> Result<(Self::Tx<W>, Self::Rx<W>), String>;
}

/// One end of a candidate's link, for one shape: what a worker runs.
pub trait End {
    /// As [`Tx::ready`].
    ///
    /// # Errors
    /// Why it cannot be used here.
    fn ready(&mut self) -> Result<(), String>;
    /// Moves `count` messages, or round trips. The other end must be told the same number.
    fn run(&mut self, count: u64);
}

/// Sends.
pub(super) struct Sends<const W: usize, T>(pub(super) T, pub(super) Source<W>);
/// Receives.
pub(super) struct Receives<const W: usize, R>(pub(super) R, pub(super) Sink<W>);
/// Sends and waits for the answer.
pub(super) struct Asks<const W: usize, D>(pub(super) D, pub(super) Source<W>, pub(super) Sink<W>);
/// Sends on what it received.
pub(super) struct Echoes<const W: usize, D>(pub(super) D, pub(super) Sink<W>);

impl<const W: usize, T: Tx<W>> End for Sends<W, T> {
    fn ready(&mut self) -> Result<(), String> {
        self.0.ready()
    }

    #[inline(never)]
    fn run(&mut self, count: u64) {
        self.0.send_many(&mut self.1, count);
    }
}

impl<const W: usize, R: Rx<W>> End for Receives<W, R> {
    fn ready(&mut self) -> Result<(), String> {
        self.0.ready()
    }

    #[inline(never)]
    fn run(&mut self, count: u64) {
        self.0.receive_many(&mut self.1, count);
    }
}

impl<const W: usize, D: Duplex<W>> End for Asks<W, D> {
    fn ready(&mut self) -> Result<(), String> {
        self.0.ready()
    }

    #[inline(never)]
    fn run(&mut self, count: u64) {
        for _ in 0..count {
            self.0.send(self.1.upcoming());
            self.0.receive(&mut self.2);
        }
    }
}

impl<const W: usize, D: Duplex<W>> End for Echoes<W, D> {
    fn ready(&mut self) -> Result<(), String> {
        self.0.ready()
    }

    #[inline(never)]
    fn run(&mut self, count: u64) {
        for _ in 0..count {
            self.0.receive(&mut self.1);
            self.0.send(self.1.message());
        }
    }
}
