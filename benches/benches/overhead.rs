//! The harness is not in the number: ipcmark against bare loops over the same calls, interleaved in one run.
//!
//! `cargo bench --bench overhead` prints, for each mechanism, pattern and placement, ns for a round trip (a message)
//! under ipcmark and bare, and their ratio: the median over pairs of invocations, taken in the order A B B A, with its
//! order-statistic interval. `-- tcp` runs what has `tcp` in its name; `-- --pairs 100` takes more pairs;
//! `-- --max-ratio 1.1` fails when an interval lies above it.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use ipcmark_benches::bare::{self, Bare};
use ipcmark_benches::plan;
use ipcmark_catalog::{find, floor};
use ipcmark_core::{Extent, Pattern, Placement};
use ipcmark_harness::{Bench, Scratch, harness_cost, host, placement};
use ipcmark_record::Invocation;
use ipcmark_stats::{median, median_interval};
use ipcmark_sys::clock::Clock;
use std::time::Duration;

const SIZES: [usize; 2] = [64, 64 << 10];
const SLICE: Duration = Duration::from_millis(40);

struct Arguments {
    filters: Vec<String>,
    pairs: usize,
    max_ratio: Option<f64>,
}

/// Takes `--pairs N` and `--max-ratio X`; leaves alone what `cargo bench` passes to criterion targets.
fn arguments() -> Arguments {
    let mut found = Arguments { filters: Vec::new(), pairs: 30, max_ratio: None };
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
        "{:<54} {:>12} {:>12} {:>8}  {:<18} pairs",
        "cell", "ipcmark, ns", "bare, ns", "ratio", "interval"
    );
    let mut beyond = Vec::new();
    for (bare, name) in Bare::ALL {
        let entry = find(name).ok_or(name)?;
        for pattern in [Pattern::PingPong, Pattern::Stream] {
            for size in SIZES {
                for place in [Placement::SameCore, Placement::CrossCore] {
                    let cell = format!("{name} {pattern} {size} B {place}");
                    let wanted = arguments.filters.is_empty()
                        || arguments.filters.iter().any(|f| cell.contains(f.as_str()));
                    if !wanted {
                        continue;
                    }
                    let Ok(cpus) = placement::choose(place, &cpus) else {
                        println!("{cell:<54} not on this machine");
                        continue;
                    };
                    let bench = Bench { clock, cpus };
                    let cpus = &bench.cpus;
                    let ours = |count: Option<u64>| -> Result<(f64, u64), String> {
                        let extent = count.map_or(Extent::Time(SLICE), Extent::Messages);
                        let plan = plan(pattern, size, place, extent, scratch.names());
                        let found = entry.invoke(&plan, &bench).invocation;
                        if !found.is_ok() {
                            return Err(format!("{:?}", found.outcome));
                        }
                        Ok((reported_ns(pattern, &found)?, found.messages))
                    };
                    // One invocation finds how many messages a slice holds; then both do as many.
                    let (_, count) = ours(None)?;
                    let mut pairs = Vec::new();
                    for pair in 0..arguments.pairs {
                        let theirs = || bare::run(bare, pattern, size, cpus, clock, count);
                        pairs.push(if pair % 2 == 0 {
                            let a = ours(Some(count))?.0;
                            (a, theirs()?)
                        } else {
                            let b = theirs()?;
                            (ours(Some(count))?.0, b)
                        });
                    }
                    let low = report(&cell, &pairs);
                    if arguments.max_ratio.is_some_and(|max| low.is_some_and(|low| low > max)) {
                        beyond.push(cell);
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

/// What ipcmark reports: the mean of the round trips it timed, or time over messages of a drained stream.
fn reported_ns(pattern: Pattern, found: &Invocation) -> Result<f64, String> {
    match pattern {
        Pattern::PingPong => {
            let trips = found.sides[0].histogram.as_ref().ok_or("no round trips were timed")?;
            Ok(trips.unpack().map_err(|e| e.to_string())?.mean())
        }
        _ => Ok(found.elapsed_ns as f64 / found.messages as f64),
    }
}

/// Prints a row; returns the low end of the ratio's interval.
fn report(cell: &str, pairs: &[(f64, f64)]) -> Option<f64> {
    let of = |f: fn(&(f64, f64)) -> f64| pairs.iter().map(f).collect::<Vec<_>>();
    let ratios = of(|(a, b)| a / b);
    let middle = |values: &[f64]| median(values).unwrap_or(f64::NAN);
    let found = median_interval(&ratios, 0.95);
    let interval =
        found.as_ref().map_or("no interval".into(), |i| format!("[{:.3}, {:.3}]", i.low, i.high));
    println!(
        "{cell:<54} {:>12.1} {:>12.1} {:>8.3}  {interval:<18} {}",
        middle(&of(|p| p.0)),
        middle(&of(|p| p.1)),
        middle(&ratios),
        pairs.len()
    );
    found.map(|i| i.low)
}
