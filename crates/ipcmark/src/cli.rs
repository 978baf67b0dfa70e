//! The command line.

mod axes;
pub(crate) mod words;

use crate::ab::args::{self as ab, AbArgs, SlicesArgs};
use crate::export::args::{self as export, ExportArgs};
use crate::gate::{self, GateArgs};
use crate::history::{self, HistoryArgs};
use crate::knee::args::{self as knee, KneeArgs};
use crate::limits::{self, LimitsArgs};
use crate::repeat::{self, RepeatArgs};
use crate::{exit, tool};
pub(crate) use axes::{AxisArgs, CellArgs};
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use ipcmark_suite::{Selector, parse_duration, parse_duration_or_none, parse_share};
use std::path::PathBuf;
use std::time::Duration;
use words::parse_selectors;
pub(crate) use words::{Check, Several, all, parse_placements, parse_size_list};

const EXAMPLES: &str = "\
Examples:
  ipcmark                                      measure every mechanism, in a minute
  ipcmark list                                 what can be measured here, and what cannot, and why
  ipcmark rules pipe                           the rules that pipe(7) documents, checked on this machine
  ipcmark doctor                               what this machine lacks, and the command that changes it
  ipcmark limits                               what its hardware and kernel allow at best
  ipcmark run --suite standard                 enough to decide on, in a quarter of an hour
  ipcmark run --transport 'pipe,unix*' --size 64,1KiB..64KiB
  ipcmark report reports/2026-01-31-quick      write the report again from a record
  ipcmark compare old/record.json new/record.json --markdown changes.md
  ipcmark gate paired.json --github            may this change pass? exit codes, annotations, summary for CI
  ipcmark export --format list                 formats that other tools read, and how";

const RUN_EXAMPLES: &str = "\
Examples:
  ipcmark run --transport 'shm*' --pattern ping-pong --placement cross-core,same-core
  ipcmark run --transport '*/block' --size 8..1MiB*8 --target 3% --budget 5m
  ipcmark run --transport pipe,fifo --rounds 20 --fixed
  ipcmark run --transport pipe --pattern stream --capacity default --out pipe-as-shipped
  ipcmark run --transport '*/block' --pattern paced --rate 10,1000 --arrivals poisson --measure 500ms
  ipcmark run --transport 'shm-ring/*' --pattern scatter-gather --peers 1,2,4 --input shared
  ipcmark run --suite my.toml --seed 7 --json --quiet > summary.json
  ipcmark run --resume reports/2026-01-31-full";

const RULES_EXAMPLES: &str = "\
Examples:
  ipcmark rules                        every rule of every mechanism
  ipcmark rules signal pipe            two families
  ipcmark rules rpc/at-most-once       one rule
  ipcmark rules --into reports/2026-01-31-quick";

pub(crate) const WHAT: &str = "What to measure";
pub(crate) const HOW: &str = "How long and how often";
pub(crate) const OUT: &str = "What comes out";

