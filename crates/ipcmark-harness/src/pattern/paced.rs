//! One direction at a set rate, as an open loop: a schedule ([`super::schedule`]) says when each
//! message is due, whatever happened to those before it.
//!
//! Both sides know when a message was due, on one clock. The receiver records the time since then,
//! so a stall anywhere shows in every message that was due during it. The sender records its own
//! lateness, so that the two can be distinguished. A late sender sends immediately. It neither skips
//! nor adds a message. A sender that never catches up, because the mechanism or the CPU cannot keep
//! the rate, ends soon after the phase's time: the messages that are missing then show the rate that
//! was reached, and the latency of the others is that of a queue that only grew.
//!
//! The loops reach the link by virtual calls: a few ns, where a sleep or a wake-up takes thousands.

use super::ending;
use super::links::End;
use super::schedule::Schedule;
use crate::desk::Desk;
use crate::halves::{AnyRx, AnyTx, Erased};
use crate::stage::{Done, Stage};
use ipcmark_core::{Error, Fault, Result, Side};
use ipcmark_sys::clock::{Clock, Ticks, monotonic_ns};
use rustix::io::Errno;
use rustix::thread::{ClockId, Timespec, clock_nanosleep_absolute, set_current_timer_slack};
use std::num::NonZeroU64;
use std::time::Duration;

/// A sender with a CPU of its own sleeps until this long before a message is due, and spins from
/// then on: a sleeper wakes late by about as much.
const SPIN: Duration = Duration::from_micros(150);

/// Sleeps until `due`; with `spin` it spins at the end. Returns the time at which the wait ended.
fn wait_until(clock: &Clock, due: Ticks, spin: bool) -> Result<Ticks> {
    let margin = if spin { clock.ticks(SPIN) } else { 0 };
    loop {
        let now = clock.now();
        if now >= due {
            return Ok(now);
        }
        let left = due - now;
        if left > margin {
            let wake_ns = monotonic_ns() + clock.ns(left - margin) as u64;
            let wake = Timespec {
                tv_sec: (wake_ns / 1_000_000_000) as i64,
                tv_nsec: (wake_ns % 1_000_000_000) as i64,
            };
            match clock_nanosleep_absolute(ClockId::Monotonic, &wake) {
                Ok(()) | Err(Errno::INTR) => {}
                Err(e) => return Err(Error::os("clock_nanosleep(TIMER_ABSTIME)", e)),
            }
        } else {
            std::hint::spin_loop();
        }
    }
}

/// Runs one side's part.
pub(super) fn part(End { tx, rx, desk }: &mut End<Erased>, stage: &mut Stage<'_>) -> Result<()> {
    match stage.seat.side {
        Side::Initiator => stage.phases(&mut |s| send(tx, desk, s)),
        Side::Responder => stage.phases(&mut |s| receive(rx, desk, s)),
    }
}

/// Sends each message when it is due.
fn send(tx: &mut AnyTx, desk: &mut Desk, stage: &mut Stage<'_>) -> Result<Done> {
    let (counting, process) = (&stage.control.counting, stage.seat.process);
    counting.pause(process);
    // By default a process's timers are 50 µs late, so that the kernel can serve wake-ups together.
    let _ = set_current_timer_slack(NonZeroU64::new(1));
    let mut schedule = Schedule::of(stage);
    let over = schedule.over(&stage.clock, stage.extent);
    let mut done = Done { messages: 0, end: stage.start };
    loop {
        let due = schedule.due(done.messages);
        let now = wait_until(&stage.clock, due, stage.own_cpu)?;
        let last = schedule.is_last() || now >= over;
        counting.begin(process);
        desk.send::<Erased>(tx, last && !desk.lossy)?;
        counting.pause(process);
        stage.timer.take(now, now - due);
        done = Done { messages: done.messages + 1, end: now };
        if last {
            break;
        }
    }
    if desk.lossy {
        ending::say(tx, desk, stage)?;
    }
    Ok(done)
}

/// Records for each message the time since it was due. Sequence numbers of short messages wrap, so
/// the checker's count says which message it is.
fn receive(rx: &mut AnyRx, desk: &mut Desk, stage: &mut Stage<'_>) -> Result<Done> {
    let mut schedule = Schedule::of(stage);
    let first = desk.checker.expected();
    let mut done = Done { messages: 0, end: stage.start };
    loop {
        let mut now = 0;
        let verdict = desk.receive::<Erased>(rx, |desk| {
            now = desk.clock.now();
            Ok(())
        })?;
        if desk.lossy {
            if ending::is_end(desk, stage, verdict) {
                ending::hear(rx, desk, stage)?;
                return Ok(done);
            }
            if verdict.last {
                continue;
            }
            desk.count(verdict);
        }
        if matches!(verdict.fault, None | Some(Fault::Skipped(_))) {
            let due = schedule.due(desk.checker.expected() - 1 - first);
            stage.timer.take(now, now.saturating_sub(due));
        }
        done = Done { messages: done.messages + 1, end: now };
        if verdict.last {
            return Ok(done);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_it_is_over_and_not_before() {
        let clock = Clock::calibrate();
        for spin in [false, true] {
            let due = clock.now() + clock.ticks(Duration::from_millis(3));
            assert!(wait_until(&clock, due, spin).unwrap() >= due);
            let late = wait_until(&clock, due, spin).unwrap();
            assert!(late > due, "what is over is not waited for");
        }
    }
}
