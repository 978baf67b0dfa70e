//! The folder of a run, with its record and report.

use crate::exit::Usage;
use anyhow::{Context as _, Result, bail};
use ipcmark_record::{Record, files};
use ipcmark_sys::process::user;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The record's name in its folder.
const RECORD: &str = "record.json";
/// Names that a report writes next to it.
const REPORT: [&str; 3] = ["index.html", "summary.md", "charts"];

/// An existing folder that can be written to, and that holds no other run.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    record: PathBuf,
    /// The folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl Folder {
    /// Returns the folder that the user named; makes it if it does not exist.
    ///
    /// # Errors
    /// The folder cannot be written to, holds a record already, or holds what a report would replace.
    pub(crate) fn named(path: &Path) -> Result<Folder> {
        refuse_others(path)?;
        let made = make(path)?;
        let folder = Folder { path: path.into(), record: path.join(RECORD), made };
        if folder.record().exists() {
            bail!(Usage(format!(
                "{} holds a record already; resume it with --resume {}, or name another folder with --out",
                path.display(),
                path.display()
            )));
        }
        for name in REPORT {
            if path.join(name).symlink_metadata().is_ok() {
                bail!(Usage(format!(
                    "{} holds {name} and no record: it is no run of ipcmark, and the report would replace it; name another folder with --out",
                    path.display()
                )));
            }
        }
        folder.try_out()?;
        Ok(folder)
    }

    /// Makes a new folder `reports/DATE-SUITE` below the current one, with `-2`, `-3` ... added if
    /// that exists.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn fresh(suite: &str) -> Result<Folder> {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let reports = Path::new("reports");
        let mut made = make(reports)?;
        for n in 1.. {
            let suffix = if n == 1 { String::new() } else { format!("-{n}") };
            let path = reports.join(format!("{today}-{suite}{suffix}"));
            match fs::create_dir(&path) {
                Ok(()) => {
                    made.insert(0, path.clone());
                    return Ok(Folder { record: path.join(RECORD), path, made });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e).with_context(|| refusal(&path)),
            }
        }
        unreachable!("one of all numbers is free")
    }

    /// Returns the folder of a stopped run; `path` is the folder or its record.
    ///
    /// # Errors
    /// The folder holds no record, or cannot be written to.
    pub(crate) fn of_stopped_run(path: &Path) -> Result<Folder> {
        let record = record_at(path);
        if !record.is_file() {
            bail!(Usage(match path.is_dir() {
                true =>
                    format!("{} holds no {RECORD}, so there is nothing to resume", path.display()),
                false => format!("there is no {}, so there is nothing to resume", path.display()),
            }));
        }
        let folder = Folder { path: folder_of(&record), record, made: Vec::new() };
        refuse_others(&folder.path)?;
        folder.try_out()?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.record.clone()
    }

    /// Returns the path that `--resume` takes to continue this run.
    pub(crate) fn resumable(&self) -> &Path {
        if self.record == self.path.join(RECORD) { &self.path } else { &self.record }
    }

    /// Removes the record of a run that made no invocation, and the folders that were made for it;
    /// returns true if it did.
    pub(crate) fn forget_if_empty(&self, record: &Record) -> bool {
        let empty = record.cells.iter().all(|cell| cell.invocations.is_empty());
        if empty {
            let _ = fs::remove_file(self.record());
            self.take_back();
        }
        empty
    }

    /// Removes the folders that were made for a run that never began, if they are empty.
    pub(crate) fn take_back(&self) {
        for path in &self.made {
            if fs::remove_dir(path).is_err() {
                return;
            }
        }
    }

    /// Fails now rather than after an hour of measuring.
    fn try_out(&self) -> Result<()> {
        let probe = self.path.join(".probe");
        files::replace(&probe, b"ipcmark\n").with_context(|| refusal(&self.path))?;
        fs::remove_file(&probe).with_context(|| refusal(&self.path))
    }
}

/// Refuses a folder of another user, who may put links or files of other contents into it at any time. What belongs to root is as
/// safe as the machine.
///
/// # Errors
/// Such a folder.
pub(crate) fn refuse_others(path: &Path) -> Result<(), Usage> {
    let (Ok(there), me) = (fs::metadata(path), user()) else { return Ok(()) };
    let owner = there.uid();
    if owner == me || owner == 0 {
        return Ok(());
    }
    Err(Usage(format!(
        "{} belongs to user {owner}, who could replace what user {me} writes there; name a new folder, such as --out {}",
        path.display(),
        path.join("ipcmark").display()
    )))
}

/// Refuses to replace pages that no ipcmark wrote.
///
/// # Errors
/// Such a page.
pub(crate) fn refuse_foreign(path: &Path) -> Result<(), Usage> {
    for (name, begins) in [("index.html", "<title>ipcmark"), ("summary.md", "# ipcmark")] {
        let file = path.join(name);
        let foreign =
            files::read(&file).is_ok_and(|page| !String::from_utf8_lossy(&page).contains(begins));
        if foreign {
            return Err(Usage(format!(
                "{} is no page of ipcmark, and the report would replace it; name another folder with --out",
                file.display()
            )));
        }
    }
    Ok(())
}

/// Makes a folder and its parents; returns those that it made, the innermost first.
fn make(path: &Path) -> Result<Vec<PathBuf>> {
    let missing = path.ancestors().take_while(|at| *at != Path::new("") && !at.exists());
    let missing: Vec<_> = missing.map(Path::to_owned).collect();
    fs::create_dir_all(path).with_context(|| refusal(path))?;
    Ok(missing)
}

fn refusal(path: &Path) -> String {
    format!("cannot write to {}; name a folder you may write to with --out", path.display())
}

/// Returns the record that a user means: the file itself, or the one in the folder.
pub(crate) fn record_at(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(RECORD) } else { path.into() }
}

/// Returns the folder of a file.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent != Path::new("") => parent.into(),
        _ => ".".into(),
    }
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
        let by_record = Folder::of_stopped_run(&folder.record()).unwrap();
        assert_eq!((by_record.path(), by_record.resumable()), (folder.path(), folder.path()));
    }

    /// F18
    #[test]
    fn what_a_report_would_replace_is_not_replaced_without_a_word() {
        for name in REPORT {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(name), "keep").unwrap();
            let said = Folder::named(dir.path()).unwrap_err();
            assert!(said.is::<Usage>(), "{said}");
            assert!(
                said.to_string().contains(name) && said.to_string().contains("--out"),
                "{said}"
            );
            fs::write(dir.path().join("notes.txt"), "keep").unwrap();
            fs::remove_file(dir.path().join(name)).unwrap();
            assert!(Folder::named(dir.path()).is_ok(), "other files are in no danger");
        }
    }

    #[test]
    fn what_was_made_for_nothing_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        Folder::named(&dir.path().join("a/b")).unwrap().take_back();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let used = Folder::named(&dir.path().join("c")).unwrap();
        fs::write(used.record(), "{}").unwrap();
        used.take_back();
        assert!(used.record().exists(), "what holds something stays");
        Folder::named(dir.path()).unwrap().take_back();
        assert!(dir.path().exists(), "what was there before stays");
    }
}
