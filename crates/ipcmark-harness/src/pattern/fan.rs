//! Several senders and one receiver; one sender and several receivers.
//!
//! Where the mechanism lets several processes send on one link (receive from one link), they share it: each takes its
//! half out of its own copy of the fixture. Elsewhere each has a link of its own, and the side that is one process goes
//! round them, **one message each in turn**: a slow peer then holds up the others, as it would in a program that served
//! its links so. Which of the two it was stands with the invocation (`shared`, `per-peer`).
//!
//! On a shared link a message's number tells its sender, and sums over numbers tell that what several receivers got is
//! together what was sent (`ipcmark_core::Sums`). A phase ends with a last message from each sender, or one for each
//! receiver: who got one takes no more, so that it gets no other's.

use super::stream;
use super::{Made, Play};
use crate::desk::{Desk, Tally};
use crate::setup::{Making, making};
use crate::stage::{Done, Stage};
use crate::timer::Timer;
use ipcmark_core::{
    Buffer, Capacity, Checker, Error, Info, Integrity, LEAST_SHARED, Link, Load, MOST_SENDERS,
    Names, Pattern, Plan, Receiver, Result, Rising, Side, Sums, Transport, Verdict,
    first_of_sender, sender_of,
};
use ipcmark_sys::clock::Clock;

/// True when the peers of such a cell share one link.
pub(crate) const fn is_shared(info: &Info, pattern: Pattern) -> bool {
    match pattern {
        Pattern::FanIn => info.many_senders,
        Pattern::FanOut => info.many_receivers,
        _ => false,
    }
}

/// Why a process cannot serve several peers over some mechanisms.
pub(super) const ONE_LINK: &str = "each peer needs a link of its own, and a process can hold only one: what is sent over several comes mixed";

/// Why there can be no such cell, anywhere.
pub(crate) fn refusal(info: &Info, pattern: Pattern, peers: usize, size: usize) -> Option<String> {
    if info.lossy {
        return Some(
            "it may lose the messages that tell several peers of a phase's end: see stream".into(),
        );
    }
    if !is_shared(info, pattern) {
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

/// A fixture for each of `links` links, each with names of its own, and with one peer as far as its plan tells; and what
/// making all of them took.
pub(super) fn fixtures<T: Transport>(
    plan: &Plan,
    links: usize,
) -> Result<(Vec<T::Fixture>, Making)> {
    let mut took = Making::default();
    let mut fixture = |link: usize| {
        let dir = plan.names.dir.join(link.to_string());
        match std::fs::create_dir(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Error::os(format!("mkdir({})", dir.display()), e));
            }
            _ => {}
        }
        let names = Names { token: format!("{}-{link}", plan.names.token), dir };
        let plan = Plan { names, load: Load { peers: 1, ..plan.load }, ..plan.clone() };
        let (made, one) = making(|| T::fixture(&plan))?;
        took += one;
        Ok(made)
    };
    let fixtures = (0..links).map(&mut fixture).collect::<Result<_>>()?;
    Ok((fixtures, took))
}

/// One link for all peers, or one for each.
struct Fan<T: Transport> {
    fixtures: Vec<T::Fixture>,
}

/// Makes what the processes inherit.
pub(super) fn make<T: Transport>(plan: &Plan) -> Result<Made> {
    let (fixtures, took) = if is_shared(&T::INFO, plan.pattern) {
        let (fixture, took) = making(|| T::fixture(plan))?;
        (vec![fixture], took)
    } else {
        fixtures::<T>(plan, plan.load.peers)?
    };
    Ok((Box::new(Fan::<T> { fixtures }), took))
}

impl<T: Transport> Play for Fan<T> {
    fn capacity(&self) -> Result<Option<Capacity>> {
        self.fixtures.first().map(T::capacity).transpose()
    }

