//! The line between the first worker and another: commands, answers, and the distance probe.

use ipcmark_core::Result;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::shared::{Line, Lines, Parcel};
use ipcmark_sys::{distance, futex};
use std::hint::spin_loop;
use std::sync::atomic::Ordering;
use std::thread::yield_now;
use std::time::Duration;

/// Order of the first worker to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Make ready the end of this number.
    Ready(u64),
    /// Answer the distance probe.
    Probe,
    /// Run the end of this number for this many messages.
    Run(u64, u64),
    /// Sleep until woken.
    Park,
    /// Leave.
    Leave,
}

/// Longest sleep of a parked worker before it looks again.
const NAP: Duration = Duration::from_secs(1);
/// Bytes of a reason at most.
const REASON: usize = 4 << 10;

/// The words between the first worker and one other.
#[derive(Debug)]
pub(super) struct Wire {
    lines: Lines,
    clock: Clock,
    /// Waiting workers yield: another may need the CPU.
    yields: bool,
    /// The reason why the other worker failed.
    reason: Parcel,
}

impl Wire {
    pub(super) fn new(clock: Clock, yields: bool) -> Result<Wire> {
        Ok(Wire { lines: Lines::new(6)?, clock, yields, reason: Parcel::new(REASON)? })
    }

    /// Returns the line that counts commands.
    fn step(&self) -> &Line {
        &self.lines.lines()[0]
    }

    /// Returns the line that counts finished commands; its futex word marks a failure.
    fn done(&self) -> &Line {
        &self.lines.lines()[1]
    }

    /// Returns the lines of the command's kind and its two numbers.
    fn words(&self) -> &[Line] {
        &self.lines.lines()[2..5]
    }

    fn wait_while(&self, waits: impl Fn() -> bool) {
        while waits() {
            if self.yields { yield_now() } else { spin_loop() }
        }
    }

    /// Gives a command to the other worker. Does not wake a parked one.
    pub(super) fn tell(&self, command: Command) {
        let words = match command {
            Command::Ready(end) => [0, end, 0],
            Command::Probe => [1, 0, 0],
            Command::Run(end, count) => [2, end, count],
            Command::Park => [3, 0, 0],
            Command::Leave => [4, 0, 0],
        };
        for (line, word) in self.words().iter().zip(words) {
            line.word.store(word, Ordering::Relaxed);
        }
        self.step().word.fetch_add(1, Ordering::Release);
    }

    /// Wakes a parked worker, which then waits for commands until it is parked again.
    pub(super) fn wake(&self) -> Result<()> {
        self.step().futex.fetch_add(1, Ordering::Release);
        futex::wake_all(&self.step().futex)
    }

    /// Waits until the last command is done.
    #[inline]
    pub(super) fn await_done(&self) {
        let step = self.step().word.load(Ordering::Relaxed);
        self.wait_while(|| self.done().word.load(Ordering::Acquire) < step);
    }

    /// Gives a command and waits until it is done.
    pub(super) fn order(&self, command: Command) {
        self.tell(command);
        self.await_done();
    }

    /// Keeps the first reason for a failure.
    pub(super) fn fail(&self, why: &str) {
        let _ = self.reason.put(&why.as_bytes()[..why.len().min(REASON)]);
    }

    /// Returns the reason for the first failure.
    pub(super) fn reason(&self) -> Option<String> {
        self.reason.get().map(|text| String::from_utf8_lossy(&text).into_owned())
    }

    /// Returns true if the last command failed.
    pub(super) fn failed(&self) -> bool {
        self.done().futex.load(Ordering::Relaxed) != 0
    }

    /// Obeys commands until the last one, in the other worker. `act` returns false if it fails.
    pub(super) fn obey(&self, mut act: impl FnMut(Command) -> bool) -> Result<()> {
        let (mut woken, mut step) = (0, 0);
        loop {
            let now = self.step().futex.load(Ordering::Acquire);
            if now == woken {
                futex::wait(&self.step().futex, woken, NAP)?;
                continue;
            }
            woken = now;
            loop {
                let command = self.next(step);
                step += 1;
                let well = match command {
                    Command::Probe => {
                        let _ = self.distance_ns(false);
                        true
                    }
                    Command::Park | Command::Leave => true,
                    other => act(other),
                };
                self.done().futex.store(u32::from(!well), Ordering::Relaxed);
                self.done().word.store(step, Ordering::Release);
                match command {
                    Command::Park => break,
                    Command::Leave => return Ok(()),
                    _ => {}
                }
            }
        }
    }

    /// Waits for the command after `step`.
    fn next(&self, step: u64) -> Command {
        self.wait_while(|| self.step().word.load(Ordering::Acquire) == step);
        let word = |n: usize| self.words()[n].word.load(Ordering::Relaxed);
        match word(0) {
            0 => Command::Ready(word(1)),
            1 => Command::Probe,
            2 => Command::Run(word(1), word(2)),
            3 => Command::Park,
            _ => Command::Leave,
        }
    }

    /// Measures the distance of the two workers' CPUs: ns of a cache-line round trip.
    pub(super) fn probe(&self) -> f64 {
        self.tell(Command::Probe);
        let ns = self.distance_ns(true);
        self.await_done();
        ns
    }

    fn distance_ns(&self, first: bool) -> f64 {
        distance::median_ns(&self.lines.lines()[5].word, &self.clock, first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_obeys_and_leaves() {
        let wire = Wire::new(Clock::calibrate(), true).unwrap();
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                let mut seen = Vec::new();
                let obeyed = wire.obey(|command| {
                    seen.push(command);
                    command != Command::Run(7, 9)
                });
                obeyed.map(|()| seen)
            });
            wire.wake().unwrap();
            wire.order(Command::Ready(3));
            assert!(!wire.failed());
            wire.order(Command::Park);
            wire.wake().unwrap();
            wire.order(Command::Run(7, 9));
            assert!(wire.failed());
            wire.order(Command::Leave);
            let seen = worker.join().unwrap().unwrap();
            assert_eq!(seen, [Command::Ready(3), Command::Run(7, 9)]);
        });
    }
}
