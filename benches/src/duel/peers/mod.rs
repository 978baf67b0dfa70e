//! Other people's rings and channels, each used in the way that its documentation calls fastest.
//!
//! Crates for threads run between two threads of one process, so their indices stay in that
//! process's heap, as their authors intend. Crates for processes run between two processes.

mod processes;
mod threads;

use super::candidate::Candidate;
use ipcmark_core::Result;
use ipcmark_sys::janitor::Janitor;
use std::path::PathBuf;

/// Returns all of them.
#[must_use]
pub fn candidates() -> Vec<Candidate> {
    let mut all = threads::candidates();
    all.extend(processes::candidates());
    all
}

/// Makes sure that the named files of these crates are removed when this process ends, in any way.
/// Some crates never remove theirs. Call it before the first measurement.
///
/// # Errors
/// If the watching process cannot be started.
pub fn clear_up() -> Result<Janitor> {
    let prefix = processes::prefix();
    Janitor::start(move || {
        for dir in [PathBuf::from("/dev/shm"), std::env::temp_dir()] {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(&prefix) {
                    // It is a file or a folder, or gone already.
                    let _ = std::fs::remove_file(entry.path());
                    let _ = std::fs::remove_dir_all(entry.path());
                }
            }
        }
    })
}
