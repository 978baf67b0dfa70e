//! What two CPUs share: tried in the run, or read from the machine's topology.

use crate::{Cpu, Distance, Nearness};
#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Up to this share of their speed keep two hardware threads of one core; two cores keep at least the other. In between nothing is said.
const ONE_CORE: f64 = 0.7;
const TWO_CORES: f64 = 0.85;
/// Samples that a word needs.
const FEWEST: usize = 3;

/// Two CPUs on which loops that fill execution units ran alone and at the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Sharing {
    /// The first CPU.
    pub a: u32,
    /// The second.
    pub b: u32,
    /// Each time that they were tried, spread over the run.
    pub samples: Vec<SharingSample>,
}

/// One trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct SharingSample {
    /// Time of the trial, ns after the run's start.
    pub at_ns: u64,
    /// Distance of the two CPUs before and after.
    pub distance: Distance,
    /// Throughput of each loop while the other runs, divided by its throughput alone.
    pub kept: f64,
}

/// Returns the word that the trials of CPUs at one distance support; `None` if they are few, or say neither.
#[must_use]
pub fn felt(mut kept: Vec<f64>) -> Option<Nearness> {
    kept.sort_by(f64::total_cmp);
    let middle = kept.get(kept.len() / 2).filter(|_| kept.len() >= FEWEST)?;
    match middle {
        kept if *kept <= ONE_CORE => Some(Nearness::OneCore),
        kept if *kept >= TWO_CORES => Some(Nearness::TwoCores),
        _ => None,
    }
}

impl Cpu {
    /// Returns the word that the topology has for two CPUs of a machine without a hypervisor; `None` if it does not tell.
    #[must_use]
    pub fn nearness(&self, other: &Cpu) -> Option<Nearness> {
        let (core, package) = (self.core.zip(other.core)?, self.package.zip(other.package)?);
        let same = |(a, b): (u32, u32)| a == b;
        Some(match self.cache.zip(other.cache) {
            _ if same(core) && same(package) => Nearness::OneCore,
            Some(cache) if same(cache) => Nearness::OneCache,
            Some(_) => Nearness::TwoCaches,
            None => Nearness::TwoCores,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_needs_trials_that_agree() {
        assert_eq!(felt(vec![0.5, 0.52, 0.97]), Some(Nearness::OneCore));
        assert_eq!(felt(vec![0.99, 0.5, 1.0]), Some(Nearness::TwoCores));
        assert_eq!(felt(vec![0.75, 0.8, 0.8]), None, "neither");
        assert_eq!(felt(vec![0.5, 0.5]), None, "few");
        assert_eq!(felt(Vec::new()), None);
    }

    #[test]
    fn topology_tells_cores_and_caches_apart() {
        let cpu = |core, package, cache| Cpu {
            id: 0,
            core: Some(core),
            package: Some(package),
            node: None,
            cache,
        };
        let first = cpu(0, 0, Some(0));
        assert_eq!(first.nearness(&cpu(0, 0, Some(0))), Some(Nearness::OneCore));
        assert_eq!(first.nearness(&cpu(1, 0, Some(0))), Some(Nearness::OneCache));
        assert_eq!(first.nearness(&cpu(0, 1, Some(9))), Some(Nearness::TwoCaches));
        assert_eq!(first.nearness(&cpu(1, 0, None)), Some(Nearness::TwoCores));
        assert_eq!(first.nearness(&Cpu { core: None, ..first.clone() }), None);
    }
}
