//! ipcmark's figure over a bare loop's, pair by pair.
//!
//! A pair is two invocations, one right after the other, in the order A B B A over the pairs. Where a virtual machine's CPUs
//! were moved between the four looks at their distance, the pair says nothing and is dropped; what is left is told apart by class of
//! distance, since shared memory is another mechanism at each.

use crate::bare::{self, Bare, Task, Trial};
use crate::plan;
use ipcmark_core::{Extent, Placement, Workload};
use ipcmark_harness::{Bench, Entry, Scratch};
use ipcmark_record::{Distance, Invocation};
use ipcmark_stats::{classes, median, median_interval};
use std::time::Duration;

/// Pairs of a class under which it has no ratio.
pub const LEAST: usize = 20;

/// One cell of the table.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// The bare loop.
    pub bare: Bare,
    /// ipcmark's.
    pub entry: &'a Entry,
    /// Round trips, or a stream.
    pub pattern: Workload,
    /// Bytes of a message.
    pub size: usize,
    /// Where the two sides run.
    pub placement: Placement,
}

/// ipcmark's and the bare loop's figure, ns each.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// ipcmark's.
    pub ours_ns: f64,
    /// The bare loop's.
    pub bare_ns: f64,
    /// Cache-line round trip in the mean, ns; `None` on one CPU.
    pub distance_ns: Option<f64>,
}

/// The pairs of one class.
#[derive(Debug, Clone)]
pub struct Row {
    /// Cache-line round trip in the middle of the class, ns; `None` on one CPU.
    pub distance_ns: Option<f64>,
    /// In the order they were taken.
    pub pairs: Vec<Pair>,
}

impl Row {
    /// Median of one side's figures, ns.
    #[must_use]
    pub fn middle_ns(&self, of: fn(&Pair) -> f64) -> f64 {
        let values: Vec<f64> = self.pairs.iter().map(of).collect();
        median(&values).unwrap_or(f64::NAN)
    }

    /// Median ratio, ipcmark's time over the bare loop's, with the ends of its order-statistic interval at 95 %; `None` where
    /// there are too few pairs.
    #[must_use]
    pub fn ratio(&self) -> Option<[f64; 3]> {
        let ratios: Vec<f64> = self.pairs.iter().map(|p| p.ours_ns / p.bare_ns).collect();
        let interval = median_interval(&ratios, 0.95).filter(|_| ratios.len() >= LEAST)?;
        Some([median(&ratios)?, interval.low, interval.high])
    }
}

/// What came of a cell.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// A row for each class of distance, nearest first.
    pub rows: Vec<Row>,
    /// Pairs that were dropped because the CPUs moved.
    pub moved: usize,
}

/// Takes `pairs` pairs of slices of about `slice` each.
///
/// # Errors
/// What failed, in words.
pub fn measure(
    cell: &Cell<'_>,
    bench: &Bench,
    scratch: &Scratch,
    (pairs, slice): (usize, Duration),
) -> Result<Found, String> {
    let ours = |extent| -> Result<(Trial, u64, Option<u64>), String> {
        let plan = plan(cell.pattern, cell.size, cell.placement, extent, scratch.names());
        let report = cell.entry.invoke(&plan, bench);
        let found = report.invocation;
        if !found.is_ok() {
            return Err(format!("{:?}", found.outcome));
        }
        let trial = Trial { ns: reported_ns(cell.pattern, &found)?, distance: found.distance };
        Ok((trial, found.messages, report.capacity.and_then(|c| c.bytes)))
    };
    // One invocation finds how many messages a slice holds; then both do as many.
    let (_, count, capacity) = ours(Extent::Time(slice))?;
    let Cell { pattern, size, .. } = *cell;
    let task = Task { pattern, size, capacity, cpus: &bench.cpus, clock: bench.clock, count };
    let ours = || ours(Extent::Messages(count)).map(|(trial, ..)| trial);
    let theirs = || bare::run(cell.bare, &task).map_err(|e| e.to_string());
    let mut taken = Vec::with_capacity(pairs);
    for pair in 0..pairs {
        taken.push(if pair % 2 == 0 {
            let a = ours()?;
            (a, theirs()?)
        } else {
            let b = theirs()?;
            (ours()?, b)
        });
    }
    Ok(found(&taken))
}

