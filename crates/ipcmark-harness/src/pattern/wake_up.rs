//! A notification there, one back, no payload. The initiator keeps the time.
//!
//! A notification cannot say that it is the last. Before that one the initiator writes into the shared page how many
//! there will have been; the responder looks there after each answer.

use super::Play;
use crate::desk::Tally;
use crate::stage::{Done, Stage};
use ipcmark_core::{Capacity, Integrity, Link, Listen, Notifier, Notify, Result, Side};
use ipcmark_sys::delay;
use std::sync::atomic::Ordering::{Acquire, Release};

/// A notifier between two processes.
pub(crate) struct Pair<N: Notifier> {
    pub(crate) fixture: N::Fixture,
}

/// Over all phases.
#[derive(Debug, Default)]
struct Count {
    /// Round trips.
    trips: u64,
    /// Notifications taken beyond those that were given.
    beyond: u64,
}

impl<N: Notifier> Play for Pair<N> {
    fn capacity(&self) -> Result<Option<Capacity>> {
        Ok(None)
    }

    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let side = stage.seat.side;
        let mut link = stage.split(|| N::split(self.fixture, side))?;
        let Link { tx, rx } = &mut link;
        let mut count = Count::default();
        match stage.seat.side {
            Side::Initiator => stage.phases(&mut |stage| initiate(tx, rx, stage, &mut count)),
            Side::Responder => stage.phases(&mut |stage| respond(tx, rx, stage, &mut count)),
        }?;
        stage.tear_down(link);
        let Count { trips, beyond } = count;
        let found = Integrity { received: trips, repeated: beyond, ..Integrity::default() };
        Ok(Tally { sent: trips, found })
    }
}

#[inline(never)]
fn initiate(
    tx: &mut impl Notify,
    rx: &mut impl Listen,
    stage: &mut Stage<'_>,
    count: &mut Count,
) -> Result<Done> {
    let in_all = &stage.control.said(stage.seat.process).word;
    let clock = stage.clock;
    let mut last = stage.timer.ends_within(1);
    let mut trips = 0;
    loop {
        count.trips += 1;
        if last {
            in_all.store(count.trips, Release);
        }
        let sent = clock.now();
        tx.notify()?;
        let taken = rx.listen()?;
        let back = clock.now();
        count.beyond += taken - 1;
        trips += 1;
        let next_is_last = stage.timer.take(back, back - sent);
        if last {
            return Ok(Done { messages: trips, end: back });
        }
        last = next_is_last;
    }
}

#[inline(never)]
fn respond(
    tx: &mut impl Notify,
    rx: &mut impl Listen,
    stage: &mut Stage<'_>,
    count: &mut Count,
) -> Result<Done> {
    let in_all = &stage.control.said(stage.seat.other()).word;
    let mut answers = 0;
    loop {
        let taken = rx.listen()?;
        delay::spend(stage.delay);
        tx.notify()?;
        count.beyond += taken - 1;
        count.trips += 1;
        answers += 1;
        if in_all.load(Acquire) == count.trips {
            return Ok(Done { messages: answers, end: stage.clock.now() });
        }
    }
}
