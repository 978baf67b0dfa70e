//! Shapes of traffic.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which way messages go, and how they are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Pattern {
    /// One message there and one back, one at a time.
    RoundTrip,
    /// One way, as fast as it goes, each message published by itself.
    Stream,
    /// One way, 32 messages to a publication.
    Batched,
}

/// Messages to a publication in [`Pattern::Batched`].
pub const BATCH: usize = 32;

/// Messages of the next batch, when `left` are left.
#[inline(always)]
#[must_use]
pub fn batch(left: u64) -> usize {
    left.min(BATCH as u64) as usize
}

/// A pattern at a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shape {
    /// Which way.
    pub pattern: Pattern,
    /// Bytes of a message: one of [`SIZES`].
    pub size: usize,
}

/// Bytes of a message, of all shapes.
pub const SIZES: [usize; 4] = [8, 64, 1024, 65536];

impl Shape {
    /// All shapes. Large messages are not sent in batches: the copy is all there is to them.
    #[must_use]
    pub fn all() -> Vec<Shape> {
        let of = |pattern, sizes: &[usize]| {
            sizes.iter().map(move |&size| Shape { pattern, size }).collect::<Vec<_>>()
        };
        [
            of(Pattern::RoundTrip, &SIZES),
            of(Pattern::Stream, &SIZES),
            of(Pattern::Batched, &SIZES[..3]),
        ]
        .concat()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pattern::RoundTrip => "round trip",
            Pattern::Stream => "stream",
            Pattern::Batched => "batched",
        })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size {
            size if size < 1024 => write!(f, "{} {size} B", self.pattern),
            size => write!(f, "{} {} KiB", self.pattern, size / 1024),
        }
    }
}
