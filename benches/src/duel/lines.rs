//! What the workers agree over: a few shared words.

use ipcmark_core::Result;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::futex;
use ipcmark_sys::shared::{Line, Lines};
use std::hint::spin_loop;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What the first worker tells a second one to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Make ready the end of this number.
    Ready(u64),
    /// Answer the distance probe.
    Probe,
    /// Run the end of this number for so many messages.
    Run(u64, u64),
    /// Sleep until woken.
    Park,
    /// Leave.
    Leave,
}

/// Cache-line round trips of a distance probe: some 20 µs between siblings, 160 µs far apart.
const TRIPS: u64 = 400;
/// A parked worker looks at least this often, so that none sleeps for ever.
const NAP: Duration = Duration::from_secs(1);

/// The words between the first worker and one second worker.
#[derive(Debug)]
pub(super) struct Wire {
    lines: Lines,
}

impl Wire {
    pub(super) fn new() -> Result<Wire> {
        Ok(Wire { lines: Lines::new(6)? })
    }

    /// Counts commands.
    fn step(&self) -> &Line {
        &self.lines.lines()[0]
    }

    /// The command's kind and its two numbers.
    fn words(&self) -> [&Line; 3] {
        let lines = self.lines.lines();
        [&lines[1], &lines[2], &lines[3]]
    }

    /// Counts commands done; its futex word tells of failures.
    fn done(&self) -> &Line {
        &self.lines.lines()[4]
    }

    fn ball(&self) -> &Line {
        &self.lines.lines()[5]
    }

    /// Gives a command to a second worker that waits for one; returns its number. Does not wake a parked one.
    pub(super) fn tell(&self, command: Command) -> u64 {
        let (kind, a, b) = match command {
            Command::Ready(end) => (0, end, 0),
            Command::Probe => (1, 0, 0),
            Command::Run(end, count) => (2, end, count),
            Command::Park => (3, 0, 0),
            Command::Leave => (4, 0, 0),
        };
        for (line, word) in self.words().into_iter().zip([kind, a, b]) {
            line.word.store(word, Ordering::Relaxed);
        }
        let step = self.step().word.load(Ordering::Relaxed) + 1;
        self.step().word.store(step, Ordering::Release);
        step
    }

    /// Wakes a parked worker; it spins for commands until it is told to park.
    pub(super) fn wake(&self) -> Result<()> {
        self.step().futex.fetch_add(1, Ordering::Release);
        futex::wake_all(&self.step().futex)
    }

    /// Spins until the command of this number is done.
    #[inline]
    pub(super) fn await_done(&self, step: u64) {
        while self.done().word.load(Ordering::Acquire) < step {
            spin_loop();
        }
    }

    /// True when the last command failed.
    pub(super) fn failed(&self) -> bool {
        self.done().futex.load(Ordering::Relaxed) != 0
    }

    /// A second worker's loop: does what it is told until it is told to leave. `act` is false when it fails.
    pub(super) fn obey(&self, mut act: impl FnMut(Command) -> bool) -> Result<()> {
        let (mut woken, mut step) = (0, 0);
        loop {
            loop {
                let now = self.step().futex.load(Ordering::Acquire);
                if now != woken {
                    woken = now;
                    break;
                }
                futex::wait(&self.step().futex, woken, NAP)?;
            }
            loop {
                let command = self.next(step);
                step += 1;
                let well = match command {
                    Command::Probe => {
                        self.answer();
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

    /// Spins for the command after `step`.
    fn next(&self, step: u64) -> Command {
        while self.step().word.load(Ordering::Acquire) == step {
            spin_loop();
        }
        let [kind, a, b] = self.words().map(|line| line.word.load(Ordering::Relaxed));
        match kind {
            0 => Command::Ready(a),
            1 => Command::Probe,
            2 => Command::Run(a, b),
            3 => Command::Park,
            _ => Command::Leave,
        }
    }

    /// The distance of the two workers' CPUs: ns of a cache-line round trip.
    pub(super) fn probe(&self, clock: &Clock) -> f64 {
        let ball = &self.ball().word;
        ball.store(0, Ordering::Relaxed);
        let step = self.tell(Command::Probe);
        // The first trip waits for the peer to come.
        let mut begun = 0;
        for trip in 0..=TRIPS {
            if trip == 1 {
                begun = clock.now();
            }
            ball.store(2 * trip + 1, Ordering::Release);
            while ball.load(Ordering::Acquire) != 2 * trip + 2 {
                spin_loop();
            }
        }
        let ns = clock.ns(clock.now() - begun) / TRIPS as f64;
        self.await_done(step);
        ns
    }

    fn answer(&self) {
        let ball = &self.ball().word;
        for trip in 0..=TRIPS {
            while ball.load(Ordering::Acquire) != 2 * trip + 1 {
                spin_loop();
            }
            ball.store(2 * trip + 2, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_does_what_it_is_told_and_leaves() {
        let wire = Wire::new().unwrap();
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
            wire.await_done(wire.tell(Command::Ready(3)));
            assert!(!wire.failed());
            wire.await_done(wire.tell(Command::Park));
            wire.wake().unwrap();
            wire.await_done(wire.tell(Command::Run(7, 9)));
            assert!(wire.failed());
            wire.await_done(wire.tell(Command::Leave));
            let seen = worker.join().unwrap().unwrap();
            assert_eq!(seen, [Command::Ready(3), Command::Run(7, 9)]);
        });
    }
}
