//! Several processes on one side of a link.

use super::pace;
use crate::board::Told;
use crate::end::{End, same};
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{LEAST_SHARED, Limits, Side, Workload};
use ipcmark_sys::shared::Lines;
use std::sync::atomic::Ordering::AcqRel;

/// Processes on the side that has several.
const PEERS: usize = 2;
/// Lengths, in bytes. What a mechanism keeps whole for several senders at its least, it keeps here: PIPE_BUF is 4096.
const SIZES: [usize; 3] = [LEAST_SHARED, 64, 1000];
/// The sender's number in a message that tells a receiver to stop.
const STOP: usize = 0xff;

/// Makes message `n` of a sender: number, sender, and a body that depends on both in each byte.
fn message(sender: usize, n: u64, size: usize) -> Vec<u8> {
    let mut message: Vec<u8> =
        (0..size).map(|i| (i as u64 ^ n.wrapping_mul(31) ^ (sender as u64 * 97)) as u8).collect();
    message[..8].copy_from_slice(&n.to_le_bytes());
    message[8] = sender as u8;
    message
}

/// Returns the sender and the number that a message states.
fn head(message: &[u8]) -> (usize, u64) {
    let mut number = [0; 8];
    number.copy_from_slice(&message[..8]);
    (message[8].into(), u64::from_le_bytes(number))
}

fn scratch(workload: Workload, size: usize) -> Result<Scratch, String> {
    let mut scratch = Scratch::new(size, true)?;
    scratch.plan.workload = workload.with_value(PEERS as u32);
    Ok(scratch)
}

/// **Two senders share a link.** Two processes take the initiator's side of one fixture and send at the same time. Each
/// message comes whole, each sender's in order and none of them twice; then, when both have closed, the end.
pub fn senders(row: &Row, limits: &Limits) -> Told {
    for size in SIZES.into_iter().filter(|&size| size <= largest(limits)) {
        let count = pace(row, 2_000);
        let scratch = scratch(Workload::FAN_IN, size)?;
        let sends = |end: &mut End<'_>| {
            (0..count).try_for_each(|n| end.send(&message(end.number, n, size)))?;
            // None may end before the others have.
            end.await_peer(1)
        };
        let receives = |end: &mut End<'_>| {
            let mut next = [0; PEERS];
            for n in 0..count * PEERS as u64 {
                end.try_receive(|received| attribute(received, &mut next, size))
                    .map_err(|e| format!("{e}, after {next:?} messages of each"))?
                    .map_err(|what| format!("message {n}: {what}"))?;
            }
            end.raise(1)?;
            end.expect_end().map(drop)
        };
        Pair { processes: [PEERS, 1], ..Pair::new(&scratch.plan) }
            .run(row, sends, receives)
            .map_err(|what| format!("messages of {size} bytes: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// Finds a message's sender, and whether it is the one that comes next from there.
fn attribute(received: &[u8], next: &mut [u64; PEERS], size: usize) -> Told {
    if received.len() != size {
        return Err(format!("{size} bytes were sent and {} received", received.len()));
    }
    let (sender, n) = head(received);
    let expected = next.get_mut(sender).ok_or_else(|| format!("it is of no sender ({sender})"))?;
    same(received, &message(sender, n, size)).map_err(|what| format!("it is torn: {what}"))?;
    if n != *expected {
        return Err(format!("sender {sender} is at {expected}, and {n} came"));
    }
    *expected += 1;
    Ok(())
}

/// **Two receivers share a link.** Two processes take the responder's side of one fixture and receive at the same time.
/// Each message goes whole to one of them and to no other, and to each in the order in which it was sent.
pub fn receivers(row: &Row, limits: &Limits) -> Told {
    for size in SIZES.into_iter().filter(|&size| size <= largest(limits)) {
        let count = pace(row, 2_000);
        let scratch = scratch(Workload::FAN_OUT, size)?;
        // One bit a message.
        let came = Lines::new(count.div_ceil(64) as usize).map_err(|e| e.to_string())?;
        let sends = |end: &mut End<'_>| {
            (0..count).try_for_each(|n| end.send(&message(0, n, size)))?;
            if !end.board.await_received(Side::Responder, count) {
                let received = end.board.received(Side::Responder);
                return Err(format!("{received} of {count} messages came to anybody"));
            }
            (0..PEERS).try_for_each(|_| end.send(&message(STOP, count, size)))?;
            end.await_peer(PEERS as u32)
        };
        let receives = |end: &mut End<'_>| {
            let mut least = 0;
            loop {
                let stop = end
                    .try_receive(|received| take(received, &mut least, &came, size))
                    .map_err(|e| format!("{e}, before message {least} or later"))??;
                if stop {
                    break;
                }
            }
            end.join(PEERS as u32)
        };
        Pair { processes: [1, PEERS], ..Pair::new(&scratch.plan) }
            .run(row, sends, receives)
            .map_err(|what| format!("messages of {size} bytes: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// Notes that a message came to this receiver, which expects none before `least`; true when it says to stop.
fn take(received: &[u8], least: &mut u64, came: &Lines, size: usize) -> Result<bool, String> {
    if received.len() != size {
        return Err(format!("{size} bytes were sent and {} received", received.len()));
    }
    let (sender, n) = head(received);
    same(received, &message(sender, n, size))
        .map_err(|what| format!("a message is torn: {what}"))?;
    if sender == STOP {
        return Ok(true);
    }
    if n < *least {
        return Err(format!("message {n} came to a receiver that is at {least}"));
    }
    *least = n + 1;
    let Some(line) = came.lines().get((n / 64) as usize) else {
        return Err(format!("message {n} was never sent"));
    };
    if line.word.fetch_or(1 << (n % 64), AcqRel) & (1 << (n % 64)) != 0 {
        return Err(format!("message {n} came to both receivers"));
    }
    Ok(false)
}
