//! Both sides busy: the cost of being able to sleep although no side does.

use super::Machine;
use ipcmark_benches::overhead::reported;
use ipcmark_benches::pairs::{Trial, alternate, found};
use ipcmark_benches::plan;
use ipcmark_core::{Extent, Placement, Plan, Workload};
use ipcmark_harness::{Bench, Counted, Entry};
use ipcmark_shm::{FencedHybrid, Hybrid, Memfd, ShmRing, Spin};
use std::time::Duration;

const SPIN: Entry = Entry::of::<ShmRing<Memfd, Spin>>();
const OTHERS: [(&str, Entry); 2] = [
    ("hybrid", Entry::of::<ShmRing<Memfd, Hybrid>>()),
    ("hybrid, fenced", Entry::of::<ShmRing<Memfd, FencedHybrid>>()),
];
const SIZE: usize = 64;
const SLICE: Duration = Duration::from_millis(3);
const WARM_UP: Duration = Duration::from_millis(2);
/// Largest ratio of the hybrid wait's time to the spinning one's.
const TARGETS: [(Workload, f64); 2] = [(Workload::Stream, 1.10), (Workload::PingPong, 1.05)];

/// Prints the ratio of each hybrid wait to the spinning one, by distance of the CPUs, and its
/// system calls.
pub(super) fn table(machine: &Machine, rounds: u32) -> Result<(), String> {
    let bench = &machine.bench(Placement::CrossCore)?;
    println!("\nboth sides busy, {SIZE} B, cross-core: time of a wait over the spinning one's");
    println!(
        "{:<10} {:<16} {:>12} {:>10} {:>10}  {:<22} {:>6}  {:>8}  system calls",
        "pattern", "wait", "distance, ns", "ns", "spin, ns", "ratio", "pairs", "at most"
    );
    for (pattern, at_most) in TARGETS {
        // Both hybrid waits take turns with the spinning one, so that all three see the same
        // machine.
        let mut taken = [Vec::new(), Vec::new()];
        for _ in 0..rounds.div_ceil(2) {
            for ((_, other), taken) in OTHERS.iter().zip(&mut taken) {
                let of = |entry| move || slice(machine, bench, entry, pattern);
                taken.extend(alternate(2, of(other), of(&SPIN))?);
            }
        }
        for ((name, entry), taken) in OTHERS.iter().zip(&taken) {
            let calls = calls(machine, bench, entry, pattern);
            let found = found(taken);
            for row in &found.rows {
                let ratio = row.ratio();
                let verdict = match ratio.median {
                    Some(median) if *name == "hybrid" => {
                        if median <= at_most {
                            "met"
                        } else {
                            "SHORT"
                        }
                    }
                    _ => "",
                };
                println!(
                    "{:<10} {name:<16} {:>12.0} {:>10.1} {:>10.1}  {:<22} {:>6}  {at_most:>8.2} {verdict:<5} {calls}",
                    pattern.name(),
                    row.distance_ns.unwrap_or(f64::NAN),
                    row.middle_ns(|p| p.ours_ns),
                    row.middle_ns(|p| p.base_ns),
                    ratio.show(3),
                    ratio.n,
                );
            }
            println!(
                "{:<10} {name:<16} {} pairs dropped: the CPUs moved",
                pattern.name(),
                found.moved
            );
        }
    }
    Ok(())
}

fn plan_of(machine: &Machine, pattern: Workload) -> Plan {
    let (place, extent) = (Placement::CrossCore, Extent::Time(SLICE));
    Plan { warm_up: WARM_UP, ..plan(pattern, SIZE, place, extent, machine.scratch.names()) }
}

fn slice(
    machine: &Machine,
    bench: &Bench,
    entry: &Entry,
    pattern: Workload,
) -> Result<Trial, String> {
    reported(pattern, &entry.invoke(&plan_of(machine, pattern), bench).invocation)
}

/// Returns the number of system calls and of messages.
fn calls(machine: &Machine, bench: &Bench, entry: &Entry, pattern: Workload) -> String {
    match entry.count(&plan_of(machine, pattern), bench) {
        Counted::Calls(calls, _) => format!("{} in {} messages", calls.calls, calls.messages),
        other => format!("{other:?}"),
    }
}
