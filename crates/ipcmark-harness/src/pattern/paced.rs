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
//! A sender that drops what finds no room never waits. A message that it drops keeps its number, so that the
//! receiver knows when the next one was due; the numbers that are missing are dropped ones and lost ones, and
//! the sender knows how many it dropped.
//!
//! The loops reach the link by virtual calls: a few ns, where a sleep or a wake-up takes thousands.

use super::ending;
use super::links::End;
use super::pacer::Pacer;
use super::schedule::Schedule;
use crate::desk::{Desk, Follows};
use crate::halves::{AnyRx, AnyTx, Erased};
use crate::holds::{self, Holds};
use crate::stage::{Done, Stage};
use ipcmark_core::{Fault, Result, Side, WhenFull};
use ipcmark_sys::clock::Ticks;

/// Runs one side's part.
pub(super) fn part(End { tx, rx, desk }: &mut End<Erased>, stage: &mut Stage<'_>) -> Result<()> {
    match stage.seat.side {
        Side::Initiator => stage.phases(&mut |s| {
            desk.begin_phase();
            send(tx, desk, s)
        }),
        Side::Responder => stage.phases(&mut |s| {
            desk.begin_phase();
            receive(rx, desk, s, Part::WHOLE)
        }),
    }
}

/// Sends each message when it is due.
fn send(tx: &mut AnyTx, desk: &mut Desk, stage: &mut Stage<'_>) -> Result<Done> {
    let (counting, process) = (&stage.control.counting, stage.seat.process);
    counting.pause(process);
    let mut pacer = Pacer::new(stage);
    let mut schedule = Schedule::of(stage);
    let over = schedule.over(&stage.clock, stage.extent);
    let drops = stage.plan.when_full == WhenFull::Drop;
    let mut done = Done { messages: 0, end: stage.start };
    let mut free = 0;
    loop {
        let due = schedule.due(done.messages);
        let now = pacer.wait_until(due)?;
        let last = schedule.is_last() || now >= over;
        counting.begin(process);
        send_one(tx, desk, holds::active(&mut stage.holds), now, (last, drops))?;
        counting.pause(process);
        stage.timer.lag(now, due, free);
        if schedule.shares_times() {
            free = stage.clock.now();
        }
        done = Done { messages: done.messages + 1, end: now };
        if last {
            break;
        }
    }
    pacer.end(stage);
    stage.sends_end(done.messages, pacer.sleeps());
    if desk.lossy {
        ending::say(tx, desk, stage)?;
    }
    Ok(done)
}

/// Sends one message, which is the phase's last if that is so, and times it from `now` on. A sender that
/// `drops` what finds no room waits with the last one, which tells the receiver of the end.
fn send_one(
    tx: &mut AnyTx,
    desk: &mut Desk,
    holds: Option<&mut Holds>,
    now: Ticks,
    (last, drops): (bool, bool),
) -> Result<()> {
    if drops && !last {
        desk.send_or_drop(tx)?;
        if let Some(holds) = holds {
            // What was dropped did not wait.
            holds.take(now, desk.clock.now(), false);
        }
        return Ok(());
    }
    let is_end = last && !desk.lossy;
    match holds {
        Some(holds) if !last => desk.send_held(tx, now, Follows::Later, holds),
        _ => desk.send::<Erased>(tx, is_end),
    }
}

/// The messages of a sender that come to one receiver.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// One of this many, from this one on.
    pub(super) every: u64,
    pub(super) from: u64,
    /// True if the message that says it is the last has a due time, too.
    pub(super) with_last: bool,
}

impl Part {
    /// All of them.
    const WHOLE: Part = Part { every: 1, from: 0, with_last: true };
}

/// Records for each message the time since it was due. Sequence numbers of short messages wrap, so
/// the checker's count says which message it is.
pub(super) fn receive(
    rx: &mut AnyRx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
    Part { every, from, with_last }: Part,
) -> Result<Done> {
    let mut schedule = Schedule::of(stage);
    stage.span = Some(schedule.span());
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
        } else if verdict.last && !with_last {
            return Ok(done);
        }
        if matches!(verdict.fault, None | Some(Fault::Skipped(_))) {
            let due = schedule.due((desk.checker.expected() - 1 - first) * every + from);
            let time = now.saturating_sub(due);
            stage.timer.sort(desk.class(), time);
            stage.timer.take(now, time);
        }
        done = Done { messages: done.messages + 1, end: now };
        if verdict.last {
            return Ok(done);
        }
    }
}
