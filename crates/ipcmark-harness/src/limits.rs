//! The best that hardware and kernel allow, on the CPUs of the cells and in the same run.
//!
//! A figure means little without its bound: 5 µs for 64 KiB is poor if two cores share a cache and
//! good if they do not, and a host changes that from second to second. So the bounds are measured
//! like cells: in forked, pinned processes, several times in a run, with the distance of the CPUs
//! before and after, so that they have classes too.
//!
//! No mechanism can be better than a bound. So each is the simplest form of its kind (`probe.rs`):
//! no message is stamped, checked or recorded, and no work is done twice. A measurement keeps its
//! median and its least batch. The summary takes the least, because noise only adds.

mod pair;
mod probe;
mod shared_copy;

use crate::placement::{self, Cpus};
use ipcmark_core::{Placement, Result};
use ipcmark_record::{Cpu, Distance, Limit, LimitKind, LimitSample, Record, State};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process;
use std::time::{Duration, Instant};

/// Age at which a set of limits is measured again. The host moves the CPUs about every second, and
/// a run should meet each class more than once.
const EVERY: Duration = Duration::from_secs(5);
/// Most time for one set, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(3);
/// Least time after which a set is cut off: many times what one of small messages takes.
const LEAST: Duration = Duration::from_millis(200);
/// Share of a run that sets may take that are made because the CPUs moved, or were too busy: one in this many.
const EXTRA_SHARE: u32 = 5;
/// Share of a placement's invocations at a distance without limits that calls for another set: one in this many.
const UNKNOWN_SHARE: usize = 4;
/// Time that copies get in any case.
const LEAST_COPIES: Duration = Duration::from_millis(20);
/// Largest share of the time left that one set may take: one in this many.
const SHARE: u32 = 4;
/// Number of times that a message is copied to know the limits of its size, and the rate of slow copies, bytes per second.
const COPIES: u64 = 16;
const SLOW: u64 = 1_000_000_000;

/// One measurement of one limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The limit.
    pub kind: LimitKind,
    /// Bytes moved at a time; absent if nothing is moved.
    pub size_bytes: Option<u64>,
    /// Median over batches, ns.
    pub median_ns: f64,
    /// Its least batch, ns.
    pub least_ns: f64,
    /// The distance of the two CPUs before and after; absent if only one took part.
    pub distance: Option<Distance>,
}

/// One set of limits, and the sizes that it leaves out.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// The limits.
    pub found: Vec<Found>,
    /// Sizes whose copies would take too long, bytes, ascending.
    pub too_long: Vec<u64>,
}

/// Measures all limits once, on the CPUs of `cpus`, with messages of `sizes` bytes, ascending (0 is
/// left out). Without CPUs it measures only the limits of one process. Takes about 20 ms, with large
/// messages up to a quarter of the time that is `left`, and 3 s at most.
///
/// # Errors
/// If the processes cannot be made, do not end in time, or cannot be pinned.
pub fn measure(clock: &Clock, cpus: &Cpus, sizes: &[u64], left: Option<Duration>) -> Result<Set> {
    let longest = left.map_or(LONGEST, |left| (left / SHARE).clamp(LEAST_COPIES, LONGEST));
    let (fit, too_long) = fitting(sizes, longest);
    let deadline = left.map_or(LONGEST, |left| (left / SHARE).clamp(LEAST, LONGEST));
    // A budget does not wait for CPUs that others have.
    let last = left.map(|_| deadline);
    Ok(Set { found: pair::measure(clock, cpus, &fit, (deadline, last))?, too_long })
}

/// Parts ascending sizes into those whose copies fit into `longest` together, and the others.
fn fitting(sizes: &[u64], longest: Duration) -> (Vec<u64>, Vec<u64>) {
    let room = longest.as_secs_f64() * SLOW as f64;
    let mut bytes = 0;
    sizes.iter().partition(|&&size| {
        bytes += COPIES * size;
        bytes as f64 <= room
    })
}

