//! Sides that no fork connects.

use super::bytes::{receive_stamped, send_stamped};
use crate::board::Told;
use crate::end::End;
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{Limits, Side};

/// Messages in each direction.
const COUNT: u64 = 100;

/// **Attaches without a fork.** A process that was forked before the fixture was made gets its
/// address, attaches, and takes part as if it had inherited it: the same bytes in both directions,
/// then the end of the stream.
pub fn attaches(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(1000);
    let scratch = Scratch::new(size, true)?;
    let seed = scratch.plan.seed;
    let side = |end: &mut End<'_>| {
        for sender in Side::ALL {
            let seed = seed.wrapping_add(sender.index() as u64);
            match end.side == sender {
                true => send_stamped(end, seed, size, COUNT)?,
                false => receive_stamped(end, seed, size, COUNT)?,
            }
        }
        end.tx = None;
        end.expect_end().map(drop)
    };
    Pair::new(&scratch.plan).run_apart(row, side, side)?;
    scratch.finish()
}
