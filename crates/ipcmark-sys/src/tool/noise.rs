//! Listening for what interrupts a process that only spins.

use crate::clock::{Clock, Ticks};
use std::time::Duration;

/// A spinning process that does not see its clock for so long was interrupted: reading it takes some ten ns.
pub const GAP: Duration = Duration::from_micros(5);

/// Stretches in which a spinning process did not see its clock.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gaps {
    /// Number of those longer than the threshold.
    pub count: u64,
    /// Their sum, ns.
    pub total_ns: f64,
    /// The longest, ns.
    pub longest_ns: f64,
}

impl Gaps {
    fn add(&mut self, ns: f64) {
        self.count += 1;
        self.total_ns += ns;
        self.longest_ns = self.longest_ns.max(ns);
    }
}

/// Reads the clock again and again for `during`, and notes each stretch over `threshold` between two readings: an
/// interrupt, another process, a hypervisor that took the CPU away.
#[must_use]
pub fn gaps(clock: &Clock, during: Duration, threshold: Duration) -> Gaps {
    let begun = clock.now();
    listen(clock, begun, begun + clock.ticks(during), clock.ticks(threshold), || clock.now())
}

/// Runs the loop, over any source of readings.
fn listen(
    clock: &Clock,
    begun: Ticks,
    end: Ticks,
    threshold: Ticks,
    mut now: impl FnMut() -> Ticks,
) -> Gaps {
    let mut gaps = Gaps::default();
    let mut last = begun;
    while last < end {
        let next = now();
        // Readings on two CPUs may step back by a little.
        let gap = next.saturating_sub(last);
        if gap > threshold {
            gaps.add(clock.ns(gap));
        }
        last = last.max(next);
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_over_the_threshold_are_counted() {
        let clock = Clock::calibrate();
        let mut readings = [10, 20, 500, 510, 500, 3_000, 10_000].into_iter();
        let heard = listen(&clock, 0, 10_000, 100, || readings.next().unwrap());
        assert_eq!(heard.count, 3);
        assert!((heard.total_ns - clock.ns(480 + 2_490 + 7_000)).abs() < 1e-6);
        assert!((heard.longest_ns - clock.ns(7_000)).abs() < 1e-6);
    }
}
