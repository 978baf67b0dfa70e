//! The store: one layout, in a folder, on a git branch, in an object store.
//!
//! ```text
//! runs/2026/01/20260131T101500Z-0123456789abcdef.json.gz    the record, whole
//! lines/2026/01/20260131T101500Z-0123456789abcdef.ndjson    its line
//! ```
//!
//! Why two writers cannot disturb each other: no file is ever appended to or changed (an object store cannot, and a folder on
//! a network cannot safely), each run has a name of its own, and a file appears whole or not at all. The record goes first and the
//! line after it, so that a line always has its record; a writer killed in between leaves a record without a line, which
//! reading tells and [`Store::repair`] adopts. The name holds a hash of the record, so that adding a run twice is harmless.

mod folder;
mod git_branch;
#[cfg(feature = "object-store")]
mod object;
mod place;

use crate::{Error, Lines, Result, Run};
use folder::Folder;
use git_branch::GitBranch;
use ipcmark_record::Record;
use place::Shelved;
use std::path::Path;

/// A place where runs are kept.
pub trait Store {
    /// Adds a run: both of its files, or an error.
    ///
    /// # Errors
    /// What the place says. Then the run may have a record there and no line yet; adding it again completes it.
    fn append(&self, run: &Run) -> Result<Appended>;

    /// Reads all lines. It opens no record.
    ///
    /// # Errors
    /// When the place itself cannot be read. A bad file in it is no error: see [`Lines::troubles`].
    fn lines(&self) -> Result<Lines>;

    /// Returns the record of a run, by the key that its line has in [`run`](crate::Line::run).
    ///
    /// # Errors
    /// [`Error::NoRun`] for a key that is not there; a record that cannot be read.
    fn record(&self, key: &str) -> Result<Record>;

    /// Makes lines for records without one, and replaces those that are cut short or damaged. Ratios to a
    /// reference are lost, because its record is not in the store.
    ///
    /// # Errors
    /// What the place says.
    fn repair(&self) -> Result<Repaired>;

    /// Returns its name: its path, `git:BRANCH`, `s3://bucket/prefix`.
    fn name(&self) -> String;
}

/// Result of adding a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is there now.
    New,
    /// It was there before, with its line.
    Already,
}

/// Result of a repair.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Repaired {
    /// Keys of the records that got a line.
    pub adopted: Vec<String>,
    /// Keys of the lines that were replaced.
    pub renewed: Vec<String>,
    /// Faults that remain, with the reason.
    pub left: Vec<String>,
}

/// Opens a store by its name: a path, `git:BRANCH`, `git:BRANCH@REMOTE`, `s3://BUCKET/PREFIX`.
///
/// # Errors
/// A name that means nothing here.
pub fn open(name: &str) -> Result<Box<dyn Store>> {
    open_at(Path::new("."), name)
}

/// Opens a store as [`open`] does, with `folder` as the current one.
///
/// # Errors
/// As [`open`].
pub fn open_at(folder: &Path, name: &str) -> Result<Box<dyn Store>> {
    let no_store = |why: &str| Error::NoStore { name: name.into(), why: why.into() };
    if let Some(branch) = name.strip_prefix("git:") {
        let (branch, remote) = match branch.rsplit_once('@') {
            Some((branch, remote)) => (branch, Some(remote)),
            None => (branch, None),
        };
        return Ok(Box::new(Shelved::new(GitBranch::new(folder, branch, remote)?)));
    }
    if name.starts_with("s3://") {
        return open_object(name);
    }
    if name.contains("://") {
        return Err(no_store(
            "object stores are named s3://BUCKET/PREFIX; others by a path or git:BRANCH",
        ));
    }
    if name.is_empty() {
        return Err(no_store("give a path, git:BRANCH or s3://BUCKET/PREFIX"));
    }
    let path = if folder == Path::new(".") { Path::new(name).into() } else { folder.join(name) };
    Ok(Box::new(Shelved::new(Folder::new(&path))))
}

#[cfg(feature = "object-store")]
fn open_object(name: &str) -> Result<Box<dyn Store>> {
    Ok(Box::new(Shelved::new(object::Object::new(name)?)))
}

#[cfg(not(feature = "object-store"))]
fn open_object(name: &str) -> Result<Box<dyn Store>> {
    let why = "this build knows no object stores; build it with `cargo build --release --features object-store`";
    Err(Error::NoStore { name: name.into(), why: why.into() })
}
