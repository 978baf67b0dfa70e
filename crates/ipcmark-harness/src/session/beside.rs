//! What a run finds out about the machine beside its cells: between invocations, never while one is measured.

mod clocks;
mod cpus;
mod noise;

use crate::limits;
use clocks::Clocks;
use ipcmark_record::Record;
use ipcmark_sys::clock::Clock;
use noise::Noise;
use std::time::Instant;

/// Looks at the machine when a round begins, and at the end.
#[derive(Debug)]
pub(super) struct Beside {
    clocks: Clocks,
    limits: limits::Repeated,
    noise: Noise,
}

impl Beside {
    pub(super) fn new(clock: Clock) -> Beside {
        Beside {
            clocks: Clocks::new(clock),
            limits: limits::Repeated::new(clock),
            noise: Noise::new(clock),
        }
    }

    /// A round is about to begin. `before_ns`: how long the run that is gone on with had lasted.
    pub(super) fn round(&mut self, record: &mut Record, before_ns: u64, begun: Instant) {
        self.clocks.round(record, since(before_ns, begun));
        self.limits.look(record, since(before_ns, begun));
        self.noise.round(record, since(before_ns, begun));
    }

    /// The run has ended.
    pub(super) fn end(&mut self, record: &mut Record, before_ns: u64, begun: Instant) {
        self.clocks.end(record, since(before_ns, begun));
        self.noise.end(record, since(before_ns, begun));
    }
}

/// Now, in ns after the run's start.
fn since(before_ns: u64, begun: Instant) -> u64 {
    before_ns + begun.elapsed().as_nanos() as u64
}
