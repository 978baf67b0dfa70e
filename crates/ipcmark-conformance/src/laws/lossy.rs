//! What holds of a transport that may lose messages: what comes is whole, once and in its turn; what is lost is
//! counted; and a receiver that keeps up loses nothing.
//!
//! The other laws send one message at a time over such a transport. Here it is flooded.

use super::pace;
use crate::board::{PATIENCE, Told};
use crate::end::End;
use crate::laws::bytes::{receive_stamped, send_stamped};
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{Checker, Integrity, Limits, Stamper};
use std::thread;
use std::time::Instant;

/// Messages that are shorter cannot say how many went before them, so that they cannot tell how many were lost.
pub const COUNTING_BYTES: usize = 8;
/// Bytes sent in a flood: more than any buffer of a mechanism that loses.
const FLOOD_BYTES: usize = 16 << 20;
/// Messages one at a time, after a flood.
const CALM: u64 = 100;

/// **Order, lossy.** Twenty thousand small messages as fast as they go, to a receiver that reads meanwhile: what comes
/// is whole, comes once, and none comes after its successor. Then a thousand, one in flight: all of them come.
pub fn order(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(16);
    let count = 20_000;
    let calm = pace(row, 1_000);
    let scratch = Scratch::new(size, true)?;
    let seed = scratch.plan.seed;
    Pair::new(&scratch.plan).run(
        row,
        |end| {
            flow(end, seed, size, count)?;
            send_stamped(end, !seed, size, calm)
        },
        |end| {
            let mut checker = Checker::new(seed, size);
            drain(end, &mut checker)?;
            let Integrity { received, damaged, repeated, reordered, .. } = checker.integrity;
            if damaged + repeated + reordered > 0 || received > count {
                return Err(format!("of {count} messages came: {:?}", checker.integrity));
            }
            end.raise(1)?;
            receive_stamped(end, !seed, size, calm)
                .map_err(|what| format!("one in flight, and still: {what}"))
        },
    )?;
    scratch.finish()
}

/// **A flood loses, and the link goes on.** Sixteen MiB to a receiver that does not read: some are lost, else the
/// transport need not call itself lossy. The next message shows how many: lost and received are what was sent. From
/// then on, one at a time, none is lost.
pub fn flood(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(1_000);
    let count = (FLOOD_BYTES / size) as u64;
    let scratch = Scratch::new(size, true)?;
    let seed = scratch.plan.seed;
    Pair::new(&scratch.plan).run(
        row,
        |end| {
            flow(end, seed, size, count)?;
            let stamper = Stamper::new(seed, size);
            let mut next = stamper.body().to_vec();
            stamper.stamp(&mut next, count, true);
            end.send(&next)?;
            send_stamped(end, !seed, size, pace(row, CALM))
        },
        |end| {
            // It stalls when it is through, or when it waits for room, which is not what it promised.
            end.await_peer_stall();
            let mut checker = Checker::new(seed, size);
            drain(end, &mut checker)?;
            end.raise(1)?;
            let through = end.received;
            await_ready(end).map_err(|what| {
                format!("{what} after {count} messages, {through} of which got through")
            })?;
            end.try_receive(|message| checker.check(message)).map_err(|e| e.to_string())?;
            let Integrity { received, lost, damaged, repeated, reordered } = checker.integrity;
            if damaged + repeated + reordered > 0 || received + lost != count + 1 {
                return Err(format!("{} messages were sent: {:?}", count + 1, checker.integrity));
            }
            if lost == 0 {
                return Err(format!(
                    "it says that it may lose messages, and lost none of {count} that were not read"
                ));
            }
            receive_stamped(end, !seed, size, pace(row, CALM))
                .map_err(|what| format!("one in flight after a flood, and still: {what}"))
        },
    )?;
    scratch.finish()
}

/// Sends `count` stamped messages, none of them the last, whether they are received or not; then waits for the peer to
/// say that it has what there is.
fn flow(end: &mut End<'_>, seed: u64, size: usize, count: u64) -> Told {
    let stamper = Stamper::new(seed, size);
    let mut message = stamper.body().to_vec();
    for n in 0..count {
        stamper.stamp(&mut message, n, false);
        end.try_send_regardless(&message).map_err(|e| format!("sending message {n}: {e}"))?;
    }
    end.raise(1)?;
    end.await_peer(1)?;
    end.count_lost();
    Ok(())
}

/// Takes what comes until the sender is through and nothing is left.
fn drain(end: &mut End<'_>, checker: &mut Checker) -> Told {
    loop {
        // Asked first: what was sent before is there to be seen.
        let through = end.board.flag(end.side.peer()) == 1;
        if end.ready()? {
            end.try_receive(|message| checker.check(message)).map_err(|e| {
                format!("{e}, after {} messages: {:?}", checker.expected(), checker.integrity)
            })?;
        } else if through {
            return Ok(());
        } else {
            thread::yield_now();
        }
    }
}

/// Waits for a message that nothing is in the way of.
fn await_ready(end: &mut End<'_>) -> Told {
    let begun = Instant::now();
    while !end.ready()? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("nothing came for {PATIENCE:?}"));
        }
        thread::yield_now();
    }
    Ok(())
}
