//! A record in the formats that other tools read.
//!
//! Each format is a module that knows its reader, and none of them computes a figure: medians and intervals come from
//! `ipcmark_summary`, so that what a tracker draws is what the tables say. What a format cannot carry is left out, and
//! [`Format::explanation`] says so; a value that is no number is never written.
#![forbid(unsafe_code)]

mod bmf;
mod cells;
mod criterion;
mod csv;
mod document;
mod error;
mod format;
mod gab;
mod hgrm;
mod hlog;
mod line;
mod lines;
mod measure;
mod openmetrics;
#[cfg(feature = "parquet")]
mod parquet;
mod raw;
#[cfg(test)]
mod specimen;
mod table;
mod write;

pub use document::Document;
pub use error::{Error, Result};
pub use format::{Format, Shape};
pub use raw::{RawRow, RawWriter};
pub use write::{Exported, File};

use ipcmark_record::Record;

/// Further options of the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The name under which `criterion` files the figures; by default the commit that measured, or `ipcmark`.
    pub baseline: Option<String>,
    /// True to give every sample of `openmetrics` the time at which the run began.
    pub timestamps: bool,
}

/// Exports a document.
///
/// # Errors
/// A histogram that cannot be unpacked; a format that does not take such a document, or that this build has not; a baseline's
/// name that its reader skips.
pub fn export(document: &Document, format: Format, options: &Options) -> Result<Exported> {
    match (format, document) {
        (Format::Csv, _) => Ok(Exported::One(csv::csv(&lines::table(document)?))),
        (Format::Parquet, _) => parquet(document),
        (Format::CellsCsv, Document::Record(record)) => {
            Ok(Exported::One(csv::csv(&cells::table(record)?)))
        }
        (_, Document::Paired(_)) => Err(Error::NeedsRecord { format }),
        (_, Document::Record(record)) => of_record(record, format, options),
    }
}

fn of_record(record: &Record, format: Format, options: &Options) -> Result<Exported> {
    let summary = || ipcmark_summary::summarize(record);
    Ok(match format {
        Format::Bmf => Exported::One(bmf::bmf(&summary()?)),
        Format::Gab => Exported::Several(gab::gab(&summary()?)),
        Format::Criterion => Exported::Several(criterion::criterion(record, options)?),
        Format::Hlog => Exported::One(hlog::hlog(record)?),
        Format::Hgrm => Exported::Several(hgrm::hgrm(record)?),
        Format::Openmetrics => {
            Exported::One(openmetrics::openmetrics(record, &summary()?, options))
        }
        Format::Csv | Format::CellsCsv | Format::Parquet => unreachable!("made above"),
    })
}

#[cfg(feature = "parquet")]
fn parquet(document: &Document) -> Result<Exported> {
    Ok(Exported::One(parquet::parquet(&lines::table(document)?)?))
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &Document) -> Result<Exported> {
    Err(Error::NoParquet)
}
