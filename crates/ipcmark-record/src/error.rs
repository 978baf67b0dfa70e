//! Why a record could not be read or written.

use std::io;
use std::path::{Path, PathBuf};

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a record could not be read or written; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system said no.
    #[error("cannot {verb} {path}: {source}{}", advice(verb, source, kept.as_deref().map(PathBuf::as_path)))]
    Io {
        /// `read`, `write`, `rename` ...
        verb: &'static str,
        /// The file.
        path: Box<str>,
        /// Error of the kernel.
        source: io::Error,
        /// The folder in which what was measured before is kept, if anything is.
        kept: Option<Box<PathBuf>>,
    },
    /// Another process keeps this record at this moment.
    #[error(
        "another ipcmark is writing {path}: wait for its end, or name another folder with --out"
    )]
    Busy {
        /// The record.
        path: String,
    },
    /// The record has grown since it was read: writing the older one over it would lose figures.
    #[error("{path} has grown since it was read, another ipcmark went on with it: start again")]
    Outdated {
        /// The record.
        path: String,
    },
    /// Another run was written to the same place after this one began.
    #[error(
        "{path} holds another run, which was written meanwhile: name another folder with --out"
    )]
    Taken {
        /// The record.
        path: String,
    },
    /// Not JSON, or not of the schema it claims.
    #[error("{name} is damaged: {what}")]
    Damaged {
        /// The file.
        name: String,
        /// Place and fault.
        what: String,
    },
    /// Something else's JSON.
    #[error(
        "{name} is not an ipcmark record: its `schema` field says '{schema}' where '{family}/N' is expected"
    )]
    Foreign {
        /// The file.
        name: String,
        /// Schema that it names.
        schema: String,
        /// Family that was expected, e.g. `ipcmark.record`.
        family: &'static str,
    },
    /// Written by a later ipcmark.
    #[error(
        "{name} was written by a newer ipcmark (record version {version}; this build reads up to {known}): update ipcmark to read it"
    )]
    Newer {
        /// The file.
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
        Error::Io { verb, path: path.display().to_string().into(), source, kept: None }
    }

    /// Adds the folder in which a whole `record` is kept, without the newest figures.
    pub(crate) fn keeping(self, record: &Path) -> Self {
        match self {
            Error::Io { verb, path, source, .. } if record.is_file() => {
                let folder = record.parent().filter(|folder| *folder != Path::new(""));
                let kept = Some(Box::new(folder.unwrap_or(Path::new(".")).to_owned()));
                Error::Io { verb, path, source, kept }
            }
            other => other,
        }
    }
}

/// Says what helps a writer.
fn advice(verb: &str, source: &io::Error, kept: Option<&Path>) -> String {
    if verb == "read" {
        return String::new();
    }
    let remedy = match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::FileTooLarge => "raise the limit on file sizes (ulimit -f unlimited)",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make the folder writable again"
        }
        _ => return String::new(),
    };
    match kept {
        Some(folder) => format!("; {remedy}, then `ipcmark run --resume {}`", folder.display()),
        None if source.kind() == io::ErrorKind::FileTooLarge => format!("; {remedy}"),
        None if remedy.starts_with("free") => {
            format!("; {remedy}, or name another folder with --out")
        }
        None => "; name a folder you may write to with --out".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_can_be_followed() {
        let locked = Error::io("read", Path::new("k"), io::ErrorKind::PermissionDenied.into());
        assert_eq!(locked.to_string(), "cannot read k: permission denied");
        let full = || Error::io("write", Path::new("k"), io::ErrorKind::StorageFull.into());
        let dir = tempfile::tempdir().unwrap();
        let record = dir.path().join("record.json");
        let said = full().keeping(&record).to_string();
        assert!(said.contains("--out") && !said.contains("--resume"), "nothing is kept: {said}");
        std::fs::write(&record, "{}").unwrap();
        let said = full().keeping(&record).to_string();
        let go_on = format!("ipcmark run --resume {}", dir.path().display());
        assert!(said.contains(&go_on) && !said.contains("--out"), "{said}");
    }
}
