//! One message there, one back. The initiator keeps the time; it checks and records outside, the responder checks after
//! its answer is on its way (on one CPU that may still be before the initiator runs).

use crate::desk::{Desk, Ends};
use crate::stage::Done;
use crate::timer::Timer;
use ipcmark_core::Result;

/// Sends, waits for the answer, keeps the time, until the timer says that the next round trip is the last.
#[inline(never)]
pub(crate) fn initiate<E: Ends>(
    tx: &mut E::Tx,
    rx: &mut E::Rx,
    desk: &mut Desk,
    timer: &mut Timer,
) -> Result<Done> {
    let mut last = timer.only();
    let mut trips = 0;
    loop {
        let sent = desk.clock.now();
        desk.send::<E>(tx, last)?;
        let mut back = 0;
        desk.receive::<E>(rx, |desk| {
            back = desk.clock.now();
            Ok(())
        })?;
        trips += 1;
        let next_is_last = timer.take(back, back - sent);
        if last {
            return Ok(Done { messages: trips, end: back });
        }
        last = next_is_last;
    }
}

/// Answers each message until one says it is the last.
#[inline(never)]
pub(crate) fn respond<E: Ends>(tx: &mut E::Tx, rx: &mut E::Rx, desk: &mut Desk) -> Result<Done> {
    let mut answers = 0;
    loop {
        let verdict = desk.receive::<E>(rx, |desk| desk.send::<E>(tx, false))?;
        answers += 1;
        if verdict.last {
            return Ok(Done { messages: answers, end: desk.clock.now() });
        }
    }
}
