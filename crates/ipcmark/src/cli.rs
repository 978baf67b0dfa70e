//! The command line.

mod axes;
mod detail;
mod texts;
pub(crate) mod words;

use crate::ab::args::{self as ab, AbArgs, SlicesArgs};
use crate::doctor::DoctorArgs;
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
pub(crate) use detail::{DetailArgs, PercentileArgs};
use ipcmark_suite::{Selector, parse_duration, parse_duration_or_none, parse_share};
use std::path::PathBuf;
use std::time::Duration;
use texts::{EXAMPLES, RULES_EXAMPLES, RUN_EXAMPLES};
use words::parse_selectors;
pub(crate) use words::{Check, Several, all, parse_placements, parse_size_list};

pub(crate) const WHAT: &str = "What to measure";
pub(crate) const HOW: &str = "How long and how often";
pub(crate) const OUT: &str = "What comes out";

/// Measures how fast, how steadily and at what CPU cost processes on this machine can talk.
///
/// Without a command, ipcmark measures its quick suite in a minute: every mechanism that it knows,
/// and a few of them in every workload. It prints tables, and the path of a report for your browser.
#[derive(Debug, Parser)]
#[command(name = "ipcmark", version = tool::VERSION, after_help = examples(EXAMPLES), max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure the cells of a suite; write a record with all raw data, and a report.
    #[command(after_help = examples(RUN_EXAMPLES))]
    Run(Box<RunArgs>),
    /// Measure a suite several times, and count how often the runs agree.
    ///
    /// Counts how often the interval of one run contains the figure of another, and how often two
    /// cells keep their order.
    #[command(after_help = examples(repeat::EXAMPLES), mut_arg("resume", |arg| arg.hide(true)),
        mut_arg("retry", |arg| arg.hide(true)), mut_arg("all_columns", |arg| arg.hide(true)),
        mut_arg("raw", |arg| arg.hide(true)))]
    Repeat(Box<RepeatArgs>),
    /// Find the highest rate at which p99 stays under a bound.
    ///
    /// It raises the rate until p99 is over the bound, then narrows the gap to the last rate that passed, until
    /// the answer (the knee) is known to a tenth. A latency counts from the moment when the message was due.
    /// Defaults: 1 KiB, cross-core, poisson arrivals, buffers of 256 KiB.
    #[command(after_help = examples(knee::EXAMPLES), mut_arg("transport", |arg| arg.required(true)))]
    Knee(Box<KneeArgs>),
    /// List all transports; for those that cannot run here, say why.
    #[command(after_help = exit::HELP)]
    List(ListArgs),
    /// Check on this machine what manual pages say about each mechanism.
    ///
    /// Each rule is an experiment: it shows the calls that were made, and what happened: "1,000 SIGUSR1 sent while
    /// blocked: 1 delivered."
    #[command(visible_alias = "verify", after_help = examples(RULES_EXAMPLES))]
    Rules(RulesArgs),
    /// Show what this machine lacks, what that costs, and the command that changes it.
    ///
    /// It changes nothing itself. Findings do not change the exit code.
    #[command(after_help = exit::HELP)]
    Doctor(DoctorArgs),
    /// Measure what hardware and kernel allow at best.
    ///
    /// That is the time to hand over a cache line, to copy bytes, for a syscall, a wake-up and a context switch.
    /// Every run measures it, too, and divides its figures by it (the column "× limit").
    #[command(after_help = examples(limits::EXAMPLES))]
    Limits(LimitsArgs),
    /// Write the report of a record again: HTML, charts and Markdown.
    #[command(after_help = exit::HELP)]
    Report(ReportArgs),
    /// Compare two records of different times, cell by cell.
    ///
    /// The machine may have changed in between, so the result is a suspicion, not a verdict. `ipcmark
    /// ab` measures both builds side by side and decides.
    #[command(after_help = exit::HELP)]
    Compare(CompareArgs),
    /// Decide for a CI job whether a change may pass, by a policy in a file.
    ///
    /// Reads the result of `ipcmark ab`, which can fail the gate, or two records of different times, which only
    /// raise a suspicion unless the policy trusts them. Undecided figures never pass silently.
    #[command(after_help = examples(gate::EXAMPLES))]
    Gate(GateArgs),
    /// Keep runs over time, in a folder, on a git branch or in an object store.
    ///
    /// Files are only added, so any number of machines may add at once, without a server or a lock.
    #[command(after_help = examples(history::EXAMPLES))]
    History(HistoryArgs),
    /// Write a record in another tool's format: CSV, Parquet, HdrHistogram, Bencher, Prometheus ...
    #[command(after_help = examples(export::EXAMPLES))]
    Export(ExportArgs),
    /// Compare two builds of ipcmark, or two settings of one, which run side by side and take turns of 1 ms.
    ///
    /// A build is an ipcmark, or a program with transports of its own. A side for which none is named is this program:
    /// `ipcmark ab` alone compares it with itself.
    ///
    /// On a shared machine, two runs of one program differ by tens of percent. Here both sides meet the same noise. There
    /// are two stages: the first looks at every cell (--pairs), the second again at those that may have changed (--confirm).
    /// The comparison checks itself: the base against a second copy of it must show no change, and a copy with
    /// a known delay (the canary) must show one.
    #[command(after_help = examples(ab::EXAMPLES))]
    Ab(Box<AbArgs>),
    /// Measure for `ipcmark ab`: reads what to do from standard input.
    #[command(hide = true)]
    Slices(SlicesArgs),
    /// Print a completion script for your shell: `eval "$(ipcmark completions bash)"`.
    #[command(after_help = exit::HELP)]
    Completions {
        /// Shell to print it for.
        shell: Shell,
    },
    /// Print the JSON Schema of a record.
    #[command(after_help = exit::HELP)]
    Schema,
}

