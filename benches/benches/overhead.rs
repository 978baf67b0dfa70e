//! The cost of the harness: ipcmark and bare loops over the same calls, interleaved in one run.
//!
//! `cargo bench --bench overhead` prints, for each mechanism, pattern and placement, the time for a
//! round trip (a message) under ipcmark and bare, and their ratio: the median over pairs of
//! invocations, taken in the order A B B A, with its order-statistic interval. On two CPUs there is
//! a row for each distance between them, measured by the round trip of a cache line before and
//! after. A pair whose CPUs were moved is dropped. `-- tcp` runs the rows with `tcp` in their name,
//! `-- --pairs 100` takes more pairs, and `-- --max-ratio 1.1` fails if an interval is above it.
#![allow(clippy::print_stdout, reason = "printing is the purpose of a bench")]

use clap::Parser;
use ipcmark_benches::arguments::Common;
use ipcmark_benches::bare::Bare;
use ipcmark_benches::overhead::{Cell, measure};
use ipcmark_benches::pairs::Found;
use ipcmark_catalog::{find, floor};
use ipcmark_core::{Placement, Workload};
use ipcmark_harness::{Bench, Scratch, harness_cost, host, placement};
use ipcmark_sys::clock::Clock;
use std::time::Duration;

const CROSS: Placement = Placement::CrossCore;
const SAME: Placement = Placement::SameCore;

/// Compares ipcmark with bare loops.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    common: Common,
    /// Pairs of invocations for each row.
    #[arg(long, default_value_t = 40)]
    pairs: usize,
    /// Fail if a ratio's interval is above this.
    #[arg(long)]
    max_ratio: Option<f64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let line = Line::parse();
    let scratch = Scratch::new()?;
    let clock = Clock::calibrate();
    let cpus = host::cpus();
    let free = Bench { clock, cpus: placement::Cpus::FREE, neighbours: None };
    let cost = harness_cost(&free, Some(floor()), &scratch);
    println!(
        "harness, ns: clock read {:.1} (step {:.1}), histogram record {:.1}, stamp {:.1}, check {:.1}, one message through the whole loop {}",
        cost.clock_ns,
        cost.clock_step_ns,
        cost.histogram_ns,
        cost.stamp_ns,
        cost.check_ns,
        cost.loop_ns.map_or("not measured".into(), |ns| format!("{ns:.1}"))
    );
    println!(
        "{:<42} {:>8} {:>12} {:>12}  {:<22} pairs",
        "cell", "line, ns", "ipcmark, ns", "bare, ns", "ratio"
    );
    let mut beyond = Vec::new();
    for (bare, name) in Bare::ALL {
        let entry = find(name).ok_or(name)?;
        let (sizes, places, slice) = shape(bare);
        for pattern in [Workload::PingPong, Workload::Stream] {
            for &size in sizes {
                for &placement in places {
                    let title = format!("{name} {pattern} {size} B {placement}");
                    if !line.common.wants(&title) {
                        continue;
                    }
                    let Ok(cpus) = placement::choose(placement, &cpus) else {
                        println!("{title:<42} not on this machine");
                        continue;
                    };
                    let cell = Cell { bare, entry, pattern, size, placement };
                    let bench = Bench { clock, cpus, neighbours: None };
                    let found = measure(&cell, &bench, &scratch, (line.pairs, slice))?;
                    let lows = report(&title, &found);
                    if line.max_ratio.is_some_and(|max| lows.iter().any(|&low| low > max)) {
                        beyond.push(title);
                    }
                }
            }
        }
    }
    if beyond.is_empty() {
        Ok(())
    } else {
        Err(format!("beyond --max-ratio: {}", beyond.join(", ")).into())
    }
}

/// Returns sizes in bytes, placements, and the length of a slice. Sides that spin need two CPUs,
/// and their times depend on the distance, which a virtual machine's host may change within a tenth
/// of a second: their slices are short.
fn shape(bare: Bare) -> (&'static [usize], &'static [Placement], Duration) {
    if bare.spins() {
        (&[8, 64, 1 << 10, 64 << 10], &[CROSS], Duration::from_millis(4))
    } else {
        (&[64, 64 << 10], &[SAME, CROSS], Duration::from_millis(40))
    }
}

/// Prints a row for each class of distance; returns the low ends of the ratios' intervals.
fn report(title: &str, found: &Found) -> Vec<f64> {
    let mut lows = Vec::new();
    for row in &found.rows {
        let distance = row.distance_ns.map_or("-".into(), |ns| format!("{ns:.0}"));
        let ratio = row.ratio();
        println!(
            "{title:<42} {distance:>8} {:>12.1} {:>12.1}  {:<22} {}",
            row.middle_ns(|p| p.ours_ns),
            row.middle_ns(|p| p.base_ns),
            ratio.show(3),
            ratio.n
        );
        lows.extend(ratio.interval.map(|interval| interval.low));
    }
    if found.moved > 0 {
        println!("{title:<42} {} pairs dropped: the CPUs were moved", found.moved);
    }
    lows
}
