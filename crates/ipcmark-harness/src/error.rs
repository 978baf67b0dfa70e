//! What ends a run, as opposed to what fails one invocation.

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// What ends a run. A failure of one invocation is no error here: it is a row of the record.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine refused what the harness itself needs.
    #[error(transparent)]
    System(#[from] ipcmark_core::Error),
    /// The record could not be kept.
    #[error(transparent)]
    Record(#[from] ipcmark_record::Error),
    /// A private folder for names could not be made.
    #[error(
        "cannot make a scratch folder at {path}: {source}; set TMPDIR to a folder you may write to"
    )]
    Scratch {
        /// Where.
        path: String,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// A record cannot be gone on with.
    #[error("cannot resume: {0}")]
    Resume(String),
}
