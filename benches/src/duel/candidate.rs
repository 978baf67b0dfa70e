//! A candidate, with its types erased.

use super::link::{Both, Duplex, End, Link, Part, asks, echoes, receives, sends};
use super::shape::{Pattern, Shape};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Role of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// A bound that no ring can beat.
    Limit,
    /// Ours.
    Ours,
    /// A variant of ours, for comparison; no target counts it.
    Variant,
    /// Another project's.
    Peer,
}

/// All ends of a candidate: the first worker's, which sends, asks or gathers, and those of the
/// others.
pub(super) enum Ends {
    /// Ends in threads of one process.
    Threads(Box<dyn End>, Vec<Box<dyn End + Send>>),
    /// Ends in processes, made before the fork.
    Processes(Box<dyn End>, Vec<Box<dyn End>>),
}

/// Makes all ends for a shape, with room for this many bytes of messages in each direction.
type Make = Box<dyn Fn(Shape, usize) -> Result<Ends, String>>;

/// One way to move messages.
pub struct Candidate {
    /// Its name in the table.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Bytes of messages it has room for, instead of the room of the others.
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

/// Makes the two ends of a link, as one kind of ends.
macro_rules! two_ends {
    ($kind:ident, $pattern:expr, $bytes:expr) => {{
        let (tx, rx) = L::link::<W>($bytes)?;
        Ok(match $pattern {
            Pattern::RoundTrip => {
                let (back_tx, back_rx) = L::link::<W>($bytes)?;
                let (here, there) = (Both { tx, rx: back_rx }, Both { tx: back_tx, rx });
                Ends::$kind(Box::new(asks(here)), vec![Box::new(echoes(there))])
            }
            _ => Ends::$kind(Box::new(sends(tx)), vec![Box::new(receives(rx))]),
        })
    }};
}

fn in_processes<const W: usize, L: Link>(pattern: Pattern, bytes: usize) -> Result<Ends, String> {
    two_ends!(Processes, pattern, bytes)
}

fn in_threads<const W: usize, L: Link>(pattern: Pattern, bytes: usize) -> Result<Ends, String>
where
    L::Tx<W>: Send,
    L::Rx<W>: Send,
{
    two_ends!(Threads, pattern, bytes)
}

impl Candidate {
    /// Makes a candidate between two processes.
    #[must_use]
    pub fn between_processes<L: Link + 'static>(name: &str, role: Role) -> Candidate {
        let make: Make =
            Box::new(|shape, bytes| sized!(shape, in_processes, [L], (shape.pattern, bytes)));
        Candidate::made_by(name, role, (L::part, false), make)
    }

    /// Makes a candidate between two threads of one process. Its indices stay in that process's
    /// memory, as its authors intend.
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
        let make: Make =
            Box::new(|shape, bytes| sized!(shape, in_threads, [L], (shape.pattern, bytes)));
        Candidate::made_by(name, role, (L::part, true), make)
    }

    /// Makes the ends of a candidate for round trips between two processes that is not a pair of
    /// links.
    pub(super) fn round_trips<const W: usize, D: Duplex<W> + 'static>(
        pair: Result<(D, D), String>,
    ) -> Result<Ends, String> {
        let (here, there) = pair?;
        Ok(Ends::Processes(Box::new(asks(here)), vec![Box::new(echoes(there))]))
    }

    /// Makes a candidate with its own way to make ends.
    pub(super) fn made_by(
        name: &str,
        role: Role,
        (part, in_threads): (fn(Shape) -> Part, bool),
        make: Make,
    ) -> Candidate {
        Candidate { name: name.into(), role, bytes: None, part, in_threads, make }
    }

    /// Gives it room for this many bytes of messages, whatever the others have.
    #[must_use]
    pub fn with_room(mut self, bytes: usize) -> Candidate {
        self.bytes = Some(bytes);
        self
    }

    /// Returns its part in a shape.
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
