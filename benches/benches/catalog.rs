//! Criterion over the catalog: each transport, both patterns, three sizes, both sides real
//! processes.
//!
//! `cargo bench --bench catalog -- pipe` runs the transports with `pipe` in their name, and `--
//! --save-baseline before` keeps a baseline for critcmp. Each sample is one fork of both sides,
//! with a warm-up in the same processes outside the figure. Criterion's intervals come from samples
//! taken one after another; for a verdict on a shared machine use the program.
#![allow(clippy::print_stderr, reason = "a bench that is left out shows the reason")]

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use ipcmark_benches::plan;
use ipcmark_catalog::CATALOG;
use ipcmark_core::{Availability, Extent, Placement, Role, Workload};
use ipcmark_harness::{Bench, Entry, Scratch, host, placement};
use ipcmark_sys::clock::Clock;
use std::time::Duration;

const SIZES: [usize; 3] = [64, 1 << 10, 64 << 10];

/// Returns two cores if there are two, and otherwise one.
fn place(entry: &Entry) -> Option<(Placement, placement::Cpus)> {
    let cpus = host::cpus();
    let one_is_enough = !entry.info.wait.burns_cpu() || entry.info.role == Role::Floor;
    [Placement::CrossCore, Placement::SameCore]
        .into_iter()
        .filter(|&p| p == Placement::CrossCore || one_is_enough)
        .find_map(|p| Some((p, placement::choose(p, &cpus).ok()?)))
}

fn bench(criterion: &mut Criterion, scratch: &Scratch) {
    let clock = Clock::calibrate();
    for pattern in [Workload::PingPong, Workload::Stream] {
        for entry in CATALOG.iter().filter(|entry| entry.info.supports(pattern).is_ok()) {
            let Availability::Available(limits) = entry.available() else { continue };
            let Some((placement, cpus)) = place(entry) else { continue };
            let mut group = criterion.benchmark_group(format!("{}/{pattern}", entry.info));
            group.sampling_mode(SamplingMode::Flat);
            for size in SIZES.into_iter().filter(|&s| limits.max_message.is_none_or(|max| s <= max))
            {
                let bench = Bench { clock, cpus: cpus.clone(), neighbours: None };
                let once = plan(pattern, size, placement, Extent::Messages(1), scratch.names());
                if let Some(state) = entry.invoke(&once, &bench).refused {
                    eprintln!("{}/{pattern} {size}: not here: {state:?}", entry.info);
                    continue;
                }
                group.throughput(Throughput::Bytes(size as u64));
                group.bench_function(BenchmarkId::new(placement.name(), size), |bencher| {
                    bencher.iter_custom(|count| {
                        let extent = Extent::Messages(count);
                        let plan = plan(pattern, size, placement, extent, scratch.names());
                        let report = entry.invoke(&plan, &bench);
                        assert!(report.invocation.is_ok(), "{:?}", report.invocation.outcome);
                        let each = report.invocation.elapsed_ns as f64
                            / report.invocation.messages.max(1) as f64;
                        Duration::from_secs_f64(each * count as f64 / 1e9)
                    });
                });
            }
            group.finish();
        }
    }
}

fn main() {
    let scratch = Scratch::new().expect("a scratch folder");
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    bench(&mut criterion, &scratch);
    criterion.final_summary();
}
