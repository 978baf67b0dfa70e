//! The workers of a run, and the crew that they are.
//!
//! The first worker is one process, pinned to one CPU: it asks or sends, or receives from many. The others are pinned to
//! a second CPU: processes for candidates that are made for processes, threads of the first process for those made for
//! threads. All live through the whole run and sleep between their turns, so no trial pays for a start. The caller's
//! process forks them and sleeps until they are done.

use super::candidate::{Candidate, Ends};
use super::lines::{Command, Wire};
use super::link::{End, Part};
use super::shape::Shape;
use super::trial::{Entry, Extent, Trials};
use super::visit::{First, Slot, Visit};
use ipcmark_core::{Error, Placement, Result};
use ipcmark_harness::{host, placement};
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::crew::{Crew, panic_words};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time to make ready and to finish the last round, beyond the time asked for.
const READY: Duration = Duration::from_secs(60);
/// Bytes of results at most.
const RESULTS: usize = 256 << 20;
/// Stack of a thread, in bytes: some peers move messages of 64 KiB by value.
const STACK: usize = 64 << 20;

/// Measures all candidates in the shapes they take part in. The caller must have one thread.
///
/// # Errors
/// If there are no two CPUs, or a worker fails: a message that is lost or torn ends its process, and the run with it.
pub fn measure(candidates: &[Candidate], shapes: &[Shape], extent: Extent) -> Result<Trials> {
    let cpus = placement::choose(Placement::CrossCore, &host::cpus())
        .or_else(|_| placement::choose(Placement::SmtSiblings, &host::cpus()))
        .map_err(Error::Unavailable)?;
    let (Some(first), Some(second)) = (cpus.of(0), cpus.of(1)) else {
        return Err(Error::Protocol("the two chosen CPUs do not exist".into()));
    };
    // Every second one of the others is on the first worker's CPU if they spread.
    let cpu = |other: usize| if extent.spread && other % 2 == 1 { first } else { second };
    let clock = Clock::calibrate();
    let others = shapes.iter().map(Shape::others).max().unwrap_or_default();
    let wires = || -> Result<Vec<Arc<Wire>>> {
        (0..others).map(|_| Wire::new(clock, extent.yields).map(Arc::new)).collect()
    };
    let (processes, threads) = (wires()?, wires()?);

    let (mut entries, mut makers, mut near) = (Vec::new(), Vec::new(), Vec::new());
    let mut far: Vec<Vec<Slot<dyn End>>> = (0..others).map(|_| Vec::new()).collect();
    for shape in shapes {
        for candidate in candidates {
            let (ends, reason) = match candidate.part(*shape) {
                Part::Stays => continue,
                Part::Cannot(reason) => (None, Some(reason.to_owned())),
                // Threads can only be started after the fork.
                Part::Takes if candidate.in_threads() => (None, None),
                Part::Takes => match candidate.make(*shape, extent.room(*shape)) {
                    Ok(ends) => (Some(ends), None),
                    Err(reason) => (None, Some(reason)),
                },
            };
            let (mine, theirs) = match ends {
                Some(Ends::Processes(mine, theirs)) => (Some(mine), theirs),
                Some(Ends::Threads(..)) | None => (None, Vec::new()),
            };
            near.push(mine);
            let mut theirs = theirs.into_iter();
            far.iter_mut().for_each(|ends| ends.push(theirs.next()));
            let (name, role) = (candidate.name.clone(), candidate.role);
            entries.push(Entry { name, role, shape: *shape, reason });
            makers.push(candidate);
        }
    }

    let mut crew = Crew::new(others + 1, RESULTS)?;
    for (other, wire) in processes.iter().enumerate() {
        crew.fork(|| {
            near.clear();
            let ends = std::mem::take(&mut far[other]);
            far.clear();
            affinity::pin(cpu(other))?;
            wire.obey(acting(ends, wire))?;
            Ok(Vec::new())
        })?;
    }
    drop(std::mem::take(&mut far));
    crew.fork(|| {
        let mut threaded: Vec<Vec<Slot<dyn End + Send>>> =
            (0..others).map(|_| Vec::new()).collect();
        for (at, candidate) in makers.iter().enumerate() {
            let mut theirs = Vec::new().into_iter();
            if candidate.in_threads() && entries[at].reason.is_none() {
                match candidate.make(entries[at].shape, extent.room(entries[at].shape)) {
                    Ok(Ends::Threads(mine, ends)) => {
                        near[at] = Some(mine);
                        theirs = ends.into_iter();
                    }
                    Ok(Ends::Processes(..)) => {}
                    Err(reason) => entries[at].reason = Some(reason),
                }
            }
            threaded.iter_mut().for_each(|ends| ends.push(theirs.next()));
        }
        for (other, ends) in threaded.into_iter().enumerate() {
            let (wire, cpu) = (threads[other].clone(), cpu(other));
            let worker = std::thread::Builder::new().stack_size(STACK);
            worker.spawn(move || work_in_thread(cpu, ends, &wire))?;
        }
        affinity::pin(first)?;
        let first = First {
            clock,
            extent,
            in_threads: makers.iter().map(|candidate| candidate.in_threads()).collect(),
            entries: std::mem::take(&mut entries),
            ends: std::mem::take(&mut near),
            processes: &processes,
            threads: &threads,
        };
        Ok(serde_json::to_vec(&Visit::new(first).run()?)?)
    })?;
    near.clear();
    let finished = crew.finish(Instant::now() + extent.time + READY)?;
    let results = finished.results().map_err(|failure| {
        let told = processes.iter().chain(&threads).filter_map(|wire| wire.reason());
        let words: Vec<_> = std::iter::once(failure.what).chain(told).collect();
        Error::Protocol(format!("a worker failed: {}", words.join("; ")))
    })?;
    let found = results.last().map_or(&[][..], Vec::as_slice);
    serde_json::from_slice(found).map_err(|e| Error::Protocol(format!("results: {e}")))
}

/// Works as a thread of the first worker's process. A failure ends the process: the first worker would wait for ever.
fn work_in_thread(cpu: u32, ends: Vec<Slot<dyn End + Send>>, wire: &Wire) {
    let work = || affinity::pin(cpu).and_then(|()| wire.obey(acting(ends, wire)));
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => return,
        Ok(Err(why)) => wire.fail(&why.to_string()),
        Err(panic) => wire.fail(&format!("panicked: {}", panic_words(&*panic))),
    }
    std::process::exit(1)
}

/// Returns the way in which a worker acts on commands. The wire keeps the first failure.
fn acting<E: End + ?Sized>(mut ends: Vec<Slot<E>>, wire: &Wire) -> impl FnMut(Command) -> bool {
    move |command| {
        let (Command::Ready(at) | Command::Run(at, _)) = command else {
            return true;
        };
        let Some(end) = ends.get_mut(at as usize).and_then(Option::as_mut) else { return false };
        if let Command::Run(_, count) = command {
            end.run(count);
            return true;
        }
        end.ready().inspect_err(|why| wire.fail(why)).is_ok()
    }
}