pub(crate) fn examples(text: &str) -> String {
    format!("{text}\n\n{}", exit::HELP)
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RunArgs {
    /// The suite: quick (the default), standard, full, or the path of a TOML file.
    #[arg(long, help_heading = WHAT, value_name = "NAME|FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: Option<String>,
    #[command(flatten)]
    pub(crate) axes: AxisArgs,
    #[command(flatten)]
    pub(crate) detail: DetailArgs,
    /// Minimum number of invocations of each cell: a round makes one of each. With fewer than 6 there are no intervals.
    #[arg(long, help_heading = HOW, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rounds: Option<u32>,
    /// Precision to reach, e.g. 5%: cells whose interval is wider than ± 5 % of the figure get more
    /// invocations after the minimum, the widest first. Intervals of p99 may be five times as wide
    /// [default: the suite's].
    #[arg(long, help_heading = HOW, value_name = "SHARE", value_parser = parse_share)]
    pub(crate) target: Option<f64>,
    /// Maximum number of invocations of each cell, even if it is not as precise as --target.
    #[arg(long, help_heading = HOW, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rounds_most: Option<u32>,
    /// Exactly --rounds invocations of each cell, however precise it is.
    #[arg(long, help_heading = HOW, conflicts_with_all = ["target", "rounds_most"])]
    pub(crate) fixed: bool,
    /// Measured time of one invocation, e.g. 50ms.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) measure: Option<Duration>,
    /// Maximum warm-up before the measured time, e.g. 20ms; 0s for none.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration_or_none)]
    pub(crate) warm_up: Option<Duration>,
    /// CPUs to use, in order: the initiator gets the first, the responder the next one that the placement
    /// allows, further peers those after it. `same-core` uses the last one of the list [default: all that are allowed].
    #[arg(long, help_heading = HOW, value_name = "N,N", value_delimiter = ',')]
    pub(crate) cpus: Option<Vec<u32>>,
    /// Time limit for everything, e.g. 60s; rules and report count (`repeat`: for all runs together).
    /// The minimum of --rounds comes first, then the time is spent on cells that are less precise than
    /// --target. Without a limit a run ends when each cell has reached --target or --rounds-most.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) budget: Option<Duration>,
    /// Seed of the order of cells and the contents of messages [default: random; the record has it].
    #[arg(long, help_heading = HOW, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder for the record and the report [default: reports/DATE-SUITE].
    #[arg(long, help_heading = OUT, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Continue the run in DIR: a stopped one, or a finished one for longer. Its record says what to measure.
    #[arg(long, help_heading = OUT, value_name = "DIR", value_hint = ValueHint::DirPath,
        conflicts_with_all = ["suite", "no_rules", "transport", "pattern", "size", "mix", "placement", "peers", "idle", "depth", "rate", "gap", "spin_budget", "neighbours", "arrivals", "input", "when_full",
            "capacity", "rounds", "target", "rounds_most", "fixed", "measure", "warm_up", "cpus", "seed", "check", "out", "percentiles"])]
    pub(crate) resume: Option<PathBuf>,
    /// Another try, with --resume, for cells and limits during which the run died (killed, or out of memory).
    #[arg(long, help_heading = OUT, requires = "resume")]
    pub(crate) retry: bool,
    /// Print the summary as JSON instead of tables.
    #[arg(long, help_heading = OUT)]
    pub(crate) json: bool,
    /// Skip the check of documented rules (`ipcmark rules`). A run with --transport skips it, too.
    #[arg(long, help_heading = WHAT)]
    pub(crate) no_rules: bool,
    /// Do not count syscalls. By default each cell has one short extra invocation for it, under
    /// ptrace(2).
    #[arg(long, help_heading = HOW)]
    pub(crate) no_counting: bool,
    /// Bytes of each received message that are compared with what was sent.
    #[arg(long, help_heading = HOW, value_name = "HOW", value_enum)]
    pub(crate) check: Option<Check>,
    /// Print all columns of the tables, however wide; the report always has them.
    #[arg(long, help_heading = OUT)]
    pub(crate) all_columns: bool,
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
pub(crate) struct ReportArgs {
    /// A record, or the folder that holds one as record.json.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) record: PathBuf,
    /// Folder for the report [default: the record's folder].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Print the tables, too.
    #[arg(long)]
    pub(crate) table: bool,
    #[command(flatten)]
    pub(crate) tail: PercentileArgs,
    /// Print all columns of the tables, however wide.
    #[arg(long, requires = "table")]
    pub(crate) all_columns: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Earlier record, or its folder.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) base: PathBuf,
    /// Later record, or its folder.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) new: PathBuf,
    /// Print JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write Markdown to a file as well.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) markdown: Option<PathBuf>,
    /// Compare two machines: each figure as a multiple of its own machine's limit. Always ends with 3.
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
        fn check(command: &clap::Command) {
            for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.ends_with(exit::HELP), "{}", command.get_name());
                assert_eq!(help.matches("Exit codes").count(), 1, "{}", command.get_name());
                check(command);
            }
        }
        check(&Cli::command());
    }

    #[test]
    fn the_help_explains_each_word_of_the_tables_once() {
        let help = Cli::command().render_long_help().to_string();
        let (_, words) = help.split_once("\nWords:\n").unwrap();
        for word in ["cell", "invocation", "round", "run", "rank", "limit", "floor"] {
            assert_eq!(words.matches(&format!("\n  {word} ")).count(), 1, "{word} in {help}");
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
        let arrivals = Arrivals::ALL.map(|arrivals| arrivals.to_string());
        for word in words.chain(arrivals.iter().map(String::as_str)) {
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
            (["--peers", "0"], "peers from 1 to 1024"),
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
