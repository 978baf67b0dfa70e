//! `ipcmark`: benchmarks every inter-process communication mechanism of Linux, honestly.
//!
//! The program reads the command line, hands the work to the crates that know how, and turns what comes back into
//! text and an exit code. It stays on one thread: the harness forks, and a fork takes only its own thread along.
#![forbid(unsafe_code)]

mod ab;
mod cli;
mod compare;
mod doctor;
mod exit;
mod export;
mod folder;
mod gate;
mod history;
mod knee;
mod layout;
mod limits;
mod list;
mod notes;
mod output;
mod progress;
mod repeat;
mod report;
mod rules;
mod run;
mod selection;
mod table;
mod tool;
mod units;
mod verify;

use clap::{CommandFactory as _, Parser as _};
use cli::{Cli, Command};
use exit::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or_else(|| Command::Run(Box::default()));
    match obey(command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::say_error(&error);
            exit::of(&error).into()
        }
    }
}

fn obey(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Repeat(args) => repeat::repeat(&args),
        Command::Knee(args) => knee::knee(&args),
        Command::List(args) => list::list(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Limits(args) => limits::limits(&args),
        Command::Report(args) => report::report(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Gate(args) => gate::gate(&args),
        Command::History(args) => history::history(&args),
        Command::Export(args) => export::export(&args),
        Command::Ab(args) => ab::ab(&args),
        Command::Slices(args) => ab::slices::slices(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ipcmark", &mut script);
            output::print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Ok)
        }
        Command::Schema => {
            output::print(&ipcmark_record::json_schema())?;
            Ok(Exit::Ok)
        }
    }
}
