//! Neighbours: processes that load the machine while something else is measured.
//!
//! They are forked once, asleep, and run only while they are let: [`Crowd::run_on`] pins and wakes them,
//! [`Crowd::pause`] sends them back to sleep. They are children like any other: they die with the process that
//! forked them, whatever ends it, and are killed when the crowd is dropped.

use crate::affinity::pin_process;
use crate::cgroup::Groups;
use crate::clock::{monotonic_ns, sleep_until_ns};
use crate::futex;
use crate::process::{self, Child};
use crate::resident;
use crate::shared::Lines;
use ipcmark_core::{Error, Neighbour, Neighbours, Result};
use rustix::thread::set_current_timer_slack;
use std::fs;
use std::hint::black_box;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// State of the switch, the first line: neighbours run while it is on.
const OFF: u32 = 0;
const ON: u32 = 1;
/// State of a neighbour's own line.
const READY: u32 = 1;
/// Time that neighbours may take to get ready: they fault in their buffers.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest sleep of a neighbour that is off: if a wake-up is lost, it looks again.
const NAP: Duration = Duration::from_millis(250);

/// Steps of a neighbour's computation that count as one, each behind the one before: about a microsecond.
const STEPS: u32 = 1_000;
/// Distance of two wake-ups, ns.
const WAKE_UP_NS: u64 = 100_000;
/// Bytes that are copied, or walked over, between two looks at the switch.
const PIECE: usize = 64 << 10;
/// Bytes between two writes: a cache line.
const LINE: usize = 64;
/// Assumed size of the last-level cache where the kernel does not say, bytes, and the largest that is believed.
const CACHE: usize = 32 << 20;
const CACHE_MOST: usize = 128 << 20;
/// Time over which the rate of one computation alone is taken, several times.
const ALONE: Duration = Duration::from_millis(4);

/// Neighbours that run, or sleep until they are let run.
#[derive(Debug)]
pub struct Crowd {
    members: Vec<(Neighbour, Child)>,
    lines: Arc<Lines>,
    alone_per_s: f64,
}

/// Counts how far the neighbours that compute have come. Children inherit it.
#[derive(Debug, Clone)]
pub struct Progress {
    lines: Arc<Lines>,
    computing: usize,
}

impl Progress {
    /// Returns the computations of all of them so far.
    #[must_use]
    pub fn now(&self) -> u64 {
        let own = &self.lines.lines()[1..=self.computing];
        own.iter().map(|line| line.word.load(Relaxed)).sum()
    }
}

/// Returns the bytes that these neighbours hold.
#[must_use]
pub fn bytes(of: &Neighbours) -> u64 {
    let cache = cache_bytes() as u64;
    let buffers = 2 * cache * 2;
    u64::from(of.of(Neighbour::Memory)) * buffers + u64::from(of.of(Neighbour::Cache)) * cache
}

/// Refuses neighbours whose buffers are more than half of the memory that is left.
///
/// # Errors
/// [`Error::Unavailable`] with their size, and what is left.
pub fn refuse_memory(of: &Neighbours) -> Result<()> {
    let need = bytes(of);
    Groups::of_this_process().refuse_memory(need)?;
    let Some(left) = resident::of_machine("MemAvailable") else { return Ok(()) };
    if need <= left / 2 {
        return Ok(());
    }
    Err(Error::unavailable(format!(
        "the neighbours {of} hold {need} bytes, more than half of the {left} bytes of memory that are left"
    )))
}

