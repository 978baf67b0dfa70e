//! `ipcmark export`: a record in a format that another tool reads.

pub(crate) mod args;

use crate::exit::{Exit, Usage};
use crate::{folder, output};
use anyhow::{Context as _, Result, bail};
use args::{ExportArgs, Wanted};
use ipcmark_export::{Document, Error, Exported, Format, Options, Shape, export as convert};
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

/// Exports.
///
/// # Errors
/// A document that cannot be read, or is not one that the format takes; a destination that cannot be written.
pub(crate) fn export(args: &ExportArgs) -> Result<Exit> {
    let format = match args.format {
        Wanted::List => {
            output::print(&list())?;
            return Ok(Exit::Ok);
        }
        Wanted::History => bail!(Usage("not yet".into())),
        Wanted::Of(format) => format,
    };
    let Some(path) = &args.record else {
        bail!(Usage("name a record, or the folder that holds one: ipcmark export RECORD".into()));
    };
    let to_stdout = args.out == Path::new("-");
    refuse_early(format, to_stdout, args)?;
    let document = Document::read(&folder::record_at(path))?;
    let options = Options { baseline: args.baseline.clone() };
    let exported = convert(&document, format, &options).map_err(usage)?;
    match &exported {
        Exported::One(bytes) if to_stdout => print(bytes)?,
        _ => {
            let written = exported.write(&args.out);
            let files = written.map_err(|(path, error)| {
                anyhow::Error::new(error).context(format!("cannot write {}", path.display()))
            })?;
            let plural = if files == 1 { "file" } else { "files" };
            output::say(&format!("{format}: {files} {plural} in {}", args.out.display()));
        }
    }
    Ok(Exit::Ok)
}

/// What cannot be written there, before anything is read.
fn refuse_early(format: Format, to_stdout: bool, args: &ExportArgs) -> Result<()> {
    if args.baseline.is_some() && format != Format::Criterion {
        bail!(Usage(format!(
            "--baseline names the figures in criterion; {format} has no such name"
        )));
    }
    match format.shape() {
        Shape::Folder if to_stdout => {
            bail!(Usage(format!("{format} is several files: name a folder with --out")))
        }
        Shape::Binary if to_stdout && std::io::stdout().is_terminal() => {
            bail!(Usage(format!("{format} is no text: name a file with --out, or pipe it on")))
        }
        _ => Ok(()),
    }
}

/// What was asked for does not exist, rather than could not be done.
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
        let examples = example.replace("; ", "\n               ");
        format!(
            "{name}\n    holds      {what}\n    read by    {reader}\n    for example {examples}\n"
        )
    };
    let ours = Format::ALL.map(|f| one(f.name(), f.explanation(), f.reader(), f.example()));
    ours.join("\n")
}
