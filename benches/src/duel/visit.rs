//! The order in which entries are visited, and how long.

use super::class::Band;
use super::lines::{Command, Wire};
use super::session::First;
use super::shape::Shape;
use super::trial::{Trial, Trials};
use ipcmark_core::Result;
use ipcmark_record::Distance;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Of a trial's measured messages, this part is sent before them to warm up.
const WARM_UP: u64 = 4;
/// A pilot ends when it lasts this long.
const PILOT: Duration = Duration::from_micros(300);

/// The first worker at work.
pub(super) struct Visit<'a> {
    first: First<'a>,
    /// ns for a message of an entry in a band, as last seen: how many fit into a trial.
    seen: HashMap<(usize, Band), f64>,
    found: Vec<Trial>,
}

impl<'a> Visit<'a> {
    pub(super) fn new(first: First<'a>) -> Visit<'a> {
        Visit { first, seen: HashMap::new(), found: Vec::new() }
    }

    /// Visits all in rounds until time is over, and dismisses the other workers.
    pub(super) fn run(mut self) -> Result<Trials> {
        self.make_ready()?;
        let begun = Instant::now();
        let mut random = fastrand::Rng::new();
        let mut shapes: Vec<Shape> = self.first.entries.iter().map(|e| e.shape).collect();
        shapes.dedup();
        let mut round = 0;
        'time: while self.first.extent.rounds == 0 || round < self.first.extent.rounds {
            random.shuffle(&mut shapes);
            for shape in &shapes {
                if begun.elapsed() >= self.first.extent.time {
                    break 'time;
                }
                let mut order: Vec<usize> = (0..self.first.entries.len())
                    .filter(|&at| self.first.entries[at].shape == *shape)
                    .filter(|&at| self.first.entries[at].reason.is_none())
                    .collect();
                random.shuffle(&mut order);
                for entry in order {
                    self.trial(entry, round)?;
                }
            }
            round += 1;
        }
        for wire in [self.first.process, self.first.thread] {
            wire.wake()?;
            wire.await_done(wire.tell(Command::Leave));
        }
        // Ends that hold names must go before the process leaves by `_exit`.
        self.first.ends.clear();
        let (entries, trials) = (self.first.entries, self.found);
        Ok(Trials { entries, trials, rounds: round, seconds: begun.elapsed().as_secs_f64() })
    }

    fn wire(&self, entry: usize) -> &'a Wire {
        if self.first.in_threads[entry] { self.first.thread } else { self.first.process }
    }

    /// Makes all entries ready on both sides; what fails becomes a reason.
    fn make_ready(&mut self) -> Result<()> {
        for entry in 0..self.first.entries.len() {
            let wire = self.wire(entry);
            let Some(end) = self.first.ends[entry].as_mut() else { continue };
            wire.wake()?;
            wire.await_done(wire.tell(Command::Ready(entry as u64)));
            let mut made = if wire.failed() {
                let told = self.first.reasons[usize::from(self.first.in_threads[entry])].get();
                Err(told.map_or("the other side failed".into(), |text| {
                    String::from_utf8_lossy(&text).into_owned()
                }))
            } else {
                Ok(())
            };
            made = made.and_then(|()| end.ready());
            wire.await_done(wire.tell(Command::Park));
            self.first.entries[entry].reason = made.err();
        }
        Ok(())
    }

    /// One trial: distance, warm-up, the measured part, distance.
    fn trial(&mut self, entry: usize, round: u32) -> Result<()> {
        let wire = self.wire(entry);
        wire.wake()?;
        let before_ns = wire.probe(&self.first.clock);
        let band = Band::of(before_ns);
        let messages = match self.first.extent.messages {
            Some(messages) => messages,
            None => {
                let seen = self.seen.get(&(entry, band)).copied();
                let ns = seen.unwrap_or_else(|| self.pilot(entry));
                ((self.first.extent.trial.as_nanos() as f64 / ns) as u64).max(1)
            }
        };
        self.timed(entry, messages.div_ceil(WARM_UP));
        let ns = self.timed(entry, messages);
        let after_ns = wire.probe(&self.first.clock);
        wire.await_done(wire.tell(Command::Park));
        let distance = Distance { before_ns, after_ns };
        if Band::of(after_ns) == band {
            self.seen.insert((entry, band), ns);
        }
        self.found.push(Trial { entry, round, ns, messages, distance });
        Ok(())
    }

    /// How long a message takes here, roughly.
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

    /// Runs both ends; returns ns for each message. The clock stops when the other side has taken and checked the last one.
    fn timed(&mut self, entry: usize, messages: u64) -> f64 {
        let wire = self.wire(entry);
        let Some(end) = self.first.ends[entry].as_mut() else { return f64::NAN };
        let begun = self.first.clock.now();
        let step = wire.tell(Command::Run(entry as u64, messages));
        end.run(messages);
        wire.await_done(step);
        self.first.clock.ns(self.first.clock.now() - begun) / messages as f64
    }
}
