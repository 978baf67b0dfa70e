//! The program `ipcmark` as a library: [`main`] over a [`Catalog`] of transports.
//!
//! It reads the command line, calls the crates that do the work, and turns their results into text
//! and an exit code. It stays on one thread: the harness forks, and a fork copies only the thread
//! that calls it.
//!
//! Your own program with one more transport needs three lines; `examples/own-transport` is a
//! complete one:
//!
//! ```no_run
//! # mod own { pub static CATALOG: &[ipcmark::Entry] = &[]; }
//! fn main() -> std::process::ExitCode {
//!     ipcmark::main(&ipcmark::Catalog::builtin().with(own::CATALOG))
//! }
//! ```
#![forbid(unsafe_code)]

mod ab;
mod catalog;
mod cli;
mod compare;
mod completions;
mod doctor;
mod exit;
mod export;
mod folder;
mod gate;
mod history;
mod knee;
mod limits;
mod list;
mod output;
mod progress;
mod raw;
#[cfg(feature = "readers")]
pub mod readers;
mod repeat;
mod report;
mod rules;
mod run;
mod selection;
mod spending;
mod steer;
mod table;
mod tool;
mod try_rules;

pub use catalog::Catalog;
pub use ipcmark_catalog::{Entry, catalog};
pub use ipcmark_rules::{Found, Seen, Trial};

use clap::Parser as _;
use cli::{Cli, Command};
use exit::Exit;
use ipcmark_show::plural;
use ipcmark_sys::scratch::Swept;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line with the transports of `catalog`; returns the exit code.
///
/// Commands that start the program again (`ab`, `repeat`) start the one that called this, so its
/// `main` should do nothing else.
#[must_use]
pub fn main(catalog: &Catalog) -> ExitCode {
    ipcmark_sys::process::survive_file_size_limit();
    let words = with_command(std::env::args_os().collect());
    let command = Cli::parse_from(words).command.unwrap_or_else(|| Command::Run(Box::default()));
    match obey(catalog, command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::say_error(&error);
            exit::of(&error).into()
        }
    }
}

/// Returns the command line with the command that options alone are meant for: `ipcmark --budget 5m`
/// is a run.
fn with_command(mut words: Vec<OsString>) -> Vec<OsString> {
    const OWN: [&str; 4] = ["-h", "--help", "-V", "--version"];
    let is_of_run = |word: &OsString| {
        word.as_encoded_bytes().starts_with(b"-") && !OWN.iter().any(|own| word == own)
    };
    if words.get(1).is_some_and(is_of_run) {
        words.insert(1, "run".into());
    }
    words
}

fn obey(catalog: &Catalog, command: Command) -> anyhow::Result<Exit> {
    catalog.check()?;
    // Those that measure; the others only look.
    if matches!(
        command,
        Command::Run(_)
            | Command::Repeat(_)
            | Command::Knee(_)
            | Command::Rules(_)
            | Command::Ab(_)
    ) {
        let swept = ipcmark_sys::scratch::sweep();
        if swept != Swept::default() {
            output::warn(&leftovers(swept));
        }
    }
    match command {
        Command::Run(args) => run::run(catalog, &args),
        Command::Repeat(args) => repeat::repeat(catalog, &args),
        Command::Knee(args) => knee::knee(catalog, &args),
        Command::List(args) => list::list(catalog, &args),
        Command::Rules(args) => try_rules::rules(catalog, &args),
        Command::Doctor(args) => doctor::doctor(catalog, &args),
        Command::Limits(args) => limits::limits(&args),
        Command::Report(args) => report::report(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Gate(args) => gate::gate(&args),
        Command::History(args) => history::history(&args),
        Command::Export(args) => export::export(&args),
        Command::Ab(args) => ab::ab(catalog, &args),
        Command::Slices(args) => ab::slices::slices(catalog, &args),
        Command::Completions { shell } => {
            output::print(&completions::script(catalog, shell))?;
            Ok(Exit::Ok)
        }
        Command::Schema => {
            output::print(ipcmark_record::JSON_SCHEMA)?;
            Ok(Exit::Ok)
        }
    }
}

/// Says what killed runs had left.
fn leftovers(Swept { folders, names, objects }: Swept) -> String {
    format!(
        "removed what killed runs of this user had left: {}, {} in /dev/shm and /dev/mqueue, {} (queues, semaphores, segments)",
        plural(folders, "temporary folder"),
        plural(names, "name"),
        plural(objects, "kernel object")
    )
}
