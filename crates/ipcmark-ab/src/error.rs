//! Errors that end a comparison.

use ipcmark_sys::process::Exit;

/// Result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a comparison ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine refused what is needed.
    #[error(transparent)]
    System(#[from] ipcmark_core::Error),
    /// The harness could not begin.
    #[error(transparent)]
    Harness(#[from] ipcmark_harness::Error),
    /// A side is not an ipcmark that can be compared.
    #[error("{program} {what}; name an ipcmark that has `ipcmark ab`")]
    NotIpcmark {
        /// Its name.
        program: String,
        /// Its fault.
        what: String,
    },
    /// A signal ended a side before it began.
    #[error("{program} {exit} before it measured anything")]
    Killed {
        /// Its name.
        program: String,
        /// Its end.
        exit: Exit,
    },
    /// A side has another version of the protocol.
    #[error(
        "{program} has version {theirs} of the protocol, this ipcmark has {ours}; \
         build both from versions that agree"
    )]
    Protocol {
        /// Its name.
        program: String,
        /// Its version.
        theirs: u32,
        /// This version.
        ours: u32,
    },
    /// A signal asked for the end before anything was measured.
    #[error("interrupted before anything was measured; nothing is kept")]
    Interrupted,
    /// A side ended or did not answer.
    #[error("{program} {what} while {cell} was measured")]
    Lost {
        /// Its name.
        program: String,
        /// Its fate.
        what: String,
        /// The cell.
        cell: String,
    },
    /// The command line of a measuring program.
    #[error("{0}")]
    Usage(String),
}
