//! Errors of an export.

use crate::Format;

/// Result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a document cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error(transparent)]
    Read(ipcmark_record::Error),
    /// It cannot be summed up.
    #[error(transparent)]
    Summary(#[from] ipcmark_summary::Error),
    /// A paired comparison where figures of a record are wanted.
    #[error(
        "{format} holds figures of a record, and this is a paired comparison: `ipcmark gate` writes its \
         findings; csv and parquet take its raw slices"
    )]
    NeedsRecord {
        /// The format.
        format: Format,
    },
    /// A build without Parquet.
    #[error(
        "this build does not write Parquet, which takes longer to build than all other formats: install with `--features parquet`, \
         or take csv, which has the same columns"
    )]
    NoParquet,
    /// A file of raw times that is neither CSV nor Parquet.
    #[error("its name must end with .csv or .parquet")]
    RawEnding,
    /// A file of raw times that cannot be written.
    #[error("{0}")]
    Raw(std::io::Error),
    /// Error of the Parquet writer.
    #[error("Parquet: {0}")]
    Parquet(String),
    /// A name for a baseline that critcmp skips.
    #[error(
        "'{0}' cannot be a baseline's name: critcmp skips `new` and `change`, and a name is one folder"
    )]
    Baseline(String),
}
