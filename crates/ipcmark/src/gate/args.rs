//! The command line of `ipcmark gate`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark gate --print-policy > ipcmark-gate.toml        every key at its default, with what it does
  ipcmark ab --base old/ipcmark --new new/ipcmark --out paired
  ipcmark gate paired                                    decide by ./ipcmark-gate.toml, or the defaults
  ipcmark gate paired --github --junit gate.xml          in a workflow: annotations, summary, outputs
  ipcmark gate base/record.json new/record.json          two records of different times: a suspicion at most";

const OUT: &str = "Output";

#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// A paired comparison (its file, or the folder that `ipcmark ab` wrote), or two records: base and new.
    #[arg(value_name = "PAIRED | BASE NEW", num_args = 1..=2, required_unless_present = "print_policy", value_hint = ValueHint::AnyPath)]
    pub(crate) of: Vec<PathBuf>,
    /// The policy [default: ipcmark-gate.toml in this folder if it exists, or the built-in one].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// Print a policy with all defaults, explained.
    #[arg(long, conflicts_with_all = ["of", "policy", "json", "markdown", "junit", "github"])]
    pub(crate) print_policy: bool,
    /// Print JSON instead of text.
    #[arg(long, help_heading = OUT)]
    pub(crate) json: bool,
    /// Write Markdown to a file as well.
    #[arg(long, help_heading = OUT, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) markdown: Option<PathBuf>,
    /// Write JUnit XML to a file as well: a test case per figure; undecided ones are skipped.
    #[arg(long, help_heading = OUT, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
    /// Print annotations, and append to the files of GITHUB_STEP_SUMMARY and GITHUB_OUTPUT if set.
    #[arg(long, help_heading = OUT, conflicts_with = "json")]
    pub(crate) github: bool,
}
