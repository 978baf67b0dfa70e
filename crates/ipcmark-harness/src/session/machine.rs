//! Looks at the machine between the invocations of a run, never during one.

mod clocks;
mod cpus;
mod noise;
mod sharing;

use super::Session;
use crate::{Result, limits};
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

    /// Returns the time that the limits took.
    pub(super) fn limits_took(&self) -> Duration {
        self.limits.took
    }
}

/// A measurement of limits that are due, at this time, ns, with the rest of the budget.
type Limits = fn(&mut limits::Repeated, &mut Record, u64, Option<Duration>);

/// Line of a run that measures no limits, because it died of them.
const DEADLY: &str = "limits: the whole run died while they were measured (killed, perhaps for want of memory); --resume skips them, --resume DIR --retry tries them again";

impl Session {
    /// Looks at the machine before a round.
    pub(super) fn look(&mut self, begun: Instant) -> Result<()> {
        self.machine.clocks.round(&mut self.record, since(self.before_ns, begun));
        self.measure_limits(begun, limits::Repeated::look)?;
        let (left, before_ns) = (self.left(begun), self.before_ns);
        self.machine.trials.round(&mut self.record, since(before_ns, begun), left);
        self.machine.noise.round(&mut self.record, since(before_ns, begun));
        Ok(())
    }

    /// Looks at the machine at the end of the run.
    pub(super) fn look_at_last(&mut self, begun: Instant) {
        // If the journal cannot be written, neither can the record, which says so.
        let _ = self.measure_limits(begun, limits::Repeated::end);
        self.machine.clocks.end(&mut self.record, since(self.before_ns, begun));
        self.machine.noise.end(&mut self.record, since(self.before_ns, begun));
    }

    /// Measures limits between two lines of the journal, unless the run would die of it again.
    fn measure_limits(&mut self, begun: Instant, measure: Limits) -> Result<()> {
        if self.record.limits_are_deadly() {
            if !self.record.not_counted.iter().any(|line| line == DEADLY) {
                self.record.not_counted.push(DEADLY.into());
            }
            return Ok(());
        }
        let left = self.left(begun);
        if let Some(writer) = &mut self.writer {
            writer.begin_limits()?;
        }
        let at_ns = since(self.before_ns, begun);
        measure(&mut self.machine.limits, &mut self.record, at_ns, left);
        if let Some(writer) = &mut self.writer {
            writer.end_limits()?;
        }
        Ok(())
    }
}

/// Returns the time since the run's start, ns.
fn since(before_ns: u64, begun: Instant) -> u64 {
    before_ns + begun.elapsed().as_nanos() as u64
}
