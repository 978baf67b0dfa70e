//! Several senders and one receiver; one sender and several receivers.
//!
//! If the mechanism lets several processes send on one link (receive from one link), they share it:
//! each takes its half out of its own copy of the fixture. Otherwise each peer has a link of its
//! own, and the one process serves the links in turn, **one message each**. A slow peer then delays
//! the others, as in a program that serves its links so. The invocation records which of the two it
//! was (`shared`, `per-peer`).
//!
//! On a shared link a message's number shows its sender. Sums over the numbers show that the
//! receivers together got what was sent (`ipcmark_core::Sums`). A phase ends with a last message
//! from each sender, or one for each receiver. A receiver that got one takes no more, so it cannot
//! take another's.

use super::links::{End, Fixtures, ends, tear_down, words};
use super::{Made, stream};
use crate::desk::{Desk, Follows, Tally};
use crate::halves::{Halves, Row};
use crate::holds;
use crate::stage::{Done, Stage};
use crate::timer::Timer;
use ipcmark_core::{
    Buffer, Checker, Info, Integrity, LEAST_SHARED, MOST_SENDERS, Plan, Receiver, Result, Rising,
    Shape, Sums, Verdict, Workload, first_of_sender, sender_of,
};

/// Returns true if the peers of such a cell share one link. Where messages may be lost, each peer has its own: sums over a
/// shared one would not tell who lost them.
pub(crate) const fn is_shared(info: &Info, workload: Workload) -> bool {
    match workload.shape() {
        Some(Shape::FanIn) => info.many_senders && !info.lossy,
        Some(Shape::FanOut) => info.many_receivers && !info.lossy,
        Some(Shape::Broadcast) => info.broadcasts,
        Some(Shape::Pairs) | None => false,
    }
}

/// The reason why a process cannot serve several peers over some mechanisms.
pub(super) const ONE_LINK: &str = "each peer needs a link of its own, and a process can hold only one: what is sent over several comes mixed";

/// Returns the reason why no machine can run such a cell.
pub(crate) fn refusal(info: &Info, workload: Workload, size: usize) -> Option<String> {
    if info.lossy {
        return Some(
            "it may lose the messages that tell several peers of a phase's end: see stream".into(),
        );
    }
    refuse_links(info, workload, size)
}

/// Returns the reason why the peers of such a cell can have no links.
pub(super) fn refuse_links(info: &Info, workload: Workload, size: usize) -> Option<String> {
    let peers = workload.peers() + workload.idle();
    if !is_shared(info, workload) {
        let mixes = info.one_link && peers > 1;
        return mixes.then(|| ONE_LINK.into());
    }
    if size < LEAST_SHARED {
        return Some(format!(
            "its peers share one link, and a message of {size} bytes has no room to say whose it is: at least {LEAST_SHARED}"
        ));
    }
    (peers > MOST_SENDERS)
        .then(|| format!("a message tells {MOST_SENDERS} senders of one link apart, not {peers}"))
}

/// Makes what the processes inherit: one link for all peers, or one for each.
pub(super) fn make<H: Halves>(row: &Row<H>, plan: &Plan) -> Result<Made> {
    let info = row.info;
    let shared = is_shared(info, plan.workload);
    let fixtures = if shared { Fixtures::one } else { Fixtures::per_peer }(row, plan)?;
    Ok(fixtures.with(move |links, stage| {
        stage.links = words(shared);
        let mut ends = ends::<H>(info, links, stage, shared);
        let found = run(&mut ends, shared, stage)?;
        let tally = tear_down(ends, stage);
        Ok(found.unwrap_or(tally))
    }))
}

