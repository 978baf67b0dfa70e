//! Both sides busy: what it costs that a side could sleep, though none does.

use super::Machine;
use ipcmark_benches::bare::Trial;
use ipcmark_benches::overhead::{Pair, found, reported_ns};
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
/// What the hybrid wait's time may be of the spinning one's, at most.
const TARGETS: [(Workload, f64); 2] = [(Workload::Stream, 1.10), (Workload::PingPong, 1.05)];

/// Prints the ratio of either hybrid wait to the spinning one, by distance of the CPUs, and how many system calls it made.
pub(super) fn table(machine: &Machine, rounds: u32) -> Result<(), String> {
    let bench = machine.bench(Placement::CrossCore)?;
    println!("\nboth sides busy, {SIZE} B, cross-core: time of a wait over the spinning one's");
    println!(
        "{:<10} {:<16} {:>12} {:>10} {:>10} {:>7}  {:<16} {:>6}  {:>8}  system calls",
        "pattern",
        "wait",
        "distance, ns",
        "ns",
        "spin, ns",
        "ratio",
        "interval",
        "pairs",
        "at most"
    );
    for (pattern, at_most) in TARGETS {
        // One slice of each, one right after the other; who comes first changes.
        let mut taken = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            for (at, taken) in taken.iter_mut().enumerate() {
                let other = || slice(machine, &bench, &OTHERS[at].1, pattern);
                let spin = || slice(machine, &bench, &SPIN, pattern);
                taken.push(if round % 2 == 0 {
                    let other = other()?;
                    (other, spin()?)
                } else {
                    let spin = spin()?;
                    (other()?, spin)
                });
            }
        }
        for ((name, entry), taken) in OTHERS.iter().zip(&taken) {
            let calls = calls(machine, &bench, entry, pattern);
            let found = found(taken);
            for row in &found.rows {
                let (ratio, interval, verdict) = match row.ratio() {
                    Some([ratio, low, high]) => (
                        format!("{ratio:.3}"),
                        format!("[{low:.3}, {high:.3}]"),
                        if ratio <= at_most { "met" } else { "SHORT" },
                    ),
                    None => ("".into(), "too few pairs".into(), ""),
                };
                let verdict = if *name == "hybrid" { verdict } else { "" };
                println!(
                    "{:<10} {name:<16} {:>12.0} {:>10.1} {:>10.1} {ratio:>7}  {interval:<16} {:>6}  {at_most:>8.2} {verdict:<5} {calls}",
                    pattern.name(),
                    row.distance_ns.unwrap_or(f64::NAN),
                    row.middle_ns(|p: &Pair| p.ours_ns),
                    row.middle_ns(|p: &Pair| p.bare_ns),
                    row.pairs.len(),
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
    let found = entry.invoke(&plan_of(machine, pattern), bench).invocation;
    if !found.is_ok() {
        return Err(format!("{:?}", found.outcome));
    }
    Ok(Trial { ns: reported_ns(pattern, &found)?, distance: found.distance })
}

/// As many as were counted, of how many messages.
fn calls(machine: &Machine, bench: &Bench, entry: &Entry, pattern: Workload) -> String {
    match entry.count(&plan_of(machine, pattern), bench) {
        Counted::Calls(calls) => format!("{} in {} messages", calls.calls, calls.messages),
        other => format!("{other:?}"),
    }
}
