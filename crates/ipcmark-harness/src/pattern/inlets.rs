//! One process that receives at the rates of several senders, and several that share what comes.
//!
//! With a link for each sender the one process takes one message at a time from whichever link has one:
//!
//! - A side that spins looks at all links in turn, from the one after the last it took from.
//! - A side that sleeps on descriptors sleeps on all of them in one `epoll_wait(2)`, which tells of each in turn. Its
//!   own way of waiting then finds the message there.
//! - Any other side looks at all links, and when none has a message it sleeps on the one whose message is due first. A
//!   sender that is late then keeps back the messages of those that are due after it.
//!
//! No way lets one sender starve another, however fast it sends. Links of idle peers are among them.

use super::ending;
use super::fan;
use super::links::End;
use super::schedule::Schedule;
use crate::desk::Tally;
use crate::halves::Erased;
use crate::stage::{Done, Stage};
use ipcmark_core::{Buffer, Checker, Fault, Info, Receiver, Result, Rising, Verdict, sender_of};
use ipcmark_record::Histogram;
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::fd::ReadySet;
use std::sync::atomic::Ordering::{Acquire, Release};

/// Senders whose times are kept as finely as those of all together.
const FINE: usize = 64;
/// A sender whose last message came.
const ENDED: Ticks = Ticks::MAX;

/// The way to find a link that has a message.
enum Way {
    /// There is only one.
    One,
    /// The kernel, which tells.
    Told(ReadySet),
    /// Looks, from this one on.
    Looked { from: usize, sleeps: bool },
    /// The order in which messages are due.
    InOrder,
}

/// The incoming ends of one receiver.
pub(super) struct Inlets {
    way: Way,
    /// A checker for each sender of a shared link; none if each has its own.
    checkers: Vec<Checker>,
    inbox: Buffer,
}

impl Inlets {
    /// Prepares to receive from `ends`: one shared by all senders, or one for each.
    pub(super) fn new(
        info: &Info,
        ends: &mut [End<Erased>],
        stage: &Stage<'_>,
        shared: bool,
    ) -> Result<Inlets> {
        let (size, all) = (stage.plan.size, stage.plan.check_all);
        let senders = if shared { stage.plan.workload.peers() } else { 0 };
        let (seed, _) = stage.seeds(0);
        let checker = |sender| Checker::of_sender(seed, size, sender).comparing(all);
        let way = way(info, ends)?;
        Ok(Inlets { way, checkers: (0..senders).map(checker).collect(), inbox: Buffer::new(size) })
    }

    /// Returns the tally of a shared link, which no desk has.
    pub(super) fn tally(&self) -> Option<Tally> {
        let tally = |checker: &Checker| Tally { found: checker.integrity, ..Tally::default() };
        self.checkers.iter().map(tally).reduce(Tally::and)
    }

    /// Returns the number of a sender's next message.
    fn expected(&self, ends: &[End<Erased>], sender: usize) -> u64 {
        match self.checkers.get(sender) {
            Some(checker) => checker.expected(),
            None => ends[sender].desk.checker.expected(),
        }
    }

    /// Returns the link to receive from. `due` has the time of each sender's next message.
    fn next(&mut self, ends: &mut [End<Erased>], due: &[Ticks]) -> Result<usize> {
        let first_due = || (0..due.len()).min_by_key(|at| due[*at]).unwrap_or_default();
        match &mut self.way {
            Way::One => Ok(0),
            Way::Told(set) => set.wait(),
            Way::InOrder => Ok(first_due()),
            Way::Looked { from, sleeps } => loop {
                for _ in 0..ends.len() {
                    let at = *from;
                    *from = (at + 1) % ends.len();
                    if due.get(at) != Some(&ENDED) && ends[at].rx.ready()? {
                        return Ok(at);
                    }
                }
                if *sleeps {
                    return Ok(first_due());
                }
                std::hint::spin_loop();
            },
        }
    }

    /// Receives a message from a link. Returns its sender, when it was there, and what is wrong with it.
    fn receive(
        &mut self,
        ends: &mut [End<Erased>],
        at: usize,
        clock: Clock,
    ) -> Result<(usize, Ticks, Verdict)> {
        let (inbox, checkers) = (&mut self.inbox, &mut self.checkers);
        if checkers.is_empty() {
            let End { rx, desk, .. } = &mut ends[at];
            let mut now = 0;
            let verdict = desk.receive::<Erased>(rx, |_| {
                now = clock.now();
                Ok(())
            })?;
            return Ok((at, now, verdict));
        }
        let mut sender = 0;
        let (now, verdict) = receive_shared(&mut ends[0], inbox, clock, |message| {
            // A message from a sender that does not exist has stamps that say so.
            sender = sender_of(message).filter(|one| *one < checkers.len()).unwrap_or_default();
            checkers[sender].check(message)
        })?;
        Ok((sender, now, verdict))
    }
}

fn way(info: &Info, ends: &mut [End<Erased>]) -> Result<Way> {
    let from = 0;
    if ends.len() == 1 {
        return Ok(Way::One);
    }
    if info.overlaps && info.wait.burns_cpu() {
        return Ok(Way::Looked { from, sleeps: false });
    }
    if ends.iter().all(|end| end.rx.descriptor().is_some()) {
        let descriptors = ends.iter().filter_map(|end| end.rx.descriptor());
        return Ok(Way::Told(ReadySet::of(descriptors)?));
    }
    Ok(if info.overlaps { Way::Looked { from, sleeps: true } } else { Way::InOrder })
}

