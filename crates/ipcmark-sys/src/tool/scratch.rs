//! A run's private folder and token, and the removal of all that a run made.
//!
//! Names outside the folder begin with the token; objects without a name are in the list that the folder holds
//! ([`crate::registry`]). Dropping the folder removes all of it. A run that is killed cannot do that: its janitor does. Where
//! that was killed, too, the next start of the same user does ([`sweep`]).

use crate::janitor::Janitor;
use crate::names;
use crate::process::user;
use crate::registry::{self, Dead, Registry};
use ipcmark_core::{Error, Names, Result};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Mount points of the names of POSIX message queues and shared memory.
const NAMED: [&str; 2] = ["/dev/shm", "/dev/mqueue"];
/// First part of each token.
const PREFIX: &str = "ipcmark-";

/// A run's private folder (mode 0700, under `TMPDIR`), which has the run's token as its name.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    token: String,
    registry: Registry,
    /// Ends when it is dropped, after the folder was removed.
    _watcher: Janitor,
}

impl Folder {
    /// Starts the watcher and makes the folder.
    ///
    /// # Errors
    /// The folder cannot be made, or the watcher not be started.
    pub fn new() -> Result<Folder> {
        let new = || format!("{PREFIX}{}-{}", std::process::id(), &names::random()[2..]);
        let parent = std::env::temp_dir();
        let mut token = new();
        while parent.join(&token).symlink_metadata().is_ok() {
            token = new();
        }
        let path = parent.join(&token);
        let watched = path.clone();
        // It watches before there is anything to remove: a death in between leaves nothing.
        let watcher = Janitor::start(move || {
            clear(&watched, registry::sweep(&watched));
        })?;
        DirBuilder::new().mode(0o700).create(&path).map_err(|e| {
            let call = format!("mkdir({}), a scratch folder", path.display());
            Error::os_hint(call, e, "set TMPDIR to a folder you may write to")
        })?;
        let registry = Registry::in_folder(&path)?;
        Ok(Folder { path, token, registry, _watcher: watcher })
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the token: what each name outside the folder begins with.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Removes all that is in it, except the list of objects.
    pub fn empty(&self) {
        self.registry.shorten();
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| !registry::is_list(path)) {
            // Each of several links has a folder.
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        clear(&self.path, registry::sweep(&self.path));
    }
}

/// Returns names for something that is made and removed at once, to see if it can be made: in the folder of this process's run,
/// whose watcher removes them; where there is no run, among the temporary files.
#[must_use]
pub fn probe_names() -> Names {
    let folder = registry::folder();
    let run = folder.as_deref().and_then(Path::file_name).and_then(|token| token.to_str());
    let token = run.map_or_else(|| format!("{PREFIX}{}", std::process::id()), str::to_owned);
    Names {
        token: format!("{token}-probe-{}", names::random()),
        dir: folder.unwrap_or_else(std::env::temp_dir),
    }
}

/// Returns true if a run of this process has a folder.
#[must_use]
pub fn is_open() -> bool {
    registry::folder().is_some()
}

/// Things that a killed run left and that are gone now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Folders, one a run.
    pub folders: usize,
    /// Names in `/dev/shm` and `/dev/mqueue`.
    pub names: usize,
    /// Message queues by their names, System V objects by their keys.
    pub objects: usize,
}

/// Removes what runs of this user left that were killed together with their watchers. Runs that live keep theirs, whatever
/// their process numbers, and so do all other users.
pub fn sweep() -> Swept {
    let mut swept = Swept::default();
    for path in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let path = path.path();
        let Some(dead) = is_own_folder(&path).then(|| Dead::at(&path)).flatten() else { continue };
        // The lock is held until all is gone.
        let Swept { folders, names, objects } = clear(&path, dead.sweep());
        swept.folders += folders;
        swept.names += names;
        swept.objects += objects;
    }
    swept
}

/// Removes a run's folder and every name that begins with its token.
fn clear(folder: &Path, objects: usize) -> Swept {
    let mut swept = Swept { objects, ..Swept::default() };
    if is_own_folder(folder) {
        swept.folders = usize::from(fs::remove_dir_all(folder).is_ok());
    }
    let Some(token) = folder.file_name().and_then(|name| name.to_str()) else { return swept };
    let begin = format!("{token}-");
    for entry in NAMED.iter().flat_map(fs::read_dir).flatten().flatten() {
        let is_its = entry.file_name().to_string_lossy().starts_with(&begin);
        if is_its && is_this_users(&entry.path()) {
            swept.names += usize::from(fs::remove_file(entry.path()).is_ok());
        }
    }
    swept
}

/// Returns true if this is a folder of this user, not a link, whose name is a token.
fn is_own_folder(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let parts = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'));
    let is_token = parts.is_some_and(|(process, random)| {
        process.bytes().all(|c| c.is_ascii_digit())
            && random.len() == 6
            && random.bytes().all(|c| c.is_ascii_hexdigit())
    });
    is_token && path.symlink_metadata().is_ok_and(|there| there.is_dir()) && is_this_users(path)
}

fn is_this_users(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|there| there.uid() == user())
}
