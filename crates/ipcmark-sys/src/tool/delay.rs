//! A known delay of a few ns and more: what a comparison must be able to find.

use crate::clock::Clock;
use std::hint::black_box;

const BATCHES: usize = 21;
const CALLS: u32 = 64;
/// Steps of the longer calls that the length of a step is taken from.
const LONG: u64 = 64;

/// Lengths of the steps that delays consist of.
#[derive(Debug, Clone, Copy)]
pub struct Delay {
    /// Time of a call with one step, ns.
    least_ns: f64,
    /// Time of each further step, ns.
    step_ns: f64,
}

impl Delay {
    /// Times calls of one step and of many, with nothing else going on: medians over batches. Takes about 100 µs.
    #[must_use]
    pub fn calibrate(clock: &Clock) -> Delay {
        let call_ns = |steps: u64| {
            let mut batches = [0.0; BATCHES];
            for batch in &mut batches {
                let begun = clock.now();
                for _ in 0..CALLS {
                    spend(steps);
                }
                *batch = clock.ns(clock.now() - begun) / f64::from(CALLS);
            }
            batches.sort_by(f64::total_cmp);
            batches[BATCHES / 2]
        };
        let (least_ns, long_ns) = (call_ns(1), call_ns(LONG));
        Delay { least_ns, step_ns: ((long_ns - least_ns) / (LONG - 1) as f64).max(0.01) }
    }

    /// Returns the number of steps whose time is nearest to `ns`; 0 if that is nearer.
    #[must_use]
    pub fn steps(&self, ns: f64) -> u64 {
        if ns < self.least_ns / 2.0 {
            return 0;
        }
        1 + ((ns - self.least_ns).max(0.0) / self.step_ns).round() as u64
    }

    /// Returns the time of that many steps, ns.
    #[must_use]
    pub fn ns(&self, steps: u64) -> f64 {
        match steps {
            0 => 0.0,
            _ => self.least_ns + (steps - 1) as f64 * self.step_ns,
        }
    }
}

/// Spends the time of that many steps; 0 takes none.
///
/// What comes after begins when they are over; otherwise the CPU would execute both at the same time, and the steps would
/// take no time. That alone takes some ns, and no delay is shorter.
#[inline(always)]
pub fn spend(steps: u64) {
    if steps > 0 {
        take(steps);
    }
}

#[inline(never)]
fn take(steps: u64) {
    let mut x = black_box(1_u64);
    for step in 0..steps {
        x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ step;
    }
    black_box(x);
    in_order();
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn in_order() {
    // SAFETY: SSE2, which brings lfence, is part of x86-64.
    unsafe { std::arch::x86_64::_mm_lfence() };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn in_order() {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_steps_take_longer_and_none_takes_none() {
        let delay = Delay::calibrate(&Clock::calibrate());
        assert_eq!((delay.steps(0.0), delay.ns(0)), (0, 0.0));
        assert!(delay.step_ns > 0.0 && delay.least_ns > 0.0, "{delay:?}");
        let steps = delay.steps(1_000.0);
        assert!(steps > 1 && (delay.ns(steps) - 1_000.0).abs() <= delay.step_ns, "{delay:?}");
        assert!(delay.steps(delay.least_ns) == 1);
    }
}
