//! A barrier for forked processes: all leave it with the same starting time.

use crate::clock::{Clock, Ticks};
use crate::futex;
use crate::shared::Line;
use ipcmark_core::{Error, Result};
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::Duration;

/// Time that a process spins at the barrier before it sleeps. Longer than a wake-up takes across CPUs, so that all
/// leave the barrier awake.
const SPIN: Duration = Duration::from_millis(1);

/// Shared lines that the barrier needs: one counts who has come, two hold the moments of odd and even meetings. A process
/// that is already at the next one does not touch what another has yet to read.
pub const LINES: usize = 3;

/// A barrier that processes reach again and again, all of them each time.
#[derive(Debug, Clone, Copy)]
pub struct Barrier<'a> {
    lines: &'a [Line; LINES],
    processes: u32,
}

impl<'a> Barrier<'a> {
    /// Makes it of lines that are zero and have no other use.
    #[must_use]
    pub const fn new(lines: &'a [Line; LINES], processes: u32) -> Barrier<'a> {
        Barrier { lines, processes }
    }

    /// Waits until all processes are here; `spin` says whether waiting may keep the CPU (not when another needs it).
    /// Returns the moment at which the last one came: one value, the same in all.
    pub fn meet(&self, clock: &Clock, spin: bool) -> Result<Ticks> {
        let all = self.processes;
        let [count, moments @ ..] = self.lines;
        let futex = &count.futex;
        // Only this meeting's arrivals move the count across the next multiple.
        let meeting = futex.load(Acquire) / all;
        let word = &moments[meeting as usize % 2].word;
        let now = clock.now();
        // Each stores before it counts itself in; the latest moment is the one that stands.
        word.fetch_max(now, Relaxed);
        let arrived = futex.fetch_add(1, AcqRel).wrapping_add(1);
        let full = arrived.checked_next_multiple_of(all);
        let full = full.filter(|full| *full > 0).ok_or_else(|| {
            Error::Protocol(format!("a process damaged the barrier: {arrived} have come"))
        })?;
        if arrived == full {
            futex::wake_all(futex)?;
            return Ok(word.load(Relaxed));
        }
        let patience = clock.ticks(SPIN);
        loop {
            let seen = futex.load(Acquire);
            if seen >= full {
                return Ok(word.load(Relaxed));
            }
            if spin && clock.now() - now < patience {
                spin_loop();
            } else {
                // The supervisor ends a process whose peer never comes.
                futex::wait(futex, seen, Duration::from_secs(1))?;
            }
        }
    }

    /// Returns true if all but one are here.
    #[must_use]
    pub fn lacks_one(&self) -> bool {
        self.lines[0].futex.load(Acquire) % self.processes == self.processes - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Lines;

    #[test]
    fn a_count_that_cannot_be_is_an_error() {
        let lines = Lines::new(LINES).unwrap();
        let (lines, _) = lines.lines().split_first_chunk().unwrap();
        let (barrier, clock) = (Barrier::new(lines, 2), Clock::calibrate());
        for count in [u32::MAX, u32::MAX - 1] {
            lines[0].futex.store(count, Relaxed);
            let met = barrier.meet(&clock, false);
            assert!(met.is_err_and(|e| e.to_string().contains("damaged the barrier")), "{count}");
        }
    }
}
