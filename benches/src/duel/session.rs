//! The workers, and who watches over them.
//!
//! One process asks and sends, pinned to one CPU. What answers and receives is pinned to another: a second process for what is
//! made for two, and a second thread of the first process for what is made for threads. Both are there all the time
//! and sleep while it is not their turn, so that no trial pays for a start. A third process, the caller's, forks
//! them and sleeps until they are done.

use super::candidate::{Candidate, Ends};
use super::lines::{Command, Wire};
use super::link::{End, Part};
use super::shape::Shape;
use super::trial::{Entry, Trials};
use super::visit::Visit;
use ipcmark_core::{Error, Placement, Result};
use ipcmark_harness::{host, placement};
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Child, Exit};
use ipcmark_sys::shared::Parcel;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// How long to go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Rounds at most; 0 is as many as there is time for.
    pub rounds: u32,
    /// Time at most.
    pub time: Duration,
    /// Length of a trial's measured part.
    pub trial: Duration,
    /// Messages of a trial's measured part, whatever time they take; absent where `trial` says how many.
    pub messages: Option<u64>,
    /// Room for messages, in bytes; at least 8 of them.
    pub bytes: usize,
}

/// Messages that a candidate has room for at least.
const MESSAGES: usize = 8;
/// What making ready, and the rest of a last round, may take beyond the time asked for.
const GRACE: Duration = Duration::from_secs(60);
/// Bytes of results at most.
const RESULTS: usize = 256 << 20;
/// Bytes of a reason at most.
const REASON: usize = 4 << 10;
/// Stack of the second thread, in bytes: some peers move messages of 64 KiB by value.
const STACK: usize = 64 << 20;

impl Default for Extent {
    /// What a table needs: 256 KiB, trials of 2.5 ms, three minutes.
    fn default() -> Extent {
        Extent {
            rounds: 0,
            time: Duration::from_secs(180),
            trial: Duration::from_micros(2500),
            messages: None,
            bytes: 256 << 10,
        }
    }
}

impl Extent {
    /// Bytes of messages that each candidate has room for in a shape.
    #[must_use]
    pub fn room(&self, shape: Shape) -> usize {
        self.bytes.max(MESSAGES * shape.size)
    }
}

/// An entry's end in this process, where it has one.
pub(super) type Slot<E> = Option<Box<E>>;

/// What the first worker works with.
pub(super) struct First<'a> {
    pub(super) clock: Clock,
    pub(super) extent: Extent,
    pub(super) entries: Vec<Entry>,
    pub(super) ends: Vec<Slot<dyn End>>,
    /// Whether an entry's other end is in the second thread.
    pub(super) in_threads: Vec<bool>,
    /// To the second process.
    pub(super) process: &'a Wire,
    /// To the second thread.
    pub(super) thread: &'a Wire,
    /// Why a second worker failed first.
    pub(super) reasons: [&'a Parcel; 2],
}

