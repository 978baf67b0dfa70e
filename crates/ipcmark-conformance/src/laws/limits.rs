//! Limits: what does not fit is refused in words, before any of it is sent.

use crate::board::{PATIENCE, Told};
use crate::end::End;
use crate::holdings::Holdings;
use crate::laws::ends::PRESSURE_BYTES;
use crate::pair::Pair;
use crate::row::Row;
use crate::scratch::{Scratch, largest};
use ipcmark_core::{Availability, Capacity, Error, Limits, Refusal, Sender};
use std::time::Instant;

/// **An over-long message is refused.** `claim` of one byte more than the plan's size is `Error::TooLong`, with the
/// length, the limit and what sets it; nothing is sent, and the link works on.
pub fn on_a_message(row: &Row, limits: &Limits) -> Told {
    let size = largest(limits).min(200);
    for fixed in [true, false] {
        let scratch = Scratch::new(size, fixed)?;
        let over_long = |tx: &mut dyn Sender, len: usize| match tx
            .claim(len)
            .map(|space| space.len())
        {
            Ok(lent) => Err(format!("claim({len}) lent {lent} bytes on a link for {size}")),
            Err(Error::TooLong { len: said, max, limited_by }) => {
                if (said, max) == (len, size) && !limited_by.is_empty() {
                    Ok(())
                } else {
                    Err(format!(
                        "claim({len}) on a link for {size} said len {said}, max {max}, limited by '{limited_by}'"
                    ))
                }
            }
            Err(e) => Err(format!("claim({len}) is Error::TooLong, but came as: {e}")),
        };
        Pair::new(&scratch.plan)
            .run(
                row,
                |end| {
                    for n in 0..3 {
                        for len in [size + 1, size + 4096, usize::MAX / 2] {
                            over_long(end.tx().map_err(|e| e.to_string())?, len)?;
                        }
                        end.send(&vec![n; size])?;
                    }
                    Ok(())
                },
                |end| {
                    (0..3).try_for_each(|n| end.expect(&vec![n; size]))?;
                    end.expect_end().map(drop)
                },
            )
            .map_err(|what| format!("fixed {fixed}: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// **A plan beyond the machine's limit is refused.** The fixture says so with `TooLong` or `Unavailable`: no panic,
/// no link that truncates. For transports that only memory bounds there is no such plan.
pub fn on_a_plan(row: &Row, limits: &Limits) -> Told {
    let Some(max) = limits.max_message else { return Ok(()) };
    for size in [max + 1, 2 * max, 1 << 40] {
        let scratch = Scratch::new(size, true)?;
        match (row.fixture)(&scratch.plan).map(drop) {
            Ok(()) => {
                return Err(format!("a link for {size} bytes was made where {max} is the largest"));
            }
            Err(Error::TooLong { len, max: said, limited_by }) => {
                if len != size || said != max || limited_by.is_empty() {
                    return Err(format!(
                        "a plan of {size} over {max} said len {len}, max {said}, limited by '{limited_by}'"
                    ));
                }
            }
            Err(Error::Unavailable(Refusal { reason, .. })) if !reason.is_empty() => {}
            Err(e) => return Err(format!("a plan of {size} bytes over {max} came as: {e}")),
        }
        scratch.finish()?;
    }
    Ok(())
}

/// **Capacity is bounded, and reported.** A sender whose peer does not read gets at least one message through and then
/// waits, before 64 MiB. The fixture says how much a direction holds: as many messages fit as it says, give or take a
/// quarter, or twice as many, if the other direction leaves its half; of bytes no more than twice what it says, as some
/// buffers grow while they fill. When the peer reads at last, all of them
/// come. It holds for the mechanism's default, and for a capacity that the plan asks for, where it can be had.
pub fn on_capacity(row: &Row, limits: &Limits) -> Told {
    for capacity in [None, Some(128 << 10)] {
        let size = largest(limits).min(4096);
        let scratch = Scratch::new(size, true)?.holding(capacity);
        if let Err(e) = (row.fixture)(&Scratch::new(size, true)?.holding(capacity).plan).map(drop) {
            return match (capacity, e) {
                (Some(_), Error::Unavailable(_) | Error::TooLong { .. }) => Ok(()),
                (_, e) => Err(format!("asked for a capacity of {capacity:?}: {e}")),
            };
        }
        let most = (PRESSURE_BYTES / size) as u64;
        Pair::new(&scratch.plan)
            .run(row, |end| fill(end, size, most), |end| measure(end, size))
            .map_err(|what| format!("asked for a capacity of {capacity:?}: {what}"))?;
        scratch.finish()?;
    }
    Ok(())
}

/// Sends until the peer has seen this side wait.
fn fill(end: &mut End<'_>, size: usize, most: u64) -> Told {
    for n in 0..most {
        // From then on nothing is proved by sending more.
        if end.board.flag(end.side.peer()) == 1 {
            return Ok(());
        }
        end.send(&vec![n as u8; size])?;
    }
    Err(format!("{PRESSURE_BYTES} bytes were sent to a peer that does not read"))
}

/// Lets the peer fill the link, compares with what the fixture said, and reads all there is.
fn measure(end: &mut End<'_>, size: usize) -> Told {
    let Capacity { bytes, messages } = end.capacity;
    let begun = Instant::now();
    let mut fitted = end.await_peer_stall();
    let lacks = |fitted| messages.is_some_and(|messages| 4 * fitted < 3 * messages as u64);
    // On a busy machine a sender that sends no more may wait for a CPU, and not for room.
    while lacks(fitted) && begun.elapsed() < PATIENCE {
        fitted = end.await_peer_stall();
    }
    end.raise(1)?;
    let exceeds = match (bytes, messages) {
        (None, None) => return Err("the fixture reports neither bytes nor messages".into()),
        (_, Some(messages)) => fitted > 2 * messages as u64,
        (Some(bytes), _) => fitted * size as u64 > 2 * bytes as u64,
    };
    if exceeds || lacks(fitted) {
        return Err(format!(
            "{fitted} messages of {size} bytes went through before the sender waited; the fixture says {:?}",
            end.capacity
        ));
    }
    // What the sender had in hand when it saw the word comes too.
    for n in 0.. {
        match end.try_receive(|message| crate::end::same(message, &vec![n as u8; size])) {
            Ok(same) => same.map_err(|what| format!("message {n}: {what}"))?,
            Err(e) if e.is_end() && n >= fitted => return Ok(()),
            Err(e) => return Err(format!("{n} of {fitted} messages came, then: {e}")),
        }
    }
    Ok(())
}

/// **Asking leaves nothing.** `available` gives one answer, however often it is asked, and holds nothing afterwards;
/// and what it calls available can be made: a fixture at its largest message.
pub fn on_asking(row: &Row, limits: &Limits) -> Told {
    let held = Holdings::now()?;
    for _ in 0..3 {
        let answer = (row.available)();
        if answer != Availability::Available(limits.clone()) {
            return Err(format!("first {limits:?}, then {answer:?}"));
        }
    }
    if limits.limited_by.is_empty() {
        return Err("the limits do not say what sets them".into());
    }
    let scratch = Scratch::new(largest(limits), true)?;
    let fixture = (row.fixture)(&scratch.plan).map_err(|e| format!("fixture: {e}"))?;
    drop(fixture);
    let gained = held.gained()?;
    if !gained.is_empty() {
        return Err(format!("still held after the fixture was dropped: {}", gained.join(", ")));
    }
    // No side came to take names out of the plan's directory; its maker clears it.
    Ok(())
}
