//! What the processes of an invocation share besides the mechanism under test: a barrier, the line on which the
//! distance between two CPUs is measured, a line each for what a pattern says out of band, and a parcel each to bring
//! results home in.

use crate::counting::{Counting, Purpose};
use crate::slices::Turns;
use ipcmark_core::Result;
use ipcmark_sys::barrier::{self, Barrier};
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::shared::{Line, Lines, Parcel};
use ipcmark_sys::{distance, futex};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Room for one process's results: a dense histogram of three digits deflates to some ten kB.
const PARCEL_BYTES: usize = 1 << 20;
/// How long a process that is to be the last at a meeting naps between two looks, and how many.
const NAP: Duration = Duration::from_micros(20);
const NAPS: usize = 50;

/// The barrier's lines come first.
const PROBE: usize = barrier::LINES;
/// On which process 0 says how long a round trip takes.
const TEMPO: usize = PROBE + 1;
/// From here on a line for each process.
const SAID: usize = TEMPO + 1;

/// The shared pages of one invocation.
#[derive(Debug)]
pub(crate) struct Control {
    lines: Lines,
    parcels: Vec<Parcel>,
    /// What an invocation that is made for counting needs.
    pub(crate) counting: Counting,
    /// Whose turn it is, where the invocation shares its time with others.
    pub(crate) turns: Option<Turns>,
}

impl Control {
    /// For processes that are timed.
    pub(crate) fn new(processes: usize) -> Result<Control> {
        Control::made_for(Purpose::Times, processes)
    }

    pub(crate) fn made_for(purpose: Purpose, processes: usize) -> Result<Control> {
        Ok(Control {
            lines: Lines::new(SAID + processes)?,
            parcels: (0..processes).map(|_| Parcel::new(PARCEL_BYTES)).collect::<Result<_>>()?,
            counting: Counting::new(purpose, processes)?,
            turns: None,
        })
    }

    pub(crate) fn parcel(&self, process: usize) -> &Parcel {
        &self.parcels[process]
    }

    pub(crate) fn processes(&self) -> usize {
        self.parcels.len()
    }

    /// Process 0 says how long a round trip took while warming up, ns.
    pub(crate) fn say_tempo(&self, ns: f64) {
        self.line(TEMPO).word.store(ns.to_bits(), Release);
    }

    /// What process 0 has said, ns; 0 where it has not.
    pub(crate) fn tempo_ns(&self) -> f64 {
        f64::from_bits(self.line(TEMPO).word.load(Acquire))
    }

    fn line(&self, index: usize) -> &Line {
        &self.lines.lines()[index]
    }

    /// The line on which a process tells the others what must not travel through the mechanism under test. Zero at
    /// first; what its words mean is the pattern's to say.
    pub(crate) fn said(&self, process: usize) -> &Line {
        self.line(SAID + process)
    }

    /// Puts `number` into a process's futex word and wakes who waits for it.
    pub(crate) fn say(&self, process: usize, number: u32) -> Result<()> {
        let word = &self.said(process).futex;
        word.store(number, Release);
        futex::wake_all(word)
    }

    /// True when a process has said `number`, or does within `patience`.
    pub(crate) fn hears(&self, process: usize, number: u32, patience: Duration) -> Result<bool> {
        let word = &self.said(process).futex;
        let seen = word.load(Acquire);
        if seen != number {
            futex::wait(word, seen, patience)?;
        }
        Ok(word.load(Acquire) == number)
    }

    fn meeting(&self) -> Barrier<'_> {
        let (lines, _) = self.lines.lines().split_first_chunk().expect("there are so many lines");
        Barrier::new(lines, self.processes() as u32)
    }

    /// Waits until all processes are here; `spin` says whether waiting may keep the CPU (not when another needs it).
    /// Returns the moment at which the last one came: one value, the same in all.
    pub(crate) fn meet(&self, clock: &Clock, spin: bool) -> Result<Ticks> {
        self.meeting().meet(clock, spin)
    }

    /// Waits until all the other processes are at their next meeting, asleep: the caller, which comes last, has the CPUs to
    /// itself until it joins them.
    pub(crate) fn outwait(&self) {
        // Naps, so that those that share this CPU come to their sleep. One that has died never comes, and another has a
        // CPU of its own to listen on first: this is no place to wait for long, the meeting is.
        for _ in 0..NAPS {
            std::thread::sleep(NAP);
            if self.meeting().lacks_one() {
                return;
            }
        }
    }

    /// Cache-line round trips between the CPUs of processes 0 and 1: median over batches, ns. Process 0 keeps the time;
    /// both must call, right after they met. On one CPU there is no distance to measure: do not call.
    pub(crate) fn distance_ns(&self, clock: &Clock, process: usize) -> Option<f64> {
        let ns = distance::median_ns(&self.line(PROBE).word, clock, process == 0);
        (process == 0).then_some(ns)
    }

    /// The same, batch by batch; what others than process 0 return is not sharp.
    pub(crate) fn hand_offs_ns(&self, clock: &Clock, process: usize) -> [f64; distance::BATCHES] {
        distance::hand_offs_ns(&self.line(PROBE).word, clock, process == 0)
    }
}
