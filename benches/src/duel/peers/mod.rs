//! Other people's rings and channels, each as its documentation says it is fastest.
//!
//! What is made for threads runs between two threads of one process: its indices stay in that process's heap, where its
//! makers put them. What is made for processes runs between two processes.

mod processes;
mod threads;

use super::candidate::Candidate;

/// All of them.
#[must_use]
pub fn candidates() -> Vec<Candidate> {
    let mut all = threads::candidates();
    all.extend(processes::candidates());
    all
}