/// Adds measurements to the limits of a record.
pub fn add(limits: &mut Vec<Limit>, placement: Placement, at_ns: u64, found: &[Found]) {
    for one in found {
        let Found { kind, size_bytes, median_ns, least_ns, distance } = *one;
        let sample = LimitSample { at_ns, median_ns, least_ns, distance };
        let same = |l: &&mut Limit| {
            l.kind == kind && l.size_bytes == size_bytes && l.placement == placement
        };
        match limits.iter_mut().find(same) {
            Some(limit) => limit.samples.push(sample),
            None => limits.push(Limit { kind, placement, size_bytes, samples: vec![sample] }),
        }
    }
}

/// Measures the limits of a run's cells every few seconds.
#[derive(Debug)]
pub(crate) struct Repeated {
    clock: Clock,
    /// Time of the last set, ns after the run's start.
    last_ns: Option<u64>,
    /// Time that all sets took.
    pub(crate) took: Duration,
}

impl Repeated {
    pub(crate) fn new(clock: Clock) -> Repeated {
        Repeated { clock, last_ns: None, took: Duration::ZERO }
    }

    /// Measures them for each placement of the record's cells, unless the last set is recent. A
    /// placement whose limits cannot be measured is noted once, with the reason. `left` is the rest
    /// of the budget.
    pub(crate) fn look(&mut self, record: &mut Record, at_ns: u64, left: Option<Duration>) {
        let fresh = |last| u128::from(at_ns - last) < EVERY.as_nanos();
        if !self.last_ns.is_some_and(fresh) {
            self.last_ns = Some(at_ns);
            self.measure(record, at_ns, left, |_, _| true);
        } else if Duration::from_nanos(at_ns) > self.took * EXTRA_SHARE {
            self.measure(record, at_ns, left, lacks);
        }
    }

    /// Measures those that the record's invocations lack, at the end of a run: one that is short has
    /// had a single set.
    pub(crate) fn end(&mut self, record: &mut Record, at_ns: u64, left: Option<Duration>) {
        if self.last_ns.is_some() && left.is_none_or(|left| left >= LEAST) {
            self.measure(record, at_ns, left, lacks);
        }
    }

    fn measure(
        &mut self,
        record: &mut Record,
        at_ns: u64,
        left: Option<Duration>,
        is_due: impl Fn(&Record, Placement) -> bool,
    ) {
        let begun = Instant::now();
        for placement in Placement::ALL {
            let sizes = sizes_on(record, placement);
            if sizes.is_empty() || process::is_interrupted() || !is_due(record, placement) {
                continue;
            }
            let left = left.map(|left| left.saturating_sub(begun.elapsed()));
            let note = match on(&self.clock, &record.host.cpus, placement, &sizes, left) {
                Ok(Set { found, too_long }) => {
                    add(&mut record.limits, placement, at_ns, &found);
                    left_out(&too_long)
                }
                Err(why) => Some(why),
            };
            let Some(note) = note.map(|why| format!("limits, {placement}: {why}")) else {
                continue;
            };
            if !process::is_interrupted() && !record.not_counted.contains(&note) {
                record.not_counted.push(note);
            }
        }
        self.took += begun.elapsed();
    }
}

fn on(
    clock: &Clock,
    cpus: &[Cpu],
    placement: Placement,
    sizes: &[u64],
    left: Option<Duration>,
) -> std::result::Result<Set, String> {
    let cpus = placement::choose(placement, cpus).map_err(|refusal| refusal.reason)?;
    measure(clock, &cpus, sizes, left).map_err(|e| e.to_string())
}

/// Says which sizes a set left out; `None` if none.
#[must_use]
pub fn left_out(too_long: &[u64]) -> Option<String> {
    let sizes: Vec<_> = too_long.iter().map(ToString::to_string).collect();
    (!sizes.is_empty()).then(|| format!("copies of {} bytes would take too long", sizes.join(", ")))
}

