//! The processes that measure limits: two members of a crew, each pinned to its CPU.

use super::Found;
use super::probe::{Batches, Probe};
use crate::control::Control;
use crate::findings::{pack, unpack};
use crate::placement::Cpus;
use ipcmark_core::{Error, Result};
use ipcmark_record::{Distance, LimitKind};
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::crew::{Crew, Over};
use ipcmark_sys::mapped::MappedFile;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// Room for what one process measures, bytes.
const MEASURED_MAX: usize = 1 << 20;
/// Context switches of a process for one wake-up there and back that show that it slept.
const ASLEEP: f64 = 0.9;

/// Measurements of one process.
#[derive(Debug, Serialize, Deserialize)]
struct Measured {
    /// Empty in process 1.
    batches: Vec<Batches>,
    distance: Option<Distance>,
    /// Context switches for one wake-up there and back; absent if there was none.
    switches_per_wake_up: Option<f64>,
}

pub(super) fn measure(
    clock: &Clock,
    cpus: &Cpus,
    sizes: &[u64],
    (deadline, last): (Duration, Option<Duration>),
) -> Result<Vec<Found>> {
    let processes = if cpus.of(0).is_some() { 2 } else { 1 };
    let control = Control::new(processes)?;
    let shared = MappedFile::of_memory(super::shared_copy::BUFFER_BYTES)?;
    let mut crew = Crew::new(processes, MEASURED_MAX)?;
    for process in 0..processes {
        let apart = processes == 2 && cpus.apart(0, 1);
        let mut probe = Probe { clock, control: &control, shared: &shared, process, apart };
        crew.fork(|| pack(&run(&mut probe, cpus.of(process), sizes)?))?;
    }
    let begun = Instant::now();
    let finished = crew.finish_by(begun + deadline, last.map(|last| begun + last))?;
    if finished.over == Over::Late {
        return Err(Error::Protocol(format!(
            "not measured within {:.1} s: the CPUs are too busy",
            deadline.as_secs_f64()
        )));
    }
    let results = finished.results().map_err(|failure| Error::Protocol(failure.what))?;
    let measured: Vec<Measured> = results.iter().map(|r| unpack(r)).collect::<Result<_>>()?;
    // A process that found the news before it could sleep was not woken.
    let slept = |one: &Measured| one.switches_per_wake_up.is_none_or(|n| n >= ASLEEP);
    let all_slept = measured.iter().all(slept);
    let Some(first) = measured.into_iter().next() else { return Ok(Vec::new()) };
    let found = first.batches.into_iter().filter_map(|batches| found(batches, first.distance));
    Ok(found.filter(|one| one.kind != LimitKind::WakeUp || all_slept).collect())
}

fn found(batches: Batches, distance: Option<Distance>) -> Option<Found> {
    let Batches { kind, size_bytes, mut ns, across } = batches;
    ns.sort_by(f64::total_cmp);
    let (least_ns, median_ns) = (*ns.first()?, *ns.get(ns.len() / 2)?);
    Some(Found { kind, size_bytes, median_ns, least_ns, distance: distance.filter(|_| across) })
}

/// Runs one process, from fork to exit.
fn run(probe: &mut Probe<'_>, cpu: Option<u32>, sizes: &[u64]) -> Result<Measured> {
    let Some(cpu) = cpu else {
        let batches = probe.alone(sizes);
        return Ok(Measured { batches, distance: None, switches_per_wake_up: None });
    };
    affinity::pin(cpu)?;
    let together = probe.together(sizes)?;
    // The other process sleeps while this one measures alone.
    probe.control.meet(probe.clock, false)?;
    let mut batches = together.batches;
    if probe.process == 0 {
        batches.extend(probe.alone(sizes));
    }
    probe.control.meet(probe.clock, false)?;
    match affinity::current() {
        now if now == cpu => Ok(Measured {
            batches,
            distance: together.distance,
            switches_per_wake_up: Some(together.switches_per_wake_up),
        }),
        now => Err(Error::Protocol(format!("pinned to CPU {cpu}, but ran on CPU {now}"))),
    }
}
