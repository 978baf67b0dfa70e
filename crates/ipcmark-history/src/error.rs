//! Why a history could not be kept or read.

use std::io;

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a history could not be kept or read; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The words behind `--store` name no store.
    #[error("no store is called '{name}': {why}")]
    NoStore {
        /// What was given.
        name: String,
        /// What is wrong with it, and what would be right.
        why: String,
    },
    /// The file system said no.
    #[error("cannot {verb} {path}: {source}{}", advice(source))]
    Io {
        /// `read`, `write`, `rename` ...
        verb: &'static str,
        /// Which file or folder.
        path: Box<str>,
        /// What the kernel said.
        source: io::Error,
    },
    /// Git, or an object store, said no.
    #[error("{store}: cannot {verb}: {what}")]
    Refused {
        /// Which store.
        store: String,
        /// What was tried.
        verb: String,
        /// What it answered, and what to do.
        what: String,
    },
    /// No run of this key is there.
    #[error("{store} holds no run {key}; `ipcmark history list` shows those that it holds")]
    NoRun {
        /// Which store.
        store: String,
        /// What was asked for.
        key: String,
    },
    /// A record of the store cannot be read.
    #[error("{name}: {source}")]
    Record {
        /// Which file.
        name: String,
        /// Why.
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
