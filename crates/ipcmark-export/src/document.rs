//! The documents that can be exported: a record, or a paired comparison.

use crate::{Error, Result};
use ipcmark_record::{Paired, Record, read_text};
use std::path::Path;

/// One of the two documents that measuring writes.
#[derive(Debug, Clone, PartialEq)]
pub enum Document {
    /// The record of a run.
    Record(Box<Record>),
    /// The document of a paired comparison, which only the formats for raw data take.
    Paired(Box<Paired>),
}

impl Document {
    /// Reads whichever of the two the file holds, and a record's journal with it.
    ///
    /// # Errors
    /// As [`Record::read`] and [`Paired::read`].
    pub fn read(path: &Path) -> Result<Document> {
        let is_paired = read_text(path).is_ok_and(|text| Paired::is_one(&text));
        Ok(match is_paired {
            true => Document::Paired(Box::new(Paired::read(path).map_err(Error::Read)?)),
            false => Document::Record(Box::new(Record::read(path).map_err(Error::Read)?)),
        })
    }
}
