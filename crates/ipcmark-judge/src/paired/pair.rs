//! One pair of invocations: what its turns say of new / base, and of the base against itself.
//!
//! The turns go through the arms and back (A B C C B A), so that whatever drifts while they last adds the same to each arm.
//! That holds within one such palindrome, and only while the CPUs stay where they are: so a ratio is made within a palindrome,
//! one in which anything moved is left out, and the median over the rest is the pair's. Where the CPUs then were does not matter:
//! all arms were there.

use ipcmark_record::{Arm, Distance, InvocationOutcome, Pair, Slice};
use ipcmark_stats::median;

/// Turns of a palindrome, two of each arm.
const TURNS: u32 = 6;
/// Values that a slice must hold for its 99th percentile to be worth judging: ten beyond it.
pub(super) const P99_VALUES: u64 = 1_000;

/// The arms of a palindrome, base, new, again, with two slices each.
type Palindrome<'a> = [[&'a Slice; 2]; 3];

/// What one pair says of one figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ratios {
    /// ln(new / base).
    pub(super) new: f64,
    /// ln(again / base): the A/A arm.
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
        /// The typical time, or the time of one message of a rate.
        typical: Ratios,
        /// The 99th percentile, where each slice of some palindrome holds enough values.
        p99: Option<Ratios>,
    },
    /// An arm failed.
    Failed,
    /// The CPUs moved in every palindrome.
    Moved,
    /// No palindrome is whole.
    Short,
}

impl Reading {
    /// Reads a pair; `is_rate` as [`CellKey::is_rate`](ipcmark_record::CellKey::is_rate).
    pub(super) fn of(pair: &Pair, is_rate: bool) -> Reading {
        if [&pair.base, &pair.new, &pair.again].into_iter().any(has_failed) {
            return Reading::Failed;
        }
        let whole = palindromes(pair);
        let still: Vec<&Palindrome> = whole.iter().filter(|p| is_still(p)).collect();
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

/// True when an arm did not end well.
pub(super) fn has_failed(arm: &Arm) -> bool {
    arm.outcome != InvocationOutcome::Ok
}

/// Those in which each arm had both its turns.
fn palindromes(pair: &Pair) -> Vec<Palindrome<'_>> {
    let arms = [&pair.base, &pair.new, &pair.again];
    let last = arms.iter().flat_map(|arm| &arm.slices).map(|slice| slice.turn / TURNS).max();
    let of = |arm: &'_ Arm, number: u32| -> Option<[usize; 2]> {
        let mut at = (0..arm.slices.len()).filter(|at| arm.slices[*at].turn / TURNS == number);
        let two = [at.next()?, at.next()?];
        at.next().is_none().then_some(two)
    };
    let whole = |number: u32| -> Option<Palindrome<'_>> {
        let [base, new, again] = [of(arms[0], number)?, of(arms[1], number)?, of(arms[2], number)?];
        Some([
            base.map(|at| &pair.base.slices[at]),
            new.map(|at| &pair.new.slices[at]),
            again.map(|at| &pair.again.slices[at]),
        ])
    };
    (0..=last.unwrap_or(0)).filter_map(whole).collect()
}

/// True when no slice moved and all were at one distance, as far as distances were taken.
fn is_still(palindrome: &Palindrome) -> bool {
    let distances = || palindrome.iter().flatten().filter_map(|slice| slice.distance);
    let middles = || distances().map(|d: Distance| (d.before_ns + d.after_ns) / 2.0);
    let (least, most) = (middles().fold(f64::INFINITY, f64::min), middles().fold(0.0, f64::max));
    !distances().any(|d| d.has_moved()) && (most == 0.0 || !Distance::differ(least, most))
}

/// The median over palindromes of the ratios of `figure`, ns; `None` where no palindrome has it in each slice.
fn ratios(palindromes: &[&Palindrome], figure: impl Fn(&Slice) -> f64) -> Option<Ratios> {
    let logs: Vec<[f64; 3]> = palindromes
        .iter()
        .map(|arms| arms.map(|[a, b]| (figure(a).ln() + figure(b).ln()) / 2.0))
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
