//! Looks at the machine between the invocations of a run, never during one.

mod clocks;
mod cpus;
mod noise;
mod sharing;

use crate::limits;
use clocks::Clocks;
use ipcmark_record::Record;
use ipcmark_sys::clock::Clock;
use noise::Noise;
use sharing::Trials;
use std::time::{Duration, Instant};

/// Observer of the machine: looks when a round begins, and at the end.
#[derive(Debug)]
pub(super) struct Machine {
    clocks: Clocks,
    limits: limits::Repeated,
    noise: Noise,
    trials: Trials,
}

impl Machine {
    pub(super) fn new(clock: Clock) -> Machine {
        Machine {
            clocks: Clocks::new(clock),
            limits: limits::Repeated::new(clock),
            noise: Noise::new(clock),
            trials: Trials::new(clock),
        }
    }

    /// Counts the other runs that are alive.
    pub(super) fn other_runs(&self) -> Option<u32> {
        self.noise.other_runs()
    }

    /// Looks before a round. `before_ns` is the duration of the resumed run before it stopped, `left`
    /// the rest of the budget.
    pub(super) fn round(
        &mut self,
        record: &mut Record,
        before_ns: u64,
        begun: Instant,
        left: Option<Duration>,
    ) {
        self.clocks.round(record, since(before_ns, begun));
        self.limits.look(record, since(before_ns, begun), left);
        self.trials.round(record, since(before_ns, begun), left);
        self.noise.round(record, since(before_ns, begun));
    }

    /// Returns the time that the limits took.
    pub(super) fn limits_took(&self) -> Duration {
        self.limits.took
    }

    /// Looks at the end of the run. `left` is the rest of the budget.
    pub(super) fn end(
        &mut self,
        record: &mut Record,
        before_ns: u64,
        begun: Instant,
        left: Option<Duration>,
    ) {
        self.limits.end(record, since(before_ns, begun), left);
        self.clocks.end(record, since(before_ns, begun));
        self.noise.end(record, since(before_ns, begun));
    }
}

/// Returns the time since the run's start, ns.
fn since(before_ns: u64, begun: Instant) -> u64 {
    before_ns + begun.elapsed().as_nanos() as u64
}
