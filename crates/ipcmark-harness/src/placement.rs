//! The CPUs of the processes of an invocation.
//!
//! CPUs are taken from the mask this process really has, never from the machine's count: a mask
//! narrowed by a container would put both sides on one CPU, and a log would say two.

use ipcmark_core::Placement;
use ipcmark_record::{Cpu, Refusal};

/// CPUs in the order in which processes take them: the one first, then its peers, and from the
/// first CPU on again when they are more. Empty leaves all to the scheduler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpus {
    order: Vec<u32>,
}

impl Cpus {
    /// Not pinned.
    pub const FREE: Cpus = Cpus { order: Vec::new() };

    /// Returns the CPU of a process: 0 is the initiator and 1 the responder; if one side is several
    /// processes, 0 is the other one.
    #[must_use]
    pub fn of(&self, process: usize) -> Option<u32> {
        self.order.get(process.checked_rem(self.order.len())?).copied()
    }

    /// Returns true if these two are pinned to different CPUs: then they have a distance.
    #[must_use]
    pub fn apart(&self, a: usize, b: usize) -> bool {
        self.of(a).is_some() && self.of(a) != self.of(b)
    }

    /// Returns true if a process is pinned to a CPU that none of the `processes` shares: then it
    /// may spin.
    #[must_use]
    pub fn alone(&self, process: usize, processes: usize) -> bool {
        (0..processes).filter(|&other| other != process).all(|other| self.apart(process, other))
            && self.of(process).is_some()
    }
}

/// Chooses CPUs for a placement.
///
/// # Errors
/// This machine has no such CPUs.
pub fn choose(placement: Placement, cpus: &[Cpu]) -> Result<Cpus, Refusal> {
    // A first CPU and all that fit it, in order.
    let first_and = |fits: fn(&Cpu, &Cpu) -> bool| {
        cpus.iter().enumerate().find_map(|(i, a)| {
            let others: Vec<_> =
                cpus[i + 1..].iter().filter(|b| fits(a, b)).map(|b| b.id).collect();
            (!others.is_empty()).then(|| [vec![a.id], others].concat())
        })
    };
    let none = |what: &str| {
        let ids: Vec<_> = cpus.iter().map(|c| c.id.to_string()).collect();
        Refusal::new(format!("{what} (allowed here: CPU {})", ids.join(", ")))
    };
    let order = match placement {
        Placement::Free => Ok(Vec::new()),
        // The last one: the first serves most machines' interrupts.
        Placement::SameCore => {
            cpus.last().map(|c| vec![c.id]).ok_or_else(|| Refusal::new("no CPU is allowed"))
        }
        Placement::CrossCore => first_and(|a, b| !siblings(a, b) && a.node == b.node)
            .or_else(|| first_and(|a, b| !siblings(a, b)))
            .map(|mut order| {
                // The rest of the machine comes last: many peers go there, too.
                let rest = cpus.iter().map(|c| c.id).filter(|id| !order.contains(id));
                order.extend(rest.collect::<Vec<_>>());
                order
            })
            .ok_or_else(|| {
                none("no two cores")
                    .with_remedy("run it where two cores are allowed (taskset, cpuset, --cpus)")
            }),
        Placement::SmtSiblings => first_and(siblings)
            .ok_or_else(|| none("no two hardware threads of one core are visible")),
        Placement::CrossNode => {
            first_and(|a, b| matches!((a.node, b.node), (Some(x), Some(y)) if x != y))
                .ok_or_else(|| none("all allowed CPUs are on one NUMA node"))
        }
    };
    order.map(|order| Cpus { order })
}

fn siblings(a: &Cpu, b: &Cpu) -> bool {
    a.package == b.package && a.core.is_some() && a.core == b.core
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(id: u32, core: u32, node: u32) -> Cpu {
        Cpu { id, core: Some(core), package: Some(node), node: Some(node), cache: None }
    }

    fn pair(placement: Placement, cpus: &[Cpu]) -> [Option<u32>; 2] {
        let chosen = choose(placement, cpus).unwrap();
        [chosen.of(0), chosen.of(1)]
    }

    #[test]
    fn cross_core_passes_over_siblings_and_keeps_to_one_node() {
        let cpus = [cpu(0, 0, 0), cpu(1, 0, 0), cpu(2, 1, 1), cpu(3, 1, 0)];
        assert_eq!(pair(Placement::CrossCore, &cpus), [Some(0), Some(3)]);
        assert_eq!(pair(Placement::SmtSiblings, &cpus), [Some(0), Some(1)]);
        assert_eq!(pair(Placement::CrossNode, &cpus), [Some(0), Some(2)]);
    }

    #[test]
    fn one_cpu_has_no_other_core_and_says_so() {
        let cpus = [cpu(7, 0, 0)];
        let Refusal { reason, remedy } = choose(Placement::CrossCore, &cpus).unwrap_err();
        assert!(reason.contains("CPU 7"), "{reason}");
        assert!(remedy.is_some());
        let same = choose(Placement::SameCore, &cpus).unwrap();
        assert!(!same.apart(0, 1) && same.of(1) == Some(7));
    }

    #[test]
    fn siblings_alone_are_no_two_cores() {
        assert!(choose(Placement::CrossCore, &[cpu(0, 0, 0), cpu(1, 0, 0)]).is_err());
    }

    #[test]
    fn more_processes_than_cpus_go_round() {
        let cpus = [cpu(0, 0, 0), cpu(1, 1, 0), cpu(2, 2, 0)];
        let chosen = choose(Placement::CrossCore, &cpus).unwrap();
        let five: Vec<_> = (0..5).filter_map(|process| chosen.of(process)).collect();
        assert_eq!(five, [0, 1, 2, 0, 1]);
        assert!(chosen.alone(0, 3) && !chosen.alone(0, 4) && chosen.alone(2, 5));
        assert!(!chosen.apart(0, 3) && chosen.apart(0, 1));
        assert!(!Cpus::FREE.alone(0, 1) && !Cpus::FREE.apart(0, 1) && Cpus::FREE.of(9).is_none());
    }
}
