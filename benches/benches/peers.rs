//! Our rings, the limits, and other people's rings in one run: `cargo bench --features peers --bench peers`. For each distance
//! of the CPUs it prints the times, each of ours divided by each of theirs, and the targets, met or short.

use ipcmark_benches::duel::{ours, peers, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _names = peers::clear_up()?;
    let mut candidates = ours::candidates();
    candidates.extend(peers::candidates());
    run(candidates)
}
