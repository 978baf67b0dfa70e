//! Processes that take part in an experiment.

use ipcmark_core::{Error, Refusal, Result};
use ipcmark_sys::process::Child;
pub(crate) use ipcmark_sys::process::peer;
use nix::unistd::{Gid, Uid, setresgid, setresuid};
use rustix::process::getuid;
use std::time::Duration;

/// Time that a peer may take to end: less than the experiment may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

/// Number of an ordinary user without a name.
const ORDINARY: u32 = 65_534;

/// Makes this process an ordinary user's, if it is root's.
pub(crate) fn be_ordinary() -> Result<()> {
    if !getuid().is_root() {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(ORDINARY), Gid::from_raw(ORDINARY));
    let failed = |e: nix::errno::Errno| match e {
        nix::errno::Errno::EINVAL => Error::Unavailable(
            Refusal::new("this is root of a user namespace that has no ordinary user to become")
                .with_remedy("ipcmark rules, as an ordinary user, outside of it"),
        ),
        _ => Error::os("setresuid", std::io::Error::from(e)),
    };
    setresgid(gid, gid, gid).map_err(failed)?;
    setresuid(uid, uid, uid).map_err(failed)
}

/// Waits until each has ended well.
pub(crate) fn joined(peers: impl IntoIterator<Item = Child>) -> Result<()> {
    peers.into_iter().try_for_each(|peer| peer.join(PATIENCE))
}

/// Waits until `peer` sleeps in the kernel; returns false if it ended instead. For a peer that sleeps only in the call that
/// the experiment is about.
pub(crate) fn sleeps(peer: &mut Child) -> Result<bool> {
    const LOOK: Duration = Duration::from_millis(5);
    // It counts when it sleeps time after time: a fork and a page fault may make it sleep once.
    const TIMES: u32 = 10;
    let mut asleep = 0;
    let looks = PATIENCE.as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        if peer.wait(LOOK)?.is_some() {
            return Ok(false);
        }
        let path = format!("/proc/{}/stat", peer.pid());
        let stat = std::fs::read_to_string(&path).map_err(|e| Error::os(path, e))?;
        // The name before it is in parentheses and may contain anything.
        let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
        asleep = if state == Some('S') { asleep + 1 } else { 0 };
        if asleep == TIMES {
            return Ok(true);
        }
    }
    Err(Error::Protocol("a peer of the experiment neither slept nor ended".into()))
}
