//! Why a document cannot be exported.

use crate::Format;

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a document cannot be exported; each says what to do.
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
        "{format} is made of a record's figures, and this is a paired comparison, whose findings `ipcmark gate` writes; its raw \
         slices go into csv and parquet"
    )]
    NeedsRecord {
        /// What was asked for.
        format: Format,
    },
    /// A build without Parquet.
    #[error(
        "this build does not write Parquet, which takes longer to build than all other formats: install with `--features parquet`, \
         or take csv, which has the same columns"
    )]
    NoParquet,
    /// What the Parquet writer says.
    #[error("Parquet: {0}")]
    Parquet(String),
    /// A name for a baseline that critcmp passes over.
    #[error(
        "'{0}' cannot be a baseline's name: critcmp passes over `new` and `change`, and a name is one folder"
    )]
    Baseline(String),
}
