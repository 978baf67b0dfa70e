//! The end of a warm-up: the medians of two blocks in a row agree, or the time is over.

use ipcmark_sys::clock::{Clock, Ticks};
use std::time::Duration;

/// Number of blocks of the longest warm-up.
const BLOCKS: u32 = 8;
/// Largest relative difference of two medians that agree.
const AGREEMENT: f64 = 0.05;
/// Number of values that a block needs for a median.
const LEAST: usize = 5;

/// Watches one warm-up.
#[derive(Debug)]
pub(crate) struct WarmUp {
    block: Ticks,
    end: Ticks,
    block_end: Ticks,
    values: Vec<Ticks>,
    last_median: Option<Ticks>,
    /// True after two blocks in a row agreed.
    pub(crate) steady: bool,
}

impl WarmUp {
    pub(crate) fn new(clock: &Clock, bound: Duration, start: Ticks) -> WarmUp {
        let block = clock.ticks(bound / BLOCKS).max(1);
        WarmUp {
            block,
            end: start + clock.ticks(bound),
            block_end: start + block,
            // A block takes no more values than this: its median does not change any more.
            values: Vec::with_capacity(1 << 14),
            last_median: None,
            steady: false,
        }
    }

    /// Takes one value (a round trip, a block of messages); returns true if the warm-up is over.
    #[inline]
    pub(crate) fn take(&mut self, now: Ticks, value: Ticks) -> bool {
        if self.values.len() < self.values.capacity() {
            self.values.push(value);
        }
        now >= self.block_end && self.close_block(now)
    }

    #[cold]
    fn close_block(&mut self, now: Ticks) -> bool {
        if self.values.len() >= LEAST {
            let middle = self.values.len() / 2;
            let median = *self.values.select_nth_unstable(middle).1;
            self.steady = self
                .last_median
                .is_some_and(|last| median.abs_diff(last) as f64 <= AGREEMENT * last as f64);
            self.last_median = Some(median);
            self.values.clear();
            self.block_end = now + self.block;
        }
        self.steady || now >= self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: impl Fn(u64) -> Ticks) -> (u64, bool) {
        let clock = Clock::calibrate();
        let bound = Duration::from_millis(8);
        let step = clock.ticks(bound) / 800;
        let mut warm_up = WarmUp::new(&clock, bound, 0);
        let n = (1..10_000).find(|&i| warm_up.take(i * step, value(i))).unwrap();
        (n, warm_up.steady)
    }

    #[test]
    fn equal_values_are_steady_after_two_blocks() {
        let (n, steady) = run(|_| 1_000);
        assert!(steady && (195..=205).contains(&n), "{n}");
    }

    #[test]
    fn a_slow_start_lasts_longer() {
        let (n, steady) = run(|i| if i < 300 { 9_000 - 20 * i } else { 3_000 });
        assert!(steady && n > 300, "{n}");
    }

    #[test]
    fn values_that_never_settle_end_at_the_bound_and_are_not_steady() {
        let (n, steady) = run(|i| 1_000 * (1 + i / 100));
        assert!(!steady && (795..=905).contains(&n), "{n}");
    }
}
