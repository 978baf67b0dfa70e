//! Quality of a clock: cost of a read, resolution, drift against the kernel's own.

use super::{Clock, Ticks};
use nix::time::{ClockId, clock_gettime};
use std::hint::black_box;

const BATCHES: usize = 21;
const BATCH: u64 = 2_000;

impl Clock {
    /// Returns the cost of one read, ns: median over batches.
    #[must_use]
    pub fn read_ns(&self) -> f64 {
        let mut batches = [0.0; BATCHES];
        for batch in &mut batches {
            let begun = self.now();
            for _ in 0..BATCH {
                black_box(self.now());
            }
            *batch = self.ns(self.now() - begun) / BATCH as f64;
        }
        batches.sort_by(f64::total_cmp);
        batches[BATCHES / 2]
    }

    /// Returns the smallest step it was seen to make, ns: the least difference between two reads that is
    /// not zero.
    #[must_use]
    pub fn step_ns(&self) -> f64 {
        let mut last = self.now();
        let step = (0..10_000).filter_map(|_| {
            let now = self.now();
            let step = now - last;
            last = now;
            (step > 0).then_some(step)
        });
        self.ns(step.min().unwrap_or(0))
    }

    /// Returns this clock and `CLOCK_MONOTONIC_RAW` (ns), which no time server slews, at one moment: of 100 tries the one
    /// with the least between two reads of this clock.
    #[must_use]
    pub fn beside_raw(&self) -> (Ticks, u64) {
        together(|| self.now(), raw_ns)
    }
}

/// Returns two clocks at one moment: of 100 tries the one with the least between the two reads of
/// the first.
pub(super) fn together(first: impl Fn() -> Ticks, second: impl Fn() -> u64) -> (Ticks, u64) {
    (0..100)
        .map(|_| {
            let before = first();
            let ns = second();
            let after = first();
            (after - before, (before + (after - before) / 2, ns))
        })
        .min()
        .map_or((0, 0), |(_, both)| both)
}

/// `CLOCK_MONOTONIC_RAW` in ns.
fn raw_ns() -> u64 {
    // The call cannot fail: the clock exists since Linux 2.6.28.
    clock_gettime(ClockId::CLOCK_MONOTONIC_RAW)
        .map_or(0, |t| t.tv_sec() as u64 * 1_000_000_000 + t.tv_nsec() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_no_longer_than_many_reads() {
        let clock = Clock::calibrate();
        assert!(clock.step_ns() > 0.0 && clock.read_ns() > 0.0);
    }

    #[test]
    fn both_clocks_go_on() {
        let clock = Clock::calibrate();
        let (ticks, raw) = clock.beside_raw();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let (later_ticks, later_raw) = clock.beside_raw();
        let ratio = clock.ns(later_ticks - ticks) / (later_raw - raw) as f64;
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
    }
}