/// Measures how fast, how steadily and at what cost two processes on this machine can talk.
///
/// Without a command, ipcmark runs its quick suite: every mechanism it knows, and a few of them in
/// every workload, in a minute; then it prints a table and the path of a report to open in a
/// browser. A cell is one transport, one workload, one message size and one placement of its
/// processes on CPUs.
#[derive(Debug, Parser)]
#[command(name = "ipcmark", version = tool::VERSION, after_help = examples(EXAMPLES), max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure a suite of cells, and write the record and its report.
    #[command(after_help = examples(RUN_EXAMPLES))]
    Run(Box<RunArgs>),
    /// Run a suite several times, and count how often the runs agree.
    ///
    /// Counts, cell by cell, the other runs' figures inside the interval that a run states, and the
    /// pairs of cells that come in the same order in all runs.
    #[command(after_help = examples(repeat::EXAMPLES), mut_arg("resume", |arg| arg.hide(true)), mut_arg("retry", |arg| arg.hide(true)))]
    Repeat(Box<RepeatArgs>),
    /// Find the highest rate at which p99 stays under a bound.
    ///
    /// An open loop: latency counts from the moment each message was due. The rates rise until one
    /// fails, then halve the gap to the last that passed, until the knee is known to a tenth.
    /// Unless given: 1 KiB, cross-core, poisson arrivals, buffers of 256 KiB.
    #[command(after_help = examples(knee::EXAMPLES), mut_arg("transport", |arg| arg.required(true)))]
    Knee(Box<KneeArgs>),
    /// Show what can be measured here, and what cannot, and why.
    #[command(after_help = exit::HELP)]
    List(ListArgs),
    /// Check the rules that each mechanism documents, and show what happened, with the calls that
    /// were made.
    ///
    /// "1,000 SIGUSR1 sent while blocked: 1 delivered." Each rule is an experiment in its own
    /// process; `--list` shows the rules without running any.
    #[command(visible_alias = "verify", after_help = examples(RULES_EXAMPLES))]
    Rules(RulesArgs),
    /// Examine the machine: what it offers and lacks, what that costs, and the command that would
    /// change it.
    ///
    /// Changes nothing. Findings do not change the exit code.
    #[command(after_help = exit::HELP)]
    Doctor(DoctorArgs),
    /// Measure what hardware and kernel allow at best: a cache line handed over, bytes copied, a
    /// call, a wake-up, a switch.
    ///
    /// Every run measures the same on the CPUs of its cells, and compares each figure with it ("×
    /// of its limit"). Alone it takes three seconds. Each distance between CPUs has its own
    /// figures.
    #[command(after_help = examples(limits::EXAMPLES))]
    Limits(LimitsArgs),
    /// Write the report of a record again: HTML, charts and Markdown.
    #[command(after_help = exit::HELP)]
    Report(ReportArgs),
    /// Compare two records of different times, cell by cell.
    ///
    /// It raises suspicions and gives no verdict. `ipcmark ab` measures both sides side by side.
    #[command(after_help = exit::HELP)]
    Compare(CompareArgs),
    /// Decide for a CI job whether a change may pass, by a policy in a file.
    ///
    /// A paired comparison (`ipcmark ab`) can fail it; two records of different times only raise a
    /// suspicion, unless the policy trusts them. Undecided figures never pass silently.
    #[command(after_help = examples(gate::EXAMPLES))]
    Gate(GateArgs),
    /// Keep runs over time, in a folder, on a git branch or in an object store.
    ///
    /// Append-only: any number of machines add to it, without a server and without a lock.
    #[command(after_help = examples(history::EXAMPLES))]
    History(HistoryArgs),
    /// Write a record in a format that another tool reads: CSV, Parquet, HdrHistogram, critcmp,
    /// Bencher, Prometheus ...
    #[command(after_help = examples(export::EXAMPLES))]
    Export(ExportArgs),
    /// Compare two builds, or two settings, running side by side in alternating slices of 1 ms.
    ///
    /// On a shared machine, two runs of one program differ by tens of percent. Here what the
    /// machine does happens to both sides. A second base and a known delay (the canary) check the
    /// comparison itself.
    #[command(after_help = examples(ab::EXAMPLES))]
    Ab(Box<AbArgs>),
    /// Measure for `ipcmark ab`: reads what to do from standard input.
    #[command(hide = true)]
    Slices(SlicesArgs),
    /// Print a completion script for a shell: `eval "$(ipcmark completions bash)"`.
    #[command(after_help = exit::HELP)]
    Completions {
        /// Shell to print it for.
        shell: Shell,
    },
    /// Print the JSON Schema of a record.
    #[command(after_help = exit::HELP)]
    Schema,
}

