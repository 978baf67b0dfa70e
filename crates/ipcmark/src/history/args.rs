//! The command line of `ipcmark history`.

use super::read_args::{PageArgs, SCAN_EXAMPLES, ScanArgs, ShowArgs};
use crate::cli::examples;
use crate::exit;
use clap::{Args, Subcommand, ValueHint};
use jiff::Timestamp;
use std::path::PathBuf;

/// Default store, in the folder of the runs.
const STORE: &str = "reports/history";

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark history add reports/2026-01-31-quick        the run of this commit
  ipcmark history add run --store /mnt/share/history  into a folder that machines share
  ipcmark history list --store git:benchmarks@origin  the runs on a branch of the remote
  ipcmark history list --json > history.ndjson        a line of JSON for each run
  ipcmark history show 'pipe*p50'                     a line for each series of figures
  ipcmark history scan --last 20                      where a level changed lately
  ipcmark history page --out history.html             all series in one HTML file
  IPCMARK_STORE=s3://bucket/prefix ipcmark history list

Stores:
  PATH                 a folder, also on NFS
  git:BRANCH           a branch of this repository; your work tree stays as it is
  git:BRANCH@REMOTE    such a branch of a remote; it is fetched and pushed
  s3://BUCKET/PREFIX   an object store, in builds with --features object-store; it needs
                       AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and
                       AWS_ENDPOINT if the store is not Amazon's

Each run becomes two files with a name of its own: the record (runs/YYYY/MM/TIME-HASH.json.gz),
and its figures in one line (lines/YYYY/MM/TIME-HASH.ndjson). Adding a run again changes nothing.";

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Store of the runs: a folder, git:BRANCH, git:BRANCH@REMOTE or s3://BUCKET/PREFIX.
    #[arg(long, global = true, value_name = "STORE", env = "IPCMARK_STORE", default_value = STORE)]
    pub(crate) store: String,
    #[command(subcommand)]
    pub(crate) what: HistoryCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Add runs: the whole record and a line of figures for each.
    ///
    /// Commit, branch and repository come from the variables of the CI job (GitHub, GitLab, or IPCMARK_COMMIT and
    /// IPCMARK_BRANCH), or else from git in the current folder.
    #[command(after_help = exit::HELP)]
    Add(AddArgs),
    /// List the runs, newest last.
    #[command(after_help = exit::HELP)]
    List(ListArgs),
    /// Show each series in a line: a bar for each of the newest commits, the last value, what changed.
    #[command(after_help = exit::HELP)]
    Show(ShowArgs),
    /// Find the commits at which a figure became slower or faster for good.
    ///
    /// A change is a suspicion, not a verdict: between two days the machine may have changed, too. Compare the commits
    /// before and after it with the command that the scan prints.
    #[command(after_help = examples(SCAN_EXAMPLES))]
    Scan(ScanArgs),
    /// Write one HTML page: what changed, then a chart of each series.
    #[command(after_help = exit::HELP)]
    Page(PageArgs),
    /// Repair a store after an interrupted writer: write missing and incomplete lines again.
    #[command(after_help = exit::HELP)]
    Repair,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Records, or the folders that hold one as record.json.
    #[arg(required = true, value_name = "RECORD", value_hint = ValueHint::AnyPath)]
    pub(crate) records: Vec<PathBuf>,
    /// Commit that was measured [default: the CI job's, else HEAD].
    #[arg(long, value_name = "COMMIT")]
    pub(crate) commit: Option<String>,
    /// Time of the commit, RFC 3339 [default: from git]; it orders the series.
    #[arg(long, value_name = "TIME")]
    pub(crate) commit_time: Option<Timestamp>,
    /// Branch of the commit [default: the CI job's, else the current one].
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
    /// URL of the repository [default: the CI job's, else that of the remote origin].
    #[arg(long, value_name = "URL")]
    pub(crate) repository: Option<String>,
    /// Record of a fixed, older build, measured on the same machine at about the same time. Ratios to
    /// it stay comparable when the machine is replaced.
    #[arg(long, value_name = "RECORD", value_hint = ValueHint::AnyPath)]
    pub(crate) reference: Option<PathBuf>,
    /// Extra attribute of the run, e.g. runner=large. Repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_attribute)]
    pub(crate) attribute: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Print the lines as NDJSON, one per run.
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_attribute(word: &str) -> Result<(String, String), String> {
    match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("write NAME=VALUE".into()),
    }
}
