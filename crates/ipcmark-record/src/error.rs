//! Why a record could not be read or written.

use std::io;
use std::path::Path;

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a record could not be read or written; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system said no.
    #[error("cannot {verb} {path}: {source}{}", advice(source))]
    Io {
        /// `read`, `write`, `rename` ...
        verb: &'static str,
        /// Which file.
        path: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// Not JSON, or not of the schema it claims.
    #[error("{name} is damaged: {what}")]
    Damaged {
        /// Which file.
        name: String,
        /// Where and how.
        what: String,
    },
    /// Something else's JSON.
    #[error(
        "{name} is not an ipcmark record: its `schema` field says '{schema}' where 'ipcmark.record/N' is expected"
    )]
    Foreign {
        /// Which file.
        name: String,
        /// What it says of itself.
        schema: String,
    },
    /// Written by a later ipcmark.
    #[error(
        "{name} was written by a newer ipcmark (record version {version}; this build reads up to {known}): update ipcmark to read it"
    )]
    Newer {
        /// Which file.
        name: String,
        /// Its version.
        version: u32,
        /// The newest this build reads.
        known: u32,
    },
    /// A histogram could not be packed or unpacked.
    #[error("histogram: {0}")]
    Histogram(String),
}

impl Error {
    pub(crate) fn io(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { verb, path: path.display().to_string(), source }
    }
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, or name another place with --out, and go on with --resume"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; name a folder you may write to with --out"
        }
        _ => "",
    }
}
