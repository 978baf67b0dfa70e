//! Our rings and the limits of their shapes, in one run: `cargo bench --bench ring`. With other people's rings beside them:
//! `cargo bench --features peers --bench peers`.

use ipcmark_benches::duel::{ours, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run(ours::candidates())
}
