//! `ipcmark export`: a record in a format that another tool reads.

pub(crate) mod args;

use crate::exit::{Exit, Usage};
use crate::{folder, output};
use anyhow::{Context as _, Result, bail};
use args::{ExportArgs, Wanted};
use ipcmark_export::{Document, Error, Exported, Format, Options, Shape, export as convert};
use ipcmark_history::{Provenance, Run};
use ipcmark_record::Record;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

/// Exports a record or a comparison.
///
/// # Errors
/// A document that cannot be read, or is not one that the format takes; a destination that cannot be written.
pub(crate) fn export(args: &ExportArgs) -> Result<Exit> {
    if args.format == Wanted::List {
        output::print(&list())?;
        return Ok(Exit::Ok);
    }
    let Some(path) = &args.record else {
        bail!(Usage("name a record, or the folder that holds one: ipcmark export RECORD".into()));
    };
    refuse_early(args)?;
    if args.format == Wanted::Otava {
        return written(args, &Exported::One(series(path)?));
    }
    let document = Document::read(&folder::record_at(path))?;
    let options = Options { baseline: args.baseline.clone(), timestamps: args.timestamps };
    let exported = match (args.format, &document) {
        (Wanted::Of(format), _) => convert(&document, format, &options).map_err(usage)?,
        (_, Document::Record(record)) => Exported::One(line(record)?),
        (_, Document::Paired(_)) => {
            bail!(Usage("a history is made of records, and this is a paired comparison".into()))
        }
    };
    written(args, &exported)
}

/// Returns the series of a history for Otava.
fn series(store: &Path) -> Result<Vec<u8>> {
    let name = store.to_string_lossy();
    let lines = ipcmark_history::store::open(&name)?.lines()?;
    if lines.runs.is_empty() {
        bail!(Usage(format!(
            "{name} holds no runs of a history: `ipcmark history add RECORD --store {name}` adds one"
        )));
    }
    Ok(ipcmark_history::otava(&ipcmark_history::History::of(&lines.runs)))
}

/// Writes what was exported.
fn written(args: &ExportArgs, exported: &Exported) -> Result<Exit> {
    match exported {
        Exported::One(bytes) if to_stdout(args) => print(bytes)?,
        _ => {
            let files = exported.write(&args.out).map_err(|(path, error)| {
                anyhow::Error::new(error).context(format!("cannot write {}", path.display()))
            })?;
            let plural = if files == 1 { "file" } else { "files" };
            output::say(&format!("{}: {files} {plural} in {}", args.format, args.out.display()));
        }
    }
    Ok(Exit::Ok)
}

/// Returns the record's line in a history. Record and environment name the commit, as in
/// `ipcmark history add`.
fn line(record: &Record) -> Result<Vec<u8>> {
    let variable = |name: &str| std::env::var(name).ok();
    let provenance =
        Provenance::found(Path::new("."), None, record.host.checkout.as_ref(), variable);
    let run = Run::of(record, &provenance, None).map_err(|error| match error {
        ipcmark_history::Error::Unfit(what) => Usage(what).into(),
        other => anyhow::Error::new(other),
    })?;
    let mut text = serde_json::to_vec(run.line()).context("a line is plain JSON")?;
    text.push(b'\n');
    Ok(text)
}

fn to_stdout(args: &ExportArgs) -> bool {
    args.out == Path::new("-")
}

/// Refuses what the format cannot write to the destination, before anything is read.
fn refuse_early(args: &ExportArgs) -> Result<()> {
    let name = args.format;
    if args.baseline.is_some() && name != Wanted::Of(Format::Criterion) {
        bail!(Usage(format!("--baseline names the figures in criterion; {name} has no such name")));
    }
    if args.timestamps && name != Wanted::Of(Format::Openmetrics) {
        bail!(Usage(format!("--timestamps is for openmetrics; {name} has the time already")));
    }
    let Wanted::Of(format) = name else { return Ok(()) };
    match format.shape() {
        Shape::Folder if to_stdout(args) => {
            bail!(Usage(format!("{name} is several files: name a folder with --out")))
        }
        Shape::Binary if to_stdout(args) && std::io::stdout().is_terminal() => {
            bail!(Usage(format!("{name} is not text: name a file with --out, or pipe it on")))
        }
        _ => Ok(()),
    }
}

/// Returns a usage error if the user asked for something that does not exist.
fn usage(error: Error) -> anyhow::Error {
    match error {
        Error::NeedsRecord { .. } | Error::NoParquet | Error::Baseline(_) => {
            Usage(error.to_string()).into()
        }
        error => error.into(),
    }
}

fn print(bytes: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

fn list() -> String {
    let one = |name: &str, what: &str, reader: &str, example: &str| {
        let lines = example.replace("; ", "\n              ");
        format!("{name}\n  holds       {what}\n  read by     {reader}\n  for example {lines}\n")
    };
    let history = one(
        "history",
        "one line of JSON (timestamp, attributes, metrics): what `ipcmark history add` stores of a record",
        "`ipcmark history`, and what reads a line of JSON a run",
        "ipcmark export RUN --format history >> runs.ndjson",
    );
    let otava = one(
        "otava",
        "the series of a history (its store, not a record) in one array of JSON: an object a commit, each \
         with every series, null where it has no value",
        "Apache Otava (`type: json`)",
        "ipcmark export STORE --format otava --out series.json; otava analyze TEST, with `file: series.json` in otava.yaml",
    );
    let others = Format::ALL.map(|f| one(f.name(), f.explanation(), f.reader(), f.example()));
    others.into_iter().chain([history, otava]).collect::<Vec<_>>().join("\n")
}
