//! Other people's rings and channels, each as its documentation says it is fastest.
//!
//! What is made for threads runs between two threads of one process: its indices stay in that process's heap, where its
//! makers put them. What is made for processes runs between two processes.

mod processes;
mod threads;

use super::candidate::Candidate;
use ipcmark_core::Result;
use ipcmark_sys::janitor::Janitor;
use std::path::PathBuf;

/// All of them.
#[must_use]
pub fn candidates() -> Vec<Candidate> {
    let mut all = threads::candidates();
    all.extend(processes::candidates());
    all
}

/// Sees to it that the files which these crates make under names, and some of which they keep for good, go when this process
/// ends, however it ends. To be called before anything is measured.
///
/// # Errors
/// When the watching process cannot be started.
pub fn clear_up() -> Result<Janitor> {
    let prefix = processes::prefix();
    Janitor::start(move || {
        for dir in [PathBuf::from("/dev/shm"), std::env::temp_dir()] {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(&prefix) {
                    // One of the two fits; what is gone already needs neither.
                    let _ = std::fs::remove_file(entry.path());
                    let _ = std::fs::remove_dir_all(entry.path());
                }
            }
        }
    })
}
