//! Our rings, the limits, and other people's rings in one run: `cargo bench --features peers
//! --bench peers`. For each distance of the CPUs it prints the times, each of ours divided by each
//! of theirs, and the targets, met or short.

use clap::Parser;
use ipcmark_benches::duel::{Arguments, Extent, Shape, candidates, peers};
use std::error::Error;

/// Compares our rings with other people's.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Line { arguments } = Line::parse();
    let _names = peers::clear_up()?;
    let mut candidates = candidates();
    candidates.extend(peers::candidates());
    arguments.run(candidates, Shape::all(), Extent::default())
}
