//! Several processes at a set rate: many senders to one receiver, one sender to one of many receivers or to all of
//! them, and pairs.
//!
//! Each is an open loop as in [`super::paced`] or [`super::paced_ping_pong`]: a time begins when its message was due. The
//! rate is that of each sender, and of each pair. Several senders at a constant rate are staggered evenly over the
//! distance of two messages ([`Schedule::of_sender`]), so that what they wait for is each other's service and not a
//! crowd at the door. Each receiver keeps its own times, the one receiver of several senders also those of each: so the
//! worst peer stands apart from all together.
//!
//! Links are shared where the mechanism allows it, as in [`super::fan`] and [`super::broadcast`]; [`super::inlets`]
//! says how one process receives over many. A phase ends with a further message on each link that is part of no figure;
//! over a mechanism that may lose it, as [`super::ending`] says. Idle peers are attached like the others, and sleep.

use super::inlets::{Inlets, receive_a_share, receive_all, say_first};
use super::links::{End, Fixtures, ends, tear_down, words};
use super::paced::{self, Part};
use super::pacer::Pacer;
use super::schedule::Schedule;
use super::{Made, broadcast, fan, paced_ping_pong};
use crate::desk::{Follows, Tally};
use crate::halves::{Erased, Row};
use crate::holds;
use crate::stage::{Done, Stage};
use ipcmark_core::{Info, Plan, Result, Shape, Workload, first_of_sender};

/// Returns the reason why no machine can run such a cell.
pub(super) fn refusal(info: &Info, workload: Workload, size: usize) -> Option<String> {
    match workload.shape() {
        Some(Shape::Broadcast) if info.broadcasts && workload.idle() > 0 => Some(
            "its receivers share one link, where one that takes nothing is overtaken or holds up the sender".into(),
        ),
        Some(Shape::Broadcast) => broadcast::refusal(info, workload.peers() + workload.idle()),
        Some(Shape::FanIn | Shape::FanOut) => fan::refuse_links(info, workload, size),
        Some(Shape::Pairs) | None => None,
    }
}

/// Makes what the processes inherit: one link for all peers, or one for each.
pub(super) fn make(row: &Row<Erased>, plan: &Plan) -> Result<Made> {
    let info = row.info;
    let shared = fan::is_shared(info, plan.workload);
    let fixtures = if shared { Fixtures::one } else { Fixtures::per_peer }(row, plan)?;
    let window = paced_ping_pong::window(info, plan, fixtures.capacity()?);
    Ok(fixtures.with(move |links, stage| {
        let mut ends = ends::<Erased>(info, links, stage, shared);
        let shape = stage.plan.workload.shape();
        if shape != Some(Shape::Pairs) {
            stage.links = words(shared);
        }
        let (peers, peer) = (stage.plan.workload.peers(), stage.seat.peer);
        let mut found = None;
        match (shape, peer) {
            (_, Some(peer)) if peer >= peers => {
                stage.phases(&mut |s| Ok(Done { messages: 0, end: s.start }))?;
            }
            (Some(Shape::Pairs), _) => paced_ping_pong::part(&mut ends[0], stage, window)?,
            (Some(Shape::FanIn), Some(peer)) => {
                if shared {
                    ends[0].desk.number_from(first_of_sender(peer));
                }
                stage.phases(&mut |s| send(&mut ends, s, shared))?;
            }
            (Some(Shape::FanIn), None) => {
                let mut inlets = Inlets::new(info, &mut ends, stage, shared)?;
                stage.phases(&mut |s| receive_all(&mut inlets, &mut ends, s))?;
                found = inlets.tally();
            }
            (_, None) => {
                let active = if shared { 1 } else { peers };
                stage.phases(&mut |s| send(&mut ends[..active], s, shared))?;
                if shared && shape == Some(Shape::FanOut) {
                    stage.sums = Some(fan::sums_of_sent(&ends[0].desk));
                }
            }
            (Some(Shape::FanOut), Some(_)) if shared => {
                found = Some(receive_a_share(&mut ends[0], stage)?);
            }
            (_, Some(peer)) => stage.phases(&mut |s| receive(&mut ends[0], s, peer))?,
        }
        let mut tally = tear_down(ends, stage);
        if shared && shape == Some(Shape::Broadcast) {
            // Each receiver is owed every message.
            tally.sent *= peers as u64;
        }
        Ok(Tally { sent: tally.sent, ..found.unwrap_or(tally) })
    }))
}

/// Sends each message when it is due: in a broadcast over all links, else over one after another. Then says the end.
fn send(links: &mut [End<Erased>], stage: &mut Stage<'_>, shared: bool) -> Result<Done> {
    let (counting, process) = (&stage.control.counting, stage.seat.process);
    let shape = stage.plan.workload.shape();
    counting.pause(process);
    let mut pacer = Pacer::new(stage);
    let mut schedule = Schedule::of(stage);
    let over = schedule.over(&stage.clock, stage.extent);
    let mut done = Done { messages: 0, end: stage.start };
    let (mut last, mut sends, mut free) = (false, 0, 0);
    while !last {
        let due = schedule.due(done.messages);
        let now = pacer.wait_until(due)?;
        last = schedule.is_last() || now >= over;
        let at = (done.messages % links.len() as u64) as usize;
        let to = if shape == Some(Shape::Broadcast) { 0..links.len() } else { at..at + 1 };
        counting.begin(process);
        sends += to.len() as u64;
        let mut begun = now;
        for End { tx, desk, .. } in &mut links[to] {
            match holds::active(&mut stage.holds) {
                Some(holds) => {
                    desk.send_held(tx, begun, Follows::Later, holds)?;
                    begun = desk.clock.now();
                }
                None => desk.send::<Erased>(tx, false)?,
            }
        }
        counting.pause(process);
        stage.timer.lag(now, due, free);
        if schedule.shares_times() {
            free = stage.clock.now();
        }
        done = Done { messages: done.messages + 1, end: now };
    }
    pacer.end(stage);
    stage.sends_end(sends, pacer.sleeps());
    if links[0].desk.lossy {
        broadcast::say_the_end(links, stage, shared)?;
        return Ok(done);
    }
    // Receivers that share a link take one end each.
    let shares = shared && shape == Some(Shape::FanOut);
    let ends = if shares { stage.plan.workload.peers() } else { 1 };
    for End { tx, desk, .. } in links {
        for _ in 0..ends {
            desk.send::<Erased>(tx, true)?;
        }
        if shares {
            say_first(stage, desk.tally().sent);
        }
    }
    Ok(done)
}

/// Receives as one of several, over a link with all messages of a broadcast, or with this peer's part.
fn receive(
    End { rx, desk, .. }: &mut End<Erased>,
    stage: &mut Stage<'_>,
    peer: usize,
) -> Result<Done> {
    let (every, from) = match stage.plan.workload.shape() {
        Some(Shape::FanOut) => (stage.plan.workload.peers() as u64, peer as u64),
        _ => (1, 0),
    };
    paced::receive(rx, desk, stage, Part { every, from, with_last: false })
}
