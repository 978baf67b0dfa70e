//! Invocations made for counting: no figure of time comes from them.
//!
//! A process that is traced stops at each of its system calls, and hardware counters are written and read at each switch
//! between processes: both are in the times of who is counted. So a cell's counts come from invocations of their own,
//! once a cell, and the invocations that are timed carry none of it.
//!
//! Sides run untraced until the measured phase is about to begin. There each says that it stands by and sleeps; the
//! supervisor takes hold of all of them and lets them go on. From then on a word of each side, which the supervisor
//! reads while that side stands still at a call, says whether that call counts. What the harness itself calls is
//! outside: barriers, waits for a message's due time, what ends a phase over a mechanism that may lose the message that does.

use ipcmark_core::{Error, Plan, Result, Workload};
use ipcmark_record::{Cycles, SystemCalls};
use ipcmark_sys::counters::{Counters, Modes};
use ipcmark_sys::futex;
use ipcmark_sys::process::Child;
use ipcmark_sys::shared::Lines;
use ipcmark_sys::trace::{Phase, Tracer};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

/// What an invocation is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its times.
    Times,
    /// The number of its system calls.
    SystemCalls,
    /// Its cycles and instructions.
    Cycles(Modes),
}

/// What came of counting the system calls of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Counted {
    /// System calls were.
    Calls(SystemCalls),
    /// Cycles and instructions were.
    Cycles(Cycles),
    /// In this pattern their number says nothing of the mechanism.
    Nothing,
    /// They could not be counted, and why.
    Not(String),
    /// A signal told this process to stop.
    Interrupted,
}

/// A side has not come to the phase yet.
const NOT_HERE: u32 = 0;
const STANDS_BY: u32 = 1;
const GOES_ON: u32 = 2;
/// Between two looks whether a side has ended instead of standing by.
const LOOK: Duration = Duration::from_millis(10);

const UNCOUNTED: u64 = 0;
const COUNTED: u64 = 1;
const OVER: u64 = 2;

/// What a side and the supervisor say to each other, a line for each side.
#[derive(Debug)]
pub(crate) struct Counting {
    purpose: Purpose,
    lines: Lines,
}

impl Counting {
    pub(crate) fn new(purpose: Purpose, processes: usize) -> Result<Counting> {
        Ok(Counting { purpose, lines: Lines::new(processes)? })
    }

    fn traces(&self) -> bool {
        self.purpose == Purpose::SystemCalls
    }

    /// In a side, when it begins: the counters that it needs.
    pub(crate) fn counters(&self) -> Result<Option<Counters>> {
        let Purpose::Cycles(modes) = self.purpose else { return Ok(None) };
        Counters::open(modes).map(Some).map_err(|e| Error::os("perf_event_open", e))
    }

    /// In a side, when the measured phase is about to begin: waits until it is held.
    pub(crate) fn stand_by(&self, process: usize) -> Result<()> {
        if !self.traces() {
            return Ok(());
        }
        let word = &self.lines.lines()[process].futex;
        word.store(STANDS_BY, Release);
        futex::wake_all(word)?;
        while word.load(Acquire) != GOES_ON {
            // The supervisor ends a side that waits in vain.
            futex::wait(word, STANDS_BY, Duration::from_secs(1))?;
        }
        Ok(())
    }

    /// From here on this side's calls count.
    #[inline]
    pub(crate) fn begin(&self, process: usize) {
        self.say(process, COUNTED);
    }

    /// They do not, for a while.
    #[inline]
    pub(crate) fn pause(&self, process: usize) {
        self.say(process, UNCOUNTED);
    }

    /// Nor will they again: the side is let go at its next one.
    pub(crate) fn end(&self, process: usize) {
        self.say(process, OVER);
    }

    #[inline]
    fn say(&self, process: usize, phase: u64) {
        if self.traces() {
            self.lines.lines()[process].word.store(phase, Release);
        }
    }

    fn phase(&self, process: usize) -> Phase {
        match self.lines.lines()[process].word.load(Acquire) {
            COUNTED => Phase::Counted,
            OVER => Phase::Over,
            _ => Phase::Uncounted,
        }
    }

    /// In the supervisor: takes hold of all sides when they stand by, and counts the calls of all of them until each has
    /// ended its phase. `None` where one failed before that: what it says is told by who watches them.
    pub(crate) fn count(&self, children: &mut [Child], end: Instant) -> Result<Option<u64>> {
        for process in 0..children.len() {
            let word = &self.lines.lines()[process].futex;
            while word.load(Acquire) == NOT_HERE {
                futex::wait(word, NOT_HERE, LOOK)?;
                let late = Instant::now() >= end || ipcmark_sys::process::is_interrupted();
                if late
                    || children
                        .iter_mut()
                        .any(|child| child.wait(Duration::ZERO).is_ok_and(|e| e.is_some()))
                {
                    return Ok(None);
                }
            }
        }
        let mut tracer = Tracer::seize(children, end)?;
        for process in 0..children.len() {
            let word = &self.lines.lines()[process].futex;
            word.store(GOES_ON, Release);
            futex::wake_all(word)?;
        }
        tracer.count(children, end, &|process| self.phase(process))?;
        Ok(Some(tracer.calls().iter().sum()))
    }
}

/// Messages of a phase that is counted: enough that one call more or less, at an edge, is under one in a hundred.
const MESSAGES: u64 = 64;
/// A set rate is kept here, too: it sets how long the phase lasts.
const PACED: Duration = Duration::from_millis(20);
const PACED_LEAST: u64 = 3;
/// Bursts of more messages than that would be few.
const BURSTS_LEAST: u64 = 4;

/// How many messages (round trips, bursts, tasks) the counted phase of `plan` has; `None` where their number says nothing:
/// in `overlap` it is how often there was time to look.
pub(crate) fn messages(plan: &Plan) -> Option<u64> {
    match plan.workload {
        Workload::Overlap => None,
        Workload::ScatterGather { .. } => Some(1),
        Workload::Burst { .. } => Some(MESSAGES.max(BURSTS_LEAST * plan.workload.depth() as u64)),
        Workload::Paced { rate, .. } => {
            let due = (f64::from(rate) * PACED.as_secs_f64()) as u64;
            Some(due.clamp(PACED_LEAST, MESSAGES))
        }
        Workload::PingPong
        | Workload::Stream
        | Workload::Duplex { .. }
        | Workload::FanIn { .. }
        | Workload::FanOut { .. }
        | Workload::Broadcast { .. }
        | Workload::WakeUp => Some(MESSAGES),
    }
}
