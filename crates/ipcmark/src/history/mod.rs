//! `ipcmark history`: a project's runs over time.

mod add;
mod args;
mod list;
mod page;
mod read;
mod read_args;
mod scan;
mod show;

pub(crate) use args::{EXAMPLES, HistoryArgs};

use crate::exit::{Exit, Usage};
use crate::output;
use anyhow::Result;
use args::HistoryCommand;
use ipcmark_history::{Error, Lines, Store, store};

/// Runs the subcommand.
///
/// # Errors
/// A store that does not exist or cannot be reached; errors of the subcommand.
pub(crate) fn history(args: &HistoryArgs) -> Result<Exit> {
    let store = store::open(&args.store).map_err(|error| match error {
        Error::NoStore { .. } => anyhow::Error::new(Usage(error.to_string())),
        other => other.into(),
    })?;
    match &args.what {
        HistoryCommand::Add(args) => add::add(&*store, args),
        HistoryCommand::List(args) => list::list(&*store, args),
        HistoryCommand::Show(args) => show::show(&*store, args),
        HistoryCommand::Scan(args) => scan::scan(&*store, args),
        HistoryCommand::Page(args) => page::page(&*store, args),
        HistoryCommand::Repair => repair(&*store),
    }
}

/// Returns all lines; reports unreadable ones on standard error.
fn lines(store: &dyn Store) -> Result<Lines> {
    let lines = store.lines()?;
    if !lines.troubles.is_empty() {
        output::warn(&format!("{}: {}", store.name(), lines.census()));
    }
    Ok(lines)
}

fn repair(store: &dyn Store) -> Result<Exit> {
    let repaired = store.repair()?;
    let mut told: Vec<String> = Vec::new();
    told.extend(repaired.adopted.iter().map(|key| format!("adopted {key}")));
    told.extend(repaired.renewed.iter().map(|key| format!("wrote the line of {key} again")));
    told.extend(repaired.left.iter().map(|what| format!("could not mend {what}")));
    if told.is_empty() {
        told.push("nothing to mend".into());
    }
    output::print(&told.join("\n"))?;
    Ok(if repaired.left.is_empty() { Exit::Ok } else { Exit::Io })
}
