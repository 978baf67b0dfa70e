//! The laws of mechanisms that carry no payload.

use crate::Case;
use ipcmark_core::Notifier;

/// All cases of one notifier.
#[must_use]
pub fn notifier_cases<N: Notifier>() -> Vec<Case> {
    Vec::new()
}