    fn perform(mut self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let (pattern, peers) = (stage.plan.pattern, stage.plan.load.peers);
        let shared = is_shared(&T::INFO, pattern);
        stage.links = Some(if shared { "shared" } else { "per-peer" }.into());
        let fixtures = match stage.seat.peer {
            Some(peer) if !shared => {
                let own = self.fixtures.swap_remove(peer);
                // The others' links are not this peer's: it would keep them open after their ends are gone.
                self.fixtures = vec![own];
                self.fixtures
            }
            _ => self.fixtures,
        };
        let mut links = Vec::with_capacity(fixtures.len());
        for (number, fixture) in fixtures.into_iter().enumerate() {
            let side = stage.seat.side;
            let link = stage.split(|| T::split(fixture, side))?;
            links.push(Ended::<T>::new(link, stage, stage.seat.peer.unwrap_or(number), shared));
        }
        match (pattern, stage.seat.peer) {
            (Pattern::FanIn, Some(_)) => {
                let Ended { link, desk } = &mut links[0];
                stage.phases(&mut |s| stream::send::<T>(&mut link.tx, desk, s))?;
            }
            (Pattern::FanIn, None) if shared => {
                let tally = receive_from_all(&mut links[0], stage)?;
                end(links, stage);
                return Ok(tally);
            }
            (Pattern::FanIn, None) => {
                stage.phases(&mut |s| receive_in_turn(&mut links, &mut s.timer))?;
            }
            (_, None) => {
                let lasts = if shared { peers } else { 1 };
                stage.phases(&mut |s| send_in_turn(&mut links, lasts, &mut s.timer))?;
                if shared {
                    let mut sums = Sums::default();
                    (0..links[0].desk.tally().sent).for_each(|number| sums.take(number));
                    stage.sums = Some(words(sums));
                }
            }
            (_, Some(_)) if shared => {
                let tally = receive_a_share(&mut links[0], stage)?;
                end(links, stage);
                return Ok(tally);
            }
            (_, Some(_)) => {
                let Ended { link, desk } = &mut links[0];
                stage.phases(&mut |s| stream::receive::<T>(&mut link.rx, desk, s))?;
            }
        }
        let tally = links.iter().fold(Tally::default(), |sum, link| sum.and(link.desk.tally()));
        end(links, stage);
        Ok(tally)
    }
}

/// Drops the halves of all links, and nothing else, within the clock.
fn end<T: Transport>(links: Vec<Ended<T>>, stage: &mut Stage<'_>) {
    let (links, _desks): (Vec<_>, Vec<_>) = links.into_iter().map(|e| (e.link, e.desk)).unzip();
    stage.tear_down(links);
}

/// One process's end of one link.
struct Ended<T: Transport> {
    link: Link<T::Tx, T::Rx>,
    desk: Desk,
}

impl<T: Transport> Ended<T> {
    fn new(link: Link<T::Tx, T::Rx>, stage: &Stage<'_>, peer: usize, shared: bool) -> Ended<T> {
        // Who shares a link shares its seeds; the number tells the sender.
        let (towards, back) = stage.seeds(if shared { 0 } else { peer });
        let seeds = match stage.seat.side {
            Side::Initiator => (towards, back),
            Side::Responder => (back, towards),
        };
        let desk = Desk::new(stage.clock, stage.plan.size, seeds, &T::INFO);
        let numbered = shared && stage.plan.pattern == Pattern::FanIn;
        Ended {
            link,
            desk: if numbered { desk.numbered_from(first_of_sender(peer)) } else { desk },
        }
    }
}

/// The one receiver of a shared link: a checker for each sender.
fn receive_from_all<T: Transport>(end: &mut Ended<T>, stage: &mut Stage<'_>) -> Result<Tally> {
    let (size, peers) = (stage.plan.size, stage.plan.load.peers);
    let (seed, _) = stage.seeds(0);
    let mut checkers: Vec<_> =
        (0..peers).map(|sender| Checker::of_sender(seed, size, sender)).collect();
    let (rx, inbox, clock) = (&mut end.link.rx, &mut Buffer::new(size), stage.clock);
    let check = &mut |message: &[u8]| {
        // A sender that does not exist has stamps that say so.
        let sender = sender_of(message).filter(|&sender| sender < peers).unwrap_or_default();
        checkers[sender].check(message)
    };
    stage.phases(&mut |s| receive_shared::<T, _>(rx, inbox, &clock, peers, &mut s.timer, check))?;
    Ok(checkers.iter().fold(Tally::default(), |sum, checker| {
        sum.and(Tally { sent: 0, found: checker.integrity })
    }))
}

