//! Waits over the ring, beside each other: what they cost while both sides are busy, what they cost at all, and how long to
//! spin before a sleep.
//!
//! `cargo bench --bench waits` prints three tables; `-- busy`, `-- all` and `-- arrivals` print one each, `-- --rounds N`
//! takes more or fewer rounds. Medians over rounds in which all candidates were visited in turn; sides are forked
//! processes, pinned to a CPU each unless the table says otherwise.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

mod all;
mod arrivals;
mod busy;

use ipcmark_core::Placement;
use ipcmark_harness::{Bench, Scratch, host, placement};
use ipcmark_sys::clock::Clock;

/// What all tables need.
struct Machine {
    scratch: Scratch,
    clock: Clock,
}

impl Machine {
    /// The CPUs of a placement; why not, where there are none.
    fn bench(&self, place: Placement) -> Result<Bench, String> {
        let cpus = placement::choose(place, &host::cpus()).map_err(|(reason, _)| reason)?;
        Ok(Bench { clock: self.clock, cpus })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut tables: Vec<String> = Vec::new();
    let mut rounds = None;
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--rounds" => rounds = rest.next().and_then(|n| n.parse().ok()),
            flag if flag.starts_with('-') => {}
            table => tables.push(table.into()),
        }
    }
    let wanted = |table: &str| tables.is_empty() || tables.iter().any(|t| t == table);
    let machine = Machine { scratch: Scratch::new()?, clock: Clock::calibrate() };
    if wanted("busy") {
        busy::table(&machine, rounds.unwrap_or(100))?;
    }
    if wanted("all") {
        all::table(&machine, rounds.unwrap_or(7))?;
    }
    if wanted("arrivals") {
        arrivals::table(&machine, rounds.unwrap_or(7))?;
    }
    Ok(())
}