/// Runs one process's part. Returns the tally of its messages if its desks do not know it.
fn run<H: Halves>(
    ends: &mut [End<H>],
    shared: bool,
    stage: &mut Stage<'_>,
) -> Result<Option<Tally>> {
    let peers = stage.plan.workload.peers();
    match (stage.plan.workload, stage.seat.peer, shared) {
        (Workload::FanIn { .. }, Some(peer), _) => {
            if shared {
                ends[0].desk.number_from(first_of_sender(peer));
            }
            let End { tx, desk, .. } = &mut ends[0];
            stage.phases(&mut |s| stream::send::<H>(tx, desk, s))?;
        }
        (Workload::FanIn { .. }, None, true) => {
            return receive_from_all(&mut ends[0], stage).map(Some);
        }
        (Workload::FanIn { .. }, None, false) => {
            stage.phases(&mut |s| receive_in_turn(ends, &mut s.timer))?;
        }
        (_, None, _) => {
            let lasts = if shared { peers } else { 1 };
            stage.phases(&mut |s| send_in_turn(ends, lasts, s))?;
            if shared {
                stage.sums = Some(sums_of_sent(&ends[0].desk));
            }
        }
        (_, Some(_), true) => return receive_a_share(&mut ends[0], stage).map(Some),
        (_, Some(_), false) => {
            let End { rx, desk, .. } = &mut ends[0];
            stage.phases(&mut |s| stream::receive::<H>(rx, desk, s))?;
        }
    }
    Ok(None)
}

/// Receives alone from a shared link, with a checker for each sender.
fn receive_from_all<H: Halves>(end: &mut End<H>, stage: &mut Stage<'_>) -> Result<Tally> {
    let (size, peers) = (stage.plan.size, stage.plan.workload.peers());
    let (seed, _) = stage.seeds(0);
    let all = stage.plan.check_all;
    let checker = |sender| Checker::of_sender(seed, size, sender).comparing(all);
    let mut checkers: Vec<_> = (0..peers).map(checker).collect();
    let check = &mut |message: &[u8]| {
        // A message from a sender that does not exist has stamps that say so.
        let sender = sender_of(message).filter(|&sender| sender < peers).unwrap_or_default();
        checkers[sender].check(message)
    };
    receive_shared(end, peers, stage, check)?;
    Ok(checkers.iter().fold(Tally::default(), |sum, checker| {
        sum.and(Tally { found: checker.integrity, ..Tally::default() })
    }))
}

/// Receives from a shared link as one of several. The numbers it gets must rise.
fn receive_a_share<H: Halves>(end: &mut End<H>, stage: &mut Stage<'_>) -> Result<Tally> {
    let (seed, _) = stage.seeds(0);
    let mut rising = Rising::new(seed, stage.plan.size).comparing(stage.plan.check_all);
    receive_shared(end, 1, stage, &mut |message: &[u8]| rising.check(message))?;
    Ok(tally_of_share(&rising, stage))
}

/// Returns the tally of what one of several receivers got, and notes the sums of it.
pub(super) fn tally_of_share(rising: &Rising, stage: &mut Stage<'_>) -> Tally {
    stage.sums = Some(numbers(rising.sums));
    let found = Integrity {
        received: rising.sums.count,
        reordered: rising.late,
        damaged: rising.damaged,
        ..Integrity::default()
    };
    Tally { found, ..Tally::default() }
}

/// Returns the sums over all messages that a process sent on a shared link.
pub(super) fn sums_of_sent(desk: &Desk) -> [u64; 3] {
    let mut sums = Sums::default();
    (0..desk.tally().sent).for_each(|number| sums.take(number));
    numbers(sums)
}

fn receive_shared<H: Halves>(
    end: &mut End<H>,
    lasts: usize,
    stage: &mut Stage<'_>,
    check: &mut impl FnMut(&[u8]) -> Verdict,
) -> Result<()> {
    let inbox = &mut Buffer::new(stage.plan.size);
    stage.phases(&mut |s| receive_until(end, inbox, lasts, &mut s.timer, check))
}

/// Returns sums as the supervisor gets them.
const fn numbers(sums: Sums) -> [u64; 3] {
    [sums.count, sums.sum, sums.hashes]
}

