//! Which CPUs the two sides go to.
//!
//! CPUs are taken from the mask this process really has, never from the machine's count: a mask narrowed by a
//! container would put both sides on one CPU while a log says otherwise.

use ipcmark_core::{Placement, Side};
use ipcmark_record::Cpu;

/// A CPU for each side; `None` leaves a side to the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus {
    sides: [Option<u32>; 2],
}

impl Cpus {
    /// Not pinned.
    pub const FREE: Cpus = Cpus { sides: [None, None] };

    /// This side's CPU.
    #[must_use]
    pub const fn of(&self, side: Side) -> Option<u32> {
        self.sides[side.index()]
    }

    /// True when both sides are pinned, to different CPUs: then they may spin for each other, and have a distance.
    #[must_use]
    pub fn apart(&self) -> bool {
        matches!(self.sides, [Some(a), Some(b)] if a != b)
    }
}

/// Chooses CPUs for a placement.
///
/// # Errors
/// Why this machine has no such CPUs, and what would change it.
pub fn choose(placement: Placement, cpus: &[Cpu]) -> Result<Cpus, (String, Option<String>)> {
    let pair = |fits: fn(&Cpu, &Cpu) -> bool| {
        cpus.iter().enumerate().find_map(|(i, a)| {
            let b = cpus[i + 1..].iter().find(|b| fits(a, b))?;
            Some(Cpus { sides: [Some(a.id), Some(b.id)] })
        })
    };
    let allowed = || {
        let ids: Vec<_> = cpus.iter().map(|c| c.id.to_string()).collect();
        format!("allowed here: CPU {}", ids.join(", "))
    };
    match placement {
        Placement::Free => Ok(Cpus::FREE),
        // The last one: the first serves most machines' interrupts.
        Placement::SameCore => cpus
            .last()
            .map(|c| Cpus { sides: [Some(c.id); 2] })
            .ok_or_else(|| ("no CPU is allowed".into(), None)),
        Placement::CrossCore => pair(|a, b| !siblings(a, b) && a.node == b.node)
            .or_else(|| pair(|a, b| !siblings(a, b)))
            .ok_or_else(|| {
                (
                    format!("no two cores ({})", allowed()),
                    Some("run it where two cores are allowed (taskset, cpuset, --cpus)".into()),
                )
            }),
        Placement::SmtSiblings => pair(siblings).ok_or_else(|| {
            (format!("no two hardware threads of one core are visible ({})", allowed()), None)
        }),
        Placement::CrossNode => {
            pair(|a, b| matches!((a.node, b.node), (Some(x), Some(y)) if x != y)).ok_or_else(|| {
                (format!("all allowed CPUs are on one NUMA node ({})", allowed()), None)
            })
        }
    }
}

fn siblings(a: &Cpu, b: &Cpu) -> bool {
    a.package == b.package && a.core.is_some() && a.core == b.core
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(id: u32, core: u32, node: u32) -> Cpu {
        Cpu { id, core: Some(core), package: Some(node), node: Some(node) }
    }

    #[test]
    fn cross_core_passes_over_siblings_and_keeps_to_one_node() {
        let cpus = [cpu(0, 0, 0), cpu(1, 0, 0), cpu(2, 1, 1), cpu(3, 1, 0)];
        assert_eq!(choose(Placement::CrossCore, &cpus).unwrap().sides, [Some(0), Some(3)]);
        assert_eq!(choose(Placement::SmtSiblings, &cpus).unwrap().sides, [Some(0), Some(1)]);
        assert_eq!(choose(Placement::CrossNode, &cpus).unwrap().sides, [Some(0), Some(2)]);
    }

    #[test]
    fn one_cpu_has_no_other_core_and_says_so() {
        let cpus = [cpu(7, 0, 0)];
        let (reason, remedy) = choose(Placement::CrossCore, &cpus).unwrap_err();
        assert!(reason.contains("CPU 7"), "{reason}");
        assert!(remedy.is_some());
        let same = choose(Placement::SameCore, &cpus).unwrap();
        assert!(!same.apart() && same.of(Side::Responder) == Some(7));
    }

    #[test]
    fn siblings_alone_are_no_two_cores() {
        assert!(choose(Placement::CrossCore, &[cpu(0, 0, 0), cpu(1, 0, 0)]).is_err());
    }
}
