//! One message there, one back. The initiator times the round trips. The responder checks a message
//! after it has sent the answer; on one CPU that may still be before the initiator runs.
//!
//! If each side has a CPU of its own, a round trip is the time from sending one message to sending
//! the next, which leaves as soon as the answer is read. The initiator reads the clock, checks the
//! answer and records the time while the next message is under way. So the harness adds nothing
//! between an answer and the next message. On one CPU the peer would have to wait for this work, so
//! there the initiator does it outside the two reads of the clock.

use crate::desk::Desk;
use crate::halves::Halves;
use crate::stage::Done;
use crate::timer::Timer;
use ipcmark_core::Result;
use ipcmark_sys::delay;

/// Sends, waits for the answer and times it, until the timer says that the round trip after the
/// next is the last. `alone` says that the responder has another CPU.
#[inline(never)]
pub(crate) fn initiate<H: Halves>(
    tx: &mut H::Tx,
    rx: &mut H::Rx,
    desk: &mut Desk,
    timer: &mut Timer,
    alone: bool,
) -> Result<Done> {
    // Of the message under way, and of the next one.
    let (mut last, mut next_is_last) = (timer.ends_within(1), timer.ends_within(2));
    let mut trips = 0;
    let mut begun = desk.clock.now();
    desk.send::<H>(tx, last)?;
    if alone && !last {
        begun = desk.clock.now();
    }
    loop {
        let mut back = 0;
        desk.receive::<H>(rx, |desk| {
            if alone && !last {
                desk.send::<H>(tx, next_is_last)?;
            }
            back = desk.clock.now();
            Ok(())
        })?;
        trips += 1;
        if H::varied(desk) {
            timer.sort(desk.class(), back - begun);
        }
        let over = timer.take(back, back - begun);
        if last {
            return Ok(Done { messages: trips, end: back });
        }
        if alone {
            begun = back;
            (last, next_is_last) = (next_is_last, over || timer.ends_within(2));
        } else {
            last = over;
            begun = desk.clock.now();
            desk.send::<H>(tx, last)?;
        }
    }
}

/// Answers each message, `delay` steps late, until one says that it is the last.
#[inline(never)]
pub(crate) fn respond<H: Halves>(
    tx: &mut H::Tx,
    rx: &mut H::Rx,
    desk: &mut Desk,
    delay: u64,
) -> Result<Done> {
    let mut answers = 0;
    loop {
        let verdict = desk.receive::<H>(rx, |desk| {
            delay::spend(delay);
            desk.send::<H>(tx, false)
        })?;
        answers += 1;
        if verdict.last {
            return Ok(Done { messages: answers, end: desk.clock.now() });
        }
    }
}
