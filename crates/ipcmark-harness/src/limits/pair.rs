//! The processes that measure limits: two, forked, pinned, and gone again.

use super::Found;
use super::probe::Probe;
use crate::children::{self, Over};
use crate::control::Control;
use crate::placement::Cpus;
use ipcmark_core::{Error, Result};
use ipcmark_record::{Distance, LimitKind};
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::mapped::MappedFile;
use ipcmark_sys::process::{self, Child};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Many times what a set takes on a machine that has other things to do, too.
const DEADLINE: Duration = Duration::from_secs(3);
/// Context switches of a process in one wake-up there and back that show that it slept.
const ASLEEP: f64 = 0.9;

/// What a process brings home.
#[derive(Debug, Serialize, Deserialize)]
enum Home {
    Done {
        /// Process 0's alone.
        batches: Vec<Batches>,
        distance: Option<Distance>,
        /// Context switches in the course of a wake-up there and back; absent where none was made.
        switches_per_wake_up: Option<f64>,
    },
    Failed(String),
}

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

pub(super) fn measure(clock: &Clock, cpus: &Cpus, sizes: &[u64]) -> Result<Vec<Found>> {
    let processes = if cpus.of(0).is_some() { 2 } else { 1 };
    let control = Control::new(processes)?;
    let shared = MappedFile::of_memory(super::shared_copy::BUFFER_BYTES)?;
    let mut children = Vec::with_capacity(processes);
    for process in 0..processes {
        let apart = processes == 2 && cpus.apart(0, 1);
        let probe = Probe { clock, control: &control, shared: &shared, process, apart };
        children.push(process::fork(|| run(probe, cpus.of(process), sizes))?);
    }
    watch(&mut children)?;
    let home = bring_home(&control)?;
    // Who found the news there before it could sleep was not woken.
    let all_slept = home.iter().all(|(.., switches)| switches.is_none_or(|n| n >= ASLEEP));
    let Some((batches, distance, _)) = home.into_iter().next() else { return Ok(Vec::new()) };
    let found = batches.into_iter().filter_map(|batches| found(batches, distance));
    Ok(found.filter(|one| one.kind != LimitKind::WakeUp || all_slept).collect())
}

fn found(batches: Batches, distance: Option<Distance>) -> Option<Found> {
    let Batches { kind, size_bytes, mut ns, across } = batches;
    ns.sort_by(f64::total_cmp);
    let (least_ns, median_ns) = (*ns.first()?, *ns.get(ns.len() / 2)?);
    Some(Found { kind, size_bytes, median_ns, least_ns, distance: distance.filter(|_| across) })
}

/// One process, from fork to exit.
fn run(mut probe: Probe<'_>, cpu: Option<u32>, sizes: &[u64]) -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let home = match attempt(&mut probe, cpu, sizes) {
        Ok(home) => home,
        Err(e) => Home::Failed(e.to_string()),
    };
    let failed = matches!(home, Home::Failed(_));
    let parcel = probe.control.parcel(probe.process);
    let sent = children::pack(parcel, &home);
    i32::from(failed || !sent)
}

fn attempt(probe: &mut Probe<'_>, cpu: Option<u32>, sizes: &[u64]) -> Result<Home> {
    if let Some(cpu) = cpu {
        affinity::pin(cpu)?;
    }
    let home = match cpu {
        None => {
            Home::Done { batches: probe.alone(sizes), distance: None, switches_per_wake_up: None }
        }
        Some(_) => {
            let together = probe.together(sizes)?;
            // The other one sleeps meanwhile.
            probe.control.meet(probe.clock, false)?;
            let mut batches = together.batches;
            if probe.process == 0 {
                batches.extend(probe.alone(sizes));
            }
            probe.control.meet(probe.clock, false)?;
            Home::Done {
                batches,
                distance: together.distance,
                switches_per_wake_up: Some(together.switches_per_wake_up),
            }
        }
    };
    match cpu {
        Some(cpu) if affinity::current() != cpu => {
            let now = affinity::current();
            Err(Error::Protocol(format!("pinned to CPU {cpu}, but ran on CPU {now}")))
        }
        _ => Ok(home),
    }
}

/// Waits until all have ended. Dropping the children kills those that are left.
fn watch(children: &mut [Child]) -> Result<()> {
    match children::wait(children, Instant::now() + DEADLINE)? {
        // One that failed leaves the other waiting: what it says is in its parcel.
        Over::Well | Over::Failed(_) => Ok(()),
        Over::Interrupted => Err(Error::Protocol("interrupted".into())),
        Over::Late => Err(Error::Protocol(format!(
            "not measured within {} s: the CPUs are too busy",
            DEADLINE.as_secs()
        ))),
    }
}

/// What [`Home::Done`] holds.
type Brought = (Vec<Batches>, Option<Distance>, Option<f64>);

/// What all of them brought, or why one could not: it says so, while those that waited for it say nothing.
fn bring_home(control: &Control) -> Result<Vec<Brought>> {
    let (mut brought, mut silent) = (Vec::new(), false);
    for process in 0..control.processes() {
        let Some(parcel) = control.parcel(process).get() else {
            silent = true;
            continue;
        };
        match serde_json::from_slice(&parcel) {
            Ok(Home::Done { batches, distance, switches_per_wake_up }) => {
                brought.push((batches, distance, switches_per_wake_up));
            }
            Ok(Home::Failed(what)) => return Err(Error::Protocol(what)),
            Err(e) => {
                let what = format!("a process brought home what cannot be read: {e}");
                return Err(Error::Protocol(what));
            }
        }
    }
    match silent {
        true => Err(Error::Protocol("a process ended before it could report".into())),
        false => Ok(brought),
    }
}
