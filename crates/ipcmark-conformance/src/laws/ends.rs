//! Ends: a stream that is closed, and a peer that is gone.

use crate::board::Told;
use crate::end::End;
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{DEADLINE, Scratch, largest};
use ipcmark_core::{Error, Limits, Side};
use ipcmark_sys::clock::monotonic_ns;
use rustix::process::{Signal, getpid, kill_process};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A peer's death is noticed within this time. The contract says a second or two; a machine may be busy.
pub(crate) const NOTICE: Duration = Duration::from_secs(5);
/// No mechanism here holds more than this in one direction.
pub(crate) const PRESSURE_BYTES: usize = 64 << 20;
/// Messages that a peer has sent when it is in the middle of many.
const MANY: u64 = 100;
/// Long enough for a side to be asleep in `receive` or `listen`.
pub(crate) const SETTLE: Duration = Duration::from_millis(60);

/// **End of stream.** When a side drops its sender, the peer receives all that was committed, then `Error::Closed`, and
/// again when it asks again. The closing side's process lives on, so that nothing else tells the peer.
pub fn of_stream(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(64);
    for sender in Side::ALL {
        for count in [0, 100] {
            let scratch = Scratch::new(size, true)?;
            let message = |n: u32| vec![n as u8; size];
            let side = |end: &mut End<'_>| {
                if end.side == sender {
                    (0..count).try_for_each(|n| end.send(&message(n)))?;
                    end.tx = None;
                    return end.await_peer(1);
                }
                (0..count).try_for_each(|n| end.expect(&message(n)))?;
                for time in ["first", "second"] {
                    match end.expect_end()? {
                        Error::Closed => {}
                        e => {
                            return Err(format!(
                                "an orderly end is Error::Closed; the {time} time it came as: {e}"
                            ));
                        }
                    }
                }
                end.raise(1)
            };
            Pair::new(&scratch.plan)
                .run(row, side, side)
                .map_err(|what| format!("the {sender} closes after {count}: {what}"))?;
            scratch.finish()?;
        }
    }
    Ok(())
}

/// **A dead peer is noticed by who waits for it.** The peer is killed while this side is in `receive`; and it is killed
/// right after it committed, before this side looks. Each time once with a message of this side unread, which resets some
/// links. What was committed is received, then the end, and again when asked again. (Only the end, where messages are
/// kept in their sender's own memory.)
pub fn of_a_peer_awaited(row: &Row, limits: &Limits) -> Told {
    for victim in Side::ALL {
        for asleep in [true, false] {
            for unread in [false, true] {
                killed(row, limits, victim, asleep, unread).map_err(|what| {
                    let when = if asleep { "while it is awaited" } else { "after it committed" };
                    let left = if unread { ", with a message unread" } else { "" };
                    format!("the {victim} is killed {when}{left}: {what}")
                })?;
            }
        }
    }
    Ok(())
}

fn killed(row: &Row, limits: &Limits, victim: Side, asleep: bool, unread: bool) -> Told {
    let size = largest(limits).min(64);
    let message = |n: u32| vec![n as u8 + 1; size];
    // No one receives while the victim lives: of several messages, a lossy transport may lose some.
    let count = if row.info.lossy { 1 } else { 5 };
    let scratch = Scratch::new(size, true)?;
    let last_breath = LastBreath::new()?;
    let side = |end: &mut End<'_>| {
        if end.side == victim {
            if unread {
                end.await_peer(1)?;
            }
            (0..count).try_for_each(|n| end.send(&message(n)))?;
            if asleep {
                end.await_peer(2)?;
                std::thread::sleep(SETTLE);
            }
            return last_breath.die();
        }
        if unread {
            end.send(&message(0))?;
            end.raise(1)?;
        }
        if !asleep {
            last_breath.await_death();
        }
        if asleep || !row.info.dies_with_sender {
            (0..count).try_for_each(|n| end.expect(&message(n)))?;
        }
        end.raise(2)?;
        end.expect_end()?;
        last_breath.noticed_in_time()?;
        end.expect_end().map(drop).map_err(|what| format!("asked again: {what}"))
    };
    killing(&scratch, victim).run(row, side, side)?;
    scratch.finish()
}

