//! One direction until back-pressure. Every message's check is part of the receiver's work and of the rate: what it
//! costs is measured in each run and printed.

use crate::desk::{Desk, Ends};
use crate::stage::Done;
use crate::timer::Timer;
use ipcmark_core::Result;

/// Sends until the timer, asked after each block, says that time is over, or until its limit is sent.
#[inline(never)]
pub(crate) fn send<E: Ends>(tx: &mut E::Tx, desk: &mut Desk, timer: &mut Timer) -> Result<Done> {
    let limit = timer.limit();
    let block_len = timer.block_len;
    let mut sent = 0;
    let mut begun = desk.clock.now();
    let mut stop = false;
    loop {
        let mut left = block_len.min(limit - sent);
        while left > 0 {
            left -= 1;
            sent += 1;
            let last = stop || sent == limit;
            desk.send::<E>(tx, last)?;
            if last {
                return Ok(Done { messages: sent, end: desk.clock.now() });
            }
        }
        let now = desk.clock.now();
        stop = timer.block(now, now - begun);
        begun = now;
    }
}

/// Receives until a message says it is the last; done when that one was checked.
#[inline(never)]
pub(crate) fn receive<E: Ends>(rx: &mut E::Rx, desk: &mut Desk, timer: &mut Timer) -> Result<Done> {
    let block_len = timer.block_len;
    let mut received = 0;
    let mut begun = desk.clock.now();
    loop {
        for _ in 0..block_len {
            received += 1;
            if desk.receive::<E>(rx, |_| Ok(()))?.last {
                return Ok(Done { messages: received, end: desk.clock.now() });
            }
        }
        let now = desk.clock.now();
        timer.block(now, now - begun);
        begun = now;
    }
}
