//! One clock for all processes of a run.
//!
//! Where the CPU says that its time-stamp counter runs at one rate in all states, and the kernel trusts it enough to
//! keep time by it (`clocksource` is `tsc`), ticks are read from the counter itself: a third of the cost of
//! `clock_gettime`. It is calibrated once, before the fork, and inherited: calibrating each process again gives rates
//! that differ by parts per million. Elsewhere `CLOCK_MONOTONIC` ns are the ticks.

mod quality;

use ipcmark_core::{Error, Result};
use nix::time::{ClockId, clock_gettime};
use quality::together;
use rustix::io::Errno;
use rustix::thread::{Timespec, clock_nanosleep_absolute};
use std::time::{Duration, Instant};

/// A point in time, in ticks of a [`Clock`].
pub type Ticks = u64;

/// Source of ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The time-stamp counter, read in order with the loads before it.
    Tsc,
    /// `clock_gettime(CLOCK_MONOTONIC)`, ns.
    Monotonic,
}

impl Source {
    /// `tsc` or `clock-monotonic`, as the record says it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Source::Tsc => "tsc",
            Source::Monotonic => "clock-monotonic",
        }
    }
}

/// A calibrated clock. It is plain data: a forked child keeps its parent's.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    source: Source,
    ns_per_tick: f64,
}

impl Clock {
    /// Chooses the source and, for the counter, measures its rate against `CLOCK_MONOTONIC` for about 20 ms.
    #[must_use]
    pub fn calibrate() -> Clock {
        if !tsc_is_trusted() {
            return Clock { source: Source::Monotonic, ns_per_tick: 1.0 };
        }
        let (ticks_0, ns_0) = together(tsc, monotonic_ns);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(20) {
            std::hint::spin_loop();
        }
        let (ticks_1, ns_1) = together(tsc, monotonic_ns);
        Clock {
            source: Source::Tsc,
            ns_per_tick: (ns_1 - ns_0) as f64 / (ticks_1 - ticks_0) as f64,
        }
    }

    /// Returns the source of its ticks.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// Ticks in a second.
    #[must_use]
    pub fn hz(&self) -> f64 {
        1e9 / self.ns_per_tick
    }

    /// Reads the clock. Loads before this call have their values before the clock is read.
    #[inline(always)]
    #[must_use]
    pub fn now(&self) -> Ticks {
        match self.source {
            Source::Tsc => tsc(),
            Source::Monotonic => monotonic_ns_cold(),
        }
    }

    /// Returns a span of ticks in ns.
    #[inline]
    #[must_use]
    pub fn ns(&self, ticks: Ticks) -> f64 {
        ticks as f64 * self.ns_per_tick
    }

    /// Returns a duration in ticks.
    #[must_use]
    pub fn ticks(&self, duration: Duration) -> Ticks {
        (duration.as_nanos() as f64 / self.ns_per_tick) as Ticks
    }
}

/// `CLOCK_MONOTONIC` in ns.
///
/// # References
/// - [clock_gettime(2)](https://man7.org/linux/man-pages/man2/clock_gettime.2.html)
#[inline]
#[must_use]
pub fn monotonic_ns() -> u64 {
    // The call cannot fail: the clock exists on every Linux.
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map_or(0, |t| t.tv_sec() as u64 * 1_000_000_000 + t.tv_nsec() as u64)
}

/// Sleeps until `CLOCK_MONOTONIC` shows `due_ns`, or a signal arrives: a caller that cannot return early asks again.
///
/// # References
/// - [clock_nanosleep(2)](https://man7.org/linux/man-pages/man2/clock_nanosleep.2.html), `TIMER_ABSTIME`
pub fn sleep_until_ns(due_ns: u64) -> Result<()> {
    let due = Timespec {
        tv_sec: (due_ns / 1_000_000_000) as i64,
        tv_nsec: (due_ns % 1_000_000_000) as i64,
    };
    match clock_nanosleep_absolute(rustix::thread::ClockId::Monotonic, &due) {
        Ok(()) | Err(Errno::INTR) => Ok(()),
        Err(e) => Err(Error::os("clock_nanosleep(TIMER_ABSTIME)", e)),
    }
}

/// Reads the kernel's clock; kept out of the loops that read the counter.
#[inline(never)]
fn monotonic_ns_cold() -> Ticks {
    monotonic_ns()
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn tsc() -> Ticks {
    // SAFETY: SSE2, which brings lfence, is part of x86-64.
    unsafe { std::arch::x86_64::_mm_lfence() };
    // SAFETY: reading the counter touches no memory.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn tsc() -> Ticks {
    monotonic_ns()
}

/// Checks that the counter is invariant (CPUID leaf 8000_0007h, bit 8 of EDX) and the kernel's own clock source.
#[cfg(target_arch = "x86_64")]
fn tsc_is_trusted() -> bool {
    use std::arch::x86_64::__cpuid;
    let kernel =
        std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let has_leaf = __cpuid(0x8000_0000).eax >= 0x8000_0007;
    kernel.is_ok_and(|source| source.trim() == "tsc")
        && has_leaf
        && __cpuid(0x8000_0007).edx & (1 << 8) != 0
}

#[cfg(not(target_arch = "x86_64"))]
fn tsc_is_trusted() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_agree_with_the_system_clock_within_five_percent() {
        let clock = Clock::calibrate();
        let (ticks, instant) = (clock.now(), Instant::now());
        std::thread::sleep(Duration::from_millis(100));
        let (ticks, elapsed) = (clock.now() - ticks, instant.elapsed());
        // The two reads are not one: what the scheduler puts between them is forgiven up to 5 %.
        let ratio = clock.ns(ticks) / elapsed.as_nanos() as f64;
        assert!((0.95..1.05).contains(&ratio), "{ratio}");
    }

    #[test]
    fn stamps_keep_their_nanoseconds() {
        // A clock squeezed through a double rounds every stamp to 256 ns: differences would all be multiples of it.
        let clock = Clock::calibrate();
        let mut last = clock.now();
        let fine = (0..10_000)
            .map(|_| {
                let now = clock.now();
                let step = clock.ns(now - last);
                last = now;
                step
            })
            .filter(|&ns| ns > 0.0 && ns % 256.0 > 1.0)
            .count();
        assert!(fine > 1_000, "only {fine} of 10,000 steps were no multiple of 256 ns");
    }

    #[test]
    fn it_never_goes_back() {
        let clock = Clock::calibrate();
        let mut last = clock.now();
        for _ in 0..100_000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
    }
}
