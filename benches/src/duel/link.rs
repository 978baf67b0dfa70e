//! The parts of a candidate: a sending and a receiving half for messages of each size, and the
//! loops over them.
//!
//! A candidate is compiled for each size, so the length of a copy is known, as it is to a program
//! that sends messages of one type. Types are erased once a trial, never once a message.

use super::message::{Sink, Source};
use super::shape::{Pattern, Shape};
use std::hint::spin_loop;

/// Sends messages of `W` words.
pub trait Tx<const W: usize> {
    /// Prepares the half, once, in the process or thread that sends, before the first message.
    ///
    /// # Errors
    /// The reason why it cannot be used here.
    fn ready(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Copies a message in and publishes it; spins while there is no room.
    fn send(&mut self, message: &[u64; W]);

    /// Sends the next `count` messages, each with its own publication unless the candidate sends
    /// batches.
    #[inline(always)]
    fn send_many(&mut self, source: &mut Source<W>, count: u64) {
        for _ in 0..count {
            self.send(source.upcoming());
        }
    }
}

/// Receives messages of `W` words.
pub trait Rx<const W: usize> {
    /// Prepares the half: see [`Tx::ready`].
    ///
    /// # Errors
    /// The reason why it cannot be used here.
    fn ready(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Spins until a message is there, copies it out and has it checked.
    fn receive(&mut self, sink: &mut Sink<W>);

    /// Receives `count` messages, in batches of any length.
    #[inline(always)]
    fn receive_many(&mut self, sink: &mut Sink<W>, count: u64) {
        for _ in 0..count {
            self.receive(sink);
        }
    }
}

/// Both halves of a round trip, of two directions.
pub trait Duplex<const W: usize> {
    /// Prepares the half: see [`Tx::ready`].
    ///
    /// # Errors
    /// The reason why it cannot be used here.
    fn ready(&mut self) -> Result<(), String>;
    /// Sends a message: see [`Tx::send`].
    fn send(&mut self, message: &[u64; W]);
    /// Receives a message: see [`Rx::receive`].
    fn receive(&mut self, sink: &mut Sink<W>);
}

/// Halves of two links.
pub struct Both<T, R> {
    /// Half of the one.
    pub tx: T,
    /// Half of the other.
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

/// Looks until there is something, with a pause instruction between two looks. Every candidate
/// waits like this.
#[inline(always)]
pub fn spin<T>(mut look: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        spin_loop();
    }
}

/// Part of a candidate in a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It takes part.
    Takes,
    /// It is not made for the shape and has no row.
    Stays,
    /// It should take part and cannot: a row with the reason.
    Cannot(&'static str),
}

/// Returns the part of a link that sends messages one by one.
pub(super) fn one_by_one(shape: Shape) -> Part {
    match shape.pattern {
        Pattern::RoundTrip | Pattern::Stream => Part::Takes,
        Pattern::Batched | Pattern::FanIn { .. } => Part::Stays,
    }
}

/// Returns the part of a link that sends batches.
pub(super) fn batched(shape: Shape) -> Part {
    if shape.pattern == Pattern::Batched { Part::Takes } else { Part::Stays }
}

/// A way to send messages of any size.
pub trait Link {
    /// The sending half.
    type Tx<const W: usize>: Tx<W> + 'static;
    /// The receiving half.
    type Rx<const W: usize>: Rx<W> + 'static;

    /// Returns its part in a shape. The default is that of links that send messages one by one.
    fn part(shape: Shape) -> Part {
        one_by_one(shape)
    }

    /// Makes one direction with room for `bytes` of messages.
    ///
    /// # Errors
    /// The reason why that is not available here.
    fn link<const W: usize>(bytes: usize) -> Result<(Self::Tx<W>, Self::Rx<W>), String>;
}

/// One end of a candidate's link, for one shape: what a worker runs.
pub trait End {
    /// Prepares the half: see [`Tx::ready`].
    ///
    /// # Errors
    /// The reason why it cannot be used here.
    fn ready(&mut self) -> Result<(), String>;
    /// Moves `count` messages, or round trips. The other end must get the same number.
    fn run(&mut self, count: u64);
}

/// An end made of one state and two functions.
struct Worker<S, R, F> {
    state: S,
    ready: R,
    run: F,
}

impl<S, R, F> End for Worker<S, R, F>
where
    R: FnMut(&mut S) -> Result<(), String>,
    F: FnMut(&mut S, u64),
{
    fn ready(&mut self) -> Result<(), String> {
        (self.ready)(&mut self.state)
    }

    #[inline(never)]
    fn run(&mut self, count: u64) {
        (self.run)(&mut self.state, count);
    }
}

/// Returns an end that sends.
pub(super) fn sends<const W: usize, T: Tx<W>>(tx: T) -> impl End + use<W, T> {
    let run = |(tx, source): &mut (T, Source<W>), count| tx.send_many(source, count);
    Worker { state: (tx, Source::begin(0)), ready: |(tx, _): &mut (T, _)| tx.ready(), run }
}

/// Returns an end that receives.
pub(super) fn receives<const W: usize, R: Rx<W>>(rx: R) -> impl End + use<W, R> {
    let run = |(rx, sink): &mut (R, Sink<W>), count| rx.receive_many(sink, count);
    Worker { state: (rx, Sink::begin()), ready: |(rx, _): &mut (R, _)| rx.ready(), run }
}

/// Returns an end that sends and waits for the answer.
pub(super) fn asks<const W: usize, D: Duplex<W>>(both: D) -> impl End + use<W, D> {
    let run = |(both, source, sink): &mut (D, Source<W>, Sink<W>), count| {
        for _ in 0..count {
            both.send(source.upcoming());
            both.receive(sink);
        }
    };
    let ready = |(both, ..): &mut (D, _, _)| both.ready();
    Worker { state: (both, Source::begin(0), Sink::begin()), ready, run }
}

/// Returns an end that sends back what it received.
pub(super) fn echoes<const W: usize, D: Duplex<W>>(both: D) -> impl End + use<W, D> {
    let run = |(both, sink): &mut (D, Sink<W>), count| {
        for _ in 0..count {
            both.receive(sink);
            both.send(sink.message());
        }
    };
    Worker { state: (both, Sink::begin()), ready: |(both, _): &mut (D, _)| both.ready(), run }
}

/// Returns an end that is only a function.
pub(super) fn runs(mut run: impl FnMut(u64)) -> impl End {
    Worker { state: (), ready: |(): &mut ()| Ok(()), run: move |(): &mut (), count| run(count) }
}
