//! One task for several workers, whose partial results are merged.
//!
//! The coordinator sends the parts to the workers in turn, as fast as the links take them: the
//! links' capacity bounds the parts under way. A worker answers **once a run**, when no parts are
//! left, with all that it found. An answer to each part would be as long as a small part, and the
//! coordinator would wait for its workers in turn. So no process can block forever: a worker sends
//! nothing while the coordinator sends, and while the workers answer the coordinator only receives.
//!
//! Each run's merged result is compared with what the coordinator found alone, before it used any
//! link.

use super::Made;
use super::links::{Fixtures, Pair, words};
use super::task::{
    ANSWER_BYTES, HEAD_BYTES, INPUT_BYTES, LEAST_PART_BYTES, Order, Partial, fill, parts,
};
use crate::desk::Tally;
use crate::halves::{AnyTx, Erased, Row};
use crate::stage::{Done, Stage};
use ipcmark_core::{Error, Input, Plan, Receiver, Result, Sender};
use ipcmark_record::Task;
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::shared;

/// Times that the coordinator does the task alone, after a first one that only warms up.
const ALONE: usize = 3;

/// Returns the length of the longest message of such a cell, in bytes.
pub(crate) fn longest_message(input: Input, size: usize) -> usize {
    match input {
        Input::Sent => size.max(ANSWER_BYTES),
        Input::Shared => ANSWER_BYTES,
    }
}

/// Returns the way the workers get their input.
fn input_of(plan: &Plan) -> Input {
    plan.workload.input().unwrap_or(Input::Sent)
}

/// Returns the reason why no machine can run such a cell.
pub(crate) fn refusal(lossy: bool, size: usize) -> Option<String> {
    if lossy {
        return Some("it may lose a part of the task, and the result would be wrong".into());
    }
    (size < LEAST_PART_BYTES).then(|| {
        format!("parts of {size} bytes would be heads and little else: at least {LEAST_PART_BYTES}")
    })
}

/// Makes what the processes inherit: a link for each worker, and the input.
pub(super) fn make(row: &Row<Erased>, plan: &Plan) -> Result<Made> {
    let plan =
        Plan { size: longest_message(input_of(plan), plan.size), fixed: false, ..plan.clone() };
    let fixtures = Fixtures::per_peer(row, &plan)?;
    let input = shared::Input::filled(INPUT_BYTES, |input| fill(plan.seed, input))?;
    Ok(fixtures.with(move |mut links, stage| {
        if stage.seat.peer.is_none() {
            return coordinate(links, input.bytes(), stage);
        }
        let mut worker = Worker { input: input.bytes(), run: 0 };
        stage.phases(&mut |s| worker.work(&mut links[0], input_of(s.plan), &s.clock))?;
        stage.tear_down(links);
        Ok(Tally::default())
    }))
}

/// One process's end of a link. A part takes long, so a virtual call does not matter.
type Ends = Pair<Erased>;

fn coordinate(mut links: Vec<Ends>, input: &[u8], stage: &mut Stage<'_>) -> Result<Tally> {
    let clock = stage.clock;
    // The workers are on their way to the first meeting, or asleep there: no other process works.
    let (whole, serial) = alone(&clock, input);
    let deal = Deal { input, size: stage.plan.size, mode: input_of(stage.plan), whole };
    let mut run = 0;
    let mut taken = Vec::new();
    stage.phases(&mut |stage| {
        taken.clear();
        loop {
            let begun = clock.now();
            let merged = deal.run(&mut links, run)?;
            let end = clock.now();
            deal.check(&merged, run)?;
            run += 1;
            taken.push(end - begun);
            if stage.timer.turn(end, end - begun) {
                stage.control.counting.pause(stage.seat.process);
                for link in &mut links {
                    deal.send(&mut link.tx, &Order::Stop)?;
                }
                return Ok(Done { messages: taken.len() as u64, end });
            }
        }
    })?;
    stage.tear_down(links);
    stage.task = Some(Task {
        input_bytes: input.len() as u64,
        serial_ns: clock.ns(serial).round() as u64,
        parallel_ns: clock.ns(middle(&mut taken)).round() as u64,
        runs: taken.len() as u64,
    });
    stage.links = words(false);
    Ok(Tally::default())
}

