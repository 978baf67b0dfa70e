//! Our rings and the limits of their shapes, in one run: `cargo bench --bench ring`. With
//! `--features peers`, the bench `peers` adds other people's rings.

use clap::Parser;
use ipcmark_benches::duel::{Arguments, Extent, Shape, candidates, ours};
use std::error::Error;

/// Compares our rings with the limits of their shapes.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
    /// Measure our ring at many capacities instead.
    #[arg(long, value_parser = ["capacity"])]
    sweep: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Line { arguments, sweep } = Line::parse();
    let candidates = if sweep.is_some() { ours::capacities() } else { candidates() };
    arguments.run(candidates, Shape::all(), Extent::default())
}
