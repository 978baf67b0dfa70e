//! The command line of `ipcmark history`.

use super::read_args::{PageArgs, SCAN_EXAMPLES, ScanArgs, ShowArgs};
use clap::{Args, Subcommand, ValueHint};
use jiff::Timestamp;
use std::path::PathBuf;

/// Default store, in the folder of the runs.
const STORE: &str = "reports/history";

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark history add reports/2026-01-31-quick           the run of this commit, into reports/history
  ipcmark history add run --store /mnt/share/history     any number of machines may add at the same time
  ipcmark history list --store git:benchmarks@origin     a branch that holds nothing else, fetched first
  ipcmark history list --json > history.ndjson           every line, for other tools
  ipcmark history show 'pipe*p50'                        a line a series: bars, last value, changes
  ipcmark history scan --last 20                         where levels changed, and how to confirm it
  ipcmark history page --out history.html                all series as one HTML file
  IPCMARK_STORE=s3://bucket/prefix ipcmark history list

Stores:
  PATH                 a folder; on NFS, too: nothing is ever appended to
  git:BRANCH           a branch of this checkout's repository; the work tree is not touched
  git:BRANCH@REMOTE    such a branch in a remote: fetched, added to, pushed; repeated if another push came first
  s3://BUCKET/PREFIX   an object store, in builds with --features object-store; set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
                       AWS_REGION, and AWS_ENDPOINT if it is not Amazon's

Each run has two files, under a name that no other run has: runs/YYYY/MM/TIME-HASH.json.gz, the whole record, and
lines/YYYY/MM/TIME-HASH.ndjson, its figures in a line. Adding a run twice does nothing the second time.";

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
    /// Commit, branch and repository are taken from the CI job's environment (GitHub, GitLab, or IPCMARK_COMMIT and
    /// IPCMARK_BRANCH), else from git in the current folder.
    Add(AddArgs),
    /// List the runs, newest last.
    List(ListArgs),
    /// Show every series: the newest commits as a line of bars, the last value, and what changed.
    Show(ShowArgs),
    /// Find where levels changed, over all series.
    #[command(after_help = SCAN_EXAMPLES)]
    Scan(ScanArgs),
    /// Write one HTML page: what changed, then a chart per series.
    Page(PageArgs),
    /// Repair what interrupted writers left: add missing lines, and write truncated ones again.
    Repair,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Records, or the folders that hold one as record.json.
    #[arg(required = true, value_name = "RECORD", value_hint = ValueHint::AnyPath)]
    pub(crate) records: Vec<PathBuf>,
    /// The commit that was measured [default: the CI job's, else HEAD].
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
    /// Record of a pinned build on the same machine, close in time: ratios to it stay comparable
    /// when the machine is replaced.
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
