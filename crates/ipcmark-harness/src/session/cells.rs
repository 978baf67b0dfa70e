//! Which cells can be measured here, and why the others cannot.

use super::CellSpec;
use crate::pattern::{fan, scatter};
use crate::placement;
use ipcmark_core::{Availability, Pattern, Placement, Role};
use ipcmark_record::{Cell, Cpu, State};
use std::collections::HashMap;

/// A cell for each spec. Each transport is asked once whether it is to be had: some answer by sending megabytes.
pub(super) fn new_cells(specs: &[CellSpec], cpus: &[Cpu]) -> Vec<Cell> {
    let mut asked = HashMap::new();
    let mut available = |spec: &CellSpec| {
        let answer = asked.entry(spec.entry.info.name()).or_insert_with(|| spec.entry.available());
        answer.clone()
    };
    specs.iter().map(|spec| new_cell(spec, available(spec), cpus)).collect()
}

/// A cell without invocations, and whether it can have any here.
fn new_cell(spec: &CellSpec, available: Availability, cpus: &[Cpu]) -> Cell {
    let info = &spec.entry.info;
    Cell {
        key: spec.key(),
        family: info.family.into(),
        wait: info.wait.name().into(),
        framing: info.framing.name().into(),
        zero_copy: info.zero_copy,
        floor: info.role == Role::Floor,
        carries: info.carries.name().into(),
        lossy: info.lossy,
        group: spec.group.clone(),
        state: state_of(spec, available, cpus),
        capacity: None,
        invocations: Vec::new(),
    }
}

fn state_of(spec: &CellSpec, available: Availability, cpus: &[Cpu]) -> State {
    let info = &spec.entry.info;
    if let Err(reason) = info.supports(spec.pattern) {
        return State::Unsupported { reason: reason.into() };
    }
    let limits = match available {
        Availability::Available(limits) => limits,
        Availability::Unavailable { reason, remedy } => {
            return State::Unavailable { reason, remedy };
        }
    };
    if let Some(reason) = refusal(spec) {
        return State::Unsupported { reason };
    }
    let longest = match spec.pattern {
        Pattern::ScatterGather => scatter::longest_message(spec.load, spec.size),
        _ => spec.size,
    };
    if let Some(max) = limits.max_message.filter(|&max| longest > max) {
        return State::Unavailable {
            reason: format!(
                "a message of {longest} bytes is longer than the {max} that {} allows",
                limits.limited_by
            ),
            remedy: limits.remedy.map(|remedy| match limits.limited_by {
                // A sysctl: the value it needs is this cell's.
                name if name.contains('.') => format!("sysctl {name}={longest}"),
                _ => remedy,
            }),
        };
    }
    if let Err((reason, remedy)) = placement::choose(spec.placement, cpus) {
        return State::Unavailable { reason, remedy };
    }
    let processes = if spec.pattern.heeds().peers { 1 + spec.load.peers } else { 2 };
    let cpus = if spec.placement == Placement::SameCore { 1 } else { cpus.len() };
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
    State::Pending
}

/// Why there can be no such cell of several processes, anywhere.
fn refusal(spec: &CellSpec) -> Option<String> {
    let info = &spec.entry.info;
    match spec.pattern {
        Pattern::FanIn | Pattern::FanOut => {
            fan::refusal(info, spec.pattern, spec.load.peers, spec.size)
        }
        Pattern::ScatterGather => scatter::refusal(info.lossy, spec.size),
        _ => None,
    }
}
