//! The command line of `ipcmark knee`.

use crate::cli::{CellArgs, HOW, OUT, WHAT};
use clap::{Args, ValueHint};
use ipcmark_suite::{RATES, parse_duration};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark knee -t pipe/block,unix-stream/block   up to which rate is p99 under 100 µs?
  ipcmark knee -t 'shm-ring/*' -s 64 --p99 20us --round-trip
  ipcmark knee -t tcp/block --from 10 --p99 1ms  begin with 10 messages a second
  ipcmark knee -t pipe/block --placement same-core,cross-core --budget 2m --json > knee.json";

/// The goal of the search, and its bounds.
#[derive(Debug, Clone, Args)]
pub(crate) struct KneeArgs {
    #[command(flatten)]
    pub(crate) cells: CellArgs,
    /// Bound on the 99th percentile of the time from the moment a message is due to its receipt.
    #[arg(long, help_heading = WHAT, value_name = "TIME", value_parser = parse_duration, default_value = "100us")]
    pub(crate) p99: Duration,
    /// Bound the round trip instead of the one-way time. Shared-memory rings need it: they are too fast to time one way.
    #[arg(long, help_heading = WHAT)]
    pub(crate) round_trip: bool,
    /// Rate to begin with, messages a second.
    #[arg(long, help_heading = HOW, value_name = "N", default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(i64::from(*RATES.start())..=i64::from(*RATES.end())))]
    pub(crate) from: u32,
    /// Invocations at each rate; p99 is their median.
    #[arg(long, help_heading = HOW, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rounds: u32,
    /// Time limit. A search that it ends early says so.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) budget: Option<Duration>,
    /// Seed of the order of cells, the arrivals and the contents of messages [default: random; the record has it].
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
