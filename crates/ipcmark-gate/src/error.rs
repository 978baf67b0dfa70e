//! Why a policy cannot be used.

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error(
        "cannot read the policy {file}: {source}; write one with `ipcmark gate --print-policy > {file}`"
    )]
    Read {
        /// Which file.
        file: String,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// Something in it is wrong, at a place.
    #[error("{file}:{line}:{column}: {what}")]
    Wrong {
        /// Which file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong, what was expected, and the nearest known word.
        what: String,
    },
}