/// Returns the number of messages that no receiver of a shared link got, and of those that more
/// than one got; (0, 0) if there are no sums. The first of `sides` is the sender's.
pub(crate) fn settle(mut sides: impl Iterator<Item = Option<[u64; 3]>>) -> (u64, u64) {
    let Some(Some(sent)) = sides.next() else { return (0, 0) };
    let received = sides
        .flatten()
        .fold(Sums::default(), |all, [count, sum, hashes]| all.and(Sums { count, sum, hashes }));
    let lost = sent[0].saturating_sub(received.count);
    let repeated = received.count.saturating_sub(sent[0]);
    match (lost, repeated) {
        // As many as the sender sent, but not the same ones.
        (0, 0) if sent != numbers(received) => (1, 1),
        found => found,
    }
}

/// Receives from a link that others share until `lasts` messages said that they were the last.
#[inline(never)]
fn receive_until<H: Halves>(
    End { rx, desk, .. }: &mut End<H>,
    inbox: &mut Buffer,
    mut lasts: usize,
    timer: &mut Timer,
    check: &mut impl FnMut(&[u8]) -> Verdict,
) -> Result<Done> {
    let (clock, block_len) = (desk.clock, timer.block_len);
    let mut messages = 0;
    let mut begun = clock.now();
    loop {
        for _ in 0..block_len {
            messages += 1;
            let message = rx.receive()?;
            let verdict = if H::zero_copy_rx(desk) {
                let fits = message.len() == inbox.len();
                if fits {
                    inbox.copy_from_slice(message);
                }
                rx.release()?;
                check(if fits { inbox } else { &[] })
            } else {
                let verdict = check(message);
                rx.release()?;
                verdict
            };
            if verdict.last {
                lasts -= 1;
                if lasts == 0 {
                    return Ok(Done { messages, end: clock.now() });
                }
            }
        }
        let now = clock.now();
        timer.block(now, now - begun);
        begun = now;
    }
}

/// Receives one message from each link in turn, from each until its sender's last.
#[inline(never)]
fn receive_in_turn<H: Halves>(links: &mut [End<H>], timer: &mut Timer) -> Result<Done> {
    let clock = links[0].desk.clock;
    let block_len = timer.block_len;
    let mut open: Vec<usize> = (0..links.len()).collect();
    let mut turn = 0;
    let mut messages = 0;
    let mut begun = clock.now();
    loop {
        for _ in 0..block_len {
            let End { rx, desk, .. } = &mut links[open[turn]];
            messages += 1;
            if desk.receive::<H>(rx, |_| Ok(()))?.last {
                open.remove(turn);
                if open.is_empty() {
                    return Ok(Done { messages, end: clock.now() });
                }
            } else {
                turn += 1;
            }
            if turn == open.len() {
                turn = 0;
            }
        }
        let now = clock.now();
        timer.block(now, now - begun);
        begun = now;
    }
}

/// Sends one message over each link in turn, until time is over or the timer's limit is sent. Then
/// sends `lasts` last messages on each link.
#[inline(never)]
fn send_in_turn<H: Halves>(
    links: &mut [End<H>],
    lasts: usize,
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let clock = links[0].desk.clock;
    let timer = &mut stage.timer;
    let block_len = timer.block_len;
    let limit = timer.limit().saturating_sub((links.len() * lasts) as u64);
    let mut sent = 0;
    let mut turn = 0;
    let mut begun = clock.now();
    while sent < limit {
        let block = block_len.min(limit - sent);
        let timed = holds::active(&mut stage.holds).map_or(block, |holds| holds.one_of(block));
        for at in 0..block {
            let End { tx, desk, .. } = &mut links[turn];
            match holds::active(&mut stage.holds) {
                Some(holds) if at == timed => {
                    let begun = clock.now();
                    desk.send_held(tx, begun, Follows::Later, holds)?;
                }
                _ => desk.send::<H>(tx, false)?,
            }
            turn += 1;
            if turn == links.len() {
                turn = 0;
            }
        }
        sent += block;
        let now = clock.now();
        if block == block_len && timer.block(now, now - begun) {
            break;
        }
        begun = now;
    }
    for End { tx, desk, .. } in links.iter_mut() {
        for _ in 0..lasts {
            desk.send::<H>(tx, true)?;
        }
    }
    let messages = sent + (links.len() * lasts) as u64;
    stage.sends_end(messages, 0);
    Ok(Done { messages, end: clock.now() })
}
