//! The laws of remote procedure calls.

use crate::Case;
use ipcmark_core::Remote;

/// All cases of one mechanism for calls.
#[must_use]
pub fn remote_cases<R: Remote>() -> Vec<Case> {
    Vec::new()
}
