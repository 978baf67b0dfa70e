//! Several receivers that each get every message.

use super::pace;
use crate::board::Told;
use crate::end::End;
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{Checker, Integrity, Limits, Side, Stamper, Workload};

/// Processes that receive.
const PEERS: usize = 2;
/// Lengths, in bytes: a number and more.
const SIZES: [usize; 3] = [16, 64, 1000];
/// Bytes that one receiver reads while the other does not: more than any buffer of a mechanism that overwrites.
const FLOOD_BYTES: usize = 4 << 20;

fn scratch(size: usize) -> Result<Scratch, String> {
    let mut scratch = Scratch::new(size, true)?;
    scratch.plan.workload = Workload::Broadcast { peers: PEERS as u32 };
    Ok(scratch)
}

/// Makes message `n`: its number in each word, and the word's place.
fn message(n: u64, size: usize) -> Vec<u8> {
    (0..size).map(|i| (n.rotate_right(8 * (i as u32 % 8)) as u8) ^ (i / 8) as u8).collect()
}

/// **Each receiver gets each message.** Two processes take the responder's side of one fixture. Each message is sent when
/// both have the one before: it comes whole to both, in order and once; then both get the end.
pub fn to_all(row: &Row, limits: &Limits) -> Told {
    for size in SIZES.into_iter().filter(|&size| size <= largest(limits)) {
        // Receivers that spin share a CPU, and a message waits for the end of a time slice of each.
        let count = pace(row, if row.info.wait.burns_cpu() { 20 } else { 500 });
        let scratch = scratch(size)?;
        let sends = |end: &mut End<'_>| {
            for n in 0..count {
                end.try_send_regardless(&message(n, size)).map_err(|e| e.to_string())?;
                let expected = PEERS as u64 * (n + 1);
                if !end.board.await_received(Side::Responder, expected) {
                    let received = end.board.received(Side::Responder) - PEERS as u64 * n;
                    return Err(format!(
                        "message {n} came to {received} of {PEERS} receivers, although it was alone on its way"
                    ));
                }
            }
            Ok(())
        };
        let receives = |end: &mut End<'_>| {
            (0..count).try_for_each(|n| end.expect(&message(n, size)))?;
            end.expect_end()?;
            // None may end before the others have.
            end.join(PEERS as u32)
        };
        Pair { processes: [1, PEERS], ..Pair::new(&scratch.plan) }
            .run(row, sends, receives)
            .map_err(|what| format!("messages of {size} bytes: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// **A receiver that does not read blocks no other.** One of two receivers gets four MiB, a message at a time, while the other does not
/// read. Then that one reads: what comes is whole and in order, and the numbers tell how much it missed; the next message
/// comes to both.
pub fn past_the_idle(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(1000);
    let count = pace(row, (FLOOD_BYTES / size) as u64);
    let scratch = scratch(size)?;
    let seed = scratch.plan.seed;
    let sends = |end: &mut End<'_>| {
        let stamper = Stamper::new(seed, size);
        let mut next = stamper.body().to_vec();
        for n in 0..=count {
            if n == count {
                // Both have what there is.
                end.await_peer(PEERS as u32)?;
            }
            stamper.stamp(&mut next, n, n == count);
            end.try_send_regardless(&next).map_err(|e| format!("sending message {n}: {e}"))?;
            if n < count && !end.board.await_received(Side::Responder, n + 1) {
                return Err(format!("message {n} did not come to the receiver that reads"));
            }
        }
        end.await_peer(2 * PEERS as u32)
    };
    let receives = |end: &mut End<'_>| {
        let mut checker = Checker::new(seed, size);
        if end.number > 0 {
            // The other one comes first, and says so.
            end.board.await_flag(end.side, 1)?;
        }
        while end.number == 0 && checker.expected() < count || end.number > 0 && end.ready()? {
            end.try_receive(|message| checker.check(message)).map_err(|e| e.to_string())?;
        }
        end.board.add(end.side)?;
        let last = end.try_receive(|message| checker.check(message)).map_err(|e| e.to_string())?;
        let Integrity { received, lost, repeated, reordered, damaged } = checker.integrity;
        if damaged + repeated + reordered > 0 || !last.last || received + lost != count + 1 {
            return Err(format!("{} messages were sent: {:?}", count + 1, checker.integrity));
        }
        match (end.number, lost) {
            (0, 1..) => Err(format!("the receiver that reads lost {lost}")),
            (1.., 0) => {
                Err(format!("{count} messages were kept for a receiver that does not read"))
            }
            _ => end.join(2 * PEERS as u32),
        }
    };
    Pair { processes: [1, PEERS], ..Pair::new(&scratch.plan) }.run(row, sends, receives)?;
    scratch.finish()
}
