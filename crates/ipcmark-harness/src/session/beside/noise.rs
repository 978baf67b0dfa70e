//! The machine's noise over a run: listened to before each round, and the kernel's own counts from its start on.

use super::cpus::in_use;
use crate::children;
use crate::noise::Heard;
use ipcmark_core::Result;
use ipcmark_record::{Gaps, Listened, MachineNoise, Record};
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::contention::{Pressure, Steal};
use ipcmark_sys::process::{self, Child};
use ipcmark_sys::shared::Parcel;
use std::time::{Duration, Instant};

/// How long each CPU is listened to before a round, all at once.
const LISTEN: Duration = Duration::from_millis(4);
/// How long listening may take where others hold the CPUs.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Noise {
    clock: Clock,
    /// The kernel's counts before the first round.
    steal: Option<Steal>,
    pressure: Option<Pressure>,
    /// What the run that is gone on with had met.
    before: Option<MachineNoise>,
}

impl Noise {
    pub(super) fn new(clock: Clock) -> Noise {
        Noise { clock, steal: None, pressure: None, before: None }
    }

    /// Listens, and counts.
    pub(super) fn round(&mut self, record: &mut Record, at_ns: u64) {
        if self.before.is_none() {
            self.before = Some(record.noise.take().unwrap_or_default());
            (self.steal, self.pressure) = (Steal::now(), Pressure::now());
        }
        self.count(record, at_ns);
        let Some(noise) = &mut record.noise else { return };
        let cpus: Vec<u32> = in_use(&record.cells, &record.host.cpus).into_iter().collect();
        for (cpu, heard) in listen(&self.clock, &cpus) {
            add(&mut noise.listened, cpu, heard);
        }
    }

    /// Counts for the last time.
    pub(super) fn end(&self, record: &mut Record, at_ns: u64) {
        if self.before.is_some() {
            self.count(record, at_ns);
        }
    }

    fn count(&self, record: &mut Record, at_ns: u64) {
        let Some(before) = &self.before else { return };
        let noise = record.noise.get_or_insert_with(|| before.clone());
        noise.elapsed_ns = at_ns;
        let stolen_ns =
            self.steal.as_ref().zip(Steal::now()).map(|(then, now)| now.since_ns(then, &[]));
        let pressure_ns = self.pressure.zip(Pressure::now());
        let pressure_ns = pressure_ns.map(|(then, now)| now.total_ns.saturating_sub(then.total_ns));
        noise.stolen_ns = stolen_ns.map(|ns| ns + before.stolen_ns.unwrap_or_default());
        noise.pressure_ns = pressure_ns.map(|ns| ns + before.pressure_ns.unwrap_or_default());
    }
}

fn add(listened: &mut Vec<Listened>, cpu: u32, heard: Heard) {
    let at = listened.iter().position(|known| known.cpu == cpu).unwrap_or_else(|| {
        listened.push(Listened { cpu, listened_ns: 0, gaps: Gaps::default() });
        listened.len() - 1
    });
    let known = &mut listened[at];
    let sum = Heard { listened_ns: known.listened_ns, gaps: known.gaps }.and(heard);
    (known.listened_ns, known.gaps) = (sum.listened_ns, sum.gaps);
}

/// Listens on each of these CPUs, a process on each, all at once: this process keeps its own mask. A CPU that cannot be
/// listened to is left out.
fn listen(clock: &Clock, cpus: &[u32]) -> Vec<(u32, Heard)> {
    let mut listeners: Vec<(u32, Child, Parcel)> =
        cpus.iter().filter_map(|&cpu| listener(clock, cpu).ok()).collect();
    let end = Instant::now() + PATIENCE;
    while listeners.iter().any(|(_, child, _)| child.exit().is_none()) {
        let left = end.saturating_duration_since(Instant::now());
        let waited = process::wait_any(listeners.iter_mut().map(|(_, child, _)| child), left);
        if waited.is_err() || left.is_zero() || process::is_interrupted() {
            break;
        }
    }
    let heard = |parcel: &Parcel| serde_json::from_slice(&parcel.get()?).ok();
    listeners.iter().filter_map(|(cpu, _, parcel)| Some((*cpu, heard(parcel)?))).collect()
}

fn listener(clock: &Clock, cpu: u32) -> Result<(u32, Child, Parcel)> {
    let parcel = Parcel::new(1024)?;
    let child = process::fork(|| {
        if affinity::pin(cpu).is_err() {
            return 1;
        }
        i32::from(!children::pack(&parcel, &Heard::listen(clock, LISTEN)))
    })?;
    Ok((cpu, child, parcel))
}
