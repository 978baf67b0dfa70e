//! The harness is not in the number: ipcmark against bare loops over the same calls, interleaved in one run.
//!
//! `cargo bench --bench overhead` prints, for each mechanism, pattern and placement, ns for a round trip (a message)
//! under ipcmark and bare, and their ratio: the median over pairs of invocations, taken in the order A B B A, with its
//! order-statistic interval. On two CPUs there is a row for each distance between them, told by the round trip of a cache
//! line before and after; a pair whose CPUs were moved is dropped. `-- tcp` runs what has `tcp` in its name; `-- --pairs 100` takes more pairs;
//! `-- --max-ratio 1.1` fails when an interval lies above it.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use ipcmark_benches::bare::Bare;
use ipcmark_benches::overhead::{Cell, Found, LEAST, measure};
use ipcmark_catalog::{find, floor};
use ipcmark_core::{Placement, Workload};
use ipcmark_harness::{Bench, Scratch, harness_cost, host, placement};
use ipcmark_sys::clock::Clock;
use std::time::Duration;

/// What is said of a cell's CPUs where they do not share one.
const CROSS: Placement = Placement::CrossCore;
const SAME: Placement = Placement::SameCore;

struct Arguments {
    filters: Vec<String>,
    pairs: usize,
    max_ratio: Option<f64>,
}

/// Takes `--pairs N` and `--max-ratio X`; leaves alone what `cargo bench` passes to criterion targets.
fn arguments() -> Arguments {
    let mut found = Arguments { filters: Vec::new(), pairs: 40, max_ratio: None };
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--pairs" => {
                found.pairs = rest.next().and_then(|n| n.parse().ok()).unwrap_or(found.pairs)
            }
            "--max-ratio" => found.max_ratio = rest.next().and_then(|ratio| ratio.parse().ok()),
            "--save-baseline" | "--baseline" | "--sample-size" | "--measurement-time" => {
                rest.next();
            }
            flag if flag.starts_with('-') => {}
            filter => found.filters.push(filter.into()),
        }
    }
    found
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = arguments();
    let scratch = Scratch::new()?;
    let clock = Clock::calibrate();
    let cpus = host::cpus();
    let free = Bench { clock, cpus: placement::Cpus::FREE };
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
        "{:<42} {:>8} {:>12} {:>12} {:>8}  {:<18} pairs",
        "cell", "line, ns", "ipcmark, ns", "bare, ns", "ratio", "interval"
    );
    let mut beyond = Vec::new();
    for (bare, name) in Bare::ALL {
        let entry = find(name).ok_or(name)?;
        let (sizes, places, slice) = shape(bare);
        for pattern in [Workload::PingPong, Workload::Stream] {
            for &size in sizes {
                for &placement in places {
                    let title = format!("{name} {pattern} {size} B {placement}");
                    let wanted = arguments.filters.is_empty()
                        || arguments.filters.iter().any(|f| title.contains(f.as_str()));
                    if !wanted {
                        continue;
                    }
                    let Ok(cpus) = placement::choose(placement, &cpus) else {
                        println!("{title:<42} not on this machine");
                        continue;
                    };
                    let cell = Cell { bare, entry, pattern, size, placement };
                    let bench = Bench { clock, cpus };
                    let found = measure(&cell, &bench, &scratch, (arguments.pairs, slice))?;
                    let lows = report(&title, &found);
                    if arguments.max_ratio.is_some_and(|max| lows.iter().any(|&low| low > max)) {
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

/// Sizes in bytes, placements, and how long a slice lasts. What spins is not for one CPU, and moves with the distance of two:
/// a virtual machine's host may change that within a tenth of a second, so its slices are short.
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
        let (middle, interval) = match ratio {
            Some([middle, low, high]) => (format!("{middle:.3}"), format!("[{low:.3}, {high:.3}]")),
            None => ("-".into(), format!("under {LEAST} pairs")),
        };
        println!(
            "{title:<42} {distance:>8} {:>12.1} {:>12.1} {middle:>8}  {interval:<18} {}",
            row.middle_ns(|p| p.ours_ns),
            row.middle_ns(|p| p.bare_ns),
            row.pairs.len()
        );
        lows.extend(ratio.map(|[_, low, _]| low));
    }
    if found.moved > 0 {
        println!("{title:<42} {} pairs dropped: the CPUs were moved", found.moved);
    }
    lows
}
