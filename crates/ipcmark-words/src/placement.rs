//! The CPUs that the two sides run on, and the two sides.

use crate::word::word;

/// The CPUs that the two sides run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Placement {
    /// Both sides pinned to one CPU.
    SameCore,
    /// Pinned to two CPUs that are different cores.
    CrossCore,
    /// Pinned to two hardware threads of one core.
    SmtSiblings,
    /// Pinned to two CPUs of different NUMA nodes.
    CrossNode,
    /// Not pinned: the scheduler decides.
    Free,
}

impl Placement {
    /// All placements, in the order of reports.
    pub const ALL: [Placement; 5] = [
        Placement::SameCore,
        Placement::CrossCore,
        Placement::SmtSiblings,
        Placement::CrossNode,
        Placement::Free,
    ];

    /// Returns the word that suites, names and records use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Placement::SameCore => "same-core",
            Placement::CrossCore => "cross-core",
            Placement::SmtSiblings => "smt-siblings",
            Placement::CrossNode => "cross-node",
            Placement::Free => "free",
        }
    }
}

word!(Placement, "placement");

/// One end of a link. In ping-pong the initiator sends first and keeps the time; in stream it
/// sends and the responder receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Sends first.
    Initiator,
    /// Receives first.
    Responder,
}

impl Side {
    /// Both sides.
    pub const ALL: [Side; 2] = [Side::Initiator, Side::Responder];

    /// Returns `initiator` or `responder`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Side::Initiator => "initiator",
            Side::Responder => "responder",
        }
    }

    /// Returns 0 for the initiator, 1 for the responder.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Side::Initiator => 0,
            Side::Responder => 1,
        }
    }

    /// Returns the other end.
    #[must_use]
    pub const fn peer(self) -> Side {
        match self {
            Side::Initiator => Side::Responder,
            Side::Responder => Side::Initiator,
        }
    }

    /// Returns the side of a process by its name in a record: `initiator`, `responder-1` ...
    #[must_use]
    pub fn of_process(name: &str) -> Option<Side> {
        let word = name.split_once('-').map_or(name, |(word, _)| word);
        Side::ALL.into_iter().find(|side| side.name() == word)
    }
}

word!(Side, "side");
