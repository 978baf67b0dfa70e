//! Errors of writing a report.

use std::io;
use std::path::Path;

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a report could not be written; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot {verb} {path}: {source}{}", advice(source))]
    Io {
        /// `make the folder`, `write`, `rename to`.
        verb: &'static str,
        /// The file or folder.
        path: String,
        /// The answer of the kernel.
        source: io::Error,
    },
    /// The record's figures could not be computed.
    #[error(transparent)]
    Summary(#[from] ipcmark_summary::Error),
    /// A chart could not be drawn: a fault of ipcmark, not of the record or the machine.
    #[error("cannot draw the chart '{chart}': {what}; please report this with the record")]
    Draw {
        /// Its title.
        chart: String,
        /// The answer of the drawing library.
        what: String,
    },
}

impl Error {
    pub(crate) fn io(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { verb, path: path.display().to_string(), source }
    }
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, or name another place with --out; the record itself is kept, `ipcmark report` makes the \
             report from it"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; name a folder you may write to with --out"
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "; a file is where a folder is needed: name another folder with --out, or move the file"
        }
        _ => "",
    }
}
