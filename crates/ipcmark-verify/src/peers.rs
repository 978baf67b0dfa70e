//! Processes that take part in an experiment.

use ipcmark_core::{Error, Result};
use ipcmark_sys::process::{self, Child, Exit};
use std::time::Duration;

/// How long a peer may take to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs `part` in a child process; an error or a panic there is one of the experiment's.
pub(crate) fn peer(part: impl FnOnce() -> Result<()>) -> Result<Child> {
    process::fork(|| match part() {
        Ok(()) => 0,
        Err(_) => 1,
    })
}

/// Waits until each has ended well.
pub(crate) fn joined(peers: impl IntoIterator<Item = Child>) -> Result<()> {
    for mut peer in peers {
        match peer.wait(PATIENCE)? {
            Some(Exit::Code(0)) => {}
            Some(exit) => return Err(Error::Protocol(format!("a peer of the experiment {exit}"))),
            None => return Err(Error::Protocol("a peer of the experiment hung".into())),
        }
    }
    Ok(())
}
