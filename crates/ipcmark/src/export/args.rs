//! The command line of `ipcmark export`.

use clap::{Args, ValueHint};
use ipcmark_export::Format;
use std::fmt;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
Examples:
  ipcmark export --format list                             what each format holds, who reads it, and how
  ipcmark export reports/2026-01-31-quick --format csv --out run.csv
  ipcmark export reports/2026-01-31-quick --format bmf | bencher run --adapter json
  ipcmark export old --format criterion --out target --baseline old

Exit codes:
  0    it was written
  2    there is no such format, or it does not take such a document or destination
  4    a file could not be read or written";

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An explanation of each format.
    List,
    /// The line of a history.
    History,
    /// One of the formats that others read.
    Of(Format),
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wanted::List => "list",
            Wanted::History => "history",
            Wanted::Of(format) => format.name(),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A record, or the folder that holds one as record.json; for csv and parquet the document of a paired comparison, too.
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) record: Option<PathBuf>,
    /// Which format: csv, parquet, hlog, hgrm, criterion, bmf, gab, openmetrics, history; `list` explains each.
    #[arg(long, short, value_name = "NAME", value_parser = parse)]
    pub(crate) format: Wanted,
    /// Where it goes: a file; of criterion, gab and hgrm a folder. `-`, the default, is standard output.
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath, default_value = "-")]
    pub(crate) out: PathBuf,
    /// In criterion: the name that critcmp calls the figures by [default: the commit that measured].
    #[arg(long, value_name = "NAME")]
    pub(crate) baseline: Option<String>,
}

fn parse(name: &str) -> Result<Wanted, String> {
    match name {
        "list" => Ok(Wanted::List),
        "history" => Ok(Wanted::History),
        _ => Format::of(name).map(Wanted::Of).ok_or_else(|| {
            let names = Format::ALL.map(Format::name).join(", ");
            format!("there are {names} and history; `--format list` explains them")
        }),
    }
}
