//! The same bytes: what is committed is received, at every size, in both directions, with its
//! boundaries.

use super::pace;
use crate::board::Told;
use crate::end::End;
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{Checker, Limits, Side, Stamper};

/// Around the places where something changes: the word, the check values, the page, PIPE_BUF and
/// the default buffers.
const SIZES: [usize; 9] = [1, 7, 8, 64, 1 << 10, 4 << 10, (4 << 10) + 1, 64 << 10, 1 << 20];

/// **Same bytes at every size.** Links made for messages of exactly 1 byte to the largest the
/// machine allows (4 MiB at most) carry them in both directions, equal byte for byte.
pub fn at_every_size(row: &Row, limits: &Limits) -> Told {
    let largest = largest(limits);
    for size in SIZES.into_iter().filter(|&size| size < largest).chain([largest]) {
        let count = pace(
            row,
            match size {
                0..=4096 => 64,
                4097..=65_536 => 16,
                _ => 4,
            },
        );
        let scratch = Scratch::new(size, true)?;
        let seed = scratch.plan.seed;
        let side = |end: &mut End<'_>| {
            // Each direction has its own seed, so that a message that comes back to its sender is
            // not taken for one of the peer's.
            for sender in Side::ALL {
                let seed = seed.wrapping_add(sender.index() as u64);
                if end.side == sender {
                    send_stamped(end, seed, size, count)?;
                } else {
                    receive_stamped(end, seed, size, count)?;
                }
            }
            Ok(())
        };
        Pair::new(&scratch.plan)
            .run(row, side, side)
            .map_err(|what| format!("messages of {size} bytes: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// **Empty messages are messages.** They arrive, each as one, between others and before the end of
/// the stream; on links made for them alone, too.
pub fn of_nothing(row: &Row, limits: &Limits) -> Told {
    let most = largest(limits).min(5);
    for (size, fixed, lens) in [(0, true, &[0, 0, 0][..]), (most, false, &[0, most, 0, 0, 1, 0])] {
        let scratch = Scratch::new(size, fixed)?;
        let message = |len: usize| vec![0x5a; len];
        let side = |end: &mut End<'_>| {
            for sender in Side::ALL {
                let one = |&len: &usize| match end.side == sender {
                    true => end.send(&message(len)),
                    false => end.expect(&message(len)),
                };
                lens.iter().try_for_each(one)?;
            }
            end.tx = None;
            end.expect_end().map(drop)
        };
        Pair::new(&scratch.plan)
            .run(row, side, side)
            .map_err(|what| format!("a link for messages of up to {size} bytes: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// Sends `count` stamped messages.
pub(crate) fn send_stamped(end: &mut End<'_>, seed: u64, size: usize, count: u64) -> Told {
    let stamper = Stamper::new(seed, size);
    let mut message = stamper.body().to_vec();
    for n in 0..count {
        stamper.stamp(&mut message, n, n + 1 == count);
        end.send(&message)?;
    }
    Ok(())
}

/// Receives `count` stamped messages and compares each twice: as the harness does, and byte for
/// byte.
pub(crate) fn receive_stamped(end: &mut End<'_>, seed: u64, size: usize, count: u64) -> Told {
    let stamper = Stamper::new(seed, size);
    let mut checker = Checker::new(seed, size);
    let mut expected = stamper.body().to_vec();
    for n in 0..count {
        stamper.stamp(&mut expected, n, n + 1 == count);
        let (verdict, same) = end
            .try_receive(|message| (checker.check(message), crate::end::same(message, &expected)))
            .map_err(|e| format!("receiving message {n}: {e}"))?;
        match verdict.fault {
            Some(fault) => {
                let bytes = same.err().unwrap_or_default();
                return Err(format!("message {n} of {count}: {fault:?}; {bytes}"));
            }
            None => same.map_err(|what| format!("message {n} of {count}: {what}"))?,
        }
        if verdict.last != (n + 1 == count) {
            return Err(format!("message {n} of {count} carries the wrong last flag"));
        }
    }
    Ok(())
}

/// **Boundaries are kept.** On one link, messages of many lengths, seeded and logarithmically
/// spread, arrive one receive for one commit, each of its own length, in both directions.
pub fn of_varied_sizes(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(64 << 10);
    let scratch = Scratch::new(size, false)?;
    let seed = scratch.plan.seed;
    let count = pace(row, 400);
    let side = |end: &mut End<'_>| {
        for sender in Side::ALL {
            let mut lengths = fastrand::Rng::with_seed(seed.wrapping_add(sender.index() as u64));
            let mut message = vec![0; size];
            for n in 0..count {
                let len = match n {
                    // The extremes come for sure.
                    0 => size,
                    1 => 1,
                    _ => {
                        let most = 1usize << lengths.u32(0..=size.ilog2());
                        lengths.usize(1..=most).min(size)
                    }
                };
                lengths.fill(&mut message[..len]);
                if end.side == sender {
                    end.send(&message[..len])?;
                } else {
                    end.expect(&message[..len])?;
                }
            }
        }
        Ok(())
    };
    Pair::new(&scratch.plan).run(row, side, side)?;
    scratch.finish()
}

/// **An abandoned claim sends nothing.** Claiming again before `commit` forgets the first claim: of
/// two claims and one commit the peer receives the second, whether it is as long as the first or
/// not.
pub fn of_the_last_claim(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(256);
    for fixed in [true, false] {
        let scratch = Scratch::new(size, fixed)?;
        let short = if fixed { size } else { size.div_ceil(2) };
        let claim = |end: &mut End<'_>, len: usize, byte: u8| {
            let tx = end.tx().map_err(|e| e.to_string())?;
            tx.claim(len).map(|space| space.fill(byte)).map_err(|e| format!("claim({len}): {e}"))
        };
        Pair::new(&scratch.plan).run(
            row,
            |end| {
                claim(end, size, 0xaa)?;
                end.send(&vec![0xbb; short])?;
                claim(end, short, 0xcc)?;
                claim(end, short, 0xdd)?;
                end.send(&vec![0xee; size])?;
                // One that is never committed at all.
                claim(end, size, 0xff)
            },
            |end| {
                end.expect(&vec![0xbb; short])?;
                end.expect(&vec![0xee; size])?;
                end.expect_end().map(drop)
            },
        )?;
        scratch.finish()?;
    }
    Ok(())
}

/// **A copying transport keeps its buffer.** Where `INFO.zero_copy` is false, `claim` lends the
/// same bytes again that were written into it last: the harness fills it once and stamps it from
/// then on.
pub fn of_a_kept_buffer(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(1000);
    let scratch = Scratch::new(size, true)?;
    let count = pace(row, 50);
    let message = |n: u64| -> Vec<u8> { (0..size).map(|i| (i as u64 * 7 + n) as u8).collect() };
    Pair::new(&scratch.plan).run(
        row,
        |end| {
            end.send(&message(0))?;
            for n in 1..count {
                let tx = end.tx().map_err(|e| e.to_string())?;
                let space = tx.claim(size).map_err(|e| format!("claim: {e}"))?;
                crate::end::same(space, &message(n - 1))
                    .map_err(|what| format!("claim {n} lent another buffer: {what}"))?;
                end.send(&message(n))?;
            }
            Ok(())
        },
        |end| (0..count).try_for_each(|n| end.expect(&message(n))),
    )?;
    scratch.finish()
}
