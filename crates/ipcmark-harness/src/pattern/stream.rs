//! One direction until back-pressure. The receiver checks every message, and the check is part of
//! the rate: each run measures what it costs and prints it.

use super::ending;
use crate::desk::{Desk, Follows};
use crate::halves::Halves;
use crate::holds::{self, Holds};
use crate::stage::{Done, Stage};
use ipcmark_core::Result;

/// Sends until time is over, or until the timer's limit is sent. It asks the timer after each
/// block.
#[inline(never)]
pub(crate) fn send<H: Halves>(
    tx: &mut H::Tx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let limit = stage.timer.limit();
    let block_len = stage.timer.block_len;
    let mut sent = 0;
    let mut begun = desk.clock.now();
    loop {
        // The phase's last message is sent below: this loop is the hot one, and decides nothing.
        let more = block_len.min(limit - 1 - sent);
        send_block::<H>(tx, desk, holds::active(&mut stage.holds), more)?;
        sent += more;
        if more < block_len {
            break;
        }
        let now = desk.clock.now();
        if stage.timer.block(now, now - begun) {
            break;
        }
        begun = now;
    }
    desk.send::<H>(tx, !H::lossy(desk))?;
    let end = desk.clock.now();
    stage.sends_end(sent + 1, 0);
    if H::MAY_LOSE && H::lossy(desk) {
        ending::say(tx, desk, stage)?;
    }
    Ok(Done { messages: sent + 1, end })
}

/// Sends `count` messages, each followed by another, and times one of them if holds are taken.
#[inline(always)]
fn send_block<H: Halves>(
    tx: &mut H::Tx,
    desk: &mut Desk,
    holds: Option<&mut Holds>,
    count: u64,
) -> Result<()> {
    match holds.filter(|_| count > 0) {
        None => H::send_block(tx, desk, count),
        Some(holds) => send_timed_block::<H>(tx, desk, holds, count),
    }
}

/// Sends `count` messages, and times one of them: apart, so that the loop that times none stays as it is.
#[inline(never)]
fn send_timed_block<H: Halves>(
    tx: &mut H::Tx,
    desk: &mut Desk,
    holds: &mut Holds,
    count: u64,
) -> Result<()> {
    let before = holds.one_of(count);
    H::send_block(tx, desk, before)?;
    let begun = desk.clock.now();
    desk.send_held(tx, begun, Follows::AtOnce, holds)?;
    H::send_block(tx, desk, count - before - 1)
}

/// Receives until a message says that it is the last; done when that one is checked.
#[inline(never)]
pub(crate) fn receive<H: Halves>(
    rx: &mut H::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    if H::MAY_LOSE && H::lossy(desk) {
        return receive_some::<H>(rx, desk, stage);
    }
    let block_len = stage.timer.block_len;
    let mut received = 0;
    let mut begun = desk.clock.now();
    loop {
        let (more, last) = H::receive_block(rx, desk, block_len)?;
        received += more;
        if last {
            return Ok(Done { messages: received, end: desk.clock.now() });
        }
        let now = desk.clock.now();
        stage.timer.block(now, now - begun);
        begun = now;
    }
}

/// Receives as [`receive`] does, over a mechanism that may lose messages. It reads the clock after
/// each message: only when the end arrives, perhaps a repetition later, is it known which message
/// was the last.
#[inline(always)]
fn receive_some<H: Halves>(rx: &mut H::Rx, desk: &mut Desk, stage: &mut Stage<'_>) -> Result<Done> {
    let block_len = stage.timer.block_len;
    let (mut received, mut in_block) = (0, 0);
    let mut begun = desk.clock.now();
    let mut now = begun;
    loop {
        let verdict = desk.receive::<H>(rx, |_| Ok(()))?;
        if ending::is_end(desk, stage, verdict) {
            ending::hear(rx, desk, stage)?;
            return Ok(Done { messages: received, end: now });
        }
        if verdict.last {
            continue;
        }
        desk.count(verdict);
        now = desk.clock.now();
        received += 1;
        in_block += 1;
        if in_block == block_len {
            stage.timer.block(now, now - begun);
            (begun, in_block) = (now, 0);
        }
    }
}
