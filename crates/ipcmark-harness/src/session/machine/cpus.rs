//! The CPUs that the cells of a run are measured on.

use crate::placement::{self, Cpus};
use crate::session::is_open;
use ipcmark_record::{Cell, Cpu};
use std::collections::BTreeSet;

/// Number of CPUs to look at for processes that are not pinned: they may be on any.
const CPUS_OF_THE_FREE: usize = 16;

/// Returns the CPUs that the processes of these cells use.
pub(super) fn in_use(cells: &[Cell], cpus: &[Cpu]) -> BTreeSet<u32> {
    let mut used = BTreeSet::new();
    for (cell, chosen) in open(cells, cpus) {
        match chosen.of(0) {
            None => used.extend(cpus.iter().take(CPUS_OF_THE_FREE).map(|cpu| cpu.id)),
            Some(_) => used.extend((0..processes(cell)).filter_map(|process| chosen.of(process))),
        }
    }
    used
}

/// Returns the pairs of CPUs between which messages of these cells go: the CPU of the single process
/// with each of its peers'. If processes are not pinned: the first CPU with each other.
pub(super) fn pairs(cells: &[Cell], cpus: &[Cpu]) -> BTreeSet<(u32, u32)> {
    let mut pairs = BTreeSet::new();
    for (cell, chosen) in open(cells, cpus) {
        let Some(one) = chosen.of(0) else {
            let others = cpus.iter().skip(1).take(CPUS_OF_THE_FREE - 1);
            pairs.extend(others.map(|other| (cpus[0].id, other.id)));
            continue;
        };
        let others = (1..processes(cell)).filter_map(|peer| chosen.of(peer));
        let apart = others.filter(|other| *other != one);
        pairs.extend(apart.map(|other| (one.min(other), one.max(other))));
    }
    pairs
}

/// Returns the cells to measure, each with its CPUs.
fn open<'a>(cells: &'a [Cell], cpus: &'a [Cpu]) -> impl Iterator<Item = (&'a Cell, Cpus)> {
    cells
        .iter()
        .filter(|cell| is_open(cell))
        .filter_map(|cell| Some((cell, placement::choose(cell.key.placement, cpus).ok()?)))
}

/// Returns the number of processes of one invocation of a cell.
fn processes(cell: &Cell) -> usize {
    if cell.floor { 1 } else { cell.key.workload.processes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::Placement::{CrossCore, Free, SameCore};
    use ipcmark_record::{Carries, CellKey, Framing, Placement, State, WaitKind, Workload};

    fn cell(workload: Workload, placement: Placement) -> Cell {
        Cell {
            key: CellKey::new("toy/block", workload, 64, placement),
            family: "toy".into(),
            wait: WaitKind::Block,
            framing: Framing::Message,
            zero_copy: false,
            floor: false,
            carries: Carries::Messages,
            lossy: false,
            works_elsewhere: false,
            group: String::new(),
            state: State::Pending,
            capacity: None,
            standing: None,
            system_calls: None,
            cycles: None,
            memory: None,
            deaths: 0,
            invocations: Vec::new(),
        }
    }

    fn four() -> Vec<Cpu> {
        let place = |id| Cpu { id, core: Some(id), package: Some(0), node: Some(0), cache: None };
        (0..4).map(place).collect()
    }

    #[test]
    fn cpus_in_use_are_those_that_processes_are_put_on() {
        let used = |cells: &[Cell]| in_use(cells, &four()).into_iter().collect::<Vec<_>>();
        assert_eq!(used(&[cell(Workload::PingPong, SameCore)]), [3]);
        assert_eq!(used(&[cell(Workload::PingPong, CrossCore)]), [0, 1]);
        assert_eq!(used(&[cell(Workload::FanIn { peers: 9 }, CrossCore)]), [0, 1, 2, 3]);
        assert_eq!(used(&[cell(Workload::PACED, Free)]), [0, 1, 2, 3]);
        assert!(used(&[]).is_empty());
    }

    fn of(cells: &[Cell]) -> Vec<(u32, u32)> {
        pairs(cells, &four()).into_iter().collect()
    }

    #[test]
    fn pairs_are_those_that_messages_cross() {
        let two = cell(Workload::PingPong, CrossCore);
        assert_eq!(of(&[two.clone(), cell(Workload::PACED, CrossCore)]), [(0, 1)]);
        assert_eq!(of(&[cell(Workload::PingPong, SameCore)]), []);
        assert_eq!(of(&[cell(Workload::FanIn { peers: 5 }, CrossCore)]), [(0, 1), (0, 2), (0, 3)]);
        assert_eq!(of(&[cell(Workload::PACED, Free)]), [(0, 1), (0, 2), (0, 3)]);
        let closed = Cell { state: State::Unsupported { reason: "no".into() }, ..two.clone() };
        assert_eq!(of(&[closed, Cell { floor: true, ..two }]), []);
    }
}
