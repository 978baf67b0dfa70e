//! The command line of `ipcmark ab`, and of the programs that measure for it.

use crate::cli::words::{CapacityArg, parse_capacity_arg};
use crate::cli::{AxisArgs, HOW, OUT, WHAT};
use clap::{Args, ValueHint};
use ipcmark_core::Placement;
use ipcmark_suite::{parse_duration, parse_share};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark ab --base ./ipcmark-before --new ./ipcmark-after
  ipcmark ab --base-rev main            this program against a revision, built first
  ipcmark ab --new-arg=--transport=shm-ring/hybrid -t shm-ring/spin   another way to wait
  ipcmark ab --new-arg=--capacity=4KiB -t pipe/block -p stream        a smaller pipe
  ipcmark ab --new-env GLIBC_TUNABLES=glibc.malloc.tcache_count=0 -t 'rpc*'
  ipcmark ab                            this program against itself: what is detectable here?
  ipcmark ab -t pipe/block --slow-down '*=5%'                         does it detect 5 %?
  ipcmark ab --trials 20 --budget 30m   count false alarms, for half an hour";

const SIDES: &str = "What to compare";

/// The sides, the cells, and how to compare them.
#[derive(Debug, Clone, Args)]
pub(crate) struct AbArgs {
    /// Program of the base: an ipcmark, or one with transports of its own [default: the program that runs now].
    #[arg(long, help_heading = SIDES, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    pub(crate) base: Option<PathBuf>,
    /// Program of the new side [default: the program that runs now].
    #[arg(long, help_heading = SIDES, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    pub(crate) new: Option<PathBuf>,
    /// Build the base from this revision of the current checkout.
    #[arg(long, help_heading = SIDES, value_name = "REV", conflicts_with = "base")]
    pub(crate) base_rev: Option<String>,
    /// Build the new program from this revision.
    #[arg(long, help_heading = SIDES, value_name = "REV", conflicts_with = "new")]
    pub(crate) new_rev: Option<String>,
    /// An environment variable of the new side. Repeatable.
    #[arg(long, help_heading = SIDES, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) new_env: Vec<(String, String)>,
    /// A setting of the new side: --transport=NAME, --size=BYTES, --placement=NAME or --capacity=SIZE.
    /// Repeatable.
    #[arg(long, help_heading = SIDES, value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) new_arg: Vec<String>,
    /// An environment variable of the base. Repeatable.
    #[arg(long, help_heading = SIDES, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) base_env: Vec<(String, String)>,
    /// A setting of the base, like --new-arg. Repeatable.
    #[arg(long, help_heading = SIDES, value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) base_arg: Vec<String>,
    /// Slow down those cells of the new side whose names the glob matches, by a share of their time, to
    /// see if the comparison detects it. Round trips and wake-ups only. Repeatable.
    #[arg(long, help_heading = SIDES, value_name = "GLOB=SHARE", value_parser = parse_slow_down)]
    pub(crate) slow_down: Vec<(String, u32)>,
    /// The suite: quick (the default), standard, full, or the path of a TOML file.
    #[arg(long, help_heading = WHAT, value_name = "NAME|FILE", value_hint = ValueHint::FilePath)]
    pub(crate) suite: Option<String>,
    #[command(flatten)]
    pub(crate) axes: AxisArgs,
    /// Time limit; the build of a revision does not count, and all --trials share it [default: 2m for each comparison].
    /// A comparison ends earlier if every cell is decided.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) budget: Option<Duration>,
    /// Maximum pairs of invocations, base and new, of each cell in the first of two stages.
    #[arg(long, help_heading = HOW, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) pairs: u32,
    /// New pairs for each cell that may have changed, in the second stage. Undecided cells get more until the time is
    /// over.
    #[arg(long, help_heading = HOW, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) confirm: u32,
    /// Smallest change of a median or a rate that matters; a p99 must change five times as much.
    #[arg(long, help_heading = HOW, value_name = "SHARE", value_parser = parse_share, default_value = "2%")]
    pub(crate) delta: f64,
    /// Shortest turn of a side.
    #[arg(long, help_heading = HOW, value_name = "TIME", value_parser = parse_duration, default_value = "1ms")]
    pub(crate) slice: Duration,
    /// Laps of a pair of invocations. In a lap all sides take a turn, and then again in reverse order.
    #[arg(long, help_heading = HOW, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) laps: u32,
    /// Compare this program with itself N times, and count false changes and detected delays.
    #[arg(long, help_heading = HOW, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000),
        conflicts_with_all = ["base", "new", "base_rev", "new_rev", "new_env", "base_env", "new_arg", "base_arg", "of"])]
    pub(crate) trials: Option<u32>,
    /// Seed of the order of cells and sides and of the contents of messages [default: random; the record has it].
    #[arg(long, help_heading = HOW, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder for the pairs (paired.json) and the comparison (comparison.md, comparison.json) [default:
    /// reports/DATE-ab].
    #[arg(long, help_heading = OUT, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Judge an earlier comparison again, and measure nothing: its paired.json, or the folder that holds one (its --out).
    #[arg(long, help_heading = OUT, value_name = "FILE", value_hint = ValueHint::AnyPath,
        conflicts_with_all = ["base", "new", "base_rev", "new_rev", "new_env", "base_env", "new_arg", "base_arg", "slow_down", "suite",
            "transport", "pattern", "size", "placement", "peers", "depth", "rate", "arrivals", "input", "when_full", "capacity", "budget",
            "pairs", "confirm", "slice", "laps", "seed", "out"])]
    pub(crate) of: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, help_heading = OUT)]
    pub(crate) json: bool,
    /// Show every cell, not only changed and undecided ones.
    #[arg(long, help_heading = OUT)]
    pub(crate) all: bool,
    /// No progress on standard error.
    #[arg(long, help_heading = OUT, short)]
    pub(crate) quiet: bool,
}

