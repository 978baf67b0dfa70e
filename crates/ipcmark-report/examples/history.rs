//! Writes the page of a made-up history: `history FOLDER [COMMITS CELLS]`, as `FOLDER/history.html`.
//!
//! Nothing in it was measured. It serves to look at the page, and the browser test. Its first five cells show: a step of 5 %,
//! a drift, an outlier, a gap, and one that became faster.
#![forbid(unsafe_code)]

use ipcmark_history::{History, Scanned, sample};
use ipcmark_report::history;
use std::path::Path;
use std::process::ExitCode;

const SEED: u64 = 3;
const COMMITS: usize = 60;
const CELLS: usize = 16;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: usize| words.get(at).map_or(Ok(or), |word| word.parse());
    let (Some(folder), Ok(commits), Ok(cells)) =
        (words.first(), number(1, COMMITS), number(2, CELLS))
    else {
        return fail("name a folder: history FOLDER [COMMITS CELLS]");
    };
    let history = History::of(&sample::lines(SEED, commits, cells));
    let scanned = Scanned::of(history, &Default::default());
    match history::write(&scanned, "made-up", &Path::new(folder).join("history.html")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => fail(&e.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "an example is a program")]
fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