fn examples(text: &str) -> String {
    format!("{text}\n\n{}", exit::HELP)
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RunArgs {
    /// The suite: quick (the default), standard, full, or the path of a TOML file.
    #[arg(long, help_heading = WHAT, value_name = "NAME|FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: Option<String>,
    #[command(flatten)]
    pub(crate) axes: AxisArgs,
    /// Minimum runs of each cell; a run forks fresh processes. Under 6 there are no intervals.
    #[arg(long, help_heading = HOW, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rounds: Option<u32>,
    /// Target precision, e.g. 5%: after the minimum the cells with a wider interval (99th
    /// percentiles: five times as wide) get more runs, the widest first.
    #[arg(long, help_heading = HOW, value_name = "SHARE", value_parser = parse_share)]
    pub(crate) target: Option<f64>,
    /// Maximum runs of each cell, however wide its interval still is.
    #[arg(long, help_heading = HOW, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rounds_most: Option<u32>,
    /// Exactly --rounds runs of each cell, and no adaptive extra.
    #[arg(long, help_heading = HOW, conflicts_with_all = ["target", "rounds_most"])]
    pub(crate) fixed: bool,
    /// Measured time of one run of a cell, e.g. 50ms.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) measure: Option<Duration>,
    /// Maximum warm-up before it, e.g. 20ms; 0s for none.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration_or_none)]
    pub(crate) warm_up: Option<Duration>,
    /// Time limit for everything, the documented rules and the report too (`repeat`: for all runs), e.g.
    /// 60s. The minimum runs
    /// come first; the time that is left narrows intervals. Without a limit ipcmark ends when each cell reaches --target or has had
    /// --rounds-most.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) budget: Option<Duration>,
    /// Seed of the order of cells and the contents of messages; the default is random, and
    /// recorded.
    #[arg(long, help_heading = HOW, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder for the record and the report [default: reports/DATE-SUITE].
    #[arg(long, help_heading = OUT, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Resume the run that was stopped in DIR; its record says what to measure.
    #[arg(long, help_heading = OUT, value_name = "DIR", value_hint = ValueHint::DirPath,
        conflicts_with_all = ["suite", "no_rules", "transport", "pattern", "size", "placement", "peers", "depth", "rate", "arrivals", "input",
            "capacity", "rounds", "target", "rounds_most", "fixed", "measure", "warm_up", "seed", "check", "out"])]
    pub(crate) resume: Option<PathBuf>,
    /// Another try, with --resume, for cells during which the run died (killed, or out of memory).
    #[arg(long, help_heading = OUT, requires = "resume")]
    pub(crate) retry: bool,
    /// Print the summary as JSON instead of tables.
    #[arg(long, help_heading = OUT)]
    pub(crate) json: bool,
    /// Skip the rules that the mechanisms document (`ipcmark rules`). With --transport a run skips
    /// them too.
    #[arg(long, help_heading = WHAT)]
    pub(crate) no_rules: bool,
    /// Do not count system calls. By default each cell has one short extra run for it, under
    /// ptrace(2).
    #[arg(long, help_heading = HOW)]
    pub(crate) no_counting: bool,
    /// Bytes that are compared: sampled, the stamps of each message and all of one in 1,024 (the
    /// default); full, all of each, which costs time (see the report).
    #[arg(long, help_heading = HOW, value_name = "HOW", value_enum)]
    pub(crate) check: Option<Check>,
    /// No progress on standard error.
    #[arg(long, help_heading = OUT, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only the transports that these globs name.
    #[arg(value_name = "GLOB", value_parser = parse_selectors)]
    pub(crate) transport: Vec<Several<Selector>>,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// Only the rules that these globs name: a family (signal, pipe, rpc ...) or family/rule.
    #[arg(value_name = "MECHANISM", value_parser = parse_selectors)]
    pub(crate) rules: Vec<Several<Selector>>,
    /// List the rules, and run none.
    #[arg(long, conflicts_with_all = ["into", "json", "quiet"])]
    pub(crate) list: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also add the results to the record of a run, and write its report again.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) into: Option<PathBuf>,
    /// No progress on standard error.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Time to listen for noise on each of at most four CPUs.
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = parse_duration)]
    pub(crate) listen: Duration,
    /// Also show what the machine offers.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON, with everything.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// A record, or the folder that holds one as record.json.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) record: PathBuf,
    /// Folder for the report [default: the record's folder].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Print the tables too.
    #[arg(long)]
    pub(crate) table: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The record to compare with, or its folder.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) base: PathBuf,
    /// The record in question, or its folder.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) new: PathBuf,
    /// Print JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write Markdown to a file as well.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) markdown: Option<PathBuf>,
    /// For different machines: compare ratios to each machine's own limits. Always ends with 3.
    #[arg(long)]
    pub(crate) across_hosts: bool,
    /// Show every figure, not only the suspected ones.
    #[arg(long)]
    pub(crate) all: bool,
}