/// The settings of a program that measures.
#[derive(Debug, Clone, Args)]
pub(crate) struct SlicesArgs {
    /// File that passes the turn on.
    #[arg(long)]
    pub(crate) relay: PathBuf,
    /// Place of this side in the order.
    #[arg(long)]
    pub(crate) arm: usize,
    /// Transport that replaces each.
    #[arg(long)]
    pub(crate) transport: Option<String>,
    /// Message size that replaces each, bytes.
    #[arg(long)]
    pub(crate) size: Option<usize>,
    /// Placement that replaces each.
    #[arg(long)]
    pub(crate) placement: Option<Placement>,
    /// Capacity that replaces each.
    #[arg(long, value_parser = parse_capacity_arg)]
    pub(crate) capacity: Option<CapacityArg>,
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("write NAME=VALUE".into()),
    }
}

/// Parses a glob over the names of cells, and thousandths.
fn parse_slow_down(text: &str) -> Result<(String, u32), String> {
    let (glob, share) =
        text.rsplit_once('=').ok_or("write GLOB=SHARE, e.g. 'pipe/block*=5%'".to_owned())?;
    let permille = (parse_share(share).map_err(|e| e.to_string())? * 1e3).round();
    if !(1.0..=1_000.0).contains(&permille) {
        return Err(format!("a delay goes from 0.1% to 100%, not {share}"));
    }
    Ok((glob.into(), permille as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_delays_are_read_or_refused_with_a_word() {
        assert_eq!(parse_variable("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert!(parse_variable("A").unwrap_err().contains("NAME=VALUE"));
        assert_eq!(parse_slow_down("pipe/*=5%"), Ok(("pipe/*".into(), 50)));
        assert!(parse_slow_down("pipe/*").unwrap_err().contains("GLOB=SHARE"));
        assert!(parse_slow_down("pipe=0.001%").unwrap_err().contains("from 0.1%"));
    }
}
