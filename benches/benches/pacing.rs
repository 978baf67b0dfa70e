//! The CPU time of messages at a set rate: ipcmark's, with what it spends on waiting left out, and
//! a bare program's that sleeps until a message is due and writes it.
//!
//! `cargo bench --bench pacing` runs both in turn over a pipe, 64 B, the reader blocked in read(2).
//! It prints the CPU time of both sides a message as ipcmark counts it, what each sleep of its
//! sender took, and the ratio of their sum to the bare program's. `-- --pairs 40` takes more pairs,
//! `-- --max-off 0.1` fails if the ratio is further than that from 1.
#![allow(clippy::print_stdout, reason = "printing is the purpose of a bench")]

use clap::Parser;
use ipcmark_benches::arguments::Common;
use ipcmark_benches::pairs::Ratio;
use ipcmark_benches::plan;
use ipcmark_core::{Error, Extent, Placement, Plan, Result, Side, Workload};
use ipcmark_harness::placement::Cpus;
use ipcmark_harness::{Bench, Entry, Scratch, host, placement};
use ipcmark_pipe::Pipe;
use ipcmark_stats::median;
use ipcmark_sys::clock::{Clock, monotonic_ns, sleep_until_ns};
use ipcmark_sys::crew::Crew;
use ipcmark_sys::fd::Block;
use ipcmark_sys::{affinity, usage};
use rustix::io::{read, write};
use rustix::thread::set_current_timer_slack;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

const PIPE: Entry = Entry::of::<Pipe<Block>>();
const SIZE: usize = 64;
/// Messages a second at which both send.
const RATES: [u32; 2] = [1_000, 5_000];
/// Length of one trial.
const TIME: Duration = Duration::from_millis(500);
const DEADLINE: Duration = Duration::from_secs(20);

/// Compares CPU time at a set rate with a bare program's.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    common: Common,
    /// Pairs of trials for each row.
    #[arg(long, default_value_t = 40)]
    pairs: usize,
    /// Fail if a ratio is further than this from 1.
    #[arg(long)]
    max_off: Option<f64>,
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let line = Line::parse();
    let clock = Clock::calibrate();
    let scratch = Scratch::new()?;
    let cpus = host::cpus();
    println!(
        "{:<32} {:>13} {:>10} {:>10}  {:<22} pairs",
        "pipe/block, 64 B", "ipcmark, µs", "sleep, µs", "bare, µs", "(ipcmark + sleep) / bare"
    );
    let mut off = Vec::new();
    for rate in RATES {
        for place in [Placement::SameCore, Placement::CrossCore] {
            let title = format!("{rate}/s {place}");
            if !line.common.wants(&title) {
                continue;
            }
            let Ok(cpus) = placement::choose(place, &cpus) else {
                println!("{title:<32} not on this machine");
                continue;
            };
            let bench = Bench { clock, cpus, neighbours: None };
            let (mut ours, mut sleeps, mut bares, mut ratios) = (vec![], vec![], vec![], vec![]);
            for seed in 0..line.pairs as u64 {
                let (own, sleep) = with_harness(rate, place, &bench, &scratch, seed)?;
                let bare = bare(rate, &bench.cpus)?;
                ours.push(own);
                sleeps.push(sleep);
                bares.push(bare);
                ratios.push((own + sleep) / bare);
            }
            let middle = |values: &[f64]| median(values).unwrap_or(f64::NAN) / 1e3;
            println!(
                "{title:<32} {:>13.2} {:>10.2} {:>10.2}  {:<22} {}",
                middle(&ours),
                middle(&sleeps),
                middle(&bares),
                Ratio::of(&ratios).show(3),
                ratios.len()
            );
            let ratio = median(&ratios).unwrap_or(f64::INFINITY);
            if line.max_off.is_some_and(|max| (ratio - 1.0).abs() > max) {
                off.push(format!("{title}: {ratio:.3}"));
            }
        }
    }
    if off.is_empty() { Ok(()) } else { Err(off.join("; ").into()) }
}

/// Returns the CPU time of a message as ipcmark counts it, and that of its sender's sleep, ns.
fn with_harness(
    rate: u32,
    place: Placement,
    bench: &Bench,
    scratch: &Scratch,
    seed: u64,
) -> std::result::Result<(f64, f64), Box<dyn std::error::Error>> {
    let workload = Workload::PACED.with_value(rate);
    let plan = plan(workload, SIZE, place, Extent::Time(TIME), scratch.names());
    let found = PIPE.invoke(&Plan { seed, deadline: DEADLINE, ..plan }, bench).invocation;
    if !found.is_ok() {
        return Err(format!("{:?}", found.outcome).into());
    }
    let a_message = |ns: u64| ns as f64 / found.messages as f64;
    let own = found.sides.iter().map(|side| side.usage.of_mechanism());
    let pacing = found.sides.iter().filter_map(|side| side.usage.pacing);
    Ok((
        a_message(own.map(|usage| usage.user_ns + usage.system_ns).sum()),
        a_message(pacing.map(|pacing| pacing.sleeping_ns).sum()),
    ))
}

/// Returns the CPU time of a message of a bare program, both processes, ns.
fn bare(rate: u32, cpus: &Cpus) -> Result<f64> {
    let messages = u64::from(rate) * TIME.as_millis() as u64 / 1000;
    let (from, to) = rustix::pipe::pipe().map_err(|e| Error::os("pipe", e))?;
    let mut ends = [Some(to), Some(from)];
    let mut crew = Crew::new(2, size_of::<u64>())?;
    for side in Side::ALL {
        crew.fork(|| {
            let mine = ends[side.index()].take();
            ends = [None, None];
            let mine = mine.ok_or("an end was taken twice")?;
            if let Some(cpu) = cpus.of(side.index()) {
                affinity::pin(cpu)?;
            }
            let before = usage::now();
            match side {
                Side::Initiator => send(&mine, rate, messages)?,
                Side::Responder => receive(&mine, messages)?,
            }
            let spent = usage::now().since(before);
            Ok((spent.user_ns + spent.system_ns).to_le_bytes().to_vec())
        })?;
    }
    drop(ends);
    let results = crew.finish(Instant::now() + DEADLINE)?.results();
    let results = results.map_err(|e| Error::Protocol(format!("the bare program failed: {e}")))?;
    let ns =
        results.iter().map(|bytes| bytes.iter().rev().fold(0, |ns, b| ns << 8 | u64::from(*b)));
    Ok(ns.sum::<u64>() as f64 / messages as f64)
}

fn send(to: &OwnedFd, rate: u32, messages: u64) -> Result<()> {
    let _ = set_current_timer_slack(NonZeroU64::new(1));
    let begun = monotonic_ns();
    for n in 1..=messages {
        let due = begun + n * 1_000_000_000 / u64::from(rate);
        sleep_until_ns(due)?;
        // Less than PIPE_BUF: written whole.
        write(to, &[7; SIZE]).map_err(|e| Error::os("write", e))?;
    }
    Ok(())
}

fn receive(from: &OwnedFd, messages: u64) -> Result<()> {
    let mut buffer = [0; SIZE];
    for _ in 0..messages {
        let mut got = 0;
        while got < SIZE {
            match read(from, &mut buffer[got..]).map_err(|e| Error::os("read", e))? {
                0 => return Err(Error::Closed),
                n => got += n,
            }
        }
    }
    Ok(())
}
