//! The command line of `ipcmark knee`.

use crate::cli::words::{
    CapacityArg, Several, parse_arrivals, parse_capacity_arg, parse_placements, parse_selectors,
    parse_size_list,
};
use crate::cli::{HOW, OUT, WHAT};
use clap::{Args, ValueHint};
use ipcmark_core::{Arrivals, Placement};
use ipcmark_suite::{RATES, Selector, parse_duration};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark knee -t pipe/block,unix-stream/block           the rate at which p99 passes 100 µs, 1 KiB, random arrivals
  ipcmark knee -t 'shm-ring/*' --size 64 --p99 20us
  ipcmark knee -t tcp/block --from 10 --p99 1ms          sparse rates first: they have few samples, but are in the chart
  ipcmark knee -t pipe/block --placement same-core,cross-core --budget 2m --json > knee.json";

/// The goal of the search, and its bounds.
#[derive(Debug, Clone, Args)]
pub(crate) struct KneeArgs {
    /// Globs over transport names: pipe/block, 'unix*', '*/spin', '!tcp'.
    #[arg(long, help_heading = WHAT, short, value_name = "GLOB,...", value_parser = parse_selectors, allow_hyphen_values = true, required = true)]
    pub(crate) transport: Vec<Several<Selector>>,
    /// The bound on p99 of the time from each message's due time to its receipt.
    #[arg(long, help_heading = WHAT, value_name = "TIME", value_parser = parse_duration, default_value = "100us")]
    pub(crate) p99: Duration,
    /// Message sizes [default: 1KiB].
    #[arg(long, help_heading = WHAT, short, value_name = "SIZE,...", value_parser = parse_size_list)]
    pub(crate) size: Vec<Several<usize>>,
    /// same-core, cross-core, smt-siblings, cross-node, free [default: cross-core].
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_placements)]
    pub(crate) placement: Vec<Several<Placement>>,
    /// Arrivals of messages: constant (at equal distances), poisson (random, like independent clients) [default: poisson].
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_arrivals)]
    pub(crate) arrivals: Vec<Several<Arrivals>>,
    /// Capacity asked of each direction: default, or a size [default: 256KiB].
    #[arg(long, help_heading = WHAT, value_name = "SIZE", value_parser = parse_capacity_arg)]
    pub(crate) capacity: Option<CapacityArg>,
    /// The first rate of the ladder, messages a second.
    #[arg(long, help_heading = HOW, value_name = "N", default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(i64::from(*RATES.start())..=i64::from(*RATES.end())))]
    pub(crate) from: u32,
    /// Invocations of each rate; each is one fork of its processes. p99 is their median.
    #[arg(long, help_heading = HOW, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rounds: u32,
    /// Bound on the wall time of the search; a result that it cuts short says so.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) budget: Option<Duration>,
    /// Seeds the order of visits, the arrivals and the contents of messages; the default is random, and recorded.
    #[arg(long, help_heading = HOW, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder for the record and the report [default: reports/DATE-knee].
    #[arg(long, help_heading = OUT, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, help_heading = OUT)]
    pub(crate) json: bool,
    /// No progress on standard error.
    #[arg(long, help_heading = OUT, short)]
    pub(crate) quiet: bool,
}
