//! Errors of a history.

use std::io;

/// Result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a history could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that is not a store.
    #[error("'{name}' is not a store: {why}")]
    NoStore {
        /// The name.
        name: String,
        /// The reason, and a name that would be right.
        why: String,
    },
    /// The file system refused.
    #[error("cannot {verb} {path}: {source}{}", advice(source))]
    Io {
        /// `read`, `write`, `rename` ...
        verb: &'static str,
        /// The file or folder.
        path: Box<str>,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Git, or an object store, refused.
    #[error("{store}: cannot {verb}: {what}")]
    Refused {
        /// The store.
        store: String,
        /// The attempt.
        verb: String,
        /// The answer, and what to do.
        what: String,
    },
    /// A key without a run.
    #[error("{store} holds no run {key}; `ipcmark history list` shows those that it holds")]
    NoRun {
        /// The store.
        store: String,
        /// The key.
        key: String,
    },
    /// A record of the store cannot be read.
    #[error("{name}: {source}")]
    Record {
        /// The file.
        name: String,
        /// The reason.
        source: ipcmark_record::Error,
    },
    /// A record that has no place in a history.
    #[error("{0}")]
    Unfit(String),
    /// A record that cannot be summed up.
    #[error(transparent)]
    Summary(#[from] ipcmark_summary::Error),
}

impl Error {
    pub(crate) fn io(verb: &'static str, path: &std::path::Path, source: io::Error) -> Error {
        Error::Io { verb, path: path.display().to_string().into(), source }
    }
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "; nothing was added: free some space and add the run again"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; name a store that you may write to with --store"
        }
        _ => "",
    }
}
