//! Forked processes seen from who made them: waiting until they have ended, and what they bring home.

use ipcmark_core::Result;
use ipcmark_sys::process::{self, Child, Exit};
use ipcmark_sys::shared::Parcel;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Between two looks whether a signal asked for the end.
const LOOK: Duration = Duration::from_millis(100);

/// Why waiting is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// All have ended well.
    Well,
    /// One has ended otherwise; others may still run.
    Failed(Exit),
    /// A signal told this process to stop.
    Interrupted,
    /// The time is over, and some still run.
    Late,
}

/// Waits for all to end well, or for whatever comes before that, until `end`. None is killed: dropping them does that.
pub(crate) fn wait(children: &mut [Child], end: Instant) -> Result<Over> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        process::wait_any(children.iter_mut(), left.min(LOOK))?;
        if children.iter().all(|c| c.exit() == Some(Exit::Code(0))) {
            return Ok(Over::Well);
        }
        if process::is_interrupted() {
            return Ok(Over::Interrupted);
        }
        let failed = children.iter().filter_map(Child::exit).find(|exit| *exit != Exit::Code(0));
        if let Some(exit) = failed {
            return Ok(Over::Failed(exit));
        }
        if left.is_zero() {
            return Ok(Over::Late);
        }
    }
}

/// In a child: packs what it brings home; false when it does not fit.
pub(crate) fn pack(parcel: &Parcel, what: &impl Serialize) -> bool {
    serde_json::to_vec(what).is_ok_and(|text| parcel.put(&text).is_ok())
}
