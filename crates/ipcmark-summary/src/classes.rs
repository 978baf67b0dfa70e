//! Distance classes: the record's own probes show how far apart the host had put the two CPUs.
//!
//! The CPUs of a virtual machine move. The same pair is found as siblings of one core, on one
//! shared cache, and far apart. Every shared-memory figure changes with it, by two to five times.
//! Figures of different classes are figures of different machines, so they are never pooled. The
//! measured cache-line round trip decides the class. A class has a word only if trials in the run felt
//! what its CPUs share, or if the topology of a machine without a hypervisor tells.

use ipcmark_record::{
    Distance, Invocation, Mark, Nearness, Reach, Record, SharingSample, SideReport, felt,
};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// One class of distances: cache-line round trips of similar length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DistanceClass {
    /// Lower end, ns; 0 in the nearest class.
    pub low_ns: f64,
    /// Upper end, ns, where the next class begins; absent in the farthest class.
    pub high_ns: Option<f64>,
    /// Median of the distances in it, ns.
    pub centre_ns: f64,
    /// Parts of the hardware that its CPUs share; absent if nothing showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearness: Option<Nearness>,
}

impl DistanceClass {
    /// Makes a class without a word.
    #[must_use]
    pub fn new(low_ns: f64, high_ns: Option<f64>, centre_ns: f64) -> DistanceClass {
        DistanceClass { low_ns, high_ns, centre_ns, nearness: None }
    }

    /// Returns the word for what its CPUs share; empty if nothing showed it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.nearness.map_or("", Nearness::name)
    }

    /// Returns the range of its centre, for keys: the centre itself differs from run to run.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach::of(self.centre_ns)
    }
}

impl fmt::Display for DistanceClass {
    /// `57 ns (one core)`; `57 ns`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} ns", self.centre_ns)?;
        self.nearness.map_or(Ok(()), |nearness| write!(f, " ({nearness})"))
    }
}

/// The classes of one record, or of several records that are compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Classes {
    /// All classes, nearest first.
    all: Vec<DistanceClass>,
    /// Index of the class with the most invocations.
    reference: Option<usize>,
}

impl Classes {
    /// Finds the classes of all distances in `records`, both before and after each invocation.
    #[must_use]
    pub fn of(records: &[&Record]) -> Classes {
        let cells = || records.iter().flat_map(|r| &r.cells);
        let good = || cells().flat_map(|c| &c.invocations).filter(|i| is_good(i));
        let mut classes = Classes::of_distances(good().filter_map(|i| i.distance));
        let mut counts = vec![0_usize; classes.all.len()];
        for at in good().filter_map(|i| classes.place(i)) {
            counts[at] += 1;
        }
        // On a tie the nearest class wins.
        classes.reference = (0..counts.len()).rev().max_by_key(|at| counts[*at]);
        for at in 0..classes.all.len() {
            classes.all[at].nearness = classes.nearness(records, at);
        }
        classes
    }

    /// Returns what the CPUs of a class share: felt in the records' trials at that distance, or, without a hypervisor, in the
    /// topology of the CPUs that its invocations ran on. `None` if neither tells, or not the same of all.
    fn nearness(&self, records: &[&Record], at: usize) -> Option<Nearness> {
        let trials = records.iter().flat_map(|r| &r.sharing).flat_map(|pair| &pair.samples);
        let here = |trial: &&SharingSample| self.place_of(trial.distance) == Some(at);
        let kept = trials.filter(here).map(|trial| trial.kept).collect();
        felt(kept).or_else(|| {
            let words: BTreeSet<Option<Nearness>> = records
                .iter()
                .flat_map(|record| {
                    record.cells.iter().flat_map(|c| &c.invocations).map(move |i| (record, i))
                })
                .filter(|(_, invocation)| is_good(invocation) && self.place(invocation) == Some(at))
                .map(|(record, invocation)| topology(record, invocation))
                .collect();
            if words.len() == 1 { words.into_iter().next().flatten() } else { None }
        })
    }

    /// Finds the classes of some distances, both before and after. None of the classes is the
    /// reference.
    #[must_use]
    pub fn of_distances(distances: impl IntoIterator<Item = Distance>) -> Classes {
        let ends = distances.into_iter().flat_map(|d| [d.before_ns, d.after_ns]);
        let ends: Vec<f64> = ends.filter(|ns| ns.is_finite() && *ns > 0.0).collect();
        let all = ipcmark_stats::classes(&ends)
            .into_iter()
            .map(|c| DistanceClass::new(c.low, Some(c.high).filter(|ns| ns.is_finite()), c.centre))
            .collect();
        Classes { all, reference: None }
    }

    /// Returns all classes, nearest first; none if no distance was measured.
    #[must_use]
    pub fn all(&self) -> &[DistanceClass] {
        &self.all
    }

    /// Returns the class with the most invocations. The figures of a record are of this class if
    /// the cell allows it.
    #[must_use]
    pub fn reference(&self) -> Option<DistanceClass> {
        self.reference.map(|at| self.all[at])
    }

    /// Returns the class of an invocation: its CPUs were in that class before and after, and did
    /// not move in between. `None` if it has no class: one CPU, CPUs of the kernel's choice,
    /// several peers, or CPUs that moved.
    #[must_use]
    pub fn of_invocation(&self, invocation: &Invocation) -> Option<DistanceClass> {
        self.place(invocation).map(|at| self.all[at])
    }

    /// Returns the class that holds both ends of a distance; `None` if they are in two classes, or
    /// differ by more than a third.
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

/// Returns what the topology says of the two CPUs of an invocation; `None` on a virtual machine, whose topology is made up.
fn topology(record: &Record, invocation: &Invocation) -> Option<Nearness> {
    let [a, b] = &invocation.sides[..] else { return None };
    let of =
        |side: &SideReport| record.host.cpus.iter().find(|cpu| cpu.id == side.placed.cpu_before);
    let real = record.host.hypervisor.is_none();
    real.then(|| of(a)?.nearness(of(b)?)).flatten()
}

/// Returns true if an invocation ended well and measured something.
pub(crate) fn is_good(invocation: &Invocation) -> bool {
    invocation.is_ok() && invocation.messages > 0 && invocation.elapsed_ns > 0
}

/// Returns true if the CPUs of an invocation moved on the way. The harness marks such an
/// invocation. Older records have no such mark, so the same rule is applied to them here.
pub(crate) fn has_moved(invocation: &Invocation) -> bool {
    invocation.marks.contains(&Mark::Moved)
        || invocation.distance.is_some_and(|distance| distance.has_moved())
}
