//! Some messages there, one answer after the last of them. The initiator times the whole exchange.
//!
//! The responder would wait without end for a lost message of a burst. So a mechanism that may lose
//! messages runs this pattern only if its link holds the whole burst. Then nothing is lost for lack
//! of room, and any other loss is a failure.

use super::duplex::held;
use crate::desk::Desk;
use crate::halves::Halves;
use crate::stage::{Done, Stage};
use ipcmark_core::{Capacity, Plan, Result};

/// Accepts a plan if a mechanism that may lose messages keeps all of a burst.
///
/// # Errors
/// The reason why it does not.
pub(crate) fn fits(plan: &Plan, capacity: Capacity) -> std::result::Result<(), String> {
    let (depth, held) = (plan.workload.depth(), held(plan.size, capacity).unwrap_or(1));
    if depth <= held {
        return Ok(());
    }
    Err(format!(
        "it may lose what its link does not hold: of a burst of {depth} messages of {} bytes there is room for {held}",
        plan.size
    ))
}

/// Sends bursts, waits for each answer and times it, until the timer says that the next burst is
/// the last.
#[inline(never)]
pub(crate) fn initiate<H: Halves>(
    tx: &mut H::Tx,
    rx: &mut H::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let depth = stage.plan.workload.depth() as u64;
    let mut last = stage.timer.ends_within(1);
    let mut messages = 0;
    loop {
        let sent = desk.clock.now();
        H::send_block(tx, desk, depth.saturating_sub(1))?;
        desk.send::<H>(tx, last)?;
        let mut back = 0;
        desk.receive::<H>(rx, |desk| {
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

/// Receives without a break, so that a burst may be longer than the link. Answers the last message
/// of each burst.
#[inline(never)]
pub(crate) fn respond<H: Halves>(
    tx: &mut H::Tx,
    rx: &mut H::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let depth = stage.plan.workload.depth() as u64;
    let mut messages = 0;
    loop {
        for _ in 1..depth {
            desk.receive::<H>(rx, |_| Ok(()))?;
        }
        let verdict = desk.receive::<H>(rx, |desk| desk.send::<H>(tx, false))?;
        messages += depth;
        if verdict.last {
            return Ok(Done { messages, end: desk.clock.now() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Names, Workload};

    #[test]
    fn a_burst_that_would_overwrite_itself_is_refused() {
        let names = Names { token: String::new(), dir: "/".into() };
        let workload = Workload::Burst { depth: 8 };
        let plan = Plan { workload, ..Plan::new(64, names) };
        let messages = |n| Capacity { bytes: None, messages: Some(n) };
        let bytes = |n| Capacity { bytes: Some(n), messages: None };
        assert_eq!(fits(&plan, messages(8)), Ok(()));
        assert_eq!(fits(&plan, bytes(208 << 10)), Ok(()));
        let reason = fits(&plan, messages(1)).unwrap_err();
        assert!(
            reason.contains("of a burst of 8 messages of 64 bytes there is room for 1"),
            "{reason}"
        );
        assert!(fits(&plan, Capacity::default()).is_err(), "nothing is known of it");
    }
}
