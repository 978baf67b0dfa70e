//! Fan-in: several senders and one receiver, our ring for many producers next to others' queues.
//!
//! `cargo bench --bench fan_in` prints, for each way of waiting, placement, number of senders and
//! size, the time for a message and the ratios to ours. `--features peers` adds crossbeam's queues.
//! Filters choose: `-- '4 senders 64 B'`; `-- --wait yield` chooses the way of waiting, `--
//! --rounds 100` the rounds.
#![allow(clippy::print_stdout, reason = "printing is the purpose of a bench")]

use clap::Parser;
use ipcmark_benches::duel::fan_in::{Gait, candidates};
use ipcmark_benches::duel::{Arguments, Extent, Shape};
use std::error::Error;

/// Messages of a trial.
const MESSAGES: u64 = 60_000;
const ROUNDS: u32 = 40;

/// Ways of waiting, and whether the senders use both CPUs.
const SETTINGS: [(&str, Gait, bool); 3] = [
    ("yield, senders on both CPUs", Gait::Yield, true),
    ("yield, receiver alone on its CPU", Gait::Yield, false),
    ("pause, receiver alone on its CPU", Gait::Pause, false),
];

/// Compares queues of many senders.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
    /// Run only the settings with this in their name: yield, pause, alone.
    #[arg(long, default_value = "")]
    wait: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Line { arguments, wait } = Line::parse();
    for (name, gait, spread) in SETTINGS.into_iter().filter(|(name, ..)| name.contains(&wait)) {
        println!("\n# {name}");
        let messages = Some(MESSAGES);
        let base = Extent { rounds: ROUNDS, messages, spread, yields: true, ..Extent::default() };
        arguments.run(candidates(gait), Shape::fan_in(), base)?;
    }
    Ok(())
}
