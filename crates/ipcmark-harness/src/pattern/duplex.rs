//! Both directions at once. The initiator keeps a window of messages under way; the responder sends
//! one for each that it receives. So each direction carries half of the window on average, and as
//! many messages as the other.
//!
//! If one side is not running, the whole window may be in one direction. A window that the link
//! cannot hold would end with both sides waiting for room. So the capacity that the link reports
//! bounds it.

use crate::desk::Desk;
use crate::halves::Halves;
use crate::stage::{Done, Stage};
use ipcmark_core::{Capacity, Plan, Result};

/// Bytes that a message may take in a link besides twice its own, if the transport says no number
/// of messages: buffers are rounded up to powers of two and pages.
const BOOKKEEPING: usize = 1024;

/// Returns the number of messages of `size` bytes that one direction of a link holds: what the
/// transport says, which knows the charge of each. `None` if nothing is known.
pub(crate) fn held(size: usize, capacity: Capacity) -> Option<usize> {
    let least = |bytes| bytes / (2 * size + BOOKKEEPING);
    capacity.messages.or(capacity.bytes.map(least))
}

/// Returns the number of messages under way, both ways together: twice the plan's depth, or as many
/// as fit.
///
/// # Errors
/// The reason why this link cannot carry both ways at once.
pub(crate) fn window(
    plan: &Plan,
    capacity: Capacity,
    lossy: bool,
) -> std::result::Result<u64, String> {
    // If nothing is known: the smallest window that goes both ways.
    let fit = held(plan.size, capacity).unwrap_or(2);
    // UDP gives back the room of what was read only by quarters.
    let fit = if lossy { fit - fit / 4 } else { fit };
    let window = fit.min(2 * plan.workload.depth());
    if window < 2 {
        return Err(format!(
            "each way must hold 2 messages of {} bytes, else both sides wait for room at the same time; it holds {fit}",
            plan.size
        ));
    }
    Ok(window as u64)
}

/// Keeps `window` messages under way until the timer says that time is over, or until half its
/// limit is sent.
#[inline(never)]
pub(crate) fn initiate<H: Halves>(
    tx: &mut H::Tx,
    rx: &mut H::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
    window: u64,
) -> Result<Done> {
    let limit = stage.timer.limit().div_ceil(2);
    let block_len = stage.timer.block_len;
    let (mut sent, mut received) = (0, 0);
    let (mut stop, mut is_over) = (false, false);
    let mut begun = desk.clock.now();
    while sent < window && !is_over {
        sent += 1;
        is_over = sent == limit;
        desk.send::<H>(tx, is_over)?;
    }
    loop {
        for _ in 0..block_len {
            let verdict = desk.receive::<H>(rx, |_| Ok(()))?;
            received += 1;
            if verdict.last {
                return Ok(Done { messages: received, end: desk.clock.now() });
            }
            if !is_over {
                sent += 1;
                is_over = stop || sent == limit;
                desk.send::<H>(tx, is_over)?;
            }
        }
        let now = desk.clock.now();
        stop = stage.timer.block(now, now - begun);
        begun = now;
    }
}

/// Sends one message for each that it receives. Its last message answers the peer's last.
#[inline(never)]
pub(crate) fn respond<H: Halves>(
    tx: &mut H::Tx,
    rx: &mut H::Rx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let block_len = stage.timer.block_len;
    let mut received = 0;
    let mut begun = desk.clock.now();
    loop {
        for _ in 0..block_len {
            let verdict = desk.receive::<H>(rx, |_| Ok(()))?;
            received += 1;
            desk.send::<H>(tx, verdict.last)?;
            if verdict.last {
                return Ok(Done { messages: received, end: desk.clock.now() });
            }
        }
        let now = desk.clock.now();
        stage.timer.block(now, now - begun);
        begun = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Names, Workload};

    fn of(size: usize, depth: u32, capacity: Capacity) -> std::result::Result<u64, String> {
        let names = Names { token: String::new(), dir: "/".into() };
        let workload = Workload::Duplex { depth };
        window(&Plan { workload, ..Plan::new(size, names) }, capacity, false)
    }

    #[test]
    fn a_window_never_exceeds_what_one_way_holds() {
        let bytes = |n| Capacity { bytes: Some(n), messages: None };
        let messages = |n| Capacity { bytes: Some(1 << 20), messages: Some(n) };
        assert_eq!(of(64, 8, bytes(1 << 16)), Ok(16));
        assert_eq!(of(64, 8, messages(10)), Ok(10));
        // P-1: what a transport does not count is charged twice its bytes, and more.
        assert_eq!(of(4_096, 64, bytes(1 << 18)), Ok(28));
        assert_eq!(of(64 << 10, 8, messages(2)), Ok(2));
        assert!(of(64 << 10, 8, bytes(128 << 10)).is_err());
        assert_eq!(of(64, 8, Capacity::default()), Ok(2));
    }

    #[test]
    fn a_link_for_one_message_goes_one_way_at_a_time_and_says_so() {
        let one = Capacity { bytes: Some(1 << 16), messages: Some(1) };
        let reason = of(64 << 10, 8, one).unwrap_err();
        assert!(reason.contains("holds 1"), "{reason}");
    }
}
