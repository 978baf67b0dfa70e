//! Order: none lost, none repeated, none before its turn, also when the receiver lags.

use super::pace;
use crate::board::Told;
use crate::end::End;
use crate::laws::bytes::{receive_stamped, send_stamped};
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{Checker, Limits, Side, Stamper};
use std::time::{Duration, Instant};

/// A sender that has sent this many in order's law is through when the time below is over, too.
const LEAST: u64 = 2_000;
/// Long enough for whatever comes with a lag.
const ENOUGH: Duration = Duration::from_secs(1);

/// **Order.** Twenty thousand small messages one way (two thousand where they take longer than a second): the receiver
/// begins to read when the sender meets back-pressure (or is through), and finds each message once, in its turn.
pub fn one_way(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(16);
    let count = pace(row, 20_000);
    let scratch = Scratch::new(size, true)?;
    let seed = scratch.plan.seed;
    let least = count.min(LEAST);
    Pair::new(&scratch.plan).run(
        row,
        |end| {
            let stamper = Stamper::new(seed, size);
            let mut message = stamper.body().to_vec();
            let begun = Instant::now();
            for n in 0..count {
                if n >= least && begun.elapsed() > ENOUGH {
                    break;
                }
                stamper.stamp(&mut message, n, false);
                end.send(&message)?;
            }
            // Then it closes its half: the peer finds the end, and nothing before it that was not sent.
            end.raise(1)
        },
        |end| {
            end.await_peer_stall();
            let mut checker = Checker::new(seed, size);
            loop {
                match end.try_receive(|message| checker.check(message)) {
                    Ok(_) => {}
                    Err(e) if e.is_end() => break,
                    Err(e) => return Err(format!("{e}, after {:?}", checker.integrity)),
                }
            }
            let (through, sent) =
                (end.board.flag(end.side.peer()), end.board.sent(end.side.peer()));
            if through == 0 {
                return Err(format!(
                    "the end came amid the messages, after {:?}",
                    checker.integrity
                ));
            }
            if checker.integrity.is_clean() && checker.integrity.received == sent {
                Ok(())
            } else {
                Err(format!("{sent} messages of {size} bytes were sent: {:?}", checker.integrity))
            }
        },
    )?;
    scratch.finish()
}

/// **Ping-pong.** Round trips begun by one side, then by the other: no message waits for a later one to push it out.
pub fn ping_pong(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(64);
    let count = pace(row, 200);
    let scratch = Scratch::new(size, true)?;
    let seed = scratch.plan.seed;
    let side = |end: &mut End<'_>| {
        for first in Side::ALL {
            // One message a phase, and the phases alternate: both roles on both sides.
            for n in 0..count {
                let (there, back) = (seed ^ (2 * n), seed ^ (2 * n + 1));
                if end.side == first {
                    send_stamped(end, there, size, 1)?;
                    receive_stamped(end, back, size, 1)?;
                } else {
                    receive_stamped(end, there, size, 1)?;
                    send_stamped(end, back, size, 1)?;
                }
            }
        }
        Ok(())
    };
    Pair::new(&scratch.plan).run(row, side, side)?;
    scratch.finish()
}

/// **Runs.** Messages of which the sender says that more follow, then one of which it says nothing: the peer receives
/// the whole run, in order, without a further one to push it out, and answers.
pub fn of_runs(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(64);
    let runs = pace(row, 100);
    let scratch = Scratch::new(size, false)?;
    // Short enough for every mechanism to hold.
    let message = |run: u64, n: u64| vec![(run * 7 + n) as u8; size - (n as usize).min(size - 1)];
    Pair::new(&scratch.plan).run(
        row,
        |end| {
            for run in 0..runs {
                let more = run % 8;
                (0..more).try_for_each(|n| end.send_more(&message(run, n)))?;
                end.send(&message(run, more))?;
                end.expect(&message(run, 0))?;
            }
            Ok(())
        },
        |end| {
            for run in 0..runs {
                (0..=run % 8).try_for_each(|n| end.expect(&message(run, n)))?;
                end.send(&message(run, 0))?;
            }
            Ok(())
        },
    )?;
    scratch.finish()
}

/// **Duplex.** Both sides send at the same time, each a few messages ahead: the directions do not mix.
pub fn both_ways_at_once(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(64);
    let count = pace(row, 500);
    let scratch = Scratch::new(size, false)?;
    let seed = scratch.plan.seed;
    let side = |end: &mut End<'_>| {
        let of = |side: Side| seed.wrapping_add(side.index() as u64);
        let stamper = Stamper::new(of(end.side), size);
        let mut checker = Checker::new(of(end.side.peer()), size);
        let mut message = stamper.body().to_vec();
        // Two in flight each way fit every mechanism, so that neither side can block the other; one is all that a lossy
        // one is sure to keep.
        let ahead = if row.info.lossy { 0 } else { 2 };
        for n in 0..count + ahead {
            if n < count {
                stamper.stamp(&mut message, n, false);
                end.send(&message)?;
            }
            if n >= ahead {
                let verdict = end
                    .try_receive(|message| checker.check(message))
                    .map_err(|e| format!("receiving message {}: {e}", n - ahead))?;
                if let Some(fault) = verdict.fault {
                    return Err(format!("message {}: {fault:?}", n - ahead));
                }
            }
        }
        Ok(())
    };
    Pair::new(&scratch.plan).run(row, side, side)?;
    scratch.finish()
}