/// One of several receivers of a shared link: what it gets must rise.
fn receive_a_share<T: Transport>(end: &mut Ended<T>, stage: &mut Stage<'_>) -> Result<Tally> {
    let size = stage.plan.size;
    let (seed, _) = stage.seeds(0);
    let mut rising = Rising::new(seed, size);
    let (rx, inbox, clock) = (&mut end.link.rx, &mut Buffer::new(size), stage.clock);
    let check = &mut |message: &[u8]| rising.check(message);
    stage.phases(&mut |s| receive_shared::<T, _>(rx, inbox, &clock, 1, &mut s.timer, check))?;
    stage.sums = Some(words(rising.sums));
    let found = Integrity {
        received: rising.sums.count,
        reordered: rising.late,
        damaged: rising.damaged,
        ..Integrity::default()
    };
    Ok(Tally { sent: 0, found })
}

/// Sums as they come home.
const fn words(sums: Sums) -> [u64; 3] {
    [sums.count, sums.sum, sums.hashes]
}

/// What came of a link that several receivers shared, by the sums of the sender and then of each receiver: messages
/// left out, and messages given to more than one. (0, 0) where nobody took sums.
pub(crate) fn settle(mut sides: impl Iterator<Item = Option<[u64; 3]>>) -> (u64, u64) {
    let Some(Some(sent)) = sides.next() else { return (0, 0) };
    let received = sides
        .flatten()
        .fold(Sums::default(), |all, [count, sum, hashes]| all.and(Sums { count, sum, hashes }));
    let lost = sent[0].saturating_sub(received.count);
    let repeated = received.count.saturating_sub(sent[0]);
    match (lost, repeated) {
        // As many as were sent, but not the same ones.
        (0, 0) if sent != words(received) => (1, 1),
        found => found,
    }
}

/// Receives from a link that others share until `lasts` messages said that they were the last ones.
#[inline(never)]
fn receive_shared<T: Transport, C: FnMut(&[u8]) -> Verdict>(
    rx: &mut T::Rx,
    inbox: &mut Buffer,
    clock: &Clock,
    mut lasts: usize,
    timer: &mut Timer,
    check: &mut C,
) -> Result<Done> {
    let block_len = timer.block_len;
    let mut messages = 0;
    let mut begun = clock.now();
    loop {
        for _ in 0..block_len {
            messages += 1;
            let message = rx.receive()?;
            let verdict = if T::INFO.zero_copy_rx {
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
fn receive_in_turn<T: Transport>(links: &mut [Ended<T>], timer: &mut Timer) -> Result<Done> {
    let clock = links[0].desk.clock;
    let block_len = timer.block_len;
    let mut open: Vec<usize> = (0..links.len()).collect();
    let mut turn = 0;
    let mut messages = 0;
    let mut begun = clock.now();
    loop {
        for _ in 0..block_len {
            let Ended { link, desk } = &mut links[open[turn]];
            messages += 1;
            if desk.receive::<T>(&mut link.rx, |_| Ok(()))?.last {
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

/// Sends one message over each link in turn, until the timer says that time is over or its limit is sent; the last
/// ones, `lasts` on each link, are marked.
#[inline(never)]
fn send_in_turn<T: Transport>(
    links: &mut [Ended<T>],
    lasts: usize,
    timer: &mut Timer,
) -> Result<Done> {
    let clock = links[0].desk.clock;
    let block_len = timer.block_len;
    let limit = timer.limit().saturating_sub((links.len() * lasts) as u64);
    let mut sent = 0;
    let mut turn = 0;
    let mut begun = clock.now();
    while sent < limit {
        let block = block_len.min(limit - sent);
        for _ in 0..block {
            let Ended { link, desk } = &mut links[turn];
            desk.send::<T>(&mut link.tx, false)?;
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
    for Ended { link, desk } in &mut *links {
        for _ in 0..lasts {
            desk.send::<T>(&mut link.tx, true)?;
        }
    }
    Ok(Done { messages: sent + (links.len() * lasts) as u64, end: clock.now() })
}
