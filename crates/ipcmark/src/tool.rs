//! What this build says of itself: `--version`, and the `tool` field of every record.

use ipcmark_record::{Checkout, Tool};
use std::path::Path;

/// `0.1.0 (1f2e3d4c5b6a, release, rustc 1.95.0 ..., x86_64-unknown-linux-gnu)`.
pub(crate) const VERSION: &str = env!("IPCMARK_VERSION");

/// Returns the facts of this build for the record.
pub(crate) fn tool() -> Tool {
    let commit = env!("IPCMARK_COMMIT");
    Tool {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: (!commit.is_empty()).then(|| commit.into()),
        rustc: env!("IPCMARK_RUSTC").into(),
        profile: env!("IPCMARK_PROFILE").into(),
        target: env!("IPCMARK_TARGET").into(),
    }
}

/// Returns the checkout of the working folder for the record: the project that a run is of.
pub(crate) fn checkout() -> Option<Checkout> {
    ipcmark_history::git::checkout(Path::new("."))
}

/// Returns true if the optimiser was off: figures of such a build are worth little.
pub(crate) fn is_debug() -> bool {
    cfg!(debug_assertions)
}
