//! One message there, one back. The initiator keeps the time; the responder checks after its answer is on its way (on one
//! CPU that may still be before the initiator runs).
//!
//! Where each side has a CPU of its own, a round trip is the time from one message handed over to the next, which leaves as soon
//! as the answer was read: the clock is read, the answer checked and the time recorded while that next message is under way.
//! So nothing of the harness lies between an answer and the next message, and no round trip is longer for having been
//! timed; on one CPU the peer would have to wait for all that, so there it stands outside both reads of the clock.

use crate::desk::Desk;
use crate::halves::Halves;
use crate::stage::Done;
use crate::timer::Timer;
use ipcmark_core::Result;
use ipcmark_sys::delay;

/// Sends, waits for the answer, keeps the time, until the timer says that the round trip after the next is the last; `alone`
/// says that the responder has another CPU.
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

/// Answers each message, `delay` steps late, until one says it is the last.
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