/// Returns true if many of a placement's invocations have no limits: its CPUs were at another distance
/// when they were measured, or too busy.
fn lacks(record: &Record, placement: Placement) -> bool {
    let limits = || record.limits.iter().filter(|limit| limit.placement == placement);
    let apart = |d: Distance| (!d.has_moved()).then_some(f64::midpoint(d.before_ns, d.after_ns));
    let hand_offs = limits().filter(|limit| limit.kind == LimitKind::HandOff);
    let measured: Vec<f64> =
        hand_offs.flat_map(|limit| &limit.samples).filter_map(|s| apart(s.distance?)).collect();
    let cells = record.cells.iter().filter(|cell| cell.key.placement == placement);
    let made = cells.flat_map(|cell| &cell.invocations).filter(|invocation| invocation.is_ok());
    let distances: Vec<f64> = made.filter_map(|made| apart(made.distance?)).collect();
    limits().next().is_none() || are_unknown(&distances, &measured)
}

/// Returns true if many of these distances, ns, are far from all that limits were measured at.
fn are_unknown(distances: &[f64], measured: &[f64]) -> bool {
    let is_unknown = |ns: &&f64| measured.iter().all(|known| Distance::differ(*known, **ns));
    let unknown = distances.iter().filter(is_unknown).count();
    unknown > 0 && unknown * UNKNOWN_SHARE >= distances.len()
}

/// Returns the sizes of the cells that are measured on a placement, ascending.
fn sizes_on(record: &Record, placement: Placement) -> Vec<u64> {
    let measured = record.cells.iter().filter(|cell| {
        matches!(cell.state, State::Pending | State::Measured) && cell.key.placement == placement
    });
    let mut sizes: Vec<u64> = measured.map(|cell| cell.key.size_bytes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F2: a gibibyte is not copied sixteen times in a run of one second.
    #[test]
    fn sizes_that_would_take_too_long_are_left_out() {
        let sizes = [0, 64, 1 << 20, 1 << 30];
        let parts = |ms| fitting(&sizes, Duration::from_millis(ms));
        assert_eq!(parts(3_000), (vec![0, 64, 1 << 20], vec![1 << 30]));
        assert_eq!(parts(5), (vec![0, 64], vec![1 << 20, 1 << 30]));
        assert_eq!(parts(60_000).1, [0; 0]);
        assert_eq!(left_out(&[]), None);
        let words = left_out(&[1 << 30]).unwrap();
        assert_eq!(words, "copies of 1073741824 bytes would take too long");
    }

    /// F1: a run whose CPUs moved after its only set had no limit for most rows.
    #[test]
    fn a_distance_without_limits_calls_for_another_set() {
        let near = [60.0, 61.0, 62.0, 63.0];
        assert!(!are_unknown(&near, &[64.0]), "one class");
        assert!(are_unknown(&near, &[110.0]) && are_unknown(&near, &[]));
        let mixed = [60.0, 110.0, 112.0, 109.0];
        assert!(are_unknown(&mixed, &[111.0]) && !are_unknown(&mixed, &[111.0, 60.0]));
        assert!(!are_unknown(&[60.0, 111.0, 111.0, 111.0, 111.0], &[111.0]), "one of five");
        assert!(!are_unknown(&[], &[]));
    }

    #[test]
    fn a_limit_measured_again_has_one_more_sample() {
        let mut limits = Vec::new();
        let found = |size_bytes, least_ns| Found {
            kind: LimitKind::SharedCopy,
            size_bytes,
            median_ns: 2.0 * least_ns,
            least_ns,
            distance: None,
        };
        for at_ns in [1, 2] {
            let both = [found(Some(64), 5.0), found(Some(1024), 30.0)];
            add(&mut limits, Placement::CrossCore, at_ns, &both);
        }
        add(&mut limits, Placement::SameCore, 3, &[found(Some(64), 4.0)]);
        let shapes: Vec<_> =
            limits.iter().map(|l| (l.placement, l.size_bytes, l.samples.len())).collect();
        assert_eq!(
            shapes,
            [
                (Placement::CrossCore, Some(64), 2),
                (Placement::CrossCore, Some(1024), 2),
                (Placement::SameCore, Some(64), 1)
            ]
        );
    }
}
