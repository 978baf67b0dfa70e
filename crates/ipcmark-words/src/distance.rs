//! The name of a distance between two CPUs.

use std::fmt;

/// Cache-line round trips below this, ns, stay within one core.
const ONE_CACHE_NS: f64 = 80.0;
/// Cache-line round trips above this, ns, leave the shared last-level cache.
const FAR_NS: f64 = 200.0;

/// A guess at what a cache-line round trip between two CPUs crosses. The host does not say and
/// processors differ: the number is the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nearness {
    /// Hardware threads of one core: under 80 ns.
    Siblings,
    /// Two cores that share a last-level cache: up to 200 ns.
    OneCache,
    /// Two cores without one.
    Far,
}

impl Nearness {
    /// Guesses from a cache-line round trip, ns.
    #[must_use]
    pub fn of(round_trip_ns: f64) -> Nearness {
        match round_trip_ns {
            ns if ns < ONE_CACHE_NS => Nearness::Siblings,
            ns if ns <= FAR_NS => Nearness::OneCache,
            _ => Nearness::Far,
        }
    }

    /// Returns `siblings`, `one cache` or `far`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Nearness::Siblings => "siblings",
            Nearness::OneCache => "one cache",
            Nearness::Far => "far",
        }
    }
}

impl fmt::Display for Nearness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
