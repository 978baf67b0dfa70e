//! Waits over the ring, side by side: their cost while both sides are busy, their cost in general,
//! and the best time to spin before a sleep.
//!
//! `cargo bench --bench waits` prints three tables; `-- busy`, `-- all` and `-- arrivals` print one
//! each, `-- --rounds N` sets the rounds. Each round visits all candidates in turn, and the tables
//! show medians over the rounds. Sides are forked processes, each pinned to a CPU unless the table
//! says otherwise.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is the purpose of a bench")]

mod all;
mod arrivals;
mod busy;

use clap::Parser;
use ipcmark_benches::arguments::Common;
use ipcmark_core::Placement;
use ipcmark_harness::{Bench, Scratch, host, placement};
use ipcmark_sys::clock::Clock;

/// Compares the waits of the ring.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    common: Common,
    /// Rounds: 100 for the table of busy sides, 7 for the others.
    #[arg(long)]
    rounds: Option<u32>,
}

/// Needs of all tables.
struct Machine {
    scratch: Scratch,
    clock: Clock,
}

impl Machine {
    /// Returns the CPUs of a placement, or the reason why there are none.
    fn bench(&self, place: Placement) -> Result<Bench, String> {
        let cpus = placement::choose(place, &host::cpus()).map_err(|refusal| refusal.reason)?;
        Ok(Bench { clock: self.clock, cpus, neighbours: None })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Line { common, rounds } = Line::parse();
    let machine = Machine { scratch: Scratch::new()?, clock: Clock::calibrate() };
    if common.wants("busy") {
        busy::table(&machine, rounds.unwrap_or(100))?;
    }
    if common.wants("all") {
        all::table(&machine, rounds.unwrap_or(7))?;
    }
    if common.wants("arrivals") {
        arrivals::table(&machine, rounds.unwrap_or(7))?;
    }
    Ok(())
}