/// **A dead peer is noticed by who waits for room.** The peer never reads and is killed when this side has met
/// back-pressure; where messages are lost instead, in the middle of them.
pub fn of_a_peer_that_never_reads(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(4096);
    for victim in Side::ALL {
        let scratch = Scratch::new(size, true)?;
        let last_breath = LastBreath::new()?;
        let side = |end: &mut End<'_>| {
            if end.side == victim {
                if row.info.lossy {
                    end.await_peer_sent(MANY);
                } else {
                    end.await_peer_stall();
                }
                return last_breath.die();
            }
            let message = vec![7; size];
            if row.info.lossy {
                return send_to_its_death(end, &message, &last_breath);
            }
            for _ in 0..PRESSURE_BYTES / size {
                match end.try_send(&message) {
                    Ok(()) => {}
                    Err(e) if e.is_end() => return last_breath.noticed_in_time(),
                    Err(e) => return Err(format!("the death of the peer came as: {e}")),
                }
            }
            Err(format!("{PRESSURE_BYTES} bytes were sent to a peer that never reads"))
        };
        killing(&scratch, victim)
            .run(row, side, side)
            .map_err(|what| format!("the {victim} is killed: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// Sends without a pause until the peer's death is noticed.
fn send_to_its_death(end: &mut End<'_>, message: &[u8], last_breath: &LastBreath) -> Told {
    loop {
        match end.try_send_regardless(message) {
            Ok(()) if last_breath.age() > NOTICE => {
                return Err(format!("a peer dead for {NOTICE:?} is still sent to"));
            }
            Ok(()) => {}
            Err(e) if e.is_end() => return last_breath.noticed_in_time(),
            Err(e) => return Err(format!("the death of the peer came as: {e}")),
        }
    }
}

pub(crate) fn killing(scratch: &Scratch, victim: Side) -> Pair<'_> {
    // Time to get there, then time to notice.
    let deadline = (NOTICE + Duration::from_secs(3)).min(DEADLINE);
    Pair { deadline, victim: Some(victim), ..Pair::new(&scratch.plan) }
}

/// Time when the victim died, in a word that both sides see.
pub(crate) struct LastBreath(ipcmark_sys::shared::Lines);

impl LastBreath {
    pub(crate) fn new() -> Result<LastBreath, String> {
        ipcmark_sys::shared::Lines::new(1).map(LastBreath).map_err(|e| e.to_string())
    }

    pub(crate) fn at_ns(&self) -> &AtomicU64 {
        &self.0.lines()[0].word
    }

    /// Ends this process as a crash would: nothing is dropped, nothing flushed.
    pub(crate) fn die(&self) -> Told {
        self.at_ns().store(monotonic_ns(), Ordering::Release);
        kill_process(getpid(), Signal::KILL).map_err(|e| format!("kill: {e}"))?;
        Err("SIGKILL did not end the process".into())
    }

    pub(crate) fn await_death(&self) {
        while self.at_ns().load(Ordering::Acquire) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(SETTLE);
    }

    pub(crate) fn noticed_in_time(&self) -> Told {
        let died_ns = self.at_ns().load(Ordering::Acquire);
        if died_ns == 0 {
            return Err("the peer was taken for dead while it lived".into());
        }
        let age = self.age();
        if age > NOTICE {
            return Err(format!("the death of the peer was noticed after {} ms", age.as_millis()));
        }
        Ok(())
    }

    /// Returns the time since its death; zero while it lives.
    fn age(&self) -> Duration {
        match self.at_ns().load(Ordering::Acquire) {
            0 => Duration::ZERO,
            died_ns => Duration::from_nanos(monotonic_ns().saturating_sub(died_ns)),
        }
    }
}
