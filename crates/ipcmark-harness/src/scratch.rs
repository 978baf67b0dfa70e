//! Names that the run makes, and their removal.
//!
//! Each run has one private folder; names outside it begin with the run's token. Dropping the
//! [`Scratch`] removes the folder. A run that is killed cannot do that. So a janitor, a child that
//! outlives the run, waits on a pipe for its end and removes what is left. It costs one sleeping
//! process.

use crate::{Error, Result};
use ipcmark_core::Names;
use ipcmark_sys::janitor::Janitor;
use std::cell::Cell;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Mount points of the names of POSIX message queues and shared memory.
const NAMED: [&str; 2] = ["/dev/shm", "/dev/mqueue"];

/// A run's private folder and token.
#[derive(Debug)]
pub struct Scratch {
    token: String,
    dir: PathBuf,
    made: Cell<u64>,
    /// Ends when it is dropped, after the folder was removed.
    _watcher: Janitor,
}

impl Scratch {
    /// Starts the watcher and makes the folder (mode 0700, under `TMPDIR`).
    pub fn new() -> Result<Scratch> {
        let token = format!("ipcmark-{}-{:06x}", std::process::id(), fastrand::u32(..1 << 24));
        let dir = std::env::temp_dir().join(&token);
        let (token_2, dir_2) = (token.clone(), dir.clone());
        // It watches before there is anything to remove: a death in between leaves nothing.
        let watcher = Janitor::start(move || clear(&token_2, &dir_2))?;
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&dir)
            .map_err(|source| Error::Scratch { path: dir.display().to_string(), source })?;
        Ok(Scratch { token, dir, made: Cell::new(0), _watcher: watcher })
    }

    /// Returns names for one invocation, with their own token, and empties the folder.
    #[must_use]
    pub fn names(&self) -> Names {
        self.made.set(self.made.get() + 1);
        if let Ok(entries) = std::fs::read_dir(&self.dir) {
            for path in entries.flatten().map(|entry| entry.path()) {
                // Each of several links has a folder.
                let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
            }
        }
        Names { token: format!("{}-{}", self.token, self.made.get()), dir: self.dir.clone() }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        clear(&self.token, &self.dir);
    }
}

/// Removes the folder and every name that begins with the token.
fn clear(token: &str, dir: &Path) {
    let _ = std::fs::remove_dir_all(dir);
    for place in NAMED {
        let Ok(entries) = std::fs::read_dir(place) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(token) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}
