//! Errors that end a run. A failed invocation does not.

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// An error that ends a run. A failed invocation is a row of the record instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine refused what the harness itself needs.
    #[error(transparent)]
    System(#[from] ipcmark_core::Error),
    /// The record could not be kept.
    #[error(transparent)]
    Record(#[from] ipcmark_record::Error),
    /// A record cannot be resumed.
    #[error("cannot resume: {0}")]
    Resume(String),
}
