//! How far apart two CPUs are: the round trip of a cache line between two processes, one on each.
//!
//! Shared memory moves with it by two to five times, and on a virtual machine it changes while one looks: so it is measured
//! right before and right after whatever depends on it.

use crate::clock::Clock;
use std::hint::spin_loop;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

/// Batches of round trips that one probe makes.
pub const BATCHES: usize = 12;
/// Round trips of a batch: the clock's step is longer than a near one.
const BATCH: u64 = 25;

/// Measures cache-line round trips between two processes that both call this right after they met: batch by batch, ns each.
/// The result of the process that is not `first` is not exact.
///
/// `word` is shared, alone on its line, zero before the first probe and touched by no one but the probes of these two. Each spins, so each needs a CPU of its own.
#[must_use]
pub fn hand_offs_ns(word: &AtomicU64, clock: &Clock, first: bool) -> [f64; BATCHES] {
    // Counts on from where an earlier probe ended, which is an even number; the first may have written its first turn, an
    // odd one, by now.
    let mut turn = word.load(Acquire) & !1;
    let await_word = |value| {
        while word.load(Acquire) != value {
            spin_loop();
        }
    };
    let mut batches = [0.0; BATCHES];
    for batch in &mut batches {
        let begun = clock.now();
        for _ in 0..BATCH {
            if first {
                word.store(turn + 1, Release);
                await_word(turn + 2);
            } else {
                await_word(turn + 1);
                word.store(turn + 2, Release);
            }
            turn += 2;
        }
        *batch = clock.ns(clock.now() - begun) / BATCH as f64;
    }
    batches
}

/// Returns the median of [`hand_offs_ns`].
#[must_use]
pub fn median_ns(word: &AtomicU64, clock: &Clock, first: bool) -> f64 {
    let mut batches = hand_offs_ns(word, clock, first);
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}
