//! What the processes of an invocation share besides the mechanism under test: a barrier, the line on which the
//! distance between two CPUs is measured, a line each for what a pattern says out of band, and a parcel each to bring
//! results home in.

use crate::counting::{Counting, Purpose};
use ipcmark_core::Result;
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::futex;
use ipcmark_sys::shared::{Line, Lines, Parcel};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::time::Duration;

/// Room for one process's results: a dense histogram of three digits deflates to some ten kB.
const PARCEL_BYTES: usize = 1 << 20;
/// How long a process spins at the barrier before it sleeps. Longer than a wake-up takes across CPUs, so that all
/// leave the barrier awake.
const SPIN: Duration = Duration::from_millis(1);
/// How long a process that is to be the last at a meeting naps between two looks, and how many.
const NAP: Duration = Duration::from_micros(20);
const NAPS: usize = 50;
/// Round trips of the distance probe, and how many make a batch (the clock's step is longer than a near one).
const PROBE_BATCHES: usize = 12;
const PROBE_BATCH: u64 = 25;

const BARRIER: usize = 0;
const PROBE: usize = 1;
/// Two lines that hold the moments of odd and even meetings: a process that is already at the next one does not touch
/// what another has yet to read.
const MOMENTS: usize = 2;
/// From here on a line for each process.
const SAID: usize = 4;

/// The shared pages of one invocation.
#[derive(Debug)]
pub(crate) struct Control {
    lines: Lines,
    parcels: Vec<Parcel>,
    /// What an invocation that is made for counting needs.
    pub(crate) counting: Counting,
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
        })
    }

    pub(crate) fn parcel(&self, process: usize) -> &Parcel {
        &self.parcels[process]
    }

    pub(crate) fn processes(&self) -> usize {
        self.parcels.len()
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

    /// Waits until all processes are here; `spin` says whether waiting may keep the CPU (not when another needs it).
    /// Returns the moment at which the last one came: one value, the same in all.
    pub(crate) fn meet(&self, clock: &Clock, spin: bool) -> Result<Ticks> {
        let all = self.processes() as u32;
        let futex = &self.line(BARRIER).futex;
        // Only this meeting's arrivals move the count across the next multiple.
        let meeting = futex.load(Acquire) / all;
        let word = &self.line(MOMENTS + meeting as usize % 2).word;
        let now = clock.now();
        // Each stores before it counts itself in; the latest moment is the one that stands.
        word.fetch_max(now, Relaxed);
        let arrived = futex.fetch_add(1, AcqRel) + 1;
        let full = arrived.next_multiple_of(all);
        if arrived == full {
            futex::wake_all(futex)?;
            return Ok(word.load(Relaxed));
        }
        let patience = clock.ticks(SPIN);
        loop {
            let seen = futex.load(Acquire);
            if seen >= full {
                return Ok(word.load(Relaxed));
            }
            if spin && clock.now() - now < patience {
                std::hint::spin_loop();
            } else {
                // The supervisor ends a side whose peer never comes.
                futex::wait(futex, seen, Duration::from_secs(1))?;
            }
        }
    }

    /// Waits until all the other processes are at their next meeting, asleep: the caller, which comes last, has the CPUs to
    /// itself until it joins them.
    pub(crate) fn outwait(&self) {
        let all = self.processes() as u32;
        let futex = &self.line(BARRIER).futex;
        // Naps, so that those that share this CPU come to their sleep. One that has died never comes, and another has a
        // CPU of its own to listen on first: this is no place to wait for long, the meeting is.
        for _ in 0..NAPS {
            std::thread::sleep(NAP);
            if futex.load(Acquire) % all == all - 1 {
                return;
            }
        }
    }

    /// Cache-line round trips between the CPUs of processes 0 and 1: median over batches, ns. Process 0 keeps the time;
    /// both must call, right after they met. On one CPU there is no distance to measure: do not call.
    pub(crate) fn distance_ns(&self, clock: &Clock, process: usize) -> Option<f64> {
        let mut batches = self.hand_offs_ns(clock, process);
        batches.sort_by(f64::total_cmp);
        (process == 0).then_some(batches[PROBE_BATCHES / 2])
    }

    /// The same, batch by batch; what others than process 0 return is not sharp.
    pub(crate) fn hand_offs_ns(&self, clock: &Clock, process: usize) -> [f64; PROBE_BATCHES] {
        let word = &self.line(PROBE).word;
        // Counts on from where an earlier probe ended, which is an even number; process 0 may have written its first
        // turn, an odd one, by now.
        let mut turn = word.load(Acquire) & !1;
        let await_word = |value| {
            while word.load(Acquire) != value {
                std::hint::spin_loop();
            }
        };
        let mut batches = [0.0; PROBE_BATCHES];
        for batch in &mut batches {
            let begun = clock.now();
            for _ in 0..PROBE_BATCH {
                if process == 0 {
                    word.store(turn + 1, Release);
                    await_word(turn + 2);
                } else {
                    await_word(turn + 1);
                    word.store(turn + 2, Release);
                }
                turn += 2;
            }
            *batch = clock.ns(clock.now() - begun) / PROBE_BATCH as f64;
        }
        batches
    }
}
