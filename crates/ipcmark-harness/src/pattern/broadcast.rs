//! One sender, several receivers, each message to all of them.
//!
//! If the mechanism broadcasts (`Info::broadcasts`), the receivers share its link, and the sender
//! writes a message once. Otherwise each receiver has a link of its own, and the sender writes
//! every message into each, as a program does that informs several others over pipes. The
//! invocation records which of the two it was (`shared`, `per-peer`).
//!
//! Each receiver checks all messages, as the receiver of a stream does. The figures count receipts:
//! a message that two receivers got counts twice, and one that one of two lost is lost once; so a
//! receiver that loses messages or is slow cannot hide behind another. The phase ends when the last
//! receiver has its last message.

use super::links::{End, Fixtures, ends, tear_down, words};
use super::{Made, ending, fan, stream};
use crate::halves::{Halves, Row};
use crate::stage::{Done, Stage};
use ipcmark_core::{Info, Plan, Result, Side};

/// Returns the reason why no machine can run such a cell.
pub(crate) fn refusal(info: &Info, peers: usize) -> Option<String> {
    let mixes = !info.broadcasts && info.one_link && peers > 1;
    mixes.then(|| fan::ONE_LINK.into())
}

/// Makes what the processes inherit: one link for all receivers, or one for each.
pub(super) fn make<H: Halves>(row: &Row<H>, plan: &Plan) -> Result<Made> {
    let info = row.info;
    let shared = info.broadcasts;
    let fixtures = if shared { Fixtures::one } else { Fixtures::per_peer }(row, plan)?;
    Ok(fixtures.with(move |links, stage| {
        stage.links = words(shared);
        let mut ends = ends::<H>(info, links, stage, shared);
        match stage.seat.side {
            Side::Initiator => stage.phases(&mut |s| send_to_all(&mut ends, s, shared))?,
            Side::Responder => {
                let End { rx, desk, .. } = &mut ends[0];
                stage.phases(&mut |s| stream::receive::<H>(rx, desk, s))?;
            }
        }
        let mut tally = tear_down(ends, stage);
        if shared {
            // Each receiver is owed every message.
            tally.sent *= stage.plan.workload.peers() as u64;
        }
        Ok(tally)
    }))
}

/// Sends each message over all links until time is over or the limit is sent; then says the end.
#[inline(never)]
fn send_to_all<H: Halves>(
    links: &mut [End<H>],
    stage: &mut Stage<'_>,
    shared: bool,
) -> Result<Done> {
    let lossy = H::lossy(&links[0].desk);
    let clock = stage.clock;
    let limit = stage.timer.limit();
    let block_len = stage.timer.block_len;
    let mut sent = 0;
    let mut begun = clock.now();
    let mut stop = false;
    loop {
        let block = block_len.min(limit - sent);
        for _ in 0..block {
            sent += 1;
            let last = stop || sent == limit;
            for End { tx, desk, .. } in &mut *links {
                match last {
                    false => H::send_block(tx, desk, 1)?,
                    true => desk.send::<H>(tx, !lossy)?,
                }
            }
            if last {
                let end = clock.now();
                if H::MAY_LOSE && lossy {
                    say_the_end(links, stage, shared)?;
                }
                return Ok(Done { messages: sent, end });
            }
        }
        let now = clock.now();
        stop = stage.timer.block(now, now - begun);
        begun = now;
    }
}

/// Says over each link that the phase is over, to those who receive from it.
pub(super) fn say_the_end<H: Halves>(
    links: &mut [End<H>],
    stage: &Stage<'_>,
    shared: bool,
) -> Result<()> {
    let peers = stage.plan.workload.peers();
    let mut audiences: Vec<ending::Audience<'_>> = Vec::with_capacity(links.len());
    for (number, End { tx, desk, .. }) in links.iter_mut().enumerate() {
        let receivers = match (stage.seat.process, shared) {
            (0, true) => 1..=peers,
            (0, false) => number + 1..=number + 1,
            // One of several senders.
            _ => 0..=0,
        };
        audiences.push((tx, desk, receivers.collect()));
    }
    ending::say_to_all(&mut audiences, stage)
}
