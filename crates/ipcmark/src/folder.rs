//! The folder of a run: where its record and report lie.

use crate::exit::Usage;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The record's name in its folder.
const RECORD: &str = "record.json";

/// An existing folder that can be written to, and that holds no other run.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder the user named, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be written to, or holds a record already.
    pub(crate) fn named(path: &Path) -> Result<Folder> {
        fs::create_dir_all(path).with_context(|| refusal(path))?;
        let folder = Folder { path: path.into() };
        if folder.record().exists() {
            bail!(Usage(format!(
                "{} holds a record already; go on with it (--resume {}) or name another folder with --out",
                path.display(),
                path.display()
            )));
        }
        folder.try_out()?;
        Ok(folder)
    }

    /// A fresh folder `reports/DATE-SUITE` below the current one; `-2`, `-3` ... behind it when that is taken.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn fresh(suite: &str) -> Result<Folder> {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let reports = Path::new("reports");
        fs::create_dir_all(reports).with_context(|| refusal(reports))?;
        for n in 1.. {
            let suffix = if n == 1 { String::new() } else { format!("-{n}") };
            let path = reports.join(format!("{today}-{suite}{suffix}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Folder { path }),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e).with_context(|| refusal(&path)),
            }
        }
        unreachable!("one of all numbers is free")
    }

    /// The folder of a run that was stopped.
    ///
    /// # Errors
    /// When it holds no record, or cannot be written to.
    pub(crate) fn of_stopped_run(path: &Path) -> Result<Folder> {
        let folder = Folder { path: path.into() };
        if !folder.record().is_file() {
            bail!(Usage(format!(
                "{} holds no {RECORD}, so there is nothing to go on with",
                path.display()
            )));
        }
        folder.try_out()?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.path.join(RECORD)
    }

    /// Fails now rather than after an hour of measuring.
    fn try_out(&self) -> Result<()> {
        let probe = self.path.join(format!(".probe-{}", std::process::id()));
        fs::write(&probe, b"ipcmark\n").with_context(|| refusal(&self.path))?;
        fs::remove_file(&probe).with_context(|| refusal(&self.path))
    }
}

fn refusal(path: &Path) -> String {
    format!("cannot write to {}; name a folder you may write to with --out", path.display())
}

/// The record a user means: the file itself, or the one in the folder.
pub(crate) fn record_at(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(RECORD) } else { path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_tried_out_and_left_clean() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::named(&dir.path().join("a/b")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(Folder::of_stopped_run(folder.path()).is_err(), "no record yet");
        fs::write(folder.record(), "{}").unwrap();
        let said = Folder::named(folder.path()).unwrap_err().to_string();
        assert!(said.contains("--resume"), "{said}");
        assert!(Folder::of_stopped_run(folder.path()).is_ok());
        assert_eq!(record_at(folder.path()), folder.record());
        assert_eq!(record_at(&folder.record()), folder.record());
    }
}
