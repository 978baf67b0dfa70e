//! The end of a one-way phase over a mechanism that may lose its last message.
//!
//! After the phase's messages the sender sends one more, marked as the last and not part of the
//! phase. It repeats it until the receiver says, in shared memory, that it has it. Then the
//! receiver drains the repetitions. So losses are counted up to the last message, and a repetition
//! by the harness never counts as one by the mechanism. The sender also says in shared memory which
//! phase has ended: the sequence number of a short message cannot tell a repetition from a message
//! after a loss.

use crate::desk::Desk;
use crate::stage::Stage;
use ipcmark_core::{Receiver, Result, Sender, Verdict};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Time between two repetitions.
const AGAIN: Duration = Duration::from_millis(1);
/// Time between two looks whether the sender has stopped. The sender wakes the receiver when it
/// has.
const LOOK: Duration = Duration::from_millis(100);

/// Repeats that the phase is over until the receiver has it.
pub(crate) fn say(tx: &mut dyn Sender, desk: &mut Desk, stage: &Stage<'_>) -> Result<()> {
    say_to_all(&mut [(tx, desk, vec![stage.seat.other])], stage)
}

/// A link, and the processes that receive from it.
pub(crate) type Audience<'a> = (&'a mut dyn Sender, &'a mut Desk, Vec<usize>);

/// Repeats over each link that the phase is over until all its receivers have it.
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

/// Returns true if a message ends this phase. The end of the phase before may arrive again.
pub(crate) fn is_end(desk: &mut Desk, stage: &Stage<'_>, verdict: Verdict) -> bool {
    is_end_of(stage.seat.other, desk, stage, verdict)
}

/// Returns true if a message of process `sender` ends this phase.
pub(crate) fn is_end_of(
    sender: usize,
    desk: &mut Desk,
    stage: &Stage<'_>,
    verdict: Verdict,
) -> bool {
    if !verdict.last {
        return false;
    }
    desk.excuse(verdict);
    let Stage { control, phase, .. } = *stage;
    control.said(sender).word.load(Acquire) == u64::from(phase)
}

/// Tells the sender that the phase's end has arrived, and drains the repetitions.
pub(crate) fn hear(rx: &mut dyn Receiver, desk: &mut Desk, stage: &Stage<'_>) -> Result<()> {
    hear_all(&mut [(rx, desk, stage.seat.other)], stage)
}

/// A link, and the process that sends on it.
pub(crate) type Heard<'a> = (&'a mut dyn Receiver, &'a mut Desk, usize);

/// Tells all senders that the phase's ends have arrived, and drains the repetitions.
pub(crate) fn hear_all(links: &mut [Heard<'_>], stage: &Stage<'_>) -> Result<()> {
    let Stage { control, seat, phase, .. } = *stage;
    control.counting.pause(seat.process);
    control.say(seat.process, phase)?;
    for (rx, desk, sender) in links {
        while !control.hears(*sender, phase, LOOK)? {}
        while rx.ready()? {
            let verdict = desk.receive_erased(*rx)?;
            if verdict.last {
                desk.excuse(verdict);
            } else {
                desk.count(verdict);
            }
        }
    }
    Ok(())
}
