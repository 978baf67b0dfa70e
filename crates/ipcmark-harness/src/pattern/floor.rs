//! The floors' loop, with both ends in one process. Two messages a turn make a round trip, one
//! makes a step of a stream.

use crate::desk::Desk;
use crate::halves::Halves;
use crate::stage::{Done, Stage};
use ipcmark_core::{Result, Workload};

#[inline(never)]
pub(crate) fn turns<H: Halves>(
    tx: &mut H::Tx,
    rx: &mut H::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let hops = if stage.plan.workload == Workload::PingPong { 2 } else { 1 };
    let block_len = stage.timer.block_len;
    let mut done = 0;
    loop {
        let begun = desk.clock.now();
        let mut now = begun;
        for _ in 0..block_len {
            for _ in 0..hops {
                desk.send::<H>(tx, false)?;
                desk.receive::<H>(rx, |desk| {
                    if block_len == 1 {
                        now = desk.clock.now();
                    }
                    Ok(())
                })?;
            }
            done += 1;
        }
        if block_len > 1 {
            now = desk.clock.now();
        }
        if H::varied(desk) && block_len == 1 {
            stage.timer.sort(desk.class(), now - begun);
        }
        if stage.timer.turn(now, now - begun) {
            return Ok(Done { messages: done, end: now });
        }
    }
}
