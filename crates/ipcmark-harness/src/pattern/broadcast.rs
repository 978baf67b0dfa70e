//! One sender, several receivers, each message to all of them.
//!
//! Where the mechanism broadcasts (`Info::broadcasts`), the receivers share its link, and the sender writes a message once.
//! Elsewhere each has a link of its own, and the sender writes every message into each: what a program does that has to
//! tell several others over pipes. Which of the two it was stands with the invocation (`shared`, `per-peer`).
//!
//! Each receiver checks all messages as the one receiver of a stream does. What is counted is receipts: a message that two
//! received counts twice, and one that one of two lost is lost once; so that neither a receiver that loses nor one that is slow
//! hides behind another. The phase ends when the last receiver has its last message.

use super::{Made, Play, ending, fan, stream};
use crate::desk::{Desk, Ends, Tally};
use crate::setup::making;
use crate::stage::{Done, Stage};
use ipcmark_core::{Capacity, Info, Link, Plan, Result, Side, Transport};

/// Why there can be no such cell, anywhere.
pub(crate) fn refusal(info: &Info, peers: usize) -> Option<String> {
    let mixes = !info.broadcasts && info.one_link && peers > 1;
    mixes.then(|| fan::ONE_LINK.into())
}

/// One link for all receivers, or one for each.
struct Broadcast<T: Transport> {
    fixtures: Vec<T::Fixture>,
}

/// Makes what the processes inherit.
pub(super) fn make<T: Transport>(plan: &Plan) -> Result<Made> {
    let (fixtures, took) = if T::INFO.broadcasts {
        let (fixture, took) = making(|| T::fixture(plan))?;
        (vec![fixture], took)
    } else {
        fan::fixtures::<T>(plan, plan.load.peers)?
    };
    Ok((Box::new(Broadcast::<T> { fixtures }), took))
}

impl<T: Transport> Play for Broadcast<T> {
    fn capacity(&self) -> Result<Option<Capacity>> {
        self.fixtures.first().map(T::capacity).transpose()
    }

    fn perform(mut self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let shared = T::INFO.broadcasts;
        stage.links = Some(if shared { "shared" } else { "per-peer" }.into());
        if let (Some(peer), false) = (stage.seat.peer, shared) {
            // The others' links are not this one's: it would keep them open after their ends are gone.
            let own = self.fixtures.swap_remove(peer);
            self.fixtures = vec![own];
        }
        let mut links = Vec::with_capacity(self.fixtures.len());
        for (number, fixture) in self.fixtures.into_iter().enumerate() {
            let side = stage.seat.side;
            let link = stage.split(|| T::split(fixture, side))?;
            // Who shares a link shares its seeds.
            let peer = if shared { 0 } else { stage.seat.peer.unwrap_or(number) };
            let (towards, back) = stage.seeds(peer);
            let seeds = match side {
                Side::Initiator => (towards, back),
                Side::Responder => (back, towards),
            };
            let desk = Desk::new(stage.clock, stage.plan.size, seeds, &T::INFO);
            links.push((link, desk));
        }
        match stage.seat.side {
            Side::Initiator => stage.phases(&mut |s| send_to_all::<T>(&mut links, s))?,
            Side::Responder => {
                let (link, desk) = &mut links[0];
                stage.phases(&mut |s| stream::receive::<T>(&mut link.rx, desk, s))?;
            }
        }
        let mut tally = links.iter().fold(Tally::default(), |sum, (_, desk)| sum.and(desk.tally()));
        if shared {
            // Owed to each.
            tally.sent *= stage.plan.load.peers as u64;
        }
        let (links, _desks): (Vec<_>, Vec<_>) = links.into_iter().unzip();
        stage.tear_down(links);
        Ok(tally)
    }
}

/// A process's end of a link.
type End<T> = (Link<<T as Transport>::Tx, <T as Transport>::Rx>, Desk);

/// Sends each message over all links, until the timer says that time is over or its limit is sent; then the end.
#[inline(never)]
fn send_to_all<T: Transport>(links: &mut [End<T>], stage: &mut Stage<'_>) -> Result<Done> {
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
            for (link, desk) in &mut *links {
                match last {
                    false => desk.send_more::<T>(&mut link.tx, 1)?,
                    true => desk.send::<T>(&mut link.tx, !T::INFO.lossy)?,
                }
            }
            if last {
                let end = clock.now();
                if T::INFO.lossy {
                    say_the_end::<T>(links, stage)?;
                }
                return Ok(Done { messages: sent, end });
            }
        }
        let now = clock.now();
        stop = stage.timer.block(now, now - begun);
        begun = now;
    }
}

/// As [`ending`] says, over each link to those who receive from it.
fn say_the_end<T: Transport>(links: &mut [End<T>], stage: &Stage<'_>) -> Result<()> {
    let peers = stage.plan.load.peers;
    let mut audiences: Vec<ending::Audience<'_>> = Vec::with_capacity(links.len());
    for (number, (link, desk)) in links.iter_mut().enumerate() {
        let receivers = if T::INFO.broadcasts { 1..=peers } else { number + 1..=number + 1 };
        audiences.push((T::tx(&mut link.tx), desk, receivers.collect()));
    }
    ending::say_to_all(&mut audiences, stage)
}
