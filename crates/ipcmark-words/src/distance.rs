//! Words for the distance between two CPUs.

use crate::word::word;
use std::fmt;

/// Cache-line round trips below the first are short, above the second long, ns.
const BORDERS_NS: (f64, f64) = (80.0, 200.0);

/// A range of cache-line round trips: part of the key of a figure, because the exact time differs from run to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// Range under 80 ns.
    Short,
    /// Range from 80 to 200 ns.
    Middle,
    /// Range over 200 ns.
    Long,
}

impl Reach {
    /// Returns the range of a cache-line round trip, ns.
    #[must_use]
    pub fn of(round_trip_ns: f64) -> Reach {
        match round_trip_ns {
            ns if ns < BORDERS_NS.0 => Reach::Short,
            ns if ns <= BORDERS_NS.1 => Reach::Middle,
            _ => Reach::Long,
        }
    }

    /// Returns `under 80 ns`, `80 to 200 ns` or `over 200 ns`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Reach::Short => "under 80 ns",
            Reach::Middle => "80 to 200 ns",
            Reach::Long => "over 200 ns",
        }
    }
}

impl Reach {
    /// Returns the range's word in keys, which older builds took for more than a range: `siblings`, `one cache` or `far`. A key never
    /// changes, or a series would end.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Reach::Short => "siblings",
            Reach::Middle => "one cache",
            Reach::Long => "far",
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Parts of the hardware that two CPUs share. They are felt or read from the topology, never guessed from a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nearness {
    /// Execution units: they are hardware threads of one core.
    OneCore,
    /// No execution unit; what else is not known.
    TwoCores,
    /// A last-level cache.
    OneCache,
    /// Not even a cache.
    TwoCaches,
}

impl Nearness {
    /// All of them, nearest first.
    pub const ALL: [Nearness; 4] =
        [Nearness::OneCore, Nearness::TwoCores, Nearness::OneCache, Nearness::TwoCaches];

    /// Returns `one core`, `two cores`, `one cache` or `two caches`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Nearness::OneCore => "one core",
            Nearness::TwoCores => "two cores",
            Nearness::OneCache => "one cache",
            Nearness::TwoCaches => "two caches",
        }
    }
}

word!(Nearness, "nearness");
