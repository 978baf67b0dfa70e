//! The thing that a workload times, and the figure that its rows are ranked by.

/// The thing whose time a workload measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timed {
    /// A message (or notification) there and one back.
    RoundTrip,
    /// A message, from its intended start to its receipt.
    OneWay,
    /// A message there and one back, from its intended start to the receipt of its answer.
    PacedRoundTrip,
    /// Several messages and one answer.
    Burst,
    /// A divisible task.
    Task,
    /// A block of messages at the receiver: a rate, and no latency.
    Block,
}

/// The figure that a row is ranked and charted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Headline {
    /// The median of a time, ns: less is better.
    Median,
    /// Messages a second, drained and verified: more is better.
    Rate,
    /// Speed relative to one process alone: more is better.
    SpeedUp,
    /// Share of the round trip in which other work was done, 0 to 1: more is better.
    UsefulWork,
}

impl Headline {
    /// Returns true if more is better.
    #[must_use]
    pub const fn more_is_better(self) -> bool {
        match self {
            Headline::Median => false,
            Headline::Rate | Headline::SpeedUp | Headline::UsefulWork => true,
        }
    }
}
