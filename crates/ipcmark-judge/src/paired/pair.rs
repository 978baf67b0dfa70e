//! One pair of invocations: the ratio of new / base, and of the base against itself.
//!
//! A lap goes through the sides and back (A B C C B A), so that a drift adds the same to each. That
//! holds within one lap, and only while the CPUs stay where they are. So each lap gives a ratio, laps
//! in which anything moved are left out, and the pair's ratio is the median over the rest. Where the
//! CPUs were does not matter: all sides were there.

use ipcmark_record::{Arm, Distance, InvocationOutcome, Pair, Slice, Workload};
use ipcmark_stats::median;
use ipcmark_summary::{Phase, misses_rate};
use std::collections::BTreeMap;

/// Slices of a lap, two per side.
const SLICES: u32 = 6;
/// Values that a slice needs for its 99th percentile: ten beyond it.
pub(super) const P99_VALUES: u64 = 1_000;

/// A lap: the base, the new side, the base again, with two slices each.
type Lap<'a> = [[&'a Slice; 2]; 3];

/// The ratios of one pair for one figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ratios {
    /// ln(new / base).
    pub(super) new: f64,
    /// ln(base again / base).
    pub(super) again: f64,
    /// The base, ns.
    pub(super) base_ns: f64,
    /// The new side, ns.
    pub(super) new_ns: f64,
}

/// A pair as the judge reads it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    /// It counts.
    Usable {
        /// The typical time, or the time per message of a rate.
        typical: Ratios,
        /// The 99th percentile, if each slice of some lap has enough values.
        p99: Option<Ratios>,
    },
    /// A side failed.
    Failed,
    /// A side did not reach the rate of its messages: their latency is that of a queue that only grew.
    Late {
        /// True if the base reached it, both times.
        new_alone: bool,
    },
    /// The CPUs moved in every lap.
    Moved,
    /// No lap is whole.
    Short,
}

impl Reading {
    /// Reads a pair of a cell with this workload.
    pub(super) fn of(pair: &Pair, workload: Workload) -> Reading {
        let is_rate = workload.is_rate();
        if [&pair.base, &pair.new, &pair.again].into_iter().any(has_failed) {
            return Reading::Failed;
        }
        let [base, new, again] =
            [&pair.base, &pair.new, &pair.again].map(|side| is_late(side, workload));
        if base || new || again {
            return Reading::Late { new_alone: new && !base && !again };
        }
        let whole = laps(pair);
        let still: Vec<&Lap> = whole.iter().filter(|p| is_still(p)).collect();
        if still.is_empty() {
            return if whole.is_empty() { Reading::Short } else { Reading::Moved };
        }
        let typical = |slice: &Slice| match is_rate {
            true => slice.elapsed_ns as f64 / slice.messages as f64,
            false => slice.midmean_ns,
        };
        let p99 = |slice: &Slice| match slice.values >= P99_VALUES {
            true => slice.p99_ns,
            false => f64::NAN,
        };
        match ratios(&still, typical) {
            None => Reading::Short,
            Some(typical) => {
                Reading::Usable { typical, p99: ratios(&still, p99).filter(|_| !is_rate) }
            }
        }
    }
}

/// Returns true if a side failed.
pub(super) fn has_failed(side: &Arm) -> bool {
    side.outcome != InvocationOutcome::Ok
}

/// Returns true if a side did not reach the rate of its messages.
fn is_late(side: &Arm, workload: Workload) -> bool {
    let slices = side.slices.len().max(1) as u64;
    let sum = |of: fn(&Slice) -> u64| side.slices.iter().map(of).fold(0, u64::saturating_add);
    let elapsed_s = sum(|slice| slice.elapsed_ns) as f64 / 1e9 / slices as f64;
    let by_schedule = side.slices.iter().all(|slice| slice.by_schedule);
    misses_rate(
        workload,
        Phase { messages: sum(|slice| slice.messages) / slices, elapsed_s, by_schedule },
    )
}

/// Returns the laps in which each side has both slices.
fn laps(pair: &Pair) -> Vec<Lap<'_>> {
    let by_lap = |side: &'_ Arm| {
        let mut laps = BTreeMap::<u32, Vec<usize>>::new();
        for (at, slice) in side.slices.iter().enumerate() {
            laps.entry(slice.turn / SLICES).or_default().push(at);
        }
        laps
    };
    let [base, new, again] = [&pair.base, &pair.new, &pair.again].map(by_lap);
    let two = |side: &BTreeMap<u32, Vec<usize>>, lap: &u32| {
        <[usize; 2]>::try_from(side.get(lap)?.as_slice()).ok()
    };
    let whole = |lap: &u32| -> Option<Lap<'_>> {
        Some([
            two(&base, lap)?.map(|at| &pair.base.slices[at]),
            two(&new, lap)?.map(|at| &pair.new.slices[at]),
            two(&again, lap)?.map(|at| &pair.again.slices[at]),
        ])
    };
    base.keys().filter_map(whole).collect()
}

/// Returns true if no slice moved and all were at one distance, if distances were measured.
fn is_still(lap: &Lap) -> bool {
    let distances = || lap.iter().flatten().filter_map(|slice| slice.distance);
    let middles = || distances().map(|d: Distance| (d.before_ns + d.after_ns) / 2.0);
    let (least, most) = (middles().fold(f64::INFINITY, f64::min), middles().fold(0.0, f64::max));
    !distances().any(|d| d.has_moved()) && (most == 0.0 || !Distance::differ(least, most))
}

/// Returns the median over laps of the ratios of `figure`, ns; `None` if no lap has it in each
/// slice.
fn ratios(laps: &[&Lap], figure: impl Fn(&Slice) -> f64) -> Option<Ratios> {
    let logs: Vec<[f64; 3]> = laps
        .iter()
        .map(|sides| sides.map(|[a, b]| (figure(a).ln() + figure(b).ln()) / 2.0))
        .filter(|logs| logs.iter().all(|log| log.is_finite()))
        .collect();
    let over = |of: &dyn Fn(&[f64; 3]) -> f64| median(&logs.iter().map(of).collect::<Vec<_>>());
    Some(Ratios {
        new: over(&|[base, new, _]| new - base)?,
        again: over(&|[base, _, again]| again - base)?,
        base_ns: over(&|[base, ..]| *base)?.exp(),
        new_ns: over(&|[_, new, _]| *new)?.exp(),
    })
}
