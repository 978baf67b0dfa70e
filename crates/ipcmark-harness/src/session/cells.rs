//! Which cells can be measured here, and why the others cannot.

use super::CellSpec;
use crate::placement;
use ipcmark_core::{Availability, Placement, Role};
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
    if let Some(max) = limits.max_message.filter(|&max| spec.size > max) {
        return State::Unavailable {
            reason: format!(
                "a message of {} bytes is longer than the {max} that {} allows",
                spec.size, limits.limited_by
            ),
            remedy: limits.remedy.map(|remedy| match limits.limited_by {
                // A sysctl: the value it needs is this cell's.
                name if name.contains('.') => format!("sysctl {name}={}", spec.size),
                _ => remedy,
            }),
        };
    }
    if let Err((reason, remedy)) = placement::choose(spec.placement, cpus) {
        return State::Unavailable { reason, remedy };
    }
    let allowed = cpus.len();
    let one_cpu = spec.placement == Placement::SameCore
        || (spec.placement == Placement::Free && allowed == 1);
    if one_cpu && info.wait.burns_cpu() && info.role == Role::Mechanism {
        return State::Unsupported {
            reason: "two spinning sides on one CPU wait out each other's time slices: the figure would be the scheduler's".into(),
        };
    }
    State::Pending
}
