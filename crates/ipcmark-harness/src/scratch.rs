//! Names of the invocations of one run, in its private folder.

use crate::Result;
use ipcmark_core::Names;
use ipcmark_sys::scratch::Folder;
use std::cell::Cell;

/// A run's private folder and token ([`Folder`]): each invocation gets names of its own.
#[derive(Debug)]
pub struct Scratch {
    folder: Folder,
    made: Cell<u64>,
}

impl Scratch {
    /// Starts the watcher and makes the folder (mode 0700, under `TMPDIR`).
    ///
    /// # Errors
    /// Those of [`Folder::new`].
    pub fn new() -> Result<Scratch> {
        Ok(Scratch { folder: Folder::new()?, made: Cell::new(0) })
    }

    /// Returns names for one invocation, with their own token, and empties the folder.
    #[must_use]
    pub fn names(&self) -> Names {
        self.made.set(self.made.get() + 1);
        self.folder.empty();
        let token = format!("{}-{}", self.folder.token(), self.made.get());
        Names { token, dir: self.folder.path().into() }
    }
}
