//! The workers of one queue, asleep between trials.

use super::queue::{Inlet, Outlet};
use ipcmark_core::{Error, Result};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Child};
use ipcmark_sys::shared::Lines;
use ipcmark_sys::{affinity, futex};
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::thread::{JoinHandle, yield_now};
use std::time::{Duration, Instant};

/// How long a trial may take: something is lost where it takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Looks in vain between two looks at the clock.
const LOOKS: u32 = 1 << 14;
/// Where in a message's first word the sender stands.
const SENDER_SHIFT: u32 = 48;

/// What a worker does while the queue gives it nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gait {
    /// `sched_yield(2)`.
    Yield,
    /// Pause instructions.
    Pause,
}

impl Gait {
    #[inline]
    fn wait(self) {
        match self {
            Gait::Yield => yield_now(),
            Gait::Pause => spin_loop(),
        }
    }
}

/// How a team works.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// What times the receiver.
    pub clock: Clock,
    /// Workers that send.
    pub senders: usize,
    /// How they wait.
    pub gait: Gait,
    /// Where: senders on one and the other in turn, the receiver on the second.
    pub cpus: [u32; 2],
    /// All senders on the first CPU, so that the receiver has the second to itself.
    pub apart: bool,
}

impl Job {
    /// The CPU of a worker; the receiver comes after the senders.
    fn cpu(&self, worker: usize) -> u32 {
        match worker {
            receiver if receiver == self.senders => self.cpus[1],
            _ if self.apart => self.cpus[0],
            sender => self.cpus[sender % 2],
        }
    }
}

/// What a trial found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// From the start to the last checked message, for each message, ns.
    pub ns: f64,
    /// Messages that were lost, repeated, torn or out of their sender's order.
    pub faults: u64,
}

/// Lines of the stage.
const GO: usize = 0;
const ARRIVED: usize = 1;
const DONE: usize = 2;
const ELAPSED: usize = 3;
const FAULTS: usize = 4;
const LINES: usize = 5;

/// What workers share: the word to go, and what comes of it.
#[derive(Debug)]
pub struct Stage {
    lines: Lines,
    job: Job,
}

impl Stage {
    fn workers(&self) -> u64 {
        self.job.senders as u64 + 1
    }

    /// Works at each trial until there are no more; `work` is given the number of messages for each sender.
    fn serve(&self, mut work: impl FnMut(u64)) -> Result<()> {
        let lines = self.lines.lines();
        for trial in 1u32.. {
            while lines[GO].futex.load(Acquire) < trial {
                futex::wait(&lines[GO].futex, trial - 1, Duration::from_secs(1))?;
            }
            let count = lines[GO].word.load(Relaxed);
            if count == 0 {
                break;
            }
            lines[ARRIVED].word.fetch_add(1, AcqRel);
            while lines[ARRIVED].word.load(Acquire) < self.workers() * u64::from(trial) {
                yield_now();
            }
            work(count);
            if lines[DONE].word.fetch_add(1, AcqRel) + 1 == self.workers() * u64::from(trial) {
                lines[DONE].futex.store(trial, Release);
                futex::wake_all(&lines[DONE].futex)?;
            }
        }
        Ok(())
    }
}

/// Workers that wait for the next trial.
#[derive(Debug)]
pub struct Team {
    stage: Arc<Stage>,
    trials: u32,
    children: Vec<Child>,
    threads: Vec<JoinHandle<()>>,
}

impl Team {
    /// Nobody yet.
    pub fn new(job: Job) -> Result<Team> {
        let stage = Stage { lines: Lines::new(LINES)?, job };
        Ok(Team { stage: Arc::new(stage), trials: 0, children: vec![], threads: vec![] })
    }

    /// One more worker, in a process of its own.
    pub fn fork(&mut self, worker: usize, work: impl FnOnce(&Stage) -> Result<()>) -> Result<()> {
        let stage = self.stage.clone();
        let child = process::fork(move || {
            let settled = affinity::pin(stage.job.cpu(worker));
            i32::from(settled.and_then(|()| work(&stage)).is_err())
        })?;
        self.children.push(child);
        Ok(())
    }

