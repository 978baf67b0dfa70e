//! Waiting until a message is due, and what that costs.
//!
//! A sender at a set rate has nothing to do between two messages. The time it spends on waiting is
//! the harness's and not the mechanism's, so it is counted apart: spinning by the clock, sleeping by
//! the CPU time of some of the sleeps.

use super::schedule::Schedule;
use crate::stage::{Done, Stage};
use ipcmark_core::{Pacing, Result};
use ipcmark_sys::clock::{Clock, Ticks, monotonic_ns, sleep_until_ns};
use rustix::thread::set_current_timer_slack;
use rustix::time::{ClockId, clock_gettime};
use std::num::NonZeroU64;
use std::time::Duration;

/// A sender with a CPU of its own sleeps until this long before a message is due, and spins from
/// then on: a sleeper wakes late by about as much.
const SPIN: Duration = Duration::from_micros(150);
/// Two readings of the clock further apart than this had another process between them: no time that
/// was spun. The kernel charges interrupts and the host's short absences to who is running.
const GAP: Duration = Duration::from_millis(1);
/// Number of sleeps of which one is measured, because the measurement delays it.
const MEASURED: u64 = 16;

/// Waits for the times of one phase.
#[derive(Debug)]
pub(super) struct Pacer {
    clock: Clock,
    /// Ticks before a message's time at which spinning begins; 0 on a CPU that others need.
    margin: Ticks,
    gap: Ticks,
    spun: Ticks,
    sleeps: u64,
    /// CPU time of the sleeps that were measured, and their number.
    measured: (Duration, u64),
}

impl Pacer {
    /// Prepares this process for a phase.
    pub(super) fn new(stage: &Stage<'_>) -> Pacer {
        // By default a process's timers are 50 µs late, so that the kernel can serve wake-ups together.
        let _ = set_current_timer_slack(NonZeroU64::new(1));
        Pacer::of(stage.clock, stage.own_cpu)
    }

    fn of(clock: Clock, spins: bool) -> Pacer {
        let margin = if spins { clock.ticks(SPIN) } else { 0 };
        let gap = clock.ticks(GAP);
        Pacer { clock, margin, gap, spun: 0, sleeps: 0, measured: (Duration::ZERO, 0) }
    }

    /// Waits until `due`. Returns the time at which the wait ended.
    pub(super) fn wait_until(&mut self, due: Ticks) -> Result<Ticks> {
        let mut before: Option<Ticks> = None;
        loop {
            let now = self.clock.now();
            if let Some(step) = before.map(|before| now - before).filter(|step| *step < self.gap) {
                self.spun += step;
            }
            if now >= due {
                return Ok(now);
            }
            if due - now > self.margin {
                self.sleep(due - now - self.margin)?;
                before = None;
            } else {
                before = Some(now);
                std::hint::spin_loop();
            }
        }
    }

    /// Waits until `due`, in a phase whose system calls may be counted: those of the wait are not.
    pub(super) fn wait_uncounted(&mut self, due: Ticks, stage: &Stage<'_>) -> Result<Ticks> {
        let (counting, process) = (&stage.control.counting, stage.seat.process);
        counting.pause(process);
        let now = self.wait_until(due);
        counting.begin(process);
        now
    }

    fn sleep(&mut self, time: Ticks) -> Result<()> {
        let begun = self.sleeps.is_multiple_of(MEASURED).then(cpu_time);
        self.sleeps += 1;
        sleep_until_ns(monotonic_ns() + self.clock.ns(time) as u64)?;
        if let Some(begun) = begun {
            self.measured.0 += cpu_time().saturating_sub(begun);
            self.measured.1 += 1;
        }
        Ok(())
    }

    /// Returns how often this process slept.
    pub(super) const fn sleeps(&self) -> u64 {
        self.sleeps
    }

    /// Ends a phase of waits that are not counted: reports what they cost.
    pub(super) fn end(&self, stage: &mut Stage<'_>) {
        stage.control.counting.pause(stage.seat.process);
        stage.pacing = Some(self.cost());
    }

    /// Returns what the phase's waits cost.
    fn cost(&self) -> Pacing {
        let (time, number) = self.measured;
        let each_ns = time.as_nanos() as f64 / number.max(1) as f64;
        Pacing {
            spinning_ns: self.clock.ns(self.spun) as u64,
            sleeping_ns: (each_ns * self.sleeps as f64) as u64,
            sleeps: self.sleeps,
        }
    }
}

/// Runs a phase in which each message is sent when it is due, or when the one before it is done with.
/// `exchange` sends one, which is the phase's last if its argument says so, and returns when it was done with and the
/// class of its size; the message's time begins when it was due.
pub(super) fn one_by_one(
    stage: &mut Stage<'_>,
    mut exchange: impl FnMut(bool) -> Result<(Ticks, usize)>,
) -> Result<Done> {
    let mut pacer = Pacer::new(stage);
    let mut schedule = Schedule::of(stage);
    stage.span = Some(schedule.span());
    let over = schedule.over(&stage.clock, stage.extent);
    let mut done = Done { messages: 0, end: stage.start };
    loop {
        let due = schedule.due(done.messages);
        let now = pacer.wait_uncounted(due, stage)?;
        let last = schedule.is_last() || now >= over;
        let (back, class) = exchange(last)?;
        stage.take_lag(now, now - due.max(done.end));
        stage.timer.sort(class, back - due);
        stage.timer.take(back, back - due);
        done = Done { messages: done.messages + 1, end: back };
        if last {
            pacer.end(stage);
            return Ok(done);
        }
    }
}

/// Returns the CPU time of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_it_is_over_and_not_before() {
        let clock = Clock::calibrate();
        for spins in [false, true] {
            let mut pacer = Pacer::of(clock, spins);
            let due = clock.now() + clock.ticks(Duration::from_millis(3));
            assert!(pacer.wait_until(due).unwrap() >= due);
            let late = pacer.wait_until(due).unwrap();
            assert!(late > due, "what is over is not waited for");
        }
    }

    #[test]
    fn waits_cost_the_time_on_a_cpu_and_not_the_time_asleep() {
        let clock = Clock::calibrate();
        let wait = |spins: bool| {
            let mut pacer = Pacer::of(clock, spins);
            let begun = cpu_time();
            for _ in 0..20 {
                pacer.wait_until(clock.now() + clock.ticks(Duration::from_millis(1))).unwrap();
            }
            (pacer.cost(), (cpu_time() - begun).as_nanos() as u64)
        };
        let (asleep, spent_ns) = wait(false);
        assert!(asleep.spinning_ns == 0 && asleep.sleeps >= 20, "{asleep:?}");
        assert!(asleep.sleeping_ns > 0 && asleep.sleeping_ns < 4 * spent_ns, "{asleep:?}");
        let (spun, spent_ns) = wait(true);
        // It spins for up to 150 of 1,000 µs; a busy machine wakes it later.
        assert!(spun.spinning_ns <= 20 * (150_000 + 1_000_000), "{spun:?}");
        assert!(spun.spinning_ns > 0 && spent_ns > 0, "{spun:?} of {spent_ns} ns");
    }
}
