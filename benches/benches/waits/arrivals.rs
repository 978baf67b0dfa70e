//! The best time to spin: messages that come one by one, after gaps about as long as a wake-up,
//! under spins of several lengths.

use super::Machine;
use ipcmark_benches::plan;
use ipcmark_core::{Arrivals, Extent, Placement, Workload};
use ipcmark_harness::{Bench, Entry};
use ipcmark_shm::{HybridAs, Memfd, ShmRing, Spin};
use ipcmark_stats::median;
use std::time::Duration;

const fn hybrid<const SPIN_US: u64>() -> Entry {
    Entry::of::<ShmRing<Memfd, HybridAs<SPIN_US, false>>>()
}

const SPINS: [(&str, Entry); 7] = [
    ("none", hybrid::<0>()),
    ("20 us", hybrid::<20>()),
    ("50 us", hybrid::<50>()),
    ("75 us", hybrid::<75>()),
    ("100 us", hybrid::<100>()),
    ("150 us", hybrid::<150>()),
    ("for ever", Entry::of::<ShmRing<Memfd, Spin>>()),
];
/// Mean gaps between messages, µs.
const GAPS_US: [u32; 7] = [10, 25, 50, 75, 100, 200, 500];
const SLICE: Duration = Duration::from_millis(30);

/// Prints the latency of messages and the receiver's share of its CPU, for gaps of one length and
/// for random ones.
pub(super) fn table(machine: &Machine, rounds: u32) -> Result<(), String> {
    let bench = machine.bench(Placement::CrossCore)?;
    for arrivals in Arrivals::ALL {
        println!(
            "\npaced, 64 B, cross-core, {arrivals} gaps: mean latency, us, and the receiver's share of its CPU, %; medians over {rounds} rounds"
        );
        print!("{:<10}", "spin");
        GAPS_US.iter().for_each(|gap| print!(" {:>14}", format!("gap {gap} us")));
        println!();
        let mut found = vec![Vec::new(); SPINS.len() * GAPS_US.len()];
        for _ in 0..rounds {
            for (at, (_, entry)) in SPINS.iter().enumerate() {
                for (gap, gap_us) in GAPS_US.iter().enumerate() {
                    let one = visit(machine, &bench, entry, arrivals, *gap_us)?;
                    found[at * GAPS_US.len() + gap].push(one);
                }
            }
        }
        for ((name, _), row) in SPINS.iter().zip(found.chunks(GAPS_US.len())) {
            print!("{name:<10}");
            for values in row {
                let middle = |of: fn(&(f64, f64)) -> f64| {
                    median(&values.iter().map(of).collect::<Vec<_>>()).unwrap_or(f64::NAN)
                };
                print!(" {:>8.1} {:>4.0}%", middle(|v| v.0), 100.0 * middle(|v| v.1));
            }
            println!();
        }
    }
    Ok(())
}

/// Returns the mean latency in µs, and the receiver's share of its CPU.
fn visit(
    machine: &Machine,
    bench: &Bench,
    entry: &Entry,
    arrivals: Arrivals,
    gap_us: u32,
) -> Result<(f64, f64), String> {
    let names = machine.scratch.names();
    let workload = Workload::Paced { rate: 1_000_000 / gap_us, arrivals };
    let plan = plan(workload, 64, Placement::CrossCore, Extent::Time(SLICE), names);
    let found = entry.invoke(&plan, bench).invocation;
    let receiver = found.sides.get(1).ok_or_else(|| format!("{:?}", found.outcome))?;
    let latency = receiver.histogram.as_ref().ok_or("no latency was measured")?;
    let mean_ns = latency.unpack().map_err(|e| e.to_string())?.mean();
    let cpu_ns = receiver.usage.user_ns + receiver.usage.system_ns;
    Ok((mean_ns / 1e3, cpu_ns as f64 / found.elapsed_ns as f64))
}
