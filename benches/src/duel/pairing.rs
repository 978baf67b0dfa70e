//! Ratios: of two candidates in one round, at one distance.

use super::class::{Band, class_of, found};
use super::shape::Shape;
use super::trial::{Entry, Trials};
use ipcmark_stats::{Class, Interval, median, median_interval, quantile};
use std::collections::BTreeMap;

/// Under so many pairs there is no ratio.
pub const PAIRS_MIN: usize = 20;

/// The median of paired ratios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Pairs.
    pub n: usize,
    /// Their median ratio; absent under [`PAIRS_MIN`] pairs.
    pub median: Option<f64>,
    /// Order-statistic interval of the median, 95 %.
    pub interval: Option<Interval>,
}

impl Ratio {
    /// Of paired values.
    #[must_use]
    pub fn of(ratios: &[f64]) -> Ratio {
        let n = ratios.len();
        if n < PAIRS_MIN {
            return Ratio { n, median: None, interval: None };
        }
        Ratio { n, median: median(ratios), interval: median_interval(ratios, 0.95) }
    }
}

/// What one entry took at one distance, ns for a message or a round trip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Trials.
    pub n: usize,
    /// The middle.
    pub median_ns: f64,
    /// A quarter of the trials took less.
    pub low_ns: f64,
    /// A quarter took more.
    pub high_ns: f64,
}

/// A run, sorted for comparing.
#[derive(Debug)]
pub struct Compared {
    /// What was measured.
    pub entries: Vec<Entry>,
    /// At which distances, ascending.
    pub classes: Vec<Class>,
    /// ns of each entry, by class and round.
    by_round: Vec<BTreeMap<(usize, u32), f64>>,
    /// Trials in all, and those during which the CPUs moved.
    pub trials: usize,
    /// See `trials`.
    pub moved: usize,
}

impl Compared {
    /// Sorts a run.
    #[must_use]
    pub fn of(trials: Trials) -> Compared {
        let classes = found(&trials);
        let mut by_round = vec![BTreeMap::new(); trials.entries.len()];
        let mut moved = 0;
        for trial in &trials.trials {
            match class_of(trial, &classes) {
                Some(class) => {
                    by_round[trial.entry].insert((class, trial.round), trial.ns);
                }
                None => moved += 1,
            }
        }
        let (entries, trials) = (trials.entries, trials.trials.len());
        Compared { entries, classes, by_round, trials, moved }
    }

    /// What kind of distance a class is.
    #[must_use]
    pub fn band(&self, class: usize) -> Band {
        Band::of(self.classes[class].centre)
    }

    /// The entry of a candidate in a shape.
    #[must_use]
    pub fn find(&self, name: &str, shape: Shape) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name && entry.shape == shape)
    }

    /// An entry's times at a distance; `None` when there are none.
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

    /// How often `a` takes what `b` takes: the ratio over the rounds in which both were measured at this distance.
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

    /// Two entries in `rounds` rounds, of which the second half is far; the machine gets slower all the time, and the first
    /// entry takes twice as long as the second, near, and three times as long, far.
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
        assert_eq!((compared.band(0), compared.band(1)), (Band::OneCache, Band::Far));
        assert_eq!(compared.spread(1, 0).unwrap().median_ns, 13.0);
    }

    #[test]
    fn few_pairs_make_no_ratio() {
        let ratio = run(38).ratio(0, 1, 0);
        assert_eq!((ratio.n, ratio.median), (19, None));
    }
}
