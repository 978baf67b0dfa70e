//! Rules of each workload that the frame needs: the side that ends the warm-up, and the units.

use ipcmark_core::{Side, Timed, Workload};
use ipcmark_record::Unit;

/// Returns true if a side sees from its own values when warm-up is over. It tells the others by
/// its last message.
pub(crate) const fn judges(workload: Workload, side: Side) -> bool {
    match workload.timed() {
        // Too few, as at a set rate.
        Timed::RoundTrip if matches!(workload, Workload::WakeUp { gap_us: 1.. }) => false,
        Timed::RoundTrip | Timed::Burst | Timed::Block => matches!(side, Side::Initiator),
        // A warm-up holds too few tasks, and too few messages at a set rate, for a median to settle.
        Timed::OneWay | Timed::PacedRoundTrip | Timed::Task => false,
    }
}

/// Returns the unit of a side's histogram. A side that would have to read the clock in its peer's
/// round trip keeps none.
pub(crate) const fn unit(workload: Workload, side: Side) -> Option<Unit> {
    match (workload.timed(), side) {
        (Timed::RoundTrip | Timed::PacedRoundTrip, Side::Initiator) => Some(Unit::NsPerRoundTrip),
        (Timed::Burst, Side::Initiator) => Some(Unit::NsPerBurst),
        (Timed::Task, Side::Initiator) => Some(Unit::NsPerTask),
        (Timed::OneWay, Side::Initiator) => Some(Unit::NsLag),
        (Timed::OneWay, Side::Responder) => Some(Unit::NsOneWay),
        (Timed::Block, _) => Some(Unit::PsPerMessageBlock),
        (
            Timed::RoundTrip | Timed::PacedRoundTrip | Timed::Burst | Timed::Task,
            Side::Responder,
        ) => None,
    }
}

/// Returns true if a side times how long its sends hold it: one that does nothing but send. In a round trip
/// the time to take a time would be in the answer.
pub(crate) const fn keeps_holds(workload: Workload, side: Side) -> bool {
    let sends = match workload {
        Workload::Stream | Workload::FanIn { .. } | Workload::FanOut { .. } => true,
        _ => matches!(workload.timed(), Timed::OneWay),
    };
    sends && matches!(side, Side::Initiator)
}

/// Returns true if a side times its lag as well as its round trips.
pub(crate) const fn keeps_lag(workload: Workload, side: Side) -> bool {
    matches!((workload.timed(), side), (Timed::PacedRoundTrip, Side::Initiator))
}
