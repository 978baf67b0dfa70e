//! A candidate, with its types erased.

use super::link::{Asks, Both, Duplex, Echoes, End, Link, Part, Receives, Sends};
use super::message::{Sink, Source};
use super::shape::{Pattern, Shape};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a candidate is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// What no ring can beat.
    Limit,
    /// Ours.
    Ours,
    /// Ours, beside what it is compared with for another reason: no target counts it.
    Variant,
    /// Somebody else's.
    Peer,
}

/// Both ends of a candidate: the first sends or asks, the second receives or echoes.
pub(super) enum Ends {
    /// In two threads of one process.
    Threads(Box<dyn End>, Box<dyn End + Send>),
    /// In two processes, made before the fork.
    Processes(Box<dyn End>, Box<dyn End>),
}

/// Makes both ends for a shape, with room for so many bytes of messages in each direction.
type Make = Box<dyn Fn(Shape, usize) -> Result<Ends, String>>;

/// One way to move messages.
pub struct Candidate {
    /// Its name in the table.
    pub name: String,
    /// What it is there for.
    pub role: Role,
    /// Bytes of messages it has room for, instead of what the others have.
    pub bytes: Option<usize>,
    part: fn(Shape) -> Part,
    in_threads: bool,
    make: Make,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({})", self.name)
    }
}

/// Calls the function for a size's number of words, which must be a constant in types.
macro_rules! sized {
    ($shape:expr, $function:ident, [$($of:ty),*], ($($argument:expr),*)) => {
        match $shape.size {
            8 => $function::<1, $($of),*>($($argument),*),
            64 => $function::<8, $($of),*>($($argument),*),
            1024 => $function::<128, $($of),*>($($argument),*),
            65536 => $function::<8192, $($of),*>($($argument),*),
            other => Err(format!("no candidate is compiled for messages of {other} B")),
        }
    };
}

pub(super) use sized;

type Two<A, B> = Result<(A, B), String>;

fn streaming<const W: usize, L: Link>(
    bytes: usize,
) -> Two<Sends<W, L::Tx<W>>, Receives<W, L::Rx<W>>> {
    let (tx, rx) = L::link::<W>(bytes)?;
    Ok((Sends(tx, Source::begin()), Receives(rx, Sink::begin())))
}

type Pair<const W: usize, L> = Both<<L as Link>::Tx<W>, <L as Link>::Rx<W>>;

fn asking<const W: usize, L: Link>(
    bytes: usize,
) -> Two<Asks<W, Pair<W, L>>, Echoes<W, Pair<W, L>>> {
    let (there, here) = (L::link::<W>(bytes)?, L::link::<W>(bytes)?);
    Ok((
        Asks(Both { tx: there.0, rx: here.1 }, Source::begin(), Sink::begin()),
        Echoes(Both { tx: here.0, rx: there.1 }, Sink::begin()),
    ))
}

fn in_processes<const W: usize, L: Link>(pattern: Pattern, bytes: usize) -> Result<Ends, String> {
    Ok(match pattern {
        Pattern::RoundTrip => {
            let (a, b) = asking::<W, L>(bytes)?;
            Ends::Processes(Box::new(a), Box::new(b))
        }
        Pattern::Stream | Pattern::Batched => {
            let (a, b) = streaming::<W, L>(bytes)?;
            Ends::Processes(Box::new(a), Box::new(b))
        }
    })
}

fn in_threads<const W: usize, L: Link>(pattern: Pattern, bytes: usize) -> Result<Ends, String>
where
    L::Tx<W>: Send,
    L::Rx<W>: Send,
{
    Ok(match pattern {
        Pattern::RoundTrip => {
            let (a, b) = asking::<W, L>(bytes)?;
            Ends::Threads(Box::new(a), Box::new(b))
        }
        Pattern::Stream | Pattern::Batched => {
            let (a, b) = streaming::<W, L>(bytes)?;
            Ends::Threads(Box::new(a), Box::new(b))
        }
    })
}

impl Candidate {
    /// Between two processes.
    #[must_use]
    pub fn between_processes<L: Link + 'static>(name: &str, role: Role) -> Candidate {
        Candidate {
            name: name.into(),
            role,
            bytes: None,
            part: L::part,
            in_threads: false,
            make: Box::new(|shape, bytes| sized!(shape, in_processes, [L], (shape.pattern, bytes))),
        }
    }

    /// Between two threads of one process: what was made for that, with its indices where its makers put them.
    #[must_use]
    pub fn between_threads<L: Link + 'static>(name: &str, role: Role) -> Candidate
    where
        L::Tx<1>: Send,
        L::Rx<1>: Send,
        L::Tx<8>: Send,
        L::Rx<8>: Send,
        L::Tx<128>: Send,
        L::Rx<128>: Send,
        L::Tx<8192>: Send,
        L::Rx<8192>: Send,
    {
        Candidate {
            name: name.into(),
            role,
            bytes: None,
            part: L::part,
            in_threads: true,
            make: Box::new(|shape, bytes| sized!(shape, in_threads, [L], (shape.pattern, bytes))),
        }
    }

    /// Round trips alone, between two processes, by something that is no pair of links.
    pub(super) fn round_trips<const W: usize, D: Duplex<W> + 'static>(
        pair: Result<(D, D), String>,
    ) -> Result<Ends, String> {
        let (a, b) = pair?;
        Ok(Ends::Processes(
            Box::new(Asks(a, Source::begin(), Sink::begin())),
            Box::new(Echoes(b, Sink::begin())),
        ))
    }

    /// One that makes its ends itself, between two processes.
    pub(super) fn made_by(
        name: &str,
        role: Role,
        part: fn(Shape) -> Part,
        make: Make,
    ) -> Candidate {
        Candidate { name: name.into(), role, bytes: None, part, in_threads: false, make }
    }

    /// Gives it room for so many bytes of messages, whatever the others have.
    #[must_use]
    pub fn with_room(mut self, bytes: usize) -> Candidate {
        self.bytes = Some(bytes);
        self
    }

    /// Whether it takes part in a shape.
    #[must_use]
    pub fn part(&self, shape: Shape) -> Part {
        (self.part)(shape)
    }

    pub(super) fn in_threads(&self) -> bool {
        self.in_threads
    }

    pub(super) fn make(&self, shape: Shape, bytes: usize) -> Result<Ends, String> {
        (self.make)(shape, self.bytes.unwrap_or(bytes))
    }
}