    /// One more worker, as a thread.
    pub fn spawn(
        &mut self,
        worker: usize,
        work: impl FnOnce(&Stage) -> Result<()> + Send + 'static,
    ) {
        let stage = self.stage.clone();
        self.threads.push(std::thread::spawn(move || {
            // A worker that fails is missed at the end of the trial.
            let _ = affinity::pin(stage.job.cpu(worker)).and_then(|()| work(&stage));
        }));
    }

    /// Has each sender send `count` messages.
    ///
    /// # Errors
    /// When the trial does not end.
    pub fn trial(&mut self, count: u64) -> Result<Trial> {
        self.go(count)?;
        let lines = self.stage.lines.lines();
        let end = Instant::now() + PATIENCE;
        while lines[DONE].futex.load(Acquire) != self.trials {
            if Instant::now() > end {
                return Err(Error::Protocol("a trial did not end: messages were lost".into()));
            }
            futex::wait(&lines[DONE].futex, self.trials - 1, Duration::from_millis(100))?;
        }
        let messages = count * self.stage.job.senders as u64;
        let ns = self.stage.job.clock.ns(lines[ELAPSED].word.load(Relaxed)) / messages as f64;
        Ok(Trial { ns, faults: lines[FAULTS].word.load(Relaxed) })
    }

    fn go(&mut self, count: u64) -> Result<()> {
        let lines = self.stage.lines.lines();
        self.trials += 1;
        lines[GO].word.store(count, Relaxed);
        lines[GO].futex.store(self.trials, Release);
        futex::wake_all(&lines[GO].futex)
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        // Children are killed and reaped by their own drop.
        if self.go(0).is_ok() && self.children.is_empty() {
            self.threads.drain(..).for_each(|thread| drop(thread.join()));
        }
    }
}

/// A sender's trials.
pub(super) fn send<const W: usize>(
    outlet: &mut impl Outlet<W>,
    sender: usize,
    stage: &Stage,
) -> Result<()> {
    let mut message = [0; W];
    let mut next = (sender as u64) << SENDER_SHIFT;
    let gait = stage.job.gait;
    stage.serve(|count| {
        for left in (1..=count).rev() {
            message[0] = next;
            message[W - 1] = seal::<W>(next);
            next += 1;
            while !outlet.offer(&message, left) {
                gait.wait();
            }
        }
    })
}

/// The last word of a message.
#[inline]
fn seal<const W: usize>(first: u64) -> u64 {
    if W == 1 { first } else { !first }
}

/// The receiver's trials.
pub(super) fn receive<const W: usize>(inlet: &mut impl Inlet<W>, stage: &Stage) -> Result<()> {
    let senders = stage.job.senders;
    let mut expected: Vec<u64> = (0..senders as u64).map(|n| n << SENDER_SHIFT).collect();
    let mut message = [0; W];
    let lines = stage.lines.lines();
    let gait = stage.job.gait;
    stage.serve(|count| {
        let mut faults = 0;
        let begun = stage.job.clock.now();
        let patience = stage.job.clock.ticks(PATIENCE / 2);
        let mut looks = 0u32;
        let mut left = count * senders as u64;
        while left > 0 {
            if !inlet.take(&mut message) {
                looks += 1;
                if looks.is_multiple_of(LOOKS) && stage.job.clock.now() - begun > patience {
                    break;
                }
                gait.wait();
                continue;
            }
            left -= 1;
            match expected.get_mut((message[0] >> SENDER_SHIFT) as usize) {
                Some(next) if *next == message[0] && message[W - 1] == seal::<W>(*next) => {
                    *next += 1;
                }
                _ => faults += 1,
            }
        }
        lines[ELAPSED].word.store(stage.job.clock.now() - begun, Relaxed);
        lines[FAULTS].word.fetch_add(faults + left, Relaxed);
    })
}
