//! How a one-way phase ends over a mechanism that may lose the message that says so.
//!
//! After the phase's messages comes one more, marked as the last and none of them; it is repeated until the receiver
//! says out of band that it is there. Then the receiver drains the repetitions. So what is lost is counted to the last
//! message, and what the harness repeats is never counted as the mechanism's repetition. Which end is this phase's is
//! said out of band, too: the sequence number of a short message may not tell a repetition from what comes after a loss.

use crate::desk::Desk;
use crate::stage::Stage;
use ipcmark_core::{Receiver, Result, Sender, Verdict};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Between two repetitions.
const AGAIN: Duration = Duration::from_millis(1);
/// Between two looks whether the sender has stopped; it wakes us when it has.
const LOOK: Duration = Duration::from_millis(100);

/// Says that the phase is over until the receiver has heard it.
pub(crate) fn say(tx: &mut dyn Sender, desk: &mut Desk, stage: &Stage<'_>) -> Result<()> {
    say_to_all(&mut [(tx, desk, vec![stage.seat.other()])], stage)
}

/// A link, and the processes that receive from it.
pub(crate) type Audience<'a> = (&'a mut dyn Sender, &'a mut Desk, Vec<usize>);

/// Says over each link that the phase is over until all its receivers have heard it.
pub(crate) fn say_to_all(links: &mut [Audience<'_>], stage: &Stage<'_>) -> Result<()> {
    let Stage { control, seat, phase, .. } = *stage;
    control.counting.pause(seat.process);
    control.said(seat.process).word.store(phase.into(), Release);
    for (tx, desk, _) in &mut *links {
        desk.send_end(*tx)?;
    }
    for (tx, desk, receivers) in links {
        for &receiver in &*receivers {
            while !control.hears(receiver, phase, AGAIN)? {
                desk.send_again(*tx)?;
            }
        }
    }
    control.say(seat.process, phase)
}

/// True when a message is the end of this phase; one of the phase before may come again.
pub(crate) fn is_end(desk: &mut Desk, stage: &Stage<'_>, verdict: Verdict) -> bool {
    if !verdict.last {
        return false;
    }
    desk.excuse(verdict);
    let Stage { control, seat, phase, .. } = *stage;
    control.said(seat.other()).word.load(Acquire) == u64::from(phase)
}

/// Has received the message that ends the phase: tells the sender, and drains what it had repeated by then.
pub(crate) fn hear(rx: &mut dyn Receiver, desk: &mut Desk, stage: &Stage<'_>) -> Result<()> {
    let Stage { control, seat, phase, .. } = *stage;
    control.counting.pause(seat.process);
    control.say(seat.process, phase)?;
    while !control.hears(seat.other(), phase, LOOK)? {}
    while rx.ready()? {
        let verdict = desk.receive_erased(rx)?;
        if verdict.last {
            desk.excuse(verdict);
        } else {
            desk.count(verdict);
        }
    }
    Ok(())
}
