//! The machine's noise over a run: gaps before each round, and the kernel's own counts from the
//! run's start on.

use super::cpus::in_use;
use crate::findings::{pack, unpack};
use crate::noise::Heard;
use ipcmark_core::Result;
use ipcmark_record::{Gaps, Listened, MachineNoise, Record, Throttled};
use ipcmark_sys::affinity;
use ipcmark_sys::cgroup::{self, Groups};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::contention::{Pressure, Steal};
use ipcmark_sys::crew::{Crew, Finished, Outcome};
use ipcmark_sys::presence::Presence;
use std::time::{Duration, Instant};

/// Time for listening before a round, on all CPUs at the same time.
const LISTEN: Duration = Duration::from_millis(4);
/// Longest time that listening may take if other processes hold the CPUs.
const PATIENCE: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Noise {
    clock: Clock,
    /// The kernel's counts before the first round.
    steal: Option<Steal>,
    pressure: Option<Pressure>,
    throttled: Option<cgroup::Throttled>,
    groups: Groups,
    /// Name of this run, that others count.
    presence: Presence,
    /// Noise of the resumed run before it stopped.
    before: Option<MachineNoise>,
}

impl Noise {
    pub(super) fn new(clock: Clock) -> Noise {
        Noise {
            clock,
            steal: None,
            pressure: None,
            throttled: None,
            groups: Groups::of_this_process(),
            presence: Presence::announce(),
            before: None,
        }
    }

    pub(super) fn other_runs(&self) -> Option<u32> {
        self.presence.others()
    }

    /// Counts, and listens.
    pub(super) fn round(&mut self, record: &mut Record, at_ns: u64) {
        if self.before.is_none() {
            self.before = Some(record.noise.take().unwrap_or_default());
            (self.steal, self.pressure) = (Steal::now(), Pressure::now());
            self.throttled = self.groups.throttled();
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
        let throttled = self.throttled.zip(self.groups.throttled());
        noise.throttled = throttled
            .map(|(then, now)| sum(now.since(&then), before.throttled.unwrap_or_default()));
        noise.other_runs = noise.other_runs.max(self.presence.others());
    }
}

fn sum(now: cgroup::Throttled, before: Throttled) -> Throttled {
    Throttled {
        periods: now.periods + before.periods,
        throttled_periods: now.throttled + before.throttled_periods,
        waited_ns: now.waited_ns + before.waited_ns,
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

/// Listens on all of these CPUs at the same time, with a process on each, so that this process keeps
/// its own mask. Leaves out CPUs on which that fails.
fn listen(clock: &Clock, cpus: &[u32]) -> Vec<(u32, Heard)> {
    let listened = || -> Result<Finished> {
        let mut crew = Crew::new(cpus.len(), 1024)?;
        for &cpu in cpus {
            crew.fork(|| {
                affinity::pin(cpu)?;
                pack(&Heard::listen(clock, LISTEN))
            })?;
        }
        let end = Instant::now() + PATIENCE;
        crew.finish_by(end, Some(end))
    };
    let Ok(finished) = listened() else { return Vec::new() };
    let heard = |outcome| match outcome {
        Outcome::Done(heard) => unpack(&heard).ok(),
        _ => None,
    };
    let all = cpus.iter().zip(finished.outcomes);
    all.filter_map(|(cpu, outcome)| Some((*cpu, heard(outcome)?))).collect()
}
