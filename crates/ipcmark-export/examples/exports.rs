//! Exports a record in every format that this build has: `exports FOLDER [RECORD]`. Without a record a made-up one.
//!
//! What the readers of the formats are tried with: see `scripts/consumers`.
#![forbid(unsafe_code)]

use ipcmark_export::{Document, Format, Options, Shape, export};
use ipcmark_record::sample;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let Some(folder) = args.next() else {
        return fail("name a folder: exports FOLDER [RECORD]");
    };
    let document = match args.next() {
        Some(record) => Document::read(Path::new(&record)).map_err(|e| e.to_string()),
        None => Ok(Document::Record(Box::new(sample::every(1, 12)))),
    };
    match document.and_then(|document| all(&document, Path::new(&folder))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why),
    }
}

/// Writes each format under its name, `FOLDER/bmf`, `FOLDER/gab/...`; criterion under two baselines.
fn all(document: &Document, folder: &Path) -> Result<(), String> {
    for format in Format::ALL {
        if format.shape() == Shape::Binary && !cfg!(feature = "parquet") {
            continue;
        }
        let baselines = if format == Format::Criterion { &["old", "again"][..] } else { &["old"] };
        for baseline in baselines {
            let options = Options { baseline: Some((*baseline).into()), ..Options::default() };
            let exported = export(document, format, &options).map_err(|e| e.to_string())?;
            let written = exported.write(&folder.join(format.name()));
            written.map_err(|(path, e)| format!("cannot write {}: {e}", path.display()))?;
        }
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "an example is a program")]
fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
