//! One visit of a cell: an invocation, or its counts.

use super::spec::{PATIENCE, patience_for};
use super::{Event, PAST, Session, Watch};
use crate::{MOST_RAW, Result};
use ipcmark_record::{Invocation, Outcome, State};
use std::time::{Duration, Instant};

impl Session {
    /// Counts a cell if it is time. Returns true if a signal asked for the end.
    pub(super) fn count(&mut self, index: usize, round: u32, measure: Duration) -> Result<bool> {
        if !self.counts.wants(index, &self.record.cells[index]) {
            return Ok(false);
        }
        let (plan, bench) = self.plan(index, round, measure, PATIENCE);
        if let Some(writer) = &mut self.writer {
            writer.begin(&self.record.cells[index], round)?;
        }
        let of = (index, self.entry(index));
        let ended = self.counts.visit(of, &mut self.record, &plan, &bench);
        if let Some(writer) = &mut self.writer {
            writer.append(&self.record.cells[index], None)?;
        }
        Ok(ended)
    }

    /// Makes one invocation of one cell. Returns the outcome if the run ends here.
    pub(super) fn visit(
        &mut self,
        index: usize,
        round: u32,
        measure: Duration,
        begun: Instant,
        watch: &mut dyn Watch,
    ) -> Result<Option<Outcome>> {
        let entry = self.entry(index);
        let full = patience_for(&self.record.cells[index].key);
        let left = self.left(begun);
        let patience = left.map_or(full, |left| left.clamp(PAST, full));
        let (mut plan, mut bench) = self.plan(index, round, measure, patience);
        plan.raw = self.options.raw.as_ref().map(|_| MOST_RAW);
        plan.latest = left.map(|left| plan.deadline.max(left + PAST));
        if let Some(writer) = &mut self.writer {
            writer.begin(&self.record.cells[index], round)?;
        }
        if let Some(wanted) = self.record.cells[index].key.neighbours {
            let all: Vec<u32> = self.record.host.cpus.iter().map(|cpu| cpu.id).collect();
            let processes = plan.workload.with_idle(0).processes();
            bench.neighbours = Some(self.crowds.wake(wanted, &bench, (processes, &all))?);
        }
        let started_ns = self.before_ns + begun.elapsed().as_nanos() as u64;
        let invoked = Instant::now();
        let report = entry.invoke(&plan, &bench);
        self.crowds.pause();
        self.absent += report.absent;
        let cell = &mut self.record.cells[index];
        // With less patience than others had, a late end does not prove a hang.
        let bound = if patience < full { Some(plan.deadline) } else { plan.latest };
        let is_late = bound.is_some_and(|bound| invoked.elapsed() >= bound + report.absent);
        let cut_off = is_late && !report.invocation.is_ok();
        if report.interrupted || cut_off {
            watch.event(Event::Visited { cell, invocation: None, raw: &report.raw });
            return Ok(Some(if cut_off { Outcome::BudgetSpent } else { Outcome::Interrupted }));
        }
        let made = report.refused.is_none();
        match report.refused {
            None => {
                cell.capacity = report.capacity.or(cell.capacity);
                cell.state = State::Measured;
                cell.invocations.push(Invocation { round, started_ns, ..report.invocation });
            }
            Some(state) if cell.invocations.is_empty() => cell.state = state,
            // An earlier round succeeded; this one was too short.
            Some(_) => {}
        }
        let newest = cell.invocations.last().filter(|_| made);
        if let Some(writer) = &mut self.writer {
            writer.append(cell, newest)?;
        }
        watch.event(Event::Visited { cell, invocation: newest, raw: &report.raw });
        Ok(None)
    }
}
