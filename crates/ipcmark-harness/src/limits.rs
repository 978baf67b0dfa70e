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
use std::time::Duration;

/// Age at which a set of limits is measured again. The host moves the CPUs about every second, and
/// a run should meet each class more than once.
const EVERY: Duration = Duration::from_secs(5);

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

/// Measures all limits once, on the CPUs of `cpus`, with messages of `sizes` bytes (0 is left out).
/// Without CPUs it measures only the limits of one process. Takes about 20 ms.
///
/// # Errors
/// If the processes cannot be made, do not end in time, or cannot be pinned.
pub fn measure(clock: &Clock, cpus: &Cpus, sizes: &[u64]) -> Result<Vec<Found>> {
    pair::measure(clock, cpus, sizes)
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
}

impl Repeated {
    pub(crate) fn new(clock: Clock) -> Repeated {
        Repeated { clock, last_ns: None }
    }

    /// Measures them for each placement of the record's cells, unless the last set is recent. A
    /// placement whose limits cannot be measured is noted once, with the reason.
    pub(crate) fn look(&mut self, record: &mut Record, at_ns: u64) {
        let fresh = |last| u128::from(at_ns - last) < EVERY.as_nanos();
        if self.last_ns.is_some_and(fresh) || process::is_interrupted() {
            return;
        }
        self.last_ns = Some(at_ns);
        for placement in Placement::ALL {
            let sizes = sizes_on(record, placement);
            if sizes.is_empty() {
                continue;
            }
            match on(&self.clock, &record.host.cpus, placement, &sizes) {
                Ok(found) => add(&mut record.limits, placement, at_ns, &found),
                Err(why) => {
                    let note = format!("limits, {placement}: {why}");
                    let interrupted = process::is_interrupted();
                    if !interrupted && !record.not_counted.contains(&note) {
                        record.not_counted.push(note);
                    }
                }
            }
        }
    }
}

fn on(
    clock: &Clock,
    cpus: &[Cpu],
    placement: Placement,
    sizes: &[u64],
) -> std::result::Result<Vec<Found>, String> {
    let cpus = placement::choose(placement, cpus).map_err(|refusal| refusal.reason)?;
    measure(clock, &cpus, sizes).map_err(|e| e.to_string())
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