#[cfg(test)]
mod tests {
    use super::words::CapacityArg;
    use super::*;
    use clap::CommandFactory as _;
    use ipcmark_core::{Arrivals, Input, Placement, Workload};

    fn run(flags: &[&str]) -> Result<RunArgs, String> {
        let command = ["ipcmark", "run"].into_iter().chain(flags.iter().copied());
        match Cli::try_parse_from(command).map_err(|e| e.to_string())?.command {
            Some(Command::Run(args)) => Ok(*args),
            other => panic!("not a run: {other:?}"),
        }
    }

    #[test]
    fn clap_finds_no_fault_with_the_definitions() {
        Cli::command().debug_assert();
    }

    /// B18
    #[test]
    fn every_command_has_the_same_exit_codes() {
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.ends_with(exit::HELP), "{}", command.get_name());
            assert_eq!(help.matches("Exit codes").count(), 1, "{}", command.get_name());
        }
    }

    #[test]
    fn lists_may_be_split_by_commas_or_by_flags() {
        let args = run(&["--size", "64,1KiB..4KiB", "--size", "8", "-t", "{pipe,tcp}/block,unix*"])
            .unwrap();
        assert_eq!(all(&args.axes.cells.size), [64, 1024, 2048, 4096, 8]);
        let globs: Vec<_> =
            all(&args.axes.cells.transport).iter().map(ToString::to_string).collect();
        assert_eq!(globs, ["{pipe,tcp}/block", "unix*"]);
        let args = run(&["--pattern", "stream,ping-pong", "--capacity", "default"]).unwrap();
        assert_eq!(all(&args.axes.pattern), [Workload::Stream, Workload::PingPong]);
        assert!(matches!(args.axes.cells.capacity, Some(CapacityArg(None))));
        let args =
            run(&["--peers", "2,4", "--peers", "8", "--rate", "10", "--input", "shared,sent"])
                .unwrap();
        assert_eq!((all(&args.axes.peers), all(&args.axes.rate)), (vec![2, 4, 8], vec![10]));
        assert_eq!(all(&args.axes.input), [Input::Shared, Input::Sent]);
    }

    #[test]
    fn the_help_names_every_word_of_an_axis() {
        let help = Cli::command()
            .find_subcommand_mut("run")
            .map(|run| run.render_help().to_string())
            .unwrap_or_default();
        let words = Workload::ALL.map(Workload::name).into_iter();
        let words =
            words.chain(Placement::ALL.map(Placement::name)).chain(Input::ALL.map(Input::name));
        let words = words.chain(Arrivals::ALL.map(Arrivals::name));
        for word in words {
            assert!(help.contains(word), "{word} is not in:\n{help}");
        }
    }

    #[test]
    fn a_slip_is_told_with_the_nearest_word() {
        for (flags, part) in [
            (["--pattern", "pingpong"], "did you mean 'ping-pong'?"),
            (["--placement", "same-cpu"], "one of same-core, cross-core"),
            (["--size", "64k"], "64KiB or 64kB"),
            (["--budget", "60"], "60ms or 60s"),
            (["--rounds", "0"], "1..=10000"),
            (["--target", "5"], "write 5%"),
            (["--pattern", "fanin"], "did you mean 'fan-in'?"),
            (["--arrivals", "posson"], "did you mean 'poisson'?"),
            (["--input", "share"], "did you mean 'shared'?"),
            (["--peers", "0"], "peers from 1 to 256"),
            (["--depth", "deep"], "messages from 1 to 65536"),
            (["--rate", "1k"], "messages a second from 1 to"),
        ] {
            let said = run(&flags).unwrap_err();
            assert!(said.contains(part), "{flags:?}: {said}");
        }
        assert!(
            run(&["--resume", "x", "--suite", "full"]).unwrap_err().contains("cannot be used with")
        );
        assert!(run(&["--fixed", "--target", "5%"]).unwrap_err().contains("cannot be used with"));
        assert!(
            run(&["--resume", "x", "--rate", "1"]).unwrap_err().contains("cannot be used with")
        );
    }
}
