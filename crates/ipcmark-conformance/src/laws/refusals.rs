//! Senders that refuse to wait.

use crate::board::Told;
use crate::end::End;
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::Limits;
use std::thread::yield_now;

/// Bytes that each direction is asked to hold.
const CAPACITY: usize = 64 << 10;
/// Messages that no link of this capacity holds.
const MOST: u64 = 1 << 17;
/// Messages that are sent after the first refusal.
const MORE: u64 = 100;

/// **A full link refuses.** While the peer receives nothing, `try_claim` and `try_commit` take what
/// the link holds, then refuse, and never wait. Then the peer receives what was taken and no more,
/// and there is room again.
pub fn of_a_full_link(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(1000);
    let scratch = Scratch::new(size, true)?.holding(Some(CAPACITY));
    let message = |n: u64| {
        let mut message = vec![n as u8; size];
        let number = n.to_le_bytes();
        let len = size.min(number.len());
        message[..len].copy_from_slice(&number[..len]);
        message
    };
    let sender = |end: &mut End<'_>| {
        let mut taken = 0;
        while taken < MOST && end.send_now(&message(taken))? {
            taken += 1;
        }
        match taken {
            0 => return Err("the first message on an empty link was refused".into()),
            MOST => {
                return Err(format!("{MOST} messages that the peer does not receive were taken"));
            }
            _ => end.raise(1)?,
        }
        for n in taken..taken + MORE {
            while !end.send_now(&message(n))? {
                yield_now();
            }
        }
        end.tx = None;
        end.await_peer(1)
    };
    let receiver = |end: &mut End<'_>| {
        end.await_peer(1)?;
        let mut n = 0;
        let ended = loop {
            let expected = message(n);
            match end.try_receive(|message| message == expected) {
                Ok(true) => n += 1,
                Ok(false) => {
                    return Err(format!("message {n} is not the one that was sent as such"));
                }
                Err(e) => break e,
            }
        };
        let sent = end.board.sent(end.side.peer());
        if !ended.is_end() || n != sent {
            return Err(format!("{sent} messages were taken, {n} came, then: {ended}"));
        }
        end.raise(1)
    };
    Pair::new(&scratch.plan).run(row, sender, receiver)?;
    scratch.finish()
}
