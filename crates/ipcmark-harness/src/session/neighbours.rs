//! The neighbours of a run's cells: forked when a cell first needs them, and asleep unless one is measured.
//!
//! They sleep while limits, clocks and noise are measured: those describe the machine, and a figure
//! divided by a limit that the same load had raised would hide what the load does. They sleep while
//! syscalls and cycles are counted, too: a neighbour changes when a call is made, not which.

use crate::Result;
use crate::bench::{Bench, Neighbourhood};
use ipcmark_core::{Neighbour, Neighbours};
use ipcmark_sys::neighbours::Crowd;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The neighbours of all cells.
#[derive(Debug, Default)]
pub(super) struct Crowds(HashMap<Neighbours, Crowd>);

impl Crowds {
    /// Lets neighbours run on the CPUs of an invocation of `processes`, or on `all` if it is not
    /// pinned.
    pub(super) fn wake(
        &mut self,
        wanted: Neighbours,
        bench: &Bench,
        (processes, all): (usize, &[u32]),
    ) -> Result<Neighbourhood> {
        let mut cpus: Vec<u32> = (0..processes).filter_map(|one| bench.cpus.of(one)).collect();
        cpus.sort_unstable();
        cpus.dedup();
        let cpus = if cpus.is_empty() { all } else { &cpus[..] };
        let computing = wanted.of(Neighbour::Cpu).min(cpus.len() as u32);
        let crowd = match self.0.entry(wanted) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(none) => none.insert(Crowd::start(&wanted)?),
        };
        crowd.refuse_the_dead()?;
        crowd.run_on(cpus)?;
        let (progress, alone_per_s) = (crowd.progress(), crowd.alone_per_s());
        Ok(Neighbourhood { progress, alone_per_s, cpus: computing })
    }

    /// Sends all of them to sleep.
    pub(super) fn pause(&self) {
        self.0.values().for_each(Crowd::pause);
    }
}
