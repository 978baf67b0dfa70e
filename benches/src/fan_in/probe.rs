//! How far apart the two CPUs are now: the host moves them.

use ipcmark_core::Result;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Child};
use ipcmark_sys::shared::Lines;
use ipcmark_sys::{affinity, futex};
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Cache-line round trips in a batch, and batches.
const TRIPS: u64 = 100;
const BATCHES: usize = 5;

/// A process on one CPU that answers, when asked, over a cache line.
#[derive(Debug)]
pub struct Probe {
    lines: Lines,
    clock: Clock,
    asked: u32,
    _answers: Child,
}

impl Probe {
    /// Forks the process that answers, on `cpu`; the caller is to run on another.
    pub fn new(clock: Clock, cpu: u32) -> Result<Probe> {
        let lines = Lines::new(1)?;
        let answers = process::fork(|| {
            let mut served = 0;
            loop {
                let line = &lines.lines()[0];
                if affinity::pin(cpu)
                    .and(futex::wait(&line.futex, served, Duration::from_secs(1)))
                    .is_err()
                {
                    return 1;
                }
                while served != line.futex.load(Acquire) {
                    serve(&lines);
                    served += 1;
                }
            }
        })?;
        Ok(Probe { lines, clock, asked: 0, _answers: answers })
    }

    /// A cache-line round trip between the caller's CPU and the other one, ns: the median of some batches.
    pub fn distance_ns(&mut self) -> Result<f64> {
        let line = &self.lines.lines()[0];
        self.asked += 1;
        line.futex.store(self.asked, Release);
        futex::wake_all(&line.futex)?;
        // The other side begins by saying that it is awake.
        await_word(&self.lines, 1);
        let mut batches = [0.0; BATCHES];
        for batch in &mut batches {
            let begun = self.clock.now();
            for _ in 0..TRIPS {
                line.word.store(2, Release);
                await_word(&self.lines, 1);
            }
            *batch = self.clock.ns(self.clock.now() - begun) / TRIPS as f64;
        }
        line.word.store(0, Release);
        batches.sort_by(f64::total_cmp);
        Ok(batches[BATCHES / 2])
    }
}

fn await_word(lines: &Lines, value: u64) {
    while lines.lines()[0].word.load(Acquire) != value {
        spin_loop();
    }
}

/// Answers one question.
fn serve(lines: &Lines) {
    let word = &lines.lines()[0].word;
    word.store(1, Release);
    for _ in 0..TRIPS * BATCHES as u64 {
        await_word(lines, 2);
        word.store(1, Release);
    }
}
