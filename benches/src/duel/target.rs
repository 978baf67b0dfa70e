//! The ratios that our rings must reach, and whether they do.

use super::candidate::Role;
use super::names;
use super::pairing::Compared;
use super::shape::{Pattern, Shape};
use crate::pairs::Ratio;
use ipcmark_record::Reach;
use ipcmark_summary::DistanceClass;

/// Divisor of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// One candidate's time.
    One(&'static str),
    /// The time of the fastest of these, by ratio to ours.
    BestOf(&'static [&'static str]),
    /// The time of the fastest peer.
    BestPeer,
}

/// A bound on a ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The shape.
    pub shape: Shape,
    /// The divisor.
    pub against: Against,
    /// Largest ratio if the CPUs share a cache.
    pub near: f64,
    /// Largest ratio if they are far apart.
    pub far: f64,
}

/// A target at one distance, and the ratio found.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The bound.
    pub at_most: f64,
    /// Ours: the one with the least ratio.
    pub ours: String,
    /// Its divisor.
    pub against: String,
    /// The ratio.
    pub ratio: Ratio,
}

impl Verdict {
    /// Returns `met`, `SHORT`, or `no ratio`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.ratio.median {
            Some(ratio) if ratio <= self.at_most => "met",
            Some(_) => "SHORT",
            None => "no ratio",
        }
    }
}

const BATCHING: &[&str] = &["disruptor, batches", "rtrb, chunks"];

/// Returns all targets.
#[must_use]
pub fn targets() -> Vec<Target> {
    use Pattern::{Batched, RoundTrip, Stream};
    let target = |pattern, size, against, near, far| Target {
        shape: Shape { pattern, size },
        against,
        near,
        far,
    };
    let mailbox = Against::One(names::MAILBOX);
    let iceoryx2 = Against::One("iceoryx2");
    let (peer, batching) = (Against::BestPeer, Against::BestOf(BATCHING));
    vec![
        target(RoundTrip, 8, mailbox, 1.10, 1.25),
        target(RoundTrip, 64, mailbox, 1.25, 1.45),
        target(RoundTrip, 1024, mailbox, 1.35, 1.40),
        target(RoundTrip, 8, peer, 1.00, 1.00),
        target(RoundTrip, 64, peer, 1.00, 1.00),
        target(RoundTrip, 1024, peer, 1.00, 1.00),
        target(RoundTrip, 65536, peer, 0.80, 0.50),
        target(Stream, 8, peer, 0.70, 0.70),
        target(Stream, 64, peer, 0.40, 0.40),
        target(Stream, 1024, peer, 0.80, 0.80),
        target(Stream, 65536, peer, 1.00, 0.50),
        target(Batched, 8, batching, 0.90, 0.90),
        target(Batched, 64, batching, 0.90, 0.90),
        target(Batched, 1024, batching, 1.00, 1.00),
        // At least 8 times as fast in a round trip, and 80 times in a stream of 64 B.
        target(RoundTrip, 8, iceoryx2, 1.0 / 8.0, 1.0 / 8.0),
        target(RoundTrip, 64, iceoryx2, 1.0 / 8.0, 1.0 / 8.0),
        target(Stream, 64, iceoryx2, 1.0 / 80.0, 1.0 / 80.0),
    ]
}

impl Target {
    /// Returns the bound at a distance.
    #[must_use]
    pub fn at(&self, class: &DistanceClass) -> f64 {
        match class.reach() {
            Reach::Long => self.far,
            Reach::Short | Reach::Middle => self.near,
        }
    }

    /// Judges it at one distance; `None` if one of its sides was not measured.
    #[must_use]
    pub fn judge(&self, compared: &Compared, class: usize) -> Option<Verdict> {
        let entries = || {
            compared
                .entries
                .iter()
                .enumerate()
                .filter(|(_, e)| e.shape == self.shape && e.reason.is_none())
        };
        let against: Vec<usize> = entries()
            .filter(|(_, entry)| match self.against {
                Against::One(name) => entry.name == name,
                Against::BestOf(names) => names.contains(&entry.name.as_str()),
                Against::BestPeer => entry.role == Role::Peer,
            })
            .map(|(at, _)| at)
            .collect();
        let ours = entries().filter(|(_, entry)| entry.role == Role::Ours);
        // Each of ours counts with its worst ratio, to the best of the others. The best of ours
        // counts.
        let order = |ratio: &Ratio| ratio.median.unwrap_or(f64::INFINITY);
        let best = ours
            .filter_map(|(mine, _)| {
                let ratios =
                    against.iter().map(|&other| (compared.ratio(mine, other, class), other));
                let worst = ratios.max_by(|a, b| {
                    // A candidate without a ratio does not count.
                    let order = |r: &Ratio| r.median.unwrap_or(f64::NEG_INFINITY);
                    order(&a.0).total_cmp(&order(&b.0))
                })?;
                Some((mine, worst))
            })
            .min_by(|a, b| order(&a.1.0).total_cmp(&order(&b.1.0)));
        let (mine, (ratio, other)) = best?;
        Some(Verdict {
            at_most: self.at(&compared.classes[class]),
            ours: compared.entries[mine].name.clone(),
            against: compared.entries[other].name.clone(),
            ratio,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Entry, Trial, Trials};
    use super::*;
    use ipcmark_record::Distance;

    const SHAPE: Shape = Shape { pattern: Pattern::Stream, size: 8 };

    /// Runs one shape in 30 rounds; each entry always takes the same time.
    fn run(entries: &[(&str, Role, f64)]) -> Compared {
        let distance = Distance { before_ns: 110.0, after_ns: 110.0 };
        let trials = (0..30).flat_map(|round| {
            entries.iter().enumerate().map(move |(entry, (.., ns))| Trial {
                entry,
                round,
                ns: *ns,
                messages: 1,
                distance,
            })
        });
        let of = |(name, role, _): &(&str, Role, f64)| Entry {
            name: (*name).into(),
            role: *role,
            shape: SHAPE,
            reason: None,
        };
        Compared::of(Trials {
            entries: entries.iter().map(of).collect(),
            trials: trials.collect(),
            ..Trials::default()
        })
    }

    fn judge(against: Against, entries: &[(&str, Role, f64)]) -> Option<Verdict> {
        Target { shape: SHAPE, against, near: 0.7, far: 0.1 }.judge(&run(entries), 0)
    }

    #[test]
    fn the_best_of_ours_is_compared_with_the_best_of_theirs() {
        let entries = [
            ("slow", Role::Ours, 9.0),
            ("fast", Role::Ours, 3.0),
            ("aside", Role::Variant, 1.0),
            ("peer", Role::Peer, 5.0),
            ("lame peer", Role::Peer, 50.0),
        ];
        let verdict = judge(Against::BestPeer, &entries).unwrap();
        assert_eq!((verdict.ours.as_str(), verdict.against.as_str()), ("fast", "peer"));
        assert_eq!((verdict.ratio.median, verdict.word()), (Some(0.6), "met"));
        let verdict = judge(Against::One("lame peer"), &entries).unwrap();
        assert_eq!((verdict.ratio.median, verdict.at_most), (Some(0.06), 0.7));
    }

    #[test]
    fn a_missed_target_is_short_and_a_missing_candidate_has_no_verdict() {
        let entries = [("ours", Role::Ours, 4.0), ("peer", Role::Peer, 5.0)];
        assert_eq!(judge(Against::BestPeer, &entries).unwrap().word(), "SHORT");
        assert_eq!(judge(Against::One("another"), &entries), None);
    }
}
