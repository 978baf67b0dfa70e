//! Descriptors that tell of messages.

use crate::board::{PATIENCE, Told};
use crate::end::End;
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::Limits;
use std::time::Duration;

/// Messages, one at a time.
const COUNT: u32 = 20;

fn message(n: u32, size: usize) -> Vec<u8> {
    vec![n as u8; size]
}

/// **A descriptor tells of a message.** If a receiver gives a descriptor, `poll(2)` finds it readable when a message is there,
/// and not while there is none: a process that sleeps on many links would miss what it does not tell of, and would be
/// held by what it tells of wrongly. A receiver that gives none has nothing to keep.
pub fn by_a_descriptor(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(64);
    let scratch = Scratch::new(size, true)?;
    let sends = |end: &mut End<'_>| {
        for n in 0..COUNT {
            end.await_peer(n + 1)?;
            end.send(&message(n, size))?;
        }
        Ok(())
    };
    let receives = |end: &mut End<'_>| {
        for n in 0..COUNT {
            if end.is_told(Duration::ZERO)? == Some(true) {
                return Err(format!("its descriptor is readable before message {n} is sent"));
            }
            end.raise(n + 1)?;
            if end.is_told(PATIENCE)? == Some(false) {
                return Err(format!(
                    "its descriptor is not readable {PATIENCE:?} after message {n} was to be sent"
                ));
            }
            end.expect(&message(n, size))?;
        }
        Ok(())
    };
    Pair::new(&scratch.plan).run(row, sends, receives)?;
    scratch.finish()
}
