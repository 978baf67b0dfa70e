//! The command line of `ipcmark export`.

use clap::{Args, ValueHint};
use ipcmark_export::Format;
use std::fmt;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark export --format list        what each format holds, and which tools read it
  ipcmark export reports/2026-01-31-quick --format csv --out run.csv
  ipcmark export reports/2026-01-31-quick --format bmf | bencher run --adapter json
  ipcmark export old --format criterion --out target --baseline old";

/// Value of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An explanation of each format.
    List,
    /// The line of a history.
    History,
    /// The series of a history.
    Otava,
    /// One of the formats that others read.
    Of(Format),
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wanted::List => "list",
            Wanted::History => "history",
            Wanted::Otava => "otava",
            Wanted::Of(format) => format.name(),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A record, or the folder that holds one as record.json; csv and parquet also take a paired
    /// comparison, and otava takes the store of a history.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) record: Option<PathBuf>,
    /// Format: csv, cells-csv, parquet, hlog, hgrm, criterion, bmf, gab, openmetrics, history, otava; `list`
    /// explains each.
    #[arg(long, short, value_name = "NAME", value_parser = parse)]
    pub(crate) format: Wanted,
    /// Output file, or folder for criterion, gab and hgrm. `-` is standard output.
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = "-")]
    pub(crate) out: PathBuf,
    /// Name of the baseline for critcmp; only with --format criterion [default: the measured commit].
    #[arg(long, value_name = "NAME")]
    pub(crate) baseline: Option<String>,
    /// Add the time of the run to each sample, so that a database takes old runs; only with --format
    /// openmetrics.
    #[arg(long)]
    pub(crate) timestamps: bool,
}

/// Returns every value of `--format`.
pub(crate) fn words() -> Vec<String> {
    let others = Format::ALL.into_iter().map(|format| Wanted::Of(format).to_string());
    [Wanted::List, Wanted::History].iter().map(ToString::to_string).chain(others).collect()
}

fn parse(name: &str) -> Result<Wanted, String> {
    match name {
        "list" => Ok(Wanted::List),
        "history" => Ok(Wanted::History),
        "otava" => Ok(Wanted::Otava),
        _ => Format::of(name).map(Wanted::Of).ok_or_else(|| {
            let names = Format::ALL.map(Format::name).join(", ");
            format!("there are {names}, history and otava; `--format list` explains them")
        }),
    }
}