/// Measures all candidates in the shapes they take part in. The caller must have one thread.
///
/// # Errors
/// When there are no two CPUs, or a worker fails: a message that is lost or torn ends its process, and the run with it.
pub fn measure(candidates: &[Candidate], shapes: &[Shape], extent: Extent) -> Result<Trials> {
    let cpus = placement::choose(Placement::CrossCore, &host::cpus())
        .or_else(|_| placement::choose(Placement::SmtSiblings, &host::cpus()))
        .map_err(|(reason, remedy)| Error::Unavailable { reason, remedy })?;
    let (Some(first), Some(second)) = (cpus.of(0), cpus.of(1)) else {
        return Err(Error::Protocol("two CPUs were chosen and are not there".into()));
    };
    let clock = Clock::calibrate();
    let (process, thread) = (Wire::new()?, Wire::new()?);
    let reasons = [Parcel::new(REASON)?, Parcel::new(REASON)?];
    let results = Parcel::new(RESULTS)?;

    let mut entries = Vec::new();
    let mut makers = Vec::new();
    let mut near = Vec::new();
    let mut far = Vec::new();
    for (shape, candidate) in
        shapes.iter().flat_map(|shape| candidates.iter().map(move |c| (*shape, c)))
    {
        let (ends, reason) = match candidate.part(shape) {
            Part::Stays => continue,
            Part::Cannot(reason) => (None, Some(reason.to_owned())),
            // Threads can only be started after the fork, and what they share is nobody else's.
            Part::Takes if candidate.in_threads() => (None, None),
            Part::Takes => match candidate.make(shape, extent.room(shape)) {
                Ok(ends) => (Some(ends), None),
                Err(reason) => (None, Some(reason)),
            },
        };
        let (a, b) = match ends {
            Some(Ends::Processes(a, b)) => (Some(a), Some(b)),
            Some(Ends::Threads(..)) | None => (None, None),
        };
        near.push(a);
        far.push(b);
        let name = candidate.name.clone();
        entries.push(Entry { name, role: candidate.role, shape, reason });
        makers.push(candidate);
    }

    let mut children = Vec::new();
    children.push(process::fork(|| {
        near.clear();
        let mut act = acting(std::mem::take(&mut far), &reasons[0]);
        let obeyed = affinity::pin(second).and_then(|()| process.obey(&mut act));
        drop(act);
        i32::from(obeyed.is_err())
    })?);
    drop(std::mem::take(&mut far));
    children.push(process::fork(|| {
        let mut beside: Vec<Slot<dyn End + Send>> = Vec::new();
        for (at, candidate) in makers.iter().enumerate() {
            beside.push(None);
            if !candidate.in_threads() || entries[at].reason.is_some() {
                continue;
            }
            match candidate.make(entries[at].shape, extent.room(entries[at].shape)) {
                Ok(Ends::Threads(a, b)) => (near[at], beside[at]) = (Some(a), Some(b)),
                Ok(Ends::Processes(..)) => {}
                Err(reason) => entries[at].reason = Some(reason),
            }
        }
        let worker = std::thread::Builder::new().stack_size(STACK);
        let found = std::thread::scope(|scope| -> Result<Trials> {
            let started = worker.spawn_scoped(scope, || {
                let act = acting(beside, &reasons[1]);
                or_leave(&reasons[1], || affinity::pin(second).and_then(|()| thread.obey(act)))
            });
            started.map_err(|e| Error::os("pthread_create", e))?;
            affinity::pin(first)?;
            let ends = std::mem::take(&mut near);
            let first = First {
                clock,
                extent,
                entries: std::mem::take(&mut entries),
                ends,
                in_threads: makers.iter().map(|c| c.in_threads()).collect(),
                process: &process,
                thread: &thread,
                reasons: [&reasons[0], &reasons[1]],
            };
            Ok(or_leave(&reasons[0], || Visit::new(first).run()))
        });
        let packed = found
            .map_err(|e| e.to_string())
            .and_then(|found| serde_json::to_vec(&found).map_err(|e| e.to_string()))
            .and_then(|text| results.put(&text).map_err(|e| e.to_string()));
        match packed {
            Ok(()) => 0,
            Err(why) => {
                let _ = reasons[0].put(why.as_bytes());
                1
            }
        }
    })?);
    near.clear();
    watch(children, Instant::now() + extent.time + GRACE, &reasons)?;
    let text = results.get().ok_or_else(|| Error::Protocol("no results came home".into()))?;
    serde_json::from_slice(&text).map_err(|e| Error::Protocol(format!("results: {e}")))
}

/// Ends the process when the work fails: of two threads, the other one would wait for this one for ever.
fn or_leave<T>(reason: &Parcel, work: impl FnOnce() -> Result<T>) -> T {
    // What the work left half done is seen by nobody: the process ends.
    let (code, why) = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => return done,
        Ok(Err(why)) => (1, why.to_string()),
        Err(_) => (process::PANICKED, "its last words stand above".into()),
    };
    let _ = reason.put(why.as_bytes());
    std::process::exit(code)
}

/// What a second worker does when it is told to; the first thing that fails is put where the first worker finds it.
fn acting<E: End + ?Sized>(mut ends: Vec<Slot<E>>, reason: &Parcel) -> impl FnMut(Command) -> bool {
    move |command| {
        let (Command::Ready(at) | Command::Run(at, _)) = command else {
            return true;
        };
        let Some(end) = ends.get_mut(at as usize).and_then(Option::as_mut) else { return false };
        match command {
            Command::Run(_, count) => end.run(count),
            _ => {
                if let Err(why) = end.ready() {
                    // Another reason may be there already; one is enough to see what to do.
                    let _ = reason.put(why.as_bytes());
                    return false;
                }
            }
        }
        true
    }
}

/// Waits until the first worker has brought its results; ends the run when a worker fails or time is over.
fn watch(mut children: Vec<Child>, end: Instant, reasons: &[Parcel; 2]) -> Result<()> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        process::wait_any(children.iter_mut(), left.min(Duration::from_millis(100)))?;
        if children.iter().all(|child| child.exit() == Some(Exit::Code(0))) {
            return Ok(());
        }
        let failed = children.iter().filter_map(Child::exit).find(|exit| *exit != Exit::Code(0));
        if let Some(exit) = failed {
            let told: Vec<String> = reasons
                .iter()
                .filter_map(Parcel::get)
                .map(|text| String::from_utf8_lossy(&text).into_owned())
                .collect();
            return Err(Error::Protocol(format!("a worker {exit}: {}", told.join("; "))));
        }
        if left.is_zero() {
            return Err(Error::Protocol("the workers did not end in time; ask for less".into()));
        }
        if process::is_interrupted() {
            return Err(Error::Protocol("interrupted".into()));
        }
    }
}
