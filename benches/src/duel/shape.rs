//! Shapes of traffic.

use ipcmark_show::{bytes, plural};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Directions of messages, and the way they are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Pattern {
    /// One message there and one back, one at a time.
    RoundTrip,
    /// One way, as fast as possible, each message published on its own.
    Stream,
    /// One way, 32 messages to a publication.
    Batched,
    /// Several senders to one receiver.
    FanIn {
        /// Number of senders.
        senders: usize,
    },
}

/// Messages to a publication in [`Pattern::Batched`].
pub const BATCH: usize = 32;

/// Returns the length of the next batch if `left` messages are left.
#[inline(always)]
#[must_use]
pub fn batch(left: u64) -> usize {
    left.min(BATCH as u64) as usize
}

/// A pattern at a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shape {
    /// Pattern of the traffic.
    pub pattern: Pattern,
    /// Bytes of a message: one of [`SIZES`].
    pub size: usize,
}

/// Bytes of a message, of all shapes.
pub const SIZES: [usize; 4] = [8, 64, 1024, 65536];

fn of(pattern: Pattern, sizes: &[usize]) -> impl Iterator<Item = Shape> {
    sizes.iter().map(move |&size| Shape { pattern, size })
}

impl Shape {
    /// Returns all shapes of one sender. Long messages are not sent in batches: their copy is most
    /// of the work.
    #[must_use]
    pub fn all() -> Vec<Shape> {
        of(Pattern::RoundTrip, &SIZES)
            .chain(of(Pattern::Stream, &SIZES))
            .chain(of(Pattern::Batched, &SIZES[..3]))
            .collect()
    }

    /// Returns all shapes of fan-in.
    #[must_use]
    pub fn fan_in() -> Vec<Shape> {
        let shapes = [1, 2, 4].map(|senders| of(Pattern::FanIn { senders }, &SIZES[..3]));
        shapes.into_iter().flatten().collect()
    }

    /// Returns the number of workers next to the first.
    pub(super) fn others(&self) -> usize {
        if let Pattern::FanIn { senders } = self.pattern { senders } else { 1 }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::RoundTrip => f.write_str("round trip"),
            Pattern::Stream => f.write_str("stream"),
            Pattern::Batched => f.write_str("batched"),
            Pattern::FanIn { senders } => f.write_str(&plural(*senders, "sender")),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pattern, bytes(self.size as u64))
    }
}
