//! The cells that can be measured here, and the reasons why the others cannot.

use super::spec::entries;
use super::{CellSpec, Session};
use crate::combine::TELLING;
use crate::pattern;
use crate::placement;
use crate::{Result, Scratch};
use ipcmark_core::{Availability, Extent, Parameter, Placement, Role, WhenFull, Workload};
use ipcmark_record::{Cell, CellKey, Cpu, Refusal, State, Timed};
use ipcmark_sys::{neighbours, scratch};
use std::collections::HashMap;
use std::time::Duration;

/// Returns a cell for each spec. Asks each transport only once if it is available, because some send
/// megabytes to find out; the names that they try are in a run's folder.
#[must_use]
pub fn new_cells(specs: &[CellSpec], cpus: &[Cpu], measure: Duration) -> Vec<Cell> {
    let _names = (!scratch::is_open()).then(Scratch::new);
    let mut asked = HashMap::new();
    let mut available = |spec: &CellSpec| {
        let answer = asked.entry(spec.entry.info.name()).or_insert_with(|| spec.entry.available());
        answer.clone()
    };
    let mut state = |spec: &CellSpec| match refusal(spec, measure) {
        Some(reason) => State::Unsupported { reason },
        None => state_of(spec, available(spec), cpus),
    };
    specs.iter().map(|spec| new_cell(spec, state(spec))).collect()
}

impl Session {
    /// Adds cells to the run.
    pub(super) fn take_in(&mut self, specs: Vec<CellSpec>) -> Result<()> {
        if specs.is_empty() {
            return Ok(());
        }
        let cells = new_cells(&specs, &self.record.host.cpus, self.options.measure);
        self.record.cells.extend(cells);
        self.entries.extend(entries(&specs));
        // The journal may name only cells that the document has.
        if let Some(writer) = &mut self.writer {
            writer.checkpoint(&self.record)?;
        }
        Ok(())
    }
}

/// Returns the reason why a spec makes no sense for this transport, on any machine.
fn refusal(spec: &CellSpec, measure: Duration) -> Option<String> {
    let info = &spec.entry.info;
    let CellKey { workload, size_bytes, ref mix, .. } = spec.key;
    let size = size_bytes as usize;
    let least = mix.as_ref().map_or(size, |mix| mix.sizes()[0].0 as usize);
    if let Err(reason) = info.supports(workload) {
        return Some(reason.into());
    }
    if spec.key.spin_budget.is_some() && !info.spins_for_a_budget {
        return Some("a spin budget is for hybrid waits of shared memory; this one does not spin and then sleep".into());
    }
    match (workload.has_payload(), size) {
        (false, 1..) => return Some(format!("a {workload} carries nothing: its size is 0")),
        (false, 0) => {}
        (true, _) if least == 0 || spec.key.has_sizes() => {
            if let Some(reason) = pattern::varied_refusal(info, workload, least) {
                return Some(reason);
            }
        }
        (true, ..TELLING) if info.lossy && workload.timed() == Timed::OneWay => {
            return Some(pattern::too_short(size));
        }
        (true, _) => {}
    }
    if spec.key.when_full == WhenFull::Drop {
        match () {
            () if !workload.can_drop() => {
                return Some("only a sender at a set rate can drop what finds no room".into());
            }
            () if !info.never_waits => {
                return Some("its sender cannot tell that it would wait, so it cannot drop".into());
            }
            () if size < TELLING => {
                return Some(format!(
                    "{size} bytes do not show which message was dropped; from {TELLING} on they do"
                ));
            }
            () => {}
        }
    }
    let lacks = |number| workload.takes(number) && workload.value(number).is_none();
    if lacks(Parameter::Peers) {
        return Some("it needs at least 1 peer".into());
    }
    if lacks(Parameter::Depth) {
        return Some("it needs a depth of at least 1".into());
    }
    pattern::refusal(info, workload, size, Extent::Time(measure))
}

/// Returns a cell without invocations.
fn new_cell(spec: &CellSpec, state: State) -> Cell {
    let info = &spec.entry.info;
    Cell {
        key: spec.key.clone(),
        family: info.family.into(),
        wait: info.wait,
        framing: info.framing,
        zero_copy: info.zero_copy,
        floor: info.role == Role::Floor,
        carries: info.carries,
        lossy: info.lossy,
        works_elsewhere: info.works_elsewhere,
        group: spec.group.clone(),
        state,
        capacity: None,
        standing: None,
        system_calls: None,
        cycles: None,
        memory: None,
        deaths: 0,
        invocations: Vec::new(),
    }
}

fn state_of(spec: &CellSpec, available: Availability, cpus: &[Cpu]) -> State {
    let info = &spec.entry.info;
    let CellKey { workload, size_bytes, placement, .. } = spec.key;
    let limits = match available {
        Availability::Available(limits) => limits,
        Availability::Unavailable(refusal) => return State::Unavailable(refusal),
    };
    let longest = match workload {
        Workload::ScatterGather { input, .. } => {
            pattern::scatter::longest_message(input, size_bytes as usize)
        }
        _ => size_bytes as usize,
    };
    if let Some(max) = limits.max_message.filter(|&max| longest > max) {
        return State::Unavailable(Refusal {
            reason: format!(
                "a message of {longest} bytes is longer than {max}, the limit of {}",
                limits.limited_by
            ),
            remedy: limits.remedy.map(|remedy| match limits.limited_by {
                // A sysctl: this cell's length is the value that it needs.
                name if name.contains('.') => format!("sysctl {name}={longest}"),
                _ => remedy,
            }),
        });
    }
    if let Err(refusal) = placement::choose(placement, cpus) {
        return State::Unavailable(refusal);
    }
    let crowd = spec.key.neighbours.map(|wanted| neighbours::refuse_memory(&wanted));
    if let Some(refusal) = crowd.and_then(|held| held.err()?.refusal()) {
        return State::Unavailable(refusal);
    }
    // Those that are idle do not spin.
    let processes = workload.with_idle(0).processes();
    let cpus = if placement == Placement::SameCore { 1 } else { cpus.len() };
    if cpus < processes && info.wait.burns_cpu() && info.role == Role::Mechanism {
        let (sides, cpus) = match (processes, cpus) {
            (2, _) => ("two spinning sides".to_owned(), "one CPU".to_owned()),
            (n, 1) => (format!("{n} spinning processes"), "one CPU".to_owned()),
            (n, cpus) => (format!("{n} spinning processes"), format!("{cpus} CPUs")),
        };
        return State::Unsupported {
            reason: format!(
                "{sides} on {cpus} wait out each other's time slices: the figure would be the scheduler's"
            ),
        };
    }
    if cpus < 2 && workload == Workload::Overlap {
        return State::Unsupported {
            reason: "a side that works instead of waiting keeps its peer from the one CPU: the figure would be the scheduler's".into(),
        };
    }
    State::Pending
}