/// Does the task in this process alone. Returns the result, and the median of the times it takes.
fn alone(clock: &Clock, input: &[u8]) -> (Partial, Ticks) {
    let once = || {
        let begun = clock.now();
        let mut whole = Partial::default();
        whole.take(0, input);
        (whole, clock.now() - begun)
    };
    let (whole, _) = once();
    let mut taken: Vec<_> = (0..ALONE).map(|_| once().1).collect();
    (whole, middle(&mut taken))
}

/// Returns the median of an odd number of times, the upper one of an even number.
fn middle(taken: &mut [Ticks]) -> Ticks {
    if taken.is_empty() {
        return 0;
    }
    let at = taken.len() / 2;
    *taken.select_nth_unstable(at).1
}

/// The coordinator's input, and the way to send it.
struct Deal<'a> {
    input: &'a [u8],
    size: usize,
    mode: Input,
    /// The result that the coordinator found alone.
    whole: Partial,
}

impl Deal<'_> {
    /// Does one run, from the first part sent to the last partial result merged.
    fn run(&self, links: &mut [Ends], run: u64) -> Result<Partial> {
        let mut turn = 0;
        for part in parts(self.input.len(), self.size) {
            self.send(&mut links[turn].tx, &Order::Part(part))?;
            turn += 1;
            if turn == links.len() {
                turn = 0;
            }
        }
        for link in &mut *links {
            self.send(&mut link.tx, &Order::Answer)?;
        }
        let mut merged = Partial::default();
        for link in links {
            merged.merge(&Partial::read(run, link.rx.receive()?)?);
            link.rx.release()?;
        }
        Ok(merged)
    }

    fn send(&self, tx: &mut AnyTx, order: &Order) -> Result<()> {
        let bytes = match (order, self.mode) {
            (Order::Part(part), Input::Sent) => &self.input[part.clone()],
            _ => &[],
        };
        let message = tx.claim(HEAD_BYTES + bytes.len())?;
        order.write(message);
        message[HEAD_BYTES..].copy_from_slice(bytes);
        tx.commit()
    }

    fn check(&self, merged: &Partial, run: u64) -> Result<()> {
        if *merged == self.whole {
            return Ok(());
        }
        Err(Error::Protocol(format!(
            "the merged result of run {run} is not what one process alone finds: a part was lost, repeated or damaged"
        )))
    }
}

/// One worker's state.
struct Worker<'a> {
    input: &'a [u8],
    /// Runs answered.
    run: u64,
}

impl Worker<'_> {
    /// Runs one phase: works on the parts it gets and answers when asked, until it gets the stop.
    fn work(&mut self, link: &mut Ends, mode: Input, clock: &Clock) -> Result<Done> {
        let mut found = Partial::default();
        let mut messages = 0;
        loop {
            let message = link.rx.receive()?;
            let order = Order::read(message, self.input.len())?;
            if let Order::Part(part) = &order {
                let at = part.start;
                let bytes = match mode {
                    Input::Shared => &self.input[part.clone()],
                    Input::Sent if message.len() == HEAD_BYTES + part.len() => {
                        &message[HEAD_BYTES..]
                    }
                    Input::Sent => {
                        return Err(Error::Protocol(format!(
                            "a part of {} bytes came with {} bytes of input",
                            part.len(),
                            message.len() - HEAD_BYTES
                        )));
                    }
                };
                found.take(at, bytes);
                messages += 1;
            }
            // A transport that lends its own memory gets it back only now: the worker reads in
            // place.
            link.rx.release()?;
            match order {
                Order::Part(_) => {}
                Order::Answer => {
                    found.write(self.run, link.tx.claim(ANSWER_BYTES)?);
                    link.tx.commit()?;
                    found = Partial::default();
                    self.run += 1;
                }
                Order::Stop => return Ok(Done { messages, end: clock.now() }),
            }
        }
    }
}
