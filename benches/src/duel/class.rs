//! How far apart the two CPUs were, and what was measured at one distance.

use super::trial::{Trial, Trials};
use ipcmark_stats::{Class, classes};
use std::fmt;

/// Cache-line round trips from here on, ns, are not those of hardware threads of one core.
const SIBLINGS_NS: f64 = 85.0;
/// Cache-line round trips from here on, ns, cross more than one shared cache.
const FAR_NS: f64 = 250.0;

/// What a distance is like. Targets are set by it; on a machine of another kind the borders stand elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Hardware threads of one core.
    Siblings,
    /// Two cores with one last-level cache.
    OneCache,
    /// Without one.
    Far,
}

impl Band {
    /// Of a cache-line round trip, ns.
    #[must_use]
    pub fn of(distance_ns: f64) -> Band {
        match distance_ns {
            ns if ns < SIBLINGS_NS => Band::Siblings,
            ns if ns < FAR_NS => Band::OneCache,
            _ => Band::Far,
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Band::Siblings => "siblings",
            Band::OneCache => "one cache",
            Band::Far => "far",
        })
    }
}

/// The distances that a run met, ascending: found from all its probes, not set beforehand.
#[must_use]
pub fn found(trials: &Trials) -> Vec<Class> {
    let probes: Vec<f64> = trials
        .trials
        .iter()
        .flat_map(|trial| [trial.distance.before_ns, trial.distance.after_ns])
        .collect();
    classes(&probes)
}

/// The class that a trial belongs to; `None` when the CPUs moved while it ran.
#[must_use]
pub fn class_of(trial: &Trial, classes: &[Class]) -> Option<usize> {
    let of = |ns: f64| classes.iter().position(|class| class.holds(ns));
    let before = of(trial.distance.before_ns);
    (before == of(trial.distance.after_ns) && !trial.distance.has_moved()).then_some(before)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::Distance;

    fn trial(before_ns: f64, after_ns: f64) -> Trial {
        let distance = Distance { before_ns, after_ns };
        Trial { entry: 0, round: 0, ns: 1.0, messages: 1, distance }
    }

    #[test]
    fn a_trial_that_moved_has_no_class() {
        let spread = |ns: f64| (0..50).map(move |i| ns * (1.0 + 0.001 * f64::from(i)));
        let trials = Trials {
            trials: spread(50.0).chain(spread(400.0)).map(|ns| trial(ns, ns)).collect(),
            ..Trials::default()
        };
        let classes = found(&trials);
        assert_eq!(classes.len(), 2);
        assert_eq!(class_of(&trial(51.0, 52.0), &classes), Some(0));
        assert_eq!(class_of(&trial(410.0, 405.0), &classes), Some(1));
        assert_eq!(class_of(&trial(51.0, 405.0), &classes), None);
        assert_eq!(class_of(&trial(405.0, 51.0), &classes), None);
    }

    #[test]
    fn bands_are_those_of_the_machine_they_were_met_on() {
        let bands = [50.0, 110.0, 400.0].map(Band::of);
        assert_eq!(bands, [Band::Siblings, Band::OneCache, Band::Far]);
    }
}
