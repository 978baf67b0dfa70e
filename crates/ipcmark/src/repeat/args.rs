//! The command line of `ipcmark repeat`, and of each run that it starts.

use crate::cli::RunArgs;
use clap::{Args, ValueHint};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark repeat                        the quick suite ten times, in eleven minutes
  ipcmark repeat --runs 5 -t 'pipe,unix*' --budget 2m --out again
  ipcmark repeat --of again             evaluate the runs in a folder again
  ipcmark repeat --of monday/record.json tuesday/record.json --json";

/// Flags with a value that are not passed on to a run unchanged.
const WITH_VALUE: [&str; 4] = ["--runs", "--out", "--seed", "--budget"];

#[derive(Debug, Args)]
pub(crate) struct RepeatArgs {
    /// Number of runs, one after the other, each in a new process.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=99))]
    pub(crate) runs: u32,
    /// Measure nothing; evaluate these runs. Name each by its record.json or the folder that holds one (the run's --out), or name
    /// a folder of such folders (the --out of an earlier `ipcmark repeat`).
    #[arg(long, value_name = "RECORD", num_args = 1.., value_hint = ValueHint::AnyPath,
        conflicts_with_all = ["runs", "suite", "AxisArgs", "CellArgs", "rounds", "target", "rounds_most", "fixed", "measure", "warm_up", "cpus", "budget", "seed", "out", "no_rules"])]
    pub(crate) of: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Returns the arguments of run number `n`, from 0. `given` has the arguments after `repeat`.
///
/// Most are passed on unchanged, so that each run takes all flags of `ipcmark run`. `budget` is the
/// run's share of that of all runs.
pub(super) fn of_run(
    given: impl IntoIterator<Item = OsString>,
    args: &RunArgs,
    n: u32,
    (out, budget): (&OsStr, Option<Duration>),
    quiet: bool,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["run".into()];
    let mut given = given.into_iter();
    while let Some(word) = given.next() {
        let text = word.to_string_lossy();
        if WITH_VALUE.contains(&text.as_ref()) {
            given.next();
        } else if text != "--json"
            && !WITH_VALUE.iter().any(|flag| text.starts_with(&format!("{flag}=")))
        {
            words.push(word);
        }
    }
    // Each run needs its own seed: one seed always gives the same order of visits.
    let seed = args.seed.map(|seed| seed.wrapping_add(u64::from(n)).to_string());
    words.extend(seed.into_iter().flat_map(|seed| ["--seed".into(), seed.into()]));
    let budget = budget.map(|budget| format!("{}ms", budget.as_millis().max(1)));
    words.extend(budget.into_iter().flat_map(|budget| ["--budget".into(), budget.into()]));
    let also = [("--no-rules", !args.no_rules), ("--quiet", quiet && !args.quiet)];
    words.extend(also.iter().filter(|(_, wanted)| *wanted).map(|(flag, _)| (*flag).into()));
    words.extend(["--out".into(), out.to_owned()]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    fn parsed(flags: &[&str]) -> RepeatArgs {
        let command = ["ipcmark", "repeat"].into_iter().chain(flags.iter().copied());
        match Cli::try_parse_from(command).unwrap().command {
            Some(Command::Repeat(args)) => *args,
            other => panic!("not a repeat: {other:?}"),
        }
    }

    fn words(flags: &[&str], n: u32) -> String {
        let given = flags.iter().map(OsString::from);
        let args = parsed(flags).run;
        let words = of_run(given, &args, n, (OsStr::new("out/03"), args.budget), true);
        let run = Cli::try_parse_from(["ipcmark".into()].into_iter().chain(words.clone()));
        assert!(matches!(run.unwrap().command, Some(Command::Run(_))), "{words:?}");
        words.join(OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn a_run_gets_what_was_given_but_what_is_the_repetitions_own() {
        assert_eq!(words(&[], 0), "run --no-rules --quiet --out out/03");
        let flags = ["--runs", "3", "-t", "pipe,!fifo", "--json", "--out=x", "--size=64", "-q"];
        assert_eq!(words(&flags, 1), "run -t pipe,!fifo --size=64 -q --no-rules --out out/03");
        let flags = ["--seed", "7", "--no-rules", "--out", "--runs", "--runs=2"];
        assert!(Cli::try_parse_from(["ipcmark", "repeat"].iter().chain(&flags)).is_err());
        let flags = ["--seed", "7", "--no-rules", "--budget", "20s", "--runs=2"];
        assert_eq!(
            words(&flags, 4),
            "run --no-rules --seed 11 --budget 20000ms --quiet --out out/03"
        );
    }

    #[test]
    fn records_that_exist_are_not_run() {
        assert_eq!(parsed(&["--of", "a", "b", "--json"]).of.len(), 2);
        for flags in [["--size", "64"], ["--suite", "full"], ["--runs", "3"]] {
            let command = ["ipcmark", "repeat"].iter().chain(&flags).chain(&["--of", "a"]);
            assert!(Cli::try_parse_from(command).is_err(), "{flags:?}");
        }
    }
}