impl Crowd {
    /// Forks the neighbours, asleep.
    ///
    /// # Errors
    /// Neighbours that are too large, or do not get ready.
    pub fn start(of: &Neighbours) -> Result<Crowd> {
        refuse_memory(of)?;
        let alone_per_s = alone_per_s();
        let each: Vec<Neighbour> = of.each().collect();
        let lines = Arc::new(Lines::new(1 + each.len())?);
        let mut crowd = Crowd { members: Vec::new(), lines, alone_per_s };
        for (at, kind) in each.into_iter().enumerate() {
            let lines = Arc::clone(&crowd.lines);
            let child = process::peer(move || live(kind, &lines, 1 + at))?;
            crowd.members.push((kind, child));
        }
        crowd.wait_until_ready()?;
        Ok(crowd)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        let is_ready = |line: &crate::shared::Line| line.futex.load(Acquire) == READY;
        while !self.lines.lines()[1..].iter().all(is_ready) {
            if Instant::now() > end || process::is_interrupted() {
                return Err(Error::Protocol("the neighbours did not get ready".into()));
            }
            self.refuse_the_dead()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Lets them run on these CPUs, those of each kind in turn.
    ///
    /// # Errors
    /// A CPU that is not allowed.
    pub fn run_on(&self, cpus: &[u32]) -> Result<()> {
        let mut of_kind = [0; Neighbour::ALL.len()];
        for (kind, child) in &self.members {
            let at = &mut of_kind[*kind as usize];
            if let Some(cpu) = cpus.get(*at % cpus.len().max(1)) {
                pin_process(child.pid(), &[*cpu])?;
            }
            *at += 1;
        }
        let switch = &self.lines.lines()[0].futex;
        switch.store(ON, Release);
        futex::wake_all(switch)
    }

    /// Checks that all of them still live: figures next to a load that is gone would mislead.
    ///
    /// # Errors
    /// One that has ended, and how.
    pub fn refuse_the_dead(&mut self) -> Result<()> {
        for (kind, child) in &mut self.members {
            if let Some(exit) = child.wait(Duration::ZERO)? {
                return Err(Error::Protocol(format!("a neighbour ({}) {exit}", kind.name())));
            }
        }
        Ok(())
    }

    /// Sends them to sleep; they are within some ten microseconds.
    pub fn pause(&self) {
        self.lines.lines()[0].futex.store(OFF, Release);
    }

    /// Returns the count of those that compute; `None` if none does.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        let computing = self.computing();
        (computing > 0).then(|| Progress { lines: Arc::clone(&self.lines), computing })
    }

    /// Returns the computations that a CPU makes a second with nothing else to do.
    #[must_use]
    pub const fn alone_per_s(&self) -> f64 {
        self.alone_per_s
    }

    /// Returns the number of those that compute. They are the first.
    #[must_use]
    pub fn computing(&self) -> usize {
        self.members.iter().filter(|(kind, _)| *kind == Neighbour::Cpu).count()
    }

    /// Returns their process numbers.
    pub fn pids(&self) -> impl Iterator<Item = i32> + '_ {
        self.members.iter().map(|(_, child)| child.pid())
    }
}

/// Runs a neighbour until it is killed.
fn live(kind: Neighbour, lines: &Lines, own: usize) -> Result<()> {
    process::die_first();
    let (switch, line) = (&lines.lines()[0].futex, &lines.lines()[own]);
    let mut load = Load::new(kind);
    line.futex.store(READY, Release);
    loop {
        while switch.load(Relaxed) == ON {
            load.piece(&line.word)?;
        }
        futex::wait(switch, OFF, NAP)?;
    }
}

/// The work of one neighbour.
enum Load {
    Cpu,
    Memory { from: Vec<u8>, to: Vec<u8>, at: usize },
    Cache { walked: Vec<u8>, at: usize },
    WakeUps { due_ns: u64 },
}

impl Load {
    /// Makes it, with its buffers in memory.
    fn new(kind: Neighbour) -> Load {
        let filled = |bytes: usize| vec![1_u8; bytes];
        match kind {
            Neighbour::Cpu => Load::Cpu,
            Neighbour::Memory => {
                let bytes = 2 * cache_bytes();
                Load::Memory { from: filled(bytes), to: filled(bytes), at: 0 }
            }
            Neighbour::Cache => Load::Cache { walked: filled(cache_bytes()), at: 0 },
            Neighbour::WakeUps => {
                let _ = set_current_timer_slack(NonZeroU64::new(1));
                Load::WakeUps { due_ns: 0 }
            }
        }
    }

