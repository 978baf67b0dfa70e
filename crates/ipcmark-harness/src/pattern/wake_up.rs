//! A notification there, one back, no payload. The initiator times the round trips.
//!
//! With a gap, the initiator waits that long between an answer and the next notification: so long has
//! the responder been asleep. The time still runs from the call that notifies; the wait for that
//! moment is the pacer's, and its cost is counted apart.
//!
//! A notification cannot say that it is the last. Before the last one the initiator writes the
//! total number into the shared page; the responder looks there after each answer.

use super::Play;
use super::pacer::Pacer;
use crate::desk::Tally;
use crate::stage::{Done, Stage};
use ipcmark_core::{Capacity, Integrity, Link, Listen, Notifier, Notify, Parameter, Result, Side};
use ipcmark_sys::delay;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// The call by which a side takes its halves of the inherited notifier.
type Split = Box<dyn FnOnce(Side) -> Result<Link<Box<dyn Notify>, Box<dyn Listen>>>>;

struct Pair(Split);

/// Erases the type of a notifier's fixture.
pub(super) fn pair<N: Notifier>(fixture: N::Fixture) -> Box<dyn Play> {
    Box::new(Pair(Box::new(|side| {
        let Link { tx, rx } = N::split(fixture, side)?;
        Ok(Link { tx: Box::new(tx), rx: Box::new(rx) })
    })))
}

/// Counts over all phases.
#[derive(Debug, Default)]
struct Count {
    /// Round trips.
    trips: u64,
    /// Notifications received beyond those that were sent.
    beyond: u64,
}

impl Play for Pair {
    fn capacity(&self) -> Result<Option<Capacity>> {
        Ok(None)
    }

    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let side = stage.seat.side;
        let mut link = stage.split(|| self.0(side))?;
        let Link { tx, rx } = &mut link;
        let mut count = Count::default();
        match side {
            Side::Initiator => stage.phases(&mut |s| initiate(&mut **tx, &mut **rx, s, &mut count)),
            Side::Responder => stage.phases(&mut |s| respond(&mut **tx, &mut **rx, s, &mut count)),
        }?;
        stage.tear_down(link);
        let Count { trips, beyond } = count;
        let found = Integrity { received: trips, repeated: beyond, ..Integrity::default() };
        Ok(Tally { sent: trips, dropped: 0, found })
    }
}

fn initiate(
    tx: &mut dyn Notify,
    rx: &mut dyn Listen,
    stage: &mut Stage<'_>,
    count: &mut Count,
) -> Result<Done> {
    let control = stage.control;
    let in_all = &control.said(stage.seat.process).word;
    let clock = stage.clock;
    let gap_us = stage.plan.workload.value(Parameter::Gap);
    let gap = clock.ticks(Duration::from_micros(gap_us.unwrap_or_default().into()));
    let mut pacer = gap_us.map(|_| Pacer::new(stage));
    let mut last = stage.timer.ends_within(1);
    let mut trips = 0;
    let mut answered = clock.now();
    loop {
        count.trips += 1;
        if last {
            in_all.store(count.trips, Release);
        }
        if let Some(pacer) = &mut pacer {
            pacer.wait_uncounted(answered + gap, stage)?;
        }
        let sent = clock.now();
        tx.notify()?;
        let taken = rx.listen()?;
        let back = clock.now();
        count.beyond += taken - 1;
        answered = back;
        trips += 1;
        let next_is_last = stage.timer.take(back, back - sent);
        if last {
            if let Some(pacer) = &pacer {
                pacer.end(stage);
            }
            return Ok(Done { messages: trips, end: back });
        }
        last = next_is_last;
    }
}

fn respond(
    tx: &mut dyn Notify,
    rx: &mut dyn Listen,
    stage: &mut Stage<'_>,
    count: &mut Count,
) -> Result<Done> {
    let in_all = &stage.control.said(stage.seat.other).word;
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
