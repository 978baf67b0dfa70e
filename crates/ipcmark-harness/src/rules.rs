//! Facts about each pattern that the frame needs: who counts, who ends the warm-up, and what is timed.

use ipcmark_core::Workload;
use ipcmark_record::Unit;

/// Processes that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The side that is one process: the initiator, except in fan-in.
    One,
    /// The side that may be several.
    Peers,
    /// Both sides.
    All,
    /// No side.
    Nobody,
}

impl Whose {
    /// Returns true if the rule is about this process.
    pub(crate) const fn is(self, process: usize) -> bool {
        match self {
            Whose::One => process == 0,
            Whose::Peers => process > 0,
            Whose::All => true,
            Whose::Nobody => false,
        }
    }
}

/// Rules of one pattern.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Processes whose time and count the row shows: the longest time, and the sum of the messages.
    pub(crate) figure: Whose,
    /// Processes that see from their own values when warm-up is over. They tell the others by their last message.
    pub(crate) judge: Whose,
    /// Units of the initiator's and the responder's histograms. A side that would have to read the clock in its peer's
    /// round trip keeps none.
    pub(crate) units: [Option<Unit>; 2],
}

/// Returns the rules of a pattern.
pub(crate) const fn rules(workload: Workload) -> Rules {
    const BLOCKS: [Option<Unit>; 2] = [Some(Unit::PsPerMessageBlock); 2];
    const fn initiators(unit: Unit) -> Rules {
        Rules { figure: Whose::One, judge: Whose::One, units: [Some(unit), None] }
    }
    match workload {
        Workload::PingPong | Workload::Overlap | Workload::WakeUp => {
            initiators(Unit::NsPerRoundTrip)
        }
        Workload::Burst { .. } => initiators(Unit::NsPerBurst),
        // A warm-up holds too few tasks for a median to settle.
        Workload::ScatterGather { .. } => {
            Rules { judge: Whose::Nobody, ..initiators(Unit::NsPerTask) }
        }
        // A rate at the sender would count what is still under way.
        Workload::Stream | Workload::FanOut { .. } | Workload::Broadcast { .. } => {
            Rules { figure: Whose::Peers, judge: Whose::One, units: BLOCKS }
        }
        Workload::FanIn { .. } => Rules { figure: Whose::One, judge: Whose::Peers, units: BLOCKS },
        Workload::Duplex { .. } => Rules { figure: Whose::All, judge: Whose::One, units: BLOCKS },
        // The rate sets how many values there are: too few for a median to settle.
        Workload::Paced { .. } => Rules {
            figure: Whose::Peers,
            judge: Whose::Nobody,
            units: [Some(Unit::NsLag), Some(Unit::NsOneWay)],
        },
    }
}
