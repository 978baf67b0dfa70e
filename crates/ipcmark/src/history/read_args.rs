//! The command lines of the commands that read a history: `scan`, `show`, `page`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const SCAN_EXAMPLES: &str = "\
Examples:
  ipcmark history scan                        every change of level, the latest first
  ipcmark history scan --cell 'shm*cross-core' --cell p50
  ipcmark history scan --last 10 --exit-code  fail if the last ten commits made something slower
  ipcmark history scan --json > changes.json";

/// Choice of series of a history.
#[derive(Debug, Args)]
pub(crate) struct SeriesArgs {
    /// Only series with a match of this glob anywhere in their name: pipe/block, 'shm*cross-core', p50, '!stream'.
    #[arg(long, short, value_name = "GLOB")]
    pub(crate) cell: Vec<String>,
    /// Branch whose runs are read; '*' takes all. Runs without a branch are always read [default: the branch with most
    /// runs].
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    /// Only changes that began within the last N commits.
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
    /// Exit with 1 if something that is printed became slower.
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Globs, like those of --cell.
    #[arg(value_name = "GLOB")]
    pub(crate) globs: Vec<String>,
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    #[command(flatten)]
    pub(crate) series: SeriesArgs,
    /// Output file: one HTML page that opens offline.
    #[arg(long, value_name = "FILE", default_value = "history.html", value_hint = ValueHint::FilePath)]
    pub(crate) out: PathBuf,
    /// Title of the page [default: the name of the repository].
    #[arg(long, value_name = "TITLE")]
    pub(crate) title: Option<String>,
}