    /// Works for some microseconds, and counts it.
    fn piece(&mut self, count: &AtomicU64) -> Result<()> {
        match self {
            Load::Cpu => compute(),
            Load::Memory { from, to, at } => {
                to[*at..*at + PIECE].copy_from_slice(&from[*at..*at + PIECE]);
                *at = (*at + PIECE) % from.len();
            }
            Load::Cache { walked, at } => {
                for line in walked[*at..*at + PIECE].iter_mut().step_by(LINE) {
                    *line = line.wrapping_add(1);
                }
                *at = (*at + PIECE) % walked.len();
            }
            Load::WakeUps { due_ns } => {
                // After a pause it does not make up for what it missed.
                *due_ns = (*due_ns + WAKE_UP_NS).max(monotonic_ns());
                sleep_until_ns(*due_ns)?;
            }
        }
        count.store(count.load(Relaxed) + 1, Relaxed);
        Ok(())
    }
}

/// Computes for about a microsecond, without memory.
fn compute() {
    let mut x = black_box(1_u64);
    for _ in 0..STEPS {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    }
    black_box(x);
}

/// Returns the computations a second of this process: the most of a few trials, because others only make it fewer.
fn alone_per_s() -> f64 {
    let count = AtomicU64::new(0);
    let trial = || {
        let begun = Instant::now();
        let before = count.load(Relaxed);
        while begun.elapsed() < ALONE {
            let _ = Load::Cpu.piece(&count);
        }
        (count.load(Relaxed) - before) as f64 / begun.elapsed().as_secs_f64()
    };
    (0..5).map(|_| trial()).fold(0.0, f64::max)
}

/// Returns the size of the last-level cache in whole pieces.
fn cache_bytes() -> usize {
    let size = |index: u32| {
        let path = format!("/sys/devices/system/cpu/cpu0/cache/index{index}/size");
        let text = fs::read_to_string(path).ok()?;
        text.trim().strip_suffix('K')?.parse::<usize>().ok()?.checked_mul(1 << 10)
    };
    let bytes = (0..4).filter_map(size).max().unwrap_or(CACHE);
    bytes.clamp(PIECE, CACHE_MOST).next_multiple_of(PIECE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_load_counts_its_pieces_and_comes_to_the_end_of_its_buffer() {
        for kind in Neighbour::ALL {
            let count = AtomicU64::new(0);
            let mut load = match kind {
                Neighbour::Memory => {
                    Load::Memory { from: vec![1; 2 * PIECE], to: vec![0; 2 * PIECE], at: 0 }
                }
                Neighbour::Cache => Load::Cache { walked: vec![1; 2 * PIECE], at: 0 },
                _ => Load::new(kind),
            };
            for _ in 0..5 {
                load.piece(&count).unwrap();
            }
            assert_eq!(count.load(Relaxed), 5, "{}", kind.name());
            match load {
                Load::Memory { to, .. } => assert!(to.iter().all(|&byte| byte == 1)),
                Load::Cache { walked, .. } => assert!(walked[0] > 2 && walked[1] == 1),
                _ => {}
            }
        }
    }

    #[test]
    fn neighbours_that_do_not_fit_are_refused_with_their_size() {
        let many: Neighbours = "memory=64,cache=64".parse().unwrap();
        assert!(bytes(&many) > bytes(&"memory=1".parse().unwrap()));
        assert_eq!(bytes(&"cpu=64".parse().unwrap()), 0);
        let left = resident::of_machine("MemAvailable");
        assert!(left.is_some_and(|left| left > 0));
        if bytes(&many) > left.unwrap() {
            let said = refuse_memory(&many).unwrap_err().to_string();
            assert!(said.contains("memory=64,cache=64"), "{said}");
        }
    }
}
