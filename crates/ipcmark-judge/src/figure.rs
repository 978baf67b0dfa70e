//! The figures that are compared.

use ipcmark_record::{Timed, Workload};
use serde::{Deserialize, Serialize};

/// A figure of a cell. All are times: a ratio above 1 is slower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Median round trip, ns.
    RoundTripP50,
    /// 99th percentile of round trips, ns.
    RoundTripP99,
    /// Time per message of a rate, ns: the inverse of the drained, verified rate.
    TimePerMessage,
    /// Median one-way time, from when the message was due.
    OneWayP50,
    /// 99th percentile of the one-way time.
    OneWayP99,
    /// Median round trip, from when the message was due.
    PacedRoundTripP50,
    /// 99th percentile of the round trip, from when the message was due.
    PacedRoundTripP99,
    /// Median time of a burst and its answer.
    BurstP50,
    /// 99th percentile of the time of a burst and its answer.
    BurstP99,
    /// Time of a task over its workers, ns: the median of each invocation.
    TaskTime,
}

/// The sort of a figure: it decides how large an effect has to be to matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// A median time, or the time of a task.
    P50,
    /// A 99th percentile.
    P99,
    /// The time per message of a rate.
    Rate,
}

impl Figure {
    /// Returns its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Figure::RoundTripP50 => "p50 round trip",
            Figure::RoundTripP99 => "p99 round trip",
            Figure::TimePerMessage => "time per message",
            Figure::OneWayP50 => "p50 one-way latency",
            Figure::OneWayP99 => "p99 one-way latency",
            Figure::PacedRoundTripP50 => "p50 round trip from intended start",
            Figure::PacedRoundTripP99 => "p99 round trip from intended start",
            Figure::BurstP50 => "p50 burst and answer",
            Figure::BurstP99 => "p99 burst and answer",
            Figure::TaskTime => "task",
        }
    }

    /// Returns its sort.
    #[must_use]
    pub const fn quantity(self) -> Quantity {
        match self {
            Figure::RoundTripP50
            | Figure::OneWayP50
            | Figure::PacedRoundTripP50
            | Figure::BurstP50
            | Figure::TaskTime => Quantity::P50,
            Figure::RoundTripP99
            | Figure::OneWayP99
            | Figure::PacedRoundTripP99
            | Figure::BurstP99 => Quantity::P99,
            Figure::TimePerMessage => Quantity::Rate,
        }
    }

    /// Returns the median and the 99th percentile of a pattern whose figure is a time.
    pub(crate) fn percentiles(workload: Workload) -> (Figure, Figure) {
        match workload.timed() {
            Timed::OneWay => (Figure::OneWayP50, Figure::OneWayP99),
            Timed::PacedRoundTrip => (Figure::PacedRoundTripP50, Figure::PacedRoundTripP99),
            Timed::Burst => (Figure::BurstP50, Figure::BurstP99),
            Timed::RoundTrip | Timed::Task | Timed::Block => {
                (Figure::RoundTripP50, Figure::RoundTripP99)
            }
        }
    }
}
