//! The first worker's order of visits to the entries, and the length of each visit.

use super::lines::{Command, Wire};
use super::link::End;
use super::shape::Shape;
use super::trial::{Entry, Extent, Trial, Trials};
use ipcmark_core::Result;
use ipcmark_record::{Distance, Reach};
use ipcmark_sys::clock::Clock;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Part of a trial's measured messages that is sent before them to warm up.
const WARM_UP: u64 = 4;
/// Length at which a pilot ends.
const PILOT: Duration = Duration::from_micros(300);

/// An entry's end in this worker, if it has one.
pub(super) type Slot<E> = Option<Box<E>>;

/// The first worker's things.
pub(super) struct First<'a> {
    pub(super) clock: Clock,
    pub(super) extent: Extent,
    pub(super) entries: Vec<Entry>,
    pub(super) ends: Vec<Slot<dyn End>>,
    /// True for entries whose other ends are in threads.
    pub(super) in_threads: Vec<bool>,
    /// Wires to the other processes.
    pub(super) processes: &'a [Arc<Wire>],
    /// Wires to the threads.
    pub(super) threads: &'a [Arc<Wire>],
}

/// The first worker at work.
pub(super) struct Visit<'a> {
    first: First<'a>,
    /// Time for a message of an entry at a distance, as last seen, ns: it sets the messages of the
    /// next trial.
    seen: HashMap<(usize, Reach), f64>,
    found: Vec<Trial>,
}

impl<'a> Visit<'a> {
    pub(super) fn new(first: First<'a>) -> Visit<'a> {
        Visit { first, seen: HashMap::new(), found: Vec::new() }
    }

    /// Visits all in rounds until time is over, and dismisses the other workers.
    pub(super) fn run(mut self) -> Result<Trials> {
        self.make_ready()?;
        let (begun, Extent { rounds, time, .. }) = (Instant::now(), self.first.extent);
        let mut random = fastrand::Rng::new();
        let mut shapes: Vec<Shape> = self.first.entries.iter().map(|e| e.shape).collect();
        shapes.dedup();
        let mut round = 0;
        'time: while rounds == 0 || round < rounds {
            random.shuffle(&mut shapes);
            for shape in &shapes {
                if begun.elapsed() >= time {
                    break 'time;
                }
                let here = |e: &Entry| e.shape == *shape && e.reason.is_none();
                let entries = self.first.entries.iter().enumerate();
                let mut order: Vec<usize> =
                    entries.filter(|(_, e)| here(e)).map(|(at, _)| at).collect();
                random.shuffle(&mut order);
                for entry in order {
                    self.trial(entry, round)?;
                }
            }
            round += 1;
        }
        for wire in self.first.processes.iter().chain(self.first.threads) {
            wire.wake()?;
            wire.order(Command::Leave);
        }
        // Ends that hold names must go before the process leaves by `_exit`.
        self.first.ends.clear();
        let (entries, trials) = (self.first.entries, self.found);
        Ok(Trials { entries, trials, rounds: round, seconds: begun.elapsed().as_secs_f64() })
    }

    fn wires(&self, entry: usize) -> &'a [Arc<Wire>] {
        let others = self.first.entries[entry].shape.others();
        let in_threads = self.first.in_threads[entry];
        &(if in_threads { self.first.threads } else { self.first.processes })[..others]
    }

    /// Makes all entries ready on all sides; a failure becomes the entry's reason.
    fn make_ready(&mut self) -> Result<()> {
        for entry in 0..self.first.entries.len() {
            let wires = self.wires(entry);
            let Some(end) = self.first.ends[entry].as_mut() else { continue };
            let mut made = Ok(());
            for wire in wires {
                wire.wake()?;
                wire.order(Command::Ready(entry as u64));
                if wire.failed() {
                    made = Err(wire.reason().unwrap_or_else(|| "the other side failed".into()));
                }
            }
            made = made.and_then(|()| end.ready());
            wires.iter().for_each(|wire| wire.order(Command::Park));
            self.first.entries[entry].reason = made.err();
        }
        Ok(())
    }

    /// Makes one trial: distance, warm-up, the measured part, distance.
    fn trial(&mut self, entry: usize, round: u32) -> Result<()> {
        let (probed, others) = self.wires(entry).split_first().expect("a shape has two workers");
        probed.wake()?;
        let before_ns = probed.probe();
        others.iter().try_for_each(|wire| wire.wake())?;
        let at = (entry, Reach::of(before_ns));
        let messages = match self.first.extent.messages {
            Some(messages) => messages,
            None => {
                let seen = self.seen.get(&at).copied();
                let ns = seen.unwrap_or_else(|| self.pilot(entry));
                ((self.first.extent.trial.as_nanos() as f64 / ns) as u64).max(1)
            }
        };
        self.timed(entry, messages.div_ceil(WARM_UP));
        let ns = self.timed(entry, messages);
        others.iter().for_each(|wire| wire.order(Command::Park));
        let after_ns = probed.probe();
        probed.order(Command::Park);
        let distance = Distance { before_ns, after_ns };
        if Reach::of(after_ns) == at.1 {
            self.seen.insert(at, ns);
        }
        self.found.push(Trial { entry, round, ns, messages, distance });
        Ok(())
    }

    /// Estimates the time for a message here, ns.
    fn pilot(&mut self, entry: usize) -> f64 {
        let mut messages = 16;
        loop {
            let ns = self.timed(entry, messages);
            if ns * messages as f64 >= PILOT.as_nanos() as f64 {
                return ns;
            }
            messages *= 4;
        }
    }

    /// Runs all ends; returns ns for each message. The clock stops when the last message was taken
    /// and checked.
    fn timed(&mut self, entry: usize, messages: u64) -> f64 {
        let wires = self.wires(entry);
        let Some(end) = self.first.ends[entry].as_mut() else { return f64::NAN };
        let begun = self.first.clock.now();
        wires.iter().for_each(|wire| wire.tell(Command::Run(entry as u64, messages)));
        end.run(messages);
        wires.iter().for_each(|wire| wire.await_done());
        self.first.clock.ns(self.first.clock.now() - begun) / messages as f64
    }
}
