//! A stall shows in an open loop as theory predicts, and a closed loop does not see it.
//!
//! `cargo bench --bench stall` freezes the receiving process of real transports for 10 ms every
//! second. It prints p99.5 and p99.9 of open loops (10,000 messages a second at equal distances,
//! and at random; as many from several senders together, to several receivers, in several pairs), the
//! prediction, and the same percentiles of a ping-pong over the same transport.
//! It fails if the open loop is off by more than 10 %, or if the ping-pong sees the stall. Each
//! pattern takes 20 s, so that 200 messages are beyond p99.9; `-- --seconds 10` is quicker and has
//! fewer. `-- pipe` runs the transports with `pipe` in their name.
#![allow(clippy::print_stdout, reason = "printing is the purpose of a bench")]

use clap::Parser;
use ipcmark_benches::arguments::Common;
use ipcmark_benches::plan;
use ipcmark_benches::stall::{Stalling, predicted_ns};
use ipcmark_core::{Arrivals, Extent, Parameter, Placement, Plan, Side, Workload};
use ipcmark_harness::{Bench, Entry, Scratch, host, placement};
use ipcmark_pipe::Pipe;
use ipcmark_record::{Histogram, Invocation, SideReport};
use ipcmark_shm::{Hybrid, Memfd, ShmRing};
use ipcmark_stats::median;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::fd::Block;
use std::error::Error;
use std::time::Duration;

const PIPE: Entry = Entry::of::<Stalling<Pipe<Block>>>();
const RING: Entry = Entry::of::<Stalling<ShmRing<Memfd, Hybrid>>>();
/// The transports without freezes.
const PLAIN: [Entry; 2] = [Entry::of::<Pipe<Block>>(), Entry::of::<ShmRing<Memfd, Hybrid>>()];

const SIZE: usize = 64;
/// Rate of the open loop. At equal distances a freeze meets messages at one phase only, so they
/// must be dense compared with 10 ms.
const RATE_PER_S: u32 = 10_000;
/// Rate of round trips: a sender that sleeps has one in flight, so a lower rate leaves time to catch up.
const TRIPS_PER_S: u32 = 2_500;
/// Peers that have these rates together.
const PEERS: u32 = 4;
const QUANTILES: [f64; 2] = [0.995, 0.999];
/// Largest relative difference of measured and predicted.
const TOLERANCE: f64 = 0.1;
/// Part of the stall below which a closed loop does not see it.
const BLIND: f64 = 0.5;
/// Length of one invocation: whole seconds, so that it has one freeze a second.
const INVOCATION: Duration = Duration::from_secs(5);

/// Freezes a receiver and looks for it in the percentiles.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    common: Common,
    /// Seconds for each pattern.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let line = Line::parse();
    let cpus = host::cpus();
    let (place, cpus) = [Placement::CrossCore, Placement::Free]
        .into_iter()
        .find_map(|place| Some((place, placement::choose(place, &cpus).ok()?)))
        .ok_or("no CPU")?;
    let desk = Desk {
        bench: Bench { clock: Clock::calibrate(), cpus, neighbours: None },
        place,
        scratch: Scratch::new()?,
        seconds: line.seconds,
    };
    println!(
        "receiver frozen for 10 ms every second; open loop at {RATE_PER_S}/s; {SIZE} B, {place}; {} s each",
        line.seconds
    );
    println!(
        "{:<52} {:>6} {:>12} {:>13} {:>7} {:>14} {:>8}",
        "cell", "", "measured, ms", "predicted, ms", "ratio", "ping-pong, ms", "beyond"
    );
    let mut wrong = Vec::new();
    for (entry, plain) in [PIPE, RING].into_iter().zip(PLAIN) {
        let name = entry.info.name();
        if !line.common.wants(&name) {
            continue;
        }
        wrong.extend(try_out(&desk, &name, &entry, &plain)?);
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
}

