//! Every wait: a round trip, a stream, and the CPU time and system calls of both sides.

use super::Machine;
use ipcmark_benches::plan;
use ipcmark_core::{Extent, Placement, Workload};
use ipcmark_harness::{Bench, Counted, Entry};
use ipcmark_record::Invocation;
use ipcmark_shm::{
    Belled, Condvar, EventBell, FencedHybrid, Futex, Hybrid, Memfd, Pause, SemBell, SemopBell,
    ShmRing, Spin, Yield,
};
use ipcmark_stats::median;
use std::time::Duration;

const WAITS: [(&str, Entry); 10] = [
    ("spin", Entry::of::<ShmRing<Memfd, Spin>>()),
    ("pause", Entry::of::<ShmRing<Memfd, Pause>>()),
    ("yield", Entry::of::<ShmRing<Memfd, Yield>>()),
    ("hybrid", Entry::of::<ShmRing<Memfd, Hybrid>>()),
    ("hybrid, fenced", Entry::of::<ShmRing<Memfd, FencedHybrid>>()),
    ("futex", Entry::of::<ShmRing<Memfd, Futex>>()),
    ("eventfd", Entry::of::<ShmRing<Memfd, Belled<EventBell>>>()),
    ("POSIX semaphore", Entry::of::<ShmRing<Memfd, Belled<SemBell>>>()),
    ("System V semaphore", Entry::of::<ShmRing<Memfd, Belled<SemopBell>>>()),
    ("condition variable", Entry::of::<ShmRing<Memfd, Condvar>>()),
];
/// Number of waits, the first ones, that neither sleep nor yield.
const SPINNERS: usize = 2;
const SIZE: usize = 64;
const SLICE: Duration = Duration::from_millis(5);

/// Times of one wait in one workload.
#[derive(Default)]
struct Row {
    /// Time for a message or a round trip.
    ns: Vec<f64>,
    /// CPU time of both sides for a message or a round trip.
    cpu_ns: Vec<f64>,
    why_not: Option<String>,
}

/// Prints a row for each wait, for two CPUs and for one.
pub(super) fn table(machine: &Machine, rounds: u32) -> Result<(), String> {
    for place in [Placement::CrossCore, Placement::SameCore] {
        let Ok(bench) = machine.bench(place) else {
            println!("\n{place}: not on this machine");
            continue;
        };
        // A side that spins on the only CPU keeps its peer from running until its time slice ends.
        let waits = if place == Placement::SameCore { &WAITS[SPINNERS..] } else { &WAITS[..] };
        for pattern in [Workload::PingPong, Workload::Stream] {
            println!("\n{pattern}, {SIZE} B, {place}; ns each, medians over {rounds} rounds");
            println!("{:<20} {:>10} {:>14} {:>14}", "wait", "time", "CPU time", "system calls");
            one(machine, &bench, waits, (pattern, place), rounds);
        }
    }
    Ok(())
}

fn one(
    machine: &Machine,
    bench: &Bench,
    waits: &[(&str, Entry)],
    (pattern, place): (Workload, Placement),
    rounds: u32,
) {
    let plan_of = |extent| plan(pattern, SIZE, place, extent, machine.scratch.names());
    let mut rows: Vec<Row> = waits.iter().map(|_| Row::default()).collect();
    for _ in 0..rounds {
        for ((_, entry), row) in waits.iter().zip(&mut rows) {
            if row.why_not.is_some() {
                continue;
            }
            let report = entry.invoke(&plan_of(Extent::Time(SLICE)), bench);
            if !report.invocation.is_ok() {
                row.why_not = Some(format!("{:?}", report.refused));
                continue;
            }
            let (each, cpu_ns) = figures(&report.invocation);
            row.ns.push(each);
            row.cpu_ns.push(cpu_ns);
        }
    }
    for ((name, entry), row) in waits.iter().zip(rows) {
        if let Some(why) = row.why_not {
            println!("{name:<20} not here: {why}");
            continue;
        }
        let calls = match entry.count(&plan_of(Extent::Time(SLICE)), bench) {
            Counted::Calls(calls, _) => {
                format!("{:.2}", calls.calls as f64 / calls.messages.max(1) as f64)
            }
            other => format!("{other:?}"),
        };
        let middle = |values: &[f64]| median(values).unwrap_or(f64::NAN);
        println!("{name:<20} {:>10.1} {:>14.1} {calls:>14}", middle(&row.ns), middle(&row.cpu_ns));
    }
}

/// Returns the time for a message (a round trip), and the CPU time of both sides for it, ns.
fn figures(found: &Invocation) -> (f64, f64) {
    let messages = found.messages.max(1) as f64;
    let cpu_ns: u64 = found.sides.iter().map(|s| s.usage.user_ns + s.usage.system_ns).sum();
    (found.elapsed_ns as f64 / messages, cpu_ns as f64 / messages)
}
