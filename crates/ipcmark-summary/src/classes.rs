//! Distance classes: where the host had put the two CPUs, found from the record's own probes.
//!
//! A virtual machine's CPUs move: the same pair is found as siblings of one core, on one shared cache, and far apart, and every
//! shared-memory figure moves with it, by two to five times. Figures of different classes are figures of different machines,
//! so they are never pooled. What tells them apart is the measured cache-line round trip; what a class is called is a guess
//! by range, and the number is the fact.

use crate::counting::is_good;
use ipcmark_record::{Distance, Invocation, Mark, Nearness, Record};
use serde::Serialize;
use std::fmt;

/// One class of distances: cache-line round trips that lie together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DistanceClass {
    /// From here on, ns; 0 in the nearest class.
    pub low_ns: f64,
    /// Up to here, ns, where the next class begins; absent in the farthest class.
    pub high_ns: Option<f64>,
    /// Median of what was measured in it, ns.
    pub centre_ns: f64,
}

impl DistanceClass {
    /// Returns a guess at what the number means: see [`Nearness`].
    #[must_use]
    pub fn word(&self) -> &'static str {
        Nearness::of(self.centre_ns).name()
    }
}

impl fmt::Display for DistanceClass {
    /// `57 ns (siblings)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} ns ({})", self.centre_ns, self.word())
    }
}

/// The classes of one record, or of several that are to be held against each other.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Classes {
    /// Nearest first.
    all: Vec<DistanceClass>,
    /// Place of the one that most invocations lie in.
    reference: Option<usize>,
}

impl Classes {
    /// Finds the classes of all distances in `records`, those before and those after alike.
    #[must_use]
    pub fn of(records: &[&Record]) -> Classes {
        let cells = || records.iter().flat_map(|r| &r.cells);
        let good = || cells().flat_map(|c| &c.invocations).filter(|i| is_good(i));
        let mut classes = Classes::of_distances(good().filter_map(|i| i.distance));
        let mut counts = vec![0_usize; classes.all.len()];
        for at in good().filter_map(|i| classes.place(i)) {
            counts[at] += 1;
        }
        // Of equals the nearest.
        classes.reference = (0..counts.len()).rev().max_by_key(|at| counts[*at]);
        classes
    }

    /// Finds the classes of some distances, those before and those after alike; none of them is the reference.
    #[must_use]
    pub fn of_distances(distances: impl IntoIterator<Item = Distance>) -> Classes {
        let ends = distances.into_iter().flat_map(|d| [d.before_ns, d.after_ns]);
        let ends: Vec<f64> = ends.filter(|ns| ns.is_finite() && *ns > 0.0).collect();
        let all = ipcmark_stats::classes(&ends)
            .into_iter()
            .map(|c| DistanceClass {
                low_ns: c.low,
                high_ns: Some(c.high).filter(|ns| ns.is_finite()),
                centre_ns: c.centre,
            })
            .collect();
        Classes { all, reference: None }
    }

    /// All of them, nearest first; none where no distance was measured.
    #[must_use]
    pub fn all(&self) -> &[DistanceClass] {
        &self.all
    }

    /// The one that most invocations lie in: the figures of a record are of this class where a cell allows it.
    #[must_use]
    pub fn reference(&self) -> Option<DistanceClass> {
        self.reference.map(|at| self.all[at])
    }

    /// The class of an invocation: its CPUs stood in it before and after, and did not move on the way. `None` where it has
    /// none: one CPU, CPUs of the kernel's choice, several peers, or CPUs that moved.
    #[must_use]
    pub fn of_invocation(&self, invocation: &Invocation) -> Option<DistanceClass> {
        self.place(invocation).map(|at| self.all[at])
    }

    /// The class that holds both ends of a distance; `None` where they lie in two, or further apart than by a third.
    #[must_use]
    pub fn of_distance(&self, distance: Distance) -> Option<DistanceClass> {
        self.place_of(distance).map(|at| self.all[at])
    }

    pub(crate) fn reference_place(&self) -> Option<usize> {
        self.reference
    }

    pub(crate) fn place(&self, invocation: &Invocation) -> Option<usize> {
        if invocation.marks.contains(&Mark::Moved) {
            return None;
        }
        self.place_of(invocation.distance?)
    }

    fn place_of(&self, distance: Distance) -> Option<usize> {
        let (before, after) = (self.at(distance.before_ns)?, self.at(distance.after_ns)?);
        (before == after && !distance.has_moved()).then_some(before)
    }

    fn at(&self, ns: f64) -> Option<usize> {
        self.all.iter().position(|class| class.high_ns.is_none_or(|high_ns| ns < high_ns))
    }
}

/// True when the CPUs of an invocation moved on the way. The harness marks such an invocation; records of versions that did
/// not are read by the same rule.
pub(crate) fn has_moved(invocation: &Invocation) -> bool {
    invocation.marks.contains(&Mark::Moved)
        || invocation.distance.is_some_and(|distance| distance.has_moved())
}
