//! Which cells can be measured here, and why the others cannot.

use super::CellSpec;
use crate::combine::TELLING;
use crate::pattern;
use crate::placement;
use ipcmark_core::{Availability, Extent, Load, Pattern, Placement, Role};
use ipcmark_record::{Cell, Cpu, State};
use std::collections::HashMap;
use std::time::Duration;

/// A cell for each spec. Each transport is asked once whether it is to be had: some answer by sending megabytes.
#[must_use]
pub fn new_cells(specs: &[CellSpec], cpus: &[Cpu], measure: Duration) -> Vec<Cell> {
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

/// Why a spec makes no sense for this transport, whatever the machine.
fn refusal(spec: &CellSpec, measure: Duration) -> Option<String> {
    let info = &spec.entry.info;
    if let Err(reason) = info.supports(spec.pattern) {
        return Some(reason.into());
    }
    let heeds = spec.pattern.heeds();
    let Load { peers, depth, .. } = spec.load;
    match (spec.pattern, spec.size) {
        (Pattern::WakeUp, 1..) => return Some("a wake-up carries nothing: its size is 0".into()),
        (Pattern::WakeUp, 0) => {}
        (_, 0) => return Some("a message has at least 1 byte".into()),
        (Pattern::Paced, ..TELLING) if info.lossy => {
            return Some(format!(
                "which message was lost cannot be told from {} bytes; from {TELLING} on it can",
                spec.size
            ));
        }
        _ => {}
    }
    if heeds.peers && peers == 0 {
        return Some("it needs at least 1 peer".into());
    }
    if heeds.depth && depth == 0 {
        return Some("it needs a depth of at least 1".into());
    }
    pattern::refusal(info, (spec.pattern, spec.load), spec.size, Extent::Time(measure))
}

/// A cell without invocations, and whether it can have any here.
fn new_cell(spec: &CellSpec, state: State) -> Cell {
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
        state,
        capacity: None,
        standing: None,
        system_calls: None,
        cycles: None,
        invocations: Vec::new(),
    }
}

fn state_of(spec: &CellSpec, available: Availability, cpus: &[Cpu]) -> State {
    let info = &spec.entry.info;
    let limits = match available {
        Availability::Available(limits) => limits,
        Availability::Unavailable { reason, remedy } => {
            return State::Unavailable { reason, remedy };
        }
    };
    let longest = match spec.pattern {
        Pattern::ScatterGather => pattern::scatter::longest_message(spec.load, spec.size),
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
    if cpus < 2 && spec.pattern == Pattern::Overlap {
        return State::Unsupported {
            reason: "a side that works instead of waiting keeps its peer from the one CPU: the figure would be the scheduler's".into(),
        };
    }
    State::Pending
}
