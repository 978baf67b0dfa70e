//! Trials of the pairs of CPUs for execution units that they share, spread over a run.

use super::cpus::pairs;
use crate::sharing;
use ipcmark_record::{Host, Record, Sharing};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process;
use std::time::{Duration, Instant};

/// Trials of a run, over all pairs: some 20 ms each on a quiet machine.
const MOST: usize = 8;
/// Time of all trials after which no other begins: on a busy machine few are made, and there is no word.
const LONGEST: Duration = Duration::from_millis(200);
/// Rest of the budget below which nothing is tried.
const LEAST: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Trials {
    clock: Clock,
    /// Number of trials, with those that a busy machine spoiled.
    made: usize,
    took: Duration,
}

impl Trials {
    pub(super) fn new(clock: Clock) -> Trials {
        Trials { clock, made: 0, took: Duration::ZERO }
    }

    /// Tries a pair of CPUs before a round, the one with the fewest trials. Tries nothing where the topology tells.
    pub(super) fn round(&mut self, record: &mut Record, at_ns: u64, left: Option<Duration>) {
        let short = left.is_some_and(|left| left < LEAST);
        if self.made >= MOST || self.took >= LONGEST || short || process::is_interrupted() {
            return;
        }
        let tried = |pair: &(u32, u32)| {
            let known = record.sharing.iter().find(|known| (known.a, known.b) == *pair);
            known.map_or(0, |known| known.samples.len())
        };
        let pairs = pairs(&record.cells, &record.host.cpus).into_iter();
        let Some((a, b)) = pairs.filter(|pair| is_open(&record.host, pair)).min_by_key(tried)
        else {
            return;
        };
        self.made += 1;
        // A machine that is too busy, or that lets no process be pinned, has no word.
        let begun = Instant::now();
        let sample = sharing::sample(&self.clock, (a, b), at_ns);
        self.took += begun.elapsed();
        let Ok(Some(sample)) = sample else { return };
        match record.sharing.iter_mut().find(|known| (known.a, known.b) == (a, b)) {
            Some(known) => known.samples.push(sample),
            None => record.sharing.push(Sharing { a, b, samples: vec![sample] }),
        }
    }
}

/// Returns true if the topology does not tell what two CPUs share: that of a virtual machine is made up.
fn is_open(host: &Host, (a, b): &(u32, u32)) -> bool {
    let of = |id: u32| host.cpus.iter().find(|cpu| cpu.id == id);
    let told = of(*a).zip(of(*b)).and_then(|(a, b)| a.nearness(b));
    host.hypervisor.is_some() || told.is_none()
}