/// Prints the rows of one transport; returns what is wrong.
fn try_out(
    desk: &Desk,
    name: &str,
    entry: &Entry,
    plain: &Entry,
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut wrong = Vec::new();
    let service_ns = desk.service_ns(plain)?;
    let closed = desk.values(entry, Workload::PingPong)?;
    let one_way = Arrivals::ALL.map(|arrivals| Workload::Paced { rate: RATE_PER_S, arrivals });
    let both_ways = Workload::PACED_PING_PONG.with_value(TRIPS_PER_S);
    for workload in one_way.into_iter().chain([both_ways]).chain(several()) {
        let open = desk.values(entry, workload)?;
        let base_ns = at(&open, 0.5)?;
        // What one frozen process gets; in pairs each responder is frozen.
        let rate = if workload.is_one_way() { RATE_PER_S } else { TRIPS_PER_S };
        // A sender that sleeps has one request in flight: a round trip serves each.
        let service_ns = if workload.is_one_way() { service_ns } else { desk.trip_ns(plain)? };
        for q in QUANTILES {
            let cell = format!("{name} {workload} {}", workload.parameters());
            let measured = at(&open, q)?;
            let predicted = predicted_ns(q, base_ns, f64::from(rate), service_ns);
            let ratio = measured / predicted;
            let seen = at(&closed, q)?;
            println!(
                "{cell:<52} {:>6} {:>12.3} {:>13.3} {:>7.3} {:>14.3} {:>8.0}",
                format!("p{}", q * 100.0),
                measured / 1e6,
                predicted / 1e6,
                ratio,
                seen / 1e6,
                (1.0 - q) * count(&open)
            );
            if (ratio - 1.0).abs() > TOLERANCE {
                wrong.push(format!("{cell}: p{} is {ratio:.3} of what it must be", q * 100.0));
            }
            if seen > BLIND * predicted {
                wrong.push(format!("{cell}: the ping-pong saw the stall at p{}", q * 100.0));
            }
        }
    }
    println!(
        "{name}: ping-pong made {:.0} round trips, {:.0} a second; service {service_ns:.0} ns a message",
        count(&closed),
        count(&closed) / desk.seconds as f64
    );
    Ok(wrong)
}

/// Returns the workloads of several peers that have the rates together.
fn several() -> [Workload; 3] {
    let of = |workload: Workload, rate| workload.with(Parameter::Peers, PEERS).with_value(rate);
    [
        of(Workload::PACED_FAN_IN, RATE_PER_S / PEERS),
        of(Workload::PACED_BROADCAST, RATE_PER_S / PEERS),
        of(Workload::PACED_PAIRS, TRIPS_PER_S / PEERS),
    ]
}

/// Returns the median of the invocations' quantiles, ns: a single disturbed invocation does not
/// move it.
fn at(invocations: &[Histogram], q: f64) -> Result<f64, Box<dyn Error>> {
    let values: Vec<f64> = invocations.iter().map(|h| h.value_at_quantile(q) as f64).collect();
    Ok(median(&values).ok_or("no second to measure in")?)
}

fn count(invocations: &[Histogram]) -> f64 {
    invocations.iter().map(|h| h.len() as f64).sum()
}

/// Place and length of invocations.
struct Desk {
    bench: Bench,
    place: Placement,
    scratch: Scratch,
    seconds: u64,
}

impl Desk {
    fn invoke(
        &self,
        entry: &Entry,
        (workload, time): (Workload, Duration),
        seed: u64,
    ) -> Result<Invocation, Box<dyn Error>> {
        let plan = plan(workload, SIZE, self.place, Extent::Time(time), self.scratch.names());
        let plan = Plan { seed, deadline: time + Duration::from_secs(20), ..plan };
        let found = entry.invoke(&plan, &self.bench).invocation;
        if found.is_ok() { Ok(found) } else { Err(format!("{:?}", found.outcome).into()) }
    }

    /// Returns the time that the transport needs for a message if it never waits for one, ns.
    fn service_ns(&self, entry: &Entry) -> Result<f64, Box<dyn Error>> {
        let stream = (Workload::Stream, Duration::from_millis(200));
        let found = self.invoke(entry, stream, 0)?;
        Ok(found.elapsed_ns as f64 / found.messages as f64)
    }

    /// Returns the time of a round trip of a ping-pong, ns.
    fn trip_ns(&self, entry: &Entry) -> Result<f64, Box<dyn Error>> {
        let trips = (Workload::PingPong, Duration::from_millis(200));
        let found = self.invoke(entry, trips, 0)?;
        Ok(found.elapsed_ns as f64 / found.messages as f64)
    }

    /// Returns the times of as many invocations as fit into the seconds, each with its own random
    /// moments.
    fn values(&self, entry: &Entry, workload: Workload) -> Result<Vec<Histogram>, Box<dyn Error>> {
        let of = |seed| -> Result<Histogram, Box<dyn Error>> {
            let found = self.invoke(entry, (workload, INVOCATION), seed << 8)?;
            let is_timed = |side: &&SideReport| {
                Side::of_process(&side.side).is_some_and(|side| workload.is_timed_by(side))
            };
            let mut all: Option<Histogram> = None;
            for side in found.sides.iter().filter(is_timed) {
                let own = side.histogram.as_ref().ok_or("nothing was timed")?.unpack()?;
                match &mut all {
                    Some(all) => all.add(&own)?,
                    None => all = Some(own),
                }
            }
            Ok(all.ok_or("nothing was timed")?)
        };
        (0..self.seconds.div_ceil(INVOCATION.as_secs())).map(of).collect()
    }
}