/// Drops what moved, and parts the rest by class.
#[must_use]
pub fn found(taken: &[(Trial, Trial)]) -> Found {
    let kept: Vec<Pair> = taken.iter().filter_map(|(ours, bare)| pair(ours, bare)).collect();
    let distances: Vec<f64> = kept.iter().filter_map(|p| p.distance_ns).collect();
    let moved = taken.len() - kept.len();
    if distances.is_empty() {
        let rows =
            if kept.is_empty() { Vec::new() } else { vec![Row { distance_ns: None, pairs: kept }] };
        return Found { rows, moved };
    }
    let rows = classes(&distances).into_iter().map(|class| {
        let of_class = kept.iter().filter(|p| p.distance_ns.is_some_and(|ns| class.holds(ns)));
        Row { distance_ns: Some(class.centre), pairs: of_class.copied().collect() }
    });
    Found { rows: rows.filter(|row| !row.pairs.is_empty()).collect(), moved }
}

/// A pair, unless the CPUs moved.
fn pair(ours: &Trial, bare: &Trial) -> Option<Pair> {
    let figures = |distance_ns| Pair { ours_ns: ours.ns, bare_ns: bare.ns, distance_ns };
    let (Some(a), Some(b)) = (ours.distance, bare.distance) else { return Some(figures(None)) };
    let looks = [a.before_ns, a.after_ns, b.before_ns, b.after_ns];
    let nearest = looks.into_iter().fold(f64::INFINITY, f64::min);
    let farthest = looks.into_iter().fold(0.0, f64::max);
    (!Distance::differ(nearest, farthest)).then(|| figures(Some(looks.iter().sum::<f64>() / 4.0)))
}

/// What ipcmark reports: the mean of the round trips it timed, or time over messages of a drained stream.
///
/// # Errors
/// When there is no figure, in words.
pub fn reported_ns(pattern: Workload, found: &Invocation) -> Result<f64, String> {
    match pattern {
        Workload::PingPong => {
            let trips = found.sides[0].histogram.as_ref().ok_or("no round trips were timed")?;
            Ok(trips.unpack().map_err(|e| e.to_string())?.mean())
        }
        _ => Ok(found.elapsed_ns as f64 / found.messages as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(ns: f64, before_ns: f64, after_ns: f64) -> Trial {
        Trial { ns, distance: Some(Distance { before_ns, after_ns }) }
    }

    #[test]
    fn a_pair_whose_cpus_moved_at_any_of_four_looks_is_dropped() {
        let near = trial(100.0, 60.0, 62.0);
        assert!(pair(&near, &trial(90.0, 58.0, 63.0)).is_some());
        for moved in [trial(90.0, 60.0, 120.0), trial(90.0, 120.0, 60.0), trial(90.0, 120.0, 120.0)]
        {
            assert!(pair(&near, &moved).is_none());
            assert!(pair(&moved, &near).is_none());
        }
        let one_cpu = Trial { ns: 1.0, distance: None };
        assert!(pair(&one_cpu, &one_cpu).is_some());
    }

    #[test]
    fn each_class_has_its_row_and_too_few_pairs_have_no_ratio() {
        let near = (0..40).map(|i| {
            let ns = 60.0 + f64::from(i % 5);
            (trial(110.0, ns, ns), trial(100.0, ns, ns))
        });
        let far = (0..19).map(|_| (trial(390.0, 400.0, 401.0), trial(300.0, 399.0, 402.0)));
        let moved = (0..3).map(|_| (trial(1.0, 60.0, 400.0), trial(1.0, 60.0, 60.0)));
        let taken: Vec<_> = near.chain(far).chain(moved).collect();
        let Found { rows, moved } = found(&taken);
        assert_eq!((rows.len(), moved), (2, 3));
        assert_eq!(rows.iter().map(|r| r.pairs.len()).collect::<Vec<_>>(), [40, 19]);
        let [middle, low, high] = rows[0].ratio().unwrap();
        assert!((middle - 1.1).abs() < 1e-9 && low <= middle && middle <= high);
        assert!(rows[1].ratio().is_none());
    }
}
