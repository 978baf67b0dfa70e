//! Some messages there, one answer after the last of them. The initiator times the whole exchange.

use crate::desk::{Desk, Ends};
use crate::stage::{Done, Stage};
use ipcmark_core::Result;

/// Sends a burst, waits for its answer, keeps the time, until the timer says that the next burst is the last.
#[inline(never)]
pub(crate) fn initiate<E: Ends>(
    tx: &mut E::Tx,
    rx: &mut E::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let depth = stage.plan.load.depth as u64;
    let mut last = stage.timer.only();
    let mut messages = 0;
    loop {
        let sent = desk.clock.now();
        for _ in 1..depth {
            desk.send_more::<E>(tx)?;
        }
        desk.send::<E>(tx, last)?;
        let mut back = 0;
        desk.receive::<E>(rx, |desk| {
            back = desk.clock.now();
            Ok(())
        })?;
        messages += depth;
        let next_is_last = stage.timer.take(back, back - sent);
        if last {
            return Ok(Done { messages, end: back });
        }
        last = next_is_last;
    }
}

/// Receives without a break, so that a burst need not fit into the link, and answers each burst's last message.
#[inline(never)]
pub(crate) fn respond<E: Ends>(
    tx: &mut E::Tx,
    rx: &mut E::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let depth = stage.plan.load.depth as u64;
    let mut messages = 0;
    loop {
        for _ in 1..depth {
            desk.receive::<E>(rx, |_| Ok(()))?;
        }
        let verdict = desk.receive::<E>(rx, |desk| desk.send::<E>(tx, false))?;
        messages += depth;
        if verdict.last {
            return Ok(Done { messages, end: desk.clock.now() });
        }
    }
}
