//! Laws for floors, which hold both ends in one process.
//!
//! A floor is the figure that all others are measured against, so it must carry bytes like any transport; it has no
//! peer that could die, lag or be awaited.

use crate::board::{Board, Told};
use crate::end::End;
use crate::laws::bytes::{receive_stamped, send_stamped};
use crate::pair::WORDS_MAX;
use crate::row::Row;
use crate::scratch::{DEADLINE, Scratch, largest};
use ipcmark_core::{Error, Limits, Link, Side};
use ipcmark_sys::crew::{Crew, Outcome};
use std::time::Instant;

/// Runs one function over both ends of a floor, in its own process, so that one that waits for ever
/// is killed.
fn run(row: &Row, scratch: Scratch, law: impl FnOnce(&mut End<'_>) -> Told) -> Told {
    let board = Board::new()?;
    let plan = &scratch.plan;
    let mut crew = Crew::new(1, WORDS_MAX).map_err(|e| e.to_string())?;
    let forked = crew.fork(|| {
        let fixture = (row.fixture)(plan).map_err(|e| format!("fixture: {e}"))?;
        let capacity = fixture.capacity().map_err(|e| format!("capacity: {e}"))?;
        let Link { tx, rx } = fixture.split(Side::Initiator).map_err(|e| format!("split: {e}"))?;
        let (tx, rx) = (Some(tx), Some(rx));
        law(&mut End {
            row,
            side: Side::Initiator,
            number: 0,
            tx,
            rx,
            capacity,
            board: &board,
            received: 0,
            lost: 0,
        })?;
        Ok(Vec::new())
    });
    forked.map_err(|e| e.to_string())?;
    let finished = crew.finish(Instant::now() + DEADLINE).map_err(|e| e.to_string())?;
    match &finished.outcomes[..] {
        [Outcome::Done(_)] => scratch.finish(),
        [Outcome::Failed(fault)] => Err(fault.what.clone()),
        [Outcome::Died(exit)] => Err(format!("{exit}, while {}", board.step(Side::Initiator))),
        _ => Err(format!("hung while {}", board.step(Side::Initiator))),
    }
}

/// **Same bytes at every size**, there and back within the process.
pub fn same_bytes(row: &Row, limits: &Limits) -> Told {
    for size in [1, 7, 8, 64, 1 << 10, 4097, 64 << 10, 1 << 20, largest(limits)] {
        let scratch = Scratch::new(size, true)?;
        run(row, scratch, |end| {
            for seed in 0..20 {
                send_stamped(end, seed, size, 1)?;
                receive_stamped(end, seed, size, 1)?;
            }
            Ok(())
        })
        .map_err(|what| format!("messages of {size} bytes: {what}"))?;
    }
    Ok(())
}

/// **It never waits**: there is no peer to wait for, so an empty floor and a full one return errors.
pub fn never_waits(row: &Row, _: &Limits) -> Told {
    run(row, Scratch::new(64, true)?, |end| {
        if let Ok(len) = end.try_receive(<[u8]>::len) {
            return Err(format!("an empty floor gave {len} bytes"));
        }
        let most = end.capacity.messages.ok_or("a floor says how many messages it holds")?;
        for _ in 0..most {
            end.send(&[1; 64])?;
        }
        match end.try_send(&[2; 64]) {
            Ok(()) => Err(format!("it took more than the {most} messages it says it holds")),
            Err(_) => Ok(()),
        }
    })
}

/// **An over-long message is refused**, as by any transport.
pub fn refuses_over_long(row: &Row, _: &Limits) -> Told {
    run(row, Scratch::new(64, true)?, |end| {
        let tx = end.tx().map_err(|e| e.to_string())?;
        match tx.claim(65).map(|space| space.len()) {
            Err(Error::TooLong { len: 65, max: 64, .. }) => Ok(()),
            other => Err(format!("claim(65) on a link for 64 gave {other:?}")),
        }
    })
}
