//! Ratios of two candidates in one round, at one distance.

use super::shape::Shape;
use super::trial::{Entry, Trials};
use crate::pairs::Ratio;
use ipcmark_stats::{median, quantile};
use ipcmark_summary::{Classes, DistanceClass};
use std::collections::BTreeMap;

/// Times of one entry at one distance, ns for a message or a round trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Trials.
    pub n: usize,
    /// Median.
    pub median_ns: f64,
    /// First quartile.
    pub low_ns: f64,
    /// Third quartile.
    pub high_ns: f64,
}

/// A run, sorted for comparing.
#[derive(Debug)]
pub struct Compared {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Distances that the run met, ascending: found from all its probes, not set beforehand.
    pub classes: Vec<DistanceClass>,
    /// ns of each entry, by class and round.
    by_round: Vec<BTreeMap<(usize, u32), f64>>,
    /// Number of trials.
    pub trials: usize,
    /// Number of trials during which the CPUs moved.
    pub moved: usize,
}

impl Compared {
    /// Sorts a run.
    #[must_use]
    pub fn of(trials: Trials) -> Compared {
        let found = Classes::of_distances(trials.trials.iter().map(|trial| trial.distance));
        let classes = found.all().to_vec();
        let mut by_round = vec![BTreeMap::new(); trials.entries.len()];
        let mut moved = 0;
        for trial in &trials.trials {
            let class = found.of_distance(trial.distance);
            match class.and_then(|class| classes.iter().position(|one| *one == class)) {
                Some(class) => {
                    by_round[trial.entry].insert((class, trial.round), trial.ns);
                }
                None => moved += 1,
            }
        }
        let (entries, trials) = (trials.entries, trials.trials.len());
        Compared { entries, classes, by_round, trials, moved }
    }

    /// Returns the entry of a candidate in a shape.
    #[must_use]
    pub fn find(&self, name: &str, shape: Shape) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name && entry.shape == shape)
    }

    /// Returns an entry's times at a distance; `None` if there are none.
    #[must_use]
    pub fn spread(&self, entry: usize, class: usize) -> Option<Spread> {
        let ns: Vec<f64> = self.at(entry, class).map(|(_, ns)| ns).collect();
        Some(Spread {
            n: ns.len(),
            median_ns: median(&ns)?,
            low_ns: quantile(&ns, 0.25)?,
            high_ns: quantile(&ns, 0.75)?,
        })
    }

    /// Returns how many times as long `a` takes as `b`, over the rounds in which both were measured
    /// at this distance.
    #[must_use]
    pub fn ratio(&self, a: usize, b: usize, class: usize) -> Ratio {
        let pairs = self.at(a, class).filter_map(|(round, ns)| {
            self.by_round[b].get(&(class, round)).map(|other| ns / other)
        });
        Ratio::of(&pairs.collect::<Vec<_>>())
    }

    fn at(&self, entry: usize, class: usize) -> impl Iterator<Item = (u32, f64)> {
        self.by_round[entry].range((class, 0)..=(class, u32::MAX)).map(|(at, ns)| (at.1, *ns))
    }
}

#[cfg(test)]
mod tests {
    use super::super::candidate::Role;
    use super::super::shape::Pattern;
    use super::super::trial::Trial;
    use super::*;
    use ipcmark_record::Distance;

    /// Runs two entries in `rounds` rounds, the second half of them far. The machine gets slower
    /// all the time. The first entry takes twice as long as the second if near, and three times as
    /// long if far.
    fn run(rounds: u32) -> Compared {
        let shape = Shape { pattern: Pattern::Stream, size: 8 };
        let entry = |name: &str| Entry { name: name.into(), role: Role::Ours, shape, reason: None };
        let mut trials = Vec::new();
        for round in 0..rounds {
            let far = round >= rounds / 2;
            let ns = if far { 400.0 } else { 100.0 };
            let distance = Distance { before_ns: ns, after_ns: ns };
            let drift = 1.0 + f64::from(round);
            let times = if far { 3.0 } else { 2.0 };
            for (entry, ns) in [(0, times * drift), (1, drift)] {
                trials.push(Trial { entry, round, ns, messages: 1, distance });
            }
        }
        Compared::of(Trials { entries: vec![entry("a"), entry("b")], trials, ..Trials::default() })
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_a_class() {
        let compared = run(50);
        assert_eq!(compared.classes.len(), 2);
        for (class, times) in [(0, 2.0), (1, 3.0)] {
            let ratio = compared.ratio(0, 1, class);
            assert_eq!((ratio.n, ratio.median), (25, Some(times)));
            let interval = ratio.interval.unwrap();
            assert_eq!((interval.low, interval.high), (times, times));
        }
        assert_eq!(
            compared.classes.iter().map(|c| c.reach().name()).collect::<Vec<_>>(),
            ["80 to 200 ns", "over 200 ns"]
        );
        assert_eq!(compared.spread(1, 0).unwrap().median_ns, 13.0);
    }

    #[test]
    fn few_pairs_make_no_ratio() {
        let ratio = run(38).ratio(0, 1, 0);
        assert_eq!((ratio.n, ratio.median), (19, None));
    }
}
