//! One message there, one back, at a set rate, as an open loop: a schedule ([`super::schedule`])
//! says when each message is due. The time of a round trip begins then, whenever the message left.
//!
//! One thread sends on time and receives. While no answer is under way it waits for the next
//! message's time. With answers under way it does as its mechanism waits:
//!
//! - A side that spins looks for an answer and at the clock in turn, so that it sends the next
//!   message on time whether or not the answer has come. As many messages may be under way as the
//!   link holds.
//! - A side that sleeps is asleep until the answer is there, as a client with one request at a time.
//!   A message that becomes due meanwhile leaves late, and its time runs.
//!
//! The lag of a message is how late it left for a reason of the harness or the machine: the time to
//! the call that sends it, from when it was due; or, if the link held no more then, from the answer
//! that made room.

use super::duplex::held;
use super::links::End;
use super::pacer::{Pacer, one_by_one};
use super::ping_pong;
use super::schedule::Schedule;
use crate::desk::Desk;
use crate::halves::{AnyRx, AnyTx, Erased, Halves};
use crate::stage::{Done, Stage};
use ipcmark_core::{Capacity, Info, Plan, Result, Side};

/// Returns the number of messages that may be under way.
pub(super) fn window(info: &Info, plan: &Plan, capacity: Capacity) -> u64 {
    let looks = info.overlaps && info.wait.burns_cpu();
    if looks { held(plan.size, capacity).unwrap_or(1).max(1) as u64 } else { 1 }
}

/// Runs one side's part.
pub(super) fn part(
    End { tx, rx, desk }: &mut End<Erased>,
    stage: &mut Stage<'_>,
    window: u64,
) -> Result<()> {
    match stage.seat.side {
        Side::Initiator => stage.phases(&mut |s| {
            desk.begin_phase();
            initiate(tx, rx, desk, s, window)
        }),
        Side::Responder => stage.phases(&mut |s| {
            desk.begin_phase();
            ping_pong::respond::<Erased>(tx, rx, desk, s.delay)
        }),
    }
}

/// Sends each message when it is due, and takes the time of each answer.
fn initiate(
    tx: &mut AnyTx,
    rx: &mut AnyRx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
    window: u64,
) -> Result<Done> {
    let mut pacer = Pacer::new(stage);
    let mut sends = Schedule::of(stage);
    let mut answers = Schedule::of(stage);
    stage.span = Some(sends.span());
    let over = sends.over(&stage.clock, stage.extent);
    let (mut sent, mut received) = (0, 0);
    // The moment at which the latest answer made room for a message, or the sender was done with what was due
    // at the same time.
    let mut room_since = stage.start;
    let mut last = false;
    loop {
        let (under_way, mut now) = (sent - received, desk.clock.now());
        if !last && under_way < window {
            let due = sends.due(sent);
            if under_way == 0 && now < due {
                now = pacer.wait_uncounted(due, stage)?;
            }
            if now >= due {
                last = sends.is_last() || now >= over;
                desk.send::<Erased>(tx, last)?;
                stage.take_lag(now, now - due.max(room_since));
                if sends.shares_times() {
                    room_since = stage.clock.now();
                }
                sent += 1;
                continue;
            }
            if !rx.ready()? {
                std::hint::spin_loop();
                continue;
            }
        }
        desk.receive::<Erased>(rx, |desk| {
            now = desk.clock.now();
            Ok(())
        })?;
        let due = answers.due(received);
        let time = now.saturating_sub(due);
        stage.timer.sort(desk.class(), time);
        stage.timer.take(now, time);
        received += 1;
        if under_way == window {
            room_since = now;
        }
        if last && received == sent {
            pacer.end(stage);
            return Ok(Done { messages: received, end: now });
        }
    }
}

/// Runs the schedule with no transport: the sender's lag, and a message from one buffer to another.
/// What a machine adds to a round trip at a rate, it adds here, too.
pub(super) fn floor<H: Halves>(
    tx: &mut H::Tx,
    rx: &mut H::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    one_by_one(stage, |_| {
        let mut back = 0;
        for _ in 0..2 {
            desk.send::<H>(tx, false)?;
            desk.receive::<H>(rx, |desk| {
                back = desk.clock.now();
                Ok(())
            })?;
        }
        Ok((back, desk.class()))
    })
}
