//! What ends a comparison, as opposed to what fails one pair.

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a comparison could not be made; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine refused what is needed.
    #[error(transparent)]
    System(#[from] ipcmark_core::Error),
    /// The harness could not begin.
    #[error(transparent)]
    Harness(#[from] ipcmark_harness::Error),
    /// A side is no program that can be compared.
    #[error(
        "{program} {what}; it has to be an ipcmark that knows the verb `slices` (0.2 and newer)"
    )]
    NoContender {
        /// As it was named.
        program: String,
        /// What it did instead.
        what: String,
    },
    /// A side speaks another language.
    #[error(
        "{program} takes turns by protocol {theirs}, this ipcmark by {ours}: build both from versions that agree"
    )]
    Protocol {
        /// As it was named.
        program: String,
        /// What it speaks.
        theirs: u32,
        /// What we speak.
        ours: u32,
    },
    /// A side ended, or fell silent, where it owed an answer.
    #[error("{program} {what} while {cell} was measured")]
    Lost {
        /// As it was named.
        program: String,
        /// What became of it.
        what: String,
        /// Which cell.
        cell: String,
    },
    /// The command line of a measuring program.
    #[error("{0}")]
    Usage(String),
}
