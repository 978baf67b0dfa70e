//! The memory that the processes of an invocation share besides the mechanism under test: a
//! barrier, the line on which the distance between two CPUs is measured, and a line for each
//! process for what a pattern sends out of band.

use crate::counting::{Counting, Purpose};
use crate::turns::Turns;
use ipcmark_core::Result;
use ipcmark_sys::barrier::{self, Barrier};
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::shared::{Line, Lines};
use ipcmark_sys::{distance, futex};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Length and number of the naps between two looks of a process that is to come last to a meeting.
const NAP: Duration = Duration::from_micros(20);
const NAPS: usize = 50;

/// Line of the distance probe; the barrier's lines come first.
const PROBE: usize = barrier::LINES;
/// Line on which process 0 writes the length of a round trip.
const TEMPO: usize = PROBE + 1;
/// First of the processes' lines.
const SAID: usize = TEMPO + 1;

/// The shared pages of one invocation.
#[derive(Debug)]
pub(crate) struct Control {
    lines: Lines,
    processes: usize,
    /// State of an invocation that counts.
    pub(crate) counting: Counting,
    /// Turns of an invocation that shares its time with others.
    pub(crate) turns: Option<Turns>,
}

impl Control {
    /// Makes the pages of processes that are timed.
    pub(crate) fn new(processes: usize) -> Result<Control> {
        Control::made_for(Purpose::Times, processes)
    }

    pub(crate) fn made_for(purpose: Purpose, processes: usize) -> Result<Control> {
        Ok(Control {
            lines: Lines::new(SAID + processes)?,
            processes,
            counting: Counting::new(purpose, processes)?,
            turns: None,
        })
    }

    /// Returns true if this invocation takes times, and shares its time with no other.
    pub(crate) fn times_alone(&self) -> bool {
        self.counting.purpose() == Purpose::Times && self.turns.is_none()
    }

    pub(crate) fn processes(&self) -> usize {
        self.processes
    }

    /// Writes the length of a round trip while warming up, ns. Only process 0 calls it.
    pub(crate) fn say_tempo(&self, ns: f64) {
        self.line(TEMPO).word.store(ns.to_bits(), Release);
    }

    /// Returns the length of a round trip that process 0 wrote, ns; 0 before it did.
    pub(crate) fn tempo_ns(&self) -> f64 {
        f64::from_bits(self.line(TEMPO).word.load(Acquire))
    }

    fn line(&self, index: usize) -> &Line {
        &self.lines.lines()[index]
    }

    /// Returns the line on which a process sends what must not travel through the mechanism under
    /// test. It is zero at first; the pattern gives its words their meaning.
    pub(crate) fn said(&self, process: usize) -> &Line {
        self.line(SAID + process)
    }

    /// Puts `number` into a process's futex word and wakes those that wait for it.
    pub(crate) fn say(&self, process: usize, number: u32) -> Result<()> {
        let word = &self.said(process).futex;
        word.store(number, Release);
        futex::wake_all(word)
    }

    /// Returns true if a process has put `number`, or does within `patience`.
    pub(crate) fn hears(&self, process: usize, number: u32, patience: Duration) -> Result<bool> {
        let word = &self.said(process).futex;
        let seen = word.load(Acquire);
        if seen != number {
            futex::wait(word, seen, patience)?;
        }
        Ok(word.load(Acquire) == number)
    }

    fn meeting(&self) -> Barrier<'_> {
        let (lines, _) = self.lines.lines().split_first_chunk().expect("the barrier's lines exist");
        Barrier::new(lines, self.processes as u32)
    }

    /// Waits until all processes are here. `spin` allows the wait to keep the CPU; not if another
    /// process needs it. Returns the moment at which the last one came: the same value in all.
    pub(crate) fn meet(&self, clock: &Clock, spin: bool) -> Result<Ticks> {
        self.meeting().meet(clock, spin)
    }

    /// Waits until all other processes sleep at their next meeting. The caller comes last and has
    /// the CPUs to itself until it joins them.
    pub(crate) fn outwait(&self) {
        // It naps, so that those that share this CPU can fall asleep. One that has died never
        // comes, and another first listens on its own CPU: the place for a long wait is the
        // meeting.
        for _ in 0..NAPS {
            std::thread::sleep(NAP);
            if self.meeting().lacks_one() {
                return;
            }
        }
    }

    /// Measures cache-line round trips between the CPUs of processes 0 and 1: median over batches,
    /// ns. Process 0 keeps the time. Both must call it right after they met, on two CPUs: on one it
    /// would never end.
    pub(crate) fn distance_ns(&self, clock: &Clock, process: usize) -> Option<f64> {
        let ns = distance::median_ns(&self.line(PROBE).word, clock, process == 0);
        (process == 0).then_some(ns)
    }

    /// Returns the round trips batch by batch. Only process 0's values are sharp.
    pub(crate) fn hand_offs_ns(&self, clock: &Clock, process: usize) -> [f64; distance::BATCHES] {
        distance::hand_offs_ns(&self.line(PROBE).word, clock, process == 0)
    }
}
