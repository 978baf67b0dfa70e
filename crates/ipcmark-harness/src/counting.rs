//! Invocations made for counting. No time comes from them.
//!
//! A traced process stops at each of its system calls, and the kernel saves hardware counters at
//! each switch between processes: both make a counted process slower. So the counts of a cell come
//! from separate invocations, once a cell, and the timed invocations have no such cost.
//!
//! Sides run untraced until just before the measured phase. There each announces that it stands by,
//! and sleeps. The supervisor attaches to all of them and wakes them. From then on each side has a
//! word that says whether its calls count. The supervisor reads it while the side stops at a call.
//! The harness's own calls do not count: barriers, waits for a message's due time, and the end of a
//! phase over a lossy mechanism.

use ipcmark_core::{Error, Parameter, Plan, Result, Timed, Workload};
use ipcmark_record::{Cycles, LinkMemory, SystemCalls};
use ipcmark_sys::counters::{Counters, Modes};
use ipcmark_sys::futex;
use ipcmark_sys::process::Child;
use ipcmark_sys::shared::Lines;
use ipcmark_sys::trace::{Phase, Tracer};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

/// Purpose of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Measure times.
    Times,
    /// Count system calls.
    SystemCalls,
    /// Count cycles and instructions.
    Cycles(Modes),
}

/// Result of counting for a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Counted {
    /// System calls, and the memory of the links.
    Calls(SystemCalls, Option<LinkMemory>),
    /// Cycles and instructions.
    Cycles(Cycles),
    /// Nothing: in this pattern the number does not depend on the mechanism.
    Nothing,
    /// The reason why they could not be counted.
    Not(String),
    /// A signal told this process to stop.
    Interrupted,
}

/// State of a side that has not come to the phase yet.
const NOT_HERE: u32 = 0;
const STANDS_BY: u32 = 1;
const GOES_ON: u32 = 2;
/// Time between two checks whether a side has ended instead of standing by.
const LOOK: Duration = Duration::from_millis(10);

const UNCOUNTED: u64 = 0;
const COUNTED: u64 = 1;
const OVER: u64 = 2;

/// Lines between the supervisor and each side.
#[derive(Debug)]
pub(crate) struct Counting {
    purpose: Purpose,
    lines: Lines,
}

impl Counting {
    pub(crate) fn new(purpose: Purpose, processes: usize) -> Result<Counting> {
        Ok(Counting { purpose, lines: Lines::new(processes)? })
    }

    pub(crate) const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Returns true if this invocation looks at memory, too: being traced changes none.
    pub(crate) fn looks_at_memory(&self) -> bool {
        self.traces()
    }

    fn traces(&self) -> bool {
        self.purpose == Purpose::SystemCalls
    }

    /// Opens the counters that a side needs when it begins.
    pub(crate) fn counters(&self) -> Result<Option<Counters>> {
        let Purpose::Cycles(modes) = self.purpose else { return Ok(None) };
        Counters::open(modes).map(Some).map_err(|e| Error::os("perf_event_open", e))
    }

    /// Waits, in a side just before the measured phase, until the supervisor has attached.
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

    /// Begins to count this side's calls.
    #[inline]
    pub(crate) fn begin(&self, process: usize) {
        self.say(process, COUNTED);
    }

    /// Stops counting for a while.
    #[inline]
    pub(crate) fn pause(&self, process: usize) {
        self.say(process, UNCOUNTED);
    }

    /// Ends the counting: the supervisor detaches at the side's next call.
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

    /// Attaches, in the supervisor, to all sides when they stand by, and counts their calls until
    /// each has ended its phase. Returns `None` if a side failed before that; the crew reports the
    /// failure.
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

/// Messages of a counted phase: enough that one call more or less, at an edge, is under 1 %.
const MESSAGES: u64 = 64;
/// Length of a counted phase with a set rate.
const PACED: Duration = Duration::from_millis(20);
const PACED_LEAST: u64 = 3;
/// Processes that are counted at most.
const CROWD: usize = 64;
/// Number of bursts at least.
const BURSTS_LEAST: u64 = 4;

/// Returns the number of messages (round trips, bursts, tasks) of the counted phase of `plan`;
/// `None` if their number has no meaning: in `overlap` it depends on the time to look.
pub(crate) fn messages(plan: &Plan) -> Option<u64> {
    let workload = plan.workload;
    match workload.timed() {
        _ if workload == Workload::Overlap => None,
        // Each stops at each of its calls for the one process that counts.
        _ if workload.processes() > CROWD => None,
        Timed::Task => Some(1),
        Timed::Burst => Some(MESSAGES.max(BURSTS_LEAST * workload.depth() as u64)),
        Timed::OneWay | Timed::PacedRoundTrip => {
            let rate = workload.value(Parameter::Rate).unwrap_or_default();
            let due = (f64::from(rate) * PACED.as_secs_f64()) as u64;
            Some(due.clamp(PACED_LEAST, MESSAGES))
        }
        Timed::RoundTrip if workload.value(Parameter::Gap).is_some() => {
            let gap_us = workload.value(Parameter::Gap).unwrap_or_default().into();
            let fit = PACED.as_micros() as u64 / u64::max(gap_us, 1);
            Some(fit.clamp(PACED_LEAST, MESSAGES))
        }
        Timed::RoundTrip | Timed::Block => Some(MESSAGES),
    }
}