/// Receives a message from a link that others share. Returns when it was there, and what `check` finds.
fn receive_shared(
    End { rx, desk, .. }: &mut End<Erased>,
    inbox: &mut Buffer,
    clock: Clock,
    check: impl FnOnce(&[u8]) -> Verdict,
) -> Result<(Ticks, Verdict)> {
    let message = rx.receive()?;
    if !desk.zero_copy_rx {
        let now = clock.now();
        let verdict = check(message);
        rx.release()?;
        return Ok((now, verdict));
    }
    let fits = message.len() == inbox.len();
    if fits {
        inbox.copy_from_slice(message);
    }
    rx.release()?;
    Ok((clock.now(), check(if fits { inbox } else { &[] })))
}

/// Receives from all senders until each has said the end of the phase.
pub(super) fn receive_all(
    inlets: &mut Inlets,
    ends: &mut [End<Erased>],
    stage: &mut Stage<'_>,
) -> Result<Done> {
    if stage.by_sender.is_empty() {
        let senders = stage.plan.workload.peers();
        let digits = if senders <= FINE { 3 } else { 2 };
        stage.by_sender = (0..senders).filter_map(|_| Histogram::new(digits).ok()).collect();
    }
    let done = receive_phase(inlets, ends, stage)?;
    if stage.phase == 1 {
        // Their pages are mapped now.
        stage.by_sender.iter_mut().for_each(Histogram::reset);
    }
    Ok(done)
}

fn receive_phase(
    inlets: &mut Inlets,
    ends: &mut [End<Erased>],
    stage: &mut Stage<'_>,
) -> Result<Done> {
    let senders = stage.plan.workload.peers();
    let mut schedules: Vec<_> = (0..senders).map(|n| Schedule::of_sender(stage, n)).collect();
    // The last message of the last sender has a share of an interval: it ends with the first sender's last.
    stage.span = Some(schedules[0].span());
    let first: Vec<u64> = (0..senders).map(|n| inlets.expected(ends, n)).collect();
    let mut due: Vec<Ticks> = schedules.iter_mut().map(|schedule| schedule.due(0)).collect();
    if let Way::Told(set) = &mut inlets.way {
        set.forget();
    }
    let (clock, lossy) = (stage.clock, ends[0].desk.lossy);
    let mut open = senders;
    let mut done = Done { messages: 0, end: stage.start };
    loop {
        let at = inlets.next(ends, &due)?;
        let (sender, now, verdict) = inlets.receive(ends, at, clock)?;
        if verdict.last {
            // One may come late from the phase before.
            let desk = &mut ends[at].desk;
            let is_end = !lossy || ending::is_end_of(sender + 1, desk, stage, verdict);
            if is_end && due[sender] != ENDED {
                due[sender] = ENDED;
                open -= 1;
            }
            if open > 0 {
                continue;
            }
            if lossy {
                let links = ends.iter_mut().take(senders).enumerate();
                let mut links: Vec<ending::Heard<'_>> = links
                    .map(|(n, End { rx, desk, .. })| (rx as &mut dyn Receiver, desk, n + 1))
                    .collect();
                ending::hear_all(&mut links, stage)?;
            }
            return Ok(done);
        }
        if lossy {
            ends[at].desk.count(verdict);
        }
        if matches!(verdict.fault, None | Some(Fault::Skipped(_))) {
            let number = inlets.expected(ends, sender) - 1 - first[sender];
            let took = now.saturating_sub(schedules[sender].due(number));
            stage.timer.take(now, took);
            if let Some(times) = stage.by_sender.get_mut(sender) {
                // It resizes, and takes any value.
                let _ = times.record(clock.ns(took) as u64);
            }
            due[sender] = schedules[sender].due(number + 1);
        }
        done = Done { messages: done.messages + 1, end: now };
    }
}

/// Says the number of the next phase's first message, for those who receive only a part of them.
pub(super) fn say_first(stage: &Stage<'_>, first: u64) {
    stage.control.said((stage.phase as usize + 1) % 2).word.store(first, Release);
}

/// Receives as one of several from a shared link. The numbers it gets must rise.
pub(super) fn receive_a_share(end: &mut End<Erased>, stage: &mut Stage<'_>) -> Result<Tally> {
    let (seed, _) = stage.seeds(0);
    let mut rising = Rising::new(seed, stage.plan.size).comparing(stage.plan.check_all);
    let inbox = &mut Buffer::new(stage.plan.size);
    stage.phases(&mut |s| {
        let mut schedule = Schedule::of(s);
        s.span = Some(schedule.span());
        // The sender may be at the end of this phase, and not of the next.
        let first = s.control.said(s.phase as usize % 2).word.load(Acquire);
        let mut done = Done { messages: 0, end: s.start };
        loop {
            let check = |message: &[u8]| rising.check(message);
            let (now, verdict) = receive_shared(end, inbox, s.clock, check)?;
            if verdict.last {
                return Ok(done);
            }
            if verdict.fault.is_none() {
                let due = schedule.due((rising.expected() - 1).saturating_sub(first));
                s.timer.take(now, now.saturating_sub(due));
            }
            done = Done { messages: done.messages + 1, end: now };
        }
    })?;
    Ok(fan::tally_of_share(&rising, stage))
}
