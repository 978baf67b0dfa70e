//! The command line of `ipcmark gate`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark gate --print-policy > ipcmark-gate.toml  write the default policy, explained
  ipcmark ab --base old/ipcmark --new new/ipcmark --out paired
  ipcmark gate paired                              decide by ./ipcmark-gate.toml
  ipcmark gate paired --github --junit gate.xml    in a workflow of GitHub
  ipcmark gate base/record.json new/record.json    two records of different times";

const OUT: &str = "Output";

#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// The result of `ipcmark ab` (its folder, or paired.json in it), or two records: base and new.
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
    /// Write JUnit XML to a file as well: each figure is a test case, undecided ones count as skipped.
    #[arg(long, help_heading = OUT, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) junit: Option<PathBuf>,
    /// Print annotations of GitHub, and add to the files that GITHUB_STEP_SUMMARY and GITHUB_OUTPUT name.
    #[arg(long, help_heading = OUT, conflicts_with = "json")]
    pub(crate) github: bool,
}
