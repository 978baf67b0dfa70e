//! The loops that measure limits. Both processes run the same script; process 0 keeps the time.

use super::shared_copy::{self, Shared};
use crate::control::Control;
use ipcmark_core::{Buffer, Result};
use ipcmark_record::{Distance, LimitKind};
use ipcmark_sys::clock::{Clock, Ticks};
use ipcmark_sys::futex;
use ipcmark_sys::mapped::MappedFile;
use ipcmark_sys::usage;
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Number of distance probes in which hand-offs are timed.
const HAND_OFF_LOTS: usize = 4;
/// Time for the copies of all sizes together.
const COPIES: Duration = Duration::from_millis(3);
const SHARED_COPIES: Duration = Duration::from_millis(6);
/// Time for wake-ups, which take up to 300 µs there and back across CPUs.
const WAKE_UPS: Duration = Duration::from_millis(8);
const SWITCHES: Duration = Duration::from_millis(2);
const CALLS: Duration = Duration::from_millis(1);
/// Least and largest number of batches.
const BATCHES: [usize; 2] = [3, 25];

/// One limit, batch by batch.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Batches {
    pub(super) kind: LimitKind,
    pub(super) size_bytes: Option<u64>,
    /// ns for each of what was timed.
    pub(super) ns: Vec<f64>,
    /// Both CPUs had part in it.
    pub(super) across: bool,
}

/// One process of the two, or the one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe<'a> {
    pub(super) clock: &'a Clock,
    pub(super) control: &'a Control,
    pub(super) shared: &'a MappedFile,
    pub(super) process: usize,
    /// True if the two are on different CPUs.
    pub(super) apart: bool,
}

/// Measurements that need two processes.
#[derive(Debug)]
pub(super) struct Together {
    pub(super) batches: Vec<Batches>,
    pub(super) distance: Option<Distance>,
    /// Context switches of this process for one wake-up there and back.
    pub(super) switches_per_wake_up: f64,
}

