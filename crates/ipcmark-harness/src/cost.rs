//! The cost of the harness: printed next to the results, never subtracted from them.

use crate::{Bench, Entry, Scratch};
use ipcmark_core::{Checker, Extent, Plan, Stamper, Workload};
use ipcmark_record::{HarnessCost, Histogram};
use ipcmark_sys::clock::Clock;
use std::hint::black_box;
use std::time::Duration;

const BATCHES: usize = 21;
const BATCH: u64 = 2_000;
const SIZE: usize = 64;
const PAGE: usize = 4096;

/// Measures the cost: medians over batches. `floor` is the transport that measures the whole loop;
/// without one, or if it fails, that figure is left out.
#[must_use]
pub fn harness_cost(bench: &Bench, floor: Option<&Entry>, scratch: &Scratch) -> HarnessCost {
    let clock = bench.clock;
    let mut histogram =
        Histogram::new_with_bounds(1, 1_000_000_000, 3).expect("bounds are in order");
    let stamper = Stamper::new(1, SIZE);
    let mut message = stamper.body().to_vec();
    HarnessCost {
        clock_ns: clock.read_ns(),
        clock_step_ns: clock.step_ns(),
        histogram_ns: each(&clock, |i| histogram.saturating_record(100 + i % 1_000)),
        stamp_ns: each(&clock, |i| stamper.stamp(black_box(&mut message), i, false)),
        check_ns: check_ns(&clock, SIZE, BATCH, Checker::new(1, SIZE)),
        compare_ns: Some(check_ns(&clock, SIZE, BATCH, Checker::new(1, SIZE).comparing(true))),
        compare_page_ns: Some(check_ns(
            &clock,
            PAGE,
            BATCH / 20,
            Checker::new(1, PAGE).comparing(true),
        )),
        raw_ns: None,
        loop_ns: floor.and_then(|floor| loop_ns(bench, floor, scratch)),
    }
}

/// Times the check of a message: batches of `batch` are stamped outside the clock.
fn check_ns(clock: &Clock, size: usize, batch: u64, mut checker: Checker) -> f64 {
    let stamper = Stamper::new(1, size);
    let mut message = stamper.body().to_vec();
    let mut sequence = 0;
    median((0..BATCHES).map(|_| {
        let mut stamped = |i| {
            stamper.stamp(&mut message, i, false);
            message.clone()
        };
        let messages: Vec<_> = (sequence..sequence + batch).map(&mut stamped).collect();
        sequence += batch;
        let begun = clock.now();
        for message in &messages {
            black_box(checker.check(message));
        }
        clock.ns(clock.now() - begun) / batch as f64
    }))
}

fn each(clock: &Clock, mut turn: impl FnMut(u64)) -> f64 {
    median((0..BATCHES).map(|_| {
        let begun = clock.now();
        for i in 0..BATCH {
            turn(i);
        }
        clock.ns(clock.now() - begun) / BATCH as f64
    }))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures one message through the whole loop over the floor. It is the median over blocks, which
/// a few preemptions do not change.
fn loop_ns(bench: &Bench, floor: &Entry, scratch: &Scratch) -> Option<f64> {
    let plan = Plan {
        workload: Workload::Stream,
        extent: Extent::Time(Duration::from_millis(10)),
        warm_up: Duration::from_millis(5),
        deadline: Duration::from_secs(5),
        latest: Some(Duration::from_secs(1)),
        seed: 1,
        ..Plan::new(SIZE, scratch.names())
    };
    let invocation = floor.invoke(&plan, bench).invocation;
    let blocks = invocation.sides.first()?.histogram.as_ref()?.unpack().ok()?;
    invocation.is_ok().then(|| blocks.value_at_quantile(0.5) as f64 / 1e3)
}
