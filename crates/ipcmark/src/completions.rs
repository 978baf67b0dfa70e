//! `ipcmark completions`: a script for a shell that completes flags and the words that they take.

use crate::Catalog;
use crate::cli::Cli;
use crate::export::args::words as formats;
use clap::builder::PossibleValuesParser;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use ipcmark_core::{Arrivals, Input, Placement, WhenFull, Workload};
use ipcmark_suite::EMBEDDED;

/// Returns the script, with the transports of `catalog`.
pub(crate) fn script(catalog: &Catalog, shell: Shell) -> String {
    let mut script = Vec::new();
    let mut command = with_words(Cli::command(), catalog);
    clap_complete::generate(shell, &mut command, "ipcmark", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Returns a command whose flags name the words that they take. The program's own parsers also take
/// lists, globs and paths, which no shell can list.
fn with_words(command: Command, catalog: &Catalog) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let command = names
        .into_iter()
        .fold(command, |all, name| all.mut_subcommand(name, |c| with_words(c, catalog)));
    let flags: Vec<(String, Vec<String>)> = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_id().to_string(), words(arg.get_id().as_str(), catalog)?)))
        .collect();
    flags.into_iter().fold(command, |all, (id, words)| {
        // clap keeps words for as long as the program runs, which prints them and ends.
        let words: Vec<&'static str> = words.into_iter().map(|word| &*word.leak()).collect();
        all.mut_arg(id, |arg| arg.value_parser(PossibleValuesParser::new(words)))
    })
}

/// Returns the words that a flag takes; `None` if it takes others than these.
fn words(flag: &str, catalog: &Catalog) -> Option<Vec<String>> {
    let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Some(match flag {
        "suite" => own(&EMBEDDED.map(|(name, _)| name)),
        "transport" => catalog.names(),
        "pattern" => own(&Workload::ALL.map(Workload::name)),
        "placement" => own(&Placement::ALL.map(Placement::name)),
        "arrivals" => Arrivals::ALL.map(|arrivals| arrivals.to_string()).to_vec(),
        "when_full" => own(&WhenFull::ALL.map(WhenFull::name)),
        "input" => own(&Input::ALL.map(Input::name)),
        "format" => formats(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B19
    #[test]
    fn the_words_of_a_flag_are_completed() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(&Catalog::builtin(), shell);
            for word in ["ping-pong", "openmetrics", "standard", "same-core", "poisson", "shared"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
            assert!(script.contains("shm-ring/hybrid"), "{shell}");
        }
    }
}