impl Probe<'_> {
    /// Measures what needs two processes. Both must call it.
    pub(super) fn together(&self, sizes: &[u64]) -> Result<Together> {
        let mut batches = Vec::new();
        let mut keep = |kind, size_bytes, ns| {
            batches.push(Batches { kind, size_bytes, ns, across: self.apart });
        };
        let (mut before, mut after) = (None, None);
        if self.apart {
            before = self.distance_ns()?;
            let lots =
                (0..HAND_OFF_LOTS).map(|_| self.control.hand_offs_ns(self.clock, self.process));
            keep(LimitKind::HandOff, None, lots.collect::<Vec<_>>().concat());
            for size in carried(sizes) {
                self.meet()?;
                let ns = self.shared_copies(size as usize, self.share(SHARED_COPIES, sizes));
                keep(LimitKind::SharedCopy, Some(size), ns);
            }
        } else {
            self.meet()?;
            keep(LimitKind::Switch, None, self.switches()?);
        }
        self.meet()?;
        let (ns, switches_per_wake_up) = self.wake_ups()?;
        keep(LimitKind::WakeUp, None, ns);
        if self.apart {
            after = self.distance_ns()?;
        }
        let distance =
            before.zip(after).map(|(before_ns, after_ns)| Distance { before_ns, after_ns });
        Ok(Together { batches, distance, switches_per_wake_up })
    }

    /// Process 1 sends and process 0 receives, for about `share` of time: ns a message, batch by
    /// batch.
    fn shared_copies(&self, size: usize, share: Ticks) -> Vec<f64> {
        // Each side's line holds its progress.
        let (taken, put) = (&self.control.said(0).word, &self.control.said(1).word);
        let shared = Shared { ring: self.shared, put, taken };
        if self.process == 0 {
            return shared_copy::receive(self.clock, shared, size, share);
        }
        shared_copy::send(shared, size);
        Vec::new()
    }

    /// Measures what needs one process only.
    pub(super) fn alone(&self, sizes: &[u64]) -> Vec<Batches> {
        let mut batches = vec![Batches {
            kind: LimitKind::NullCall,
            size_bytes: None,
            ns: self.batches(CALLS, 200, || {
                black_box(rustix::process::getppid());
            }),
            across: false,
        }];
        for size in carried(sizes) {
            let (mut from, mut to) = (Buffer::new(size as usize), Buffer::new(size as usize));
            from.fill(7);
            let turns = (64 << 10) / size.clamp(64, 32 << 10);
            let share = COPIES / sizes.len() as u32;
            let ns = self.batches(share, turns, || {
                black_box(&mut to[..]).copy_from_slice(black_box(&from[..]));
            });
            batches.push(Batches {
                kind: LimitKind::Copy,
                size_bytes: Some(size),
                ns,
                across: false,
            });
        }
        batches
    }

    /// Runs batches of `turns` turns each for about `time`; returns ns a turn. The first batch is
    /// left out.
    fn batches(&self, time: Duration, turns: u64, mut turn: impl FnMut()) -> Vec<f64> {
        let (clock, time, [least, most]) = (self.clock, self.clock.ticks(time), BATCHES);
        let begun = clock.now();
        let mut ns = Vec::with_capacity(most);
        for batch in 0..=most {
            let from = clock.now();
            for _ in 0..turns {
                turn();
            }
            let now = clock.now();
            if batch > 0 {
                ns.push(clock.ns(now - from) / turns as f64);
            }
            if batch >= least && now - begun > time {
                break;
            }
        }
        ns
    }

    /// Meets, and clears the own line after the other has read it.
    fn meet(&self) -> Result<()> {
        self.control.meet(self.clock, self.apart)?;
        let own = self.control.said(self.process);
        own.word.store(0, Release);
        own.futex.store(0, Release);
        self.control.meet(self.clock, self.apart).map(drop)
    }

    fn share(&self, of: Duration, sizes: &[u64]) -> Ticks {
        self.clock.ticks(of / sizes.len().max(1) as u32)
    }

    fn distance_ns(&self) -> Result<Option<f64>> {
        self.meet()?;
        Ok(self.control.distance_ns(self.clock, self.process))
    }

    /// Measures the switch from one process to the other and back on one CPU.
    fn switches(&self) -> Result<Vec<f64>> {
        const STOP: u64 = u64::MAX;
        let (towards, back) = (&self.control.said(0).word, &self.control.said(1).word);
        if self.process == 0 {
            let mut turn = 0;
            let ns = self.batches(SWITCHES, 50, || {
                turn += 1;
                towards.store(turn, Release);
                while back.load(Acquire) != turn {
                    std::thread::yield_now();
                }
            });
            towards.store(STOP, Release);
            return Ok(ns);
        }
        loop {
            let turn = towards.load(Acquire);
            if turn == STOP {
                return Ok(Vec::new());
            }
            back.store(turn, Release);
            std::thread::yield_now();
        }
    }

    /// Measures wake-ups there and back by futex, and this process's context switches for each.
    fn wake_ups(&self) -> Result<(Vec<f64>, f64)> {
        const STOP: u32 = u32::MAX;
        let (towards, back) = (&self.control.said(0).futex, &self.control.said(1).futex);
        let switches = || {
            let usage = usage::now();
            usage.voluntary_switches + usage.involuntary_switches
        };
        let before = switches();
        let (mut ns, mut trips) = (Vec::new(), 0);
        if self.process == 0 {
            let mut failed = None;
            let turns = if self.apart { 4 } else { 50 };
            ns = self.batches(WAKE_UPS, turns, || {
                trips += 1;
                let trip = tell(towards, trips).and_then(|()| hear(back, trips - 1));
                failed = failed.take().or(trip.err());
            });
            tell(towards, STOP)?;
            failed.map_or(Ok(()), Err)?;
        } else {
            loop {
                let heard = hear(towards, trips)?;
                if heard == STOP {
                    break;
                }
                trips = heard;
                tell(back, trips)?;
            }
        }
        Ok((ns, (switches() - before) as f64 / f64::from(trips.max(1))))
    }
}

/// Returns the sizes of messages that are not empty.
fn carried(sizes: &[u64]) -> impl Iterator<Item = u64> + '_ {
    sizes.iter().copied().filter(|&size| size > 0)
}

#[inline]
fn tell(word: &AtomicU32, value: u32) -> Result<()> {
    word.store(value, Release);
    futex::wake_all(word)
}

/// Sleeps until the word is no longer `known`.
#[inline]
fn hear(word: &AtomicU32, known: u32) -> Result<u32> {
    loop {
        let now = word.load(Acquire);
        if now != known {
            return Ok(now);
        }
        futex::sleep(word, known)?;
    }
}
