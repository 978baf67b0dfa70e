//! Paired comparisons: each verdict, each alarm, each reason, and how often they are wrong.

mod alarms;
mod outputs;
mod simulation;
mod trials;
mod verdicts;

use ipcmark_judge::Thresholds;
use ipcmark_judge::paired::{self, Comparison, JudgedCell};
use ipcmark_record::sample::{MadeUp, look_again, paired_of};
use ipcmark_record::{CellKey, Paired, Placement, Workload};

/// A key for cell number `n`.
fn key(n: usize) -> CellKey {
    CellKey::new(&format!("made-{n}/block"), Workload::PingPong, 64, Placement::CrossCore)
}

/// A quiet cell, number `n`, of 9 µs.
fn quiet(n: usize) -> MadeUp {
    MadeUp::quiet(key(n), 9_000.0)
}

/// A canary that takes a twentieth longer, as it ought to.
fn canary() -> MadeUp {
    MadeUp { slow_down: 1.05, canary_permille: Some(50), ..quiet(999) }
}

/// These cells, all of them screened on 8 pairs and looked at again on 16.
fn looked_at_twice(seed: u64, made: &[MadeUp]) -> Paired {
    let mut paired = paired_of(seed, 8, made);
    look_again(&mut paired, made, &(0..made.len()).collect::<Vec<_>>(), 16);
    paired
}

fn judge(paired: &Paired) -> Comparison {
    paired::judge(paired, &Thresholds::default())
}

fn cell(comparison: &Comparison, transport: &str, pattern: &str) -> JudgedCell {
    let found = comparison
        .judged()
        .find(|cell| cell.key.transport == transport && cell.key.workload.name() == pattern);
    found.cloned().unwrap_or_else(|| panic!("no cell {transport} {pattern}"))
}
