//! Signals: standard ones merge, real-time ones queue.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::{Error, Names, Result};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::getpid;

pub(crate) const RULES: &[Trial] = &[Trial {
    family: "signal",
    mechanism: "standard signals",
    name: "merge",
    rule: "A standard signal that is already pending is not queued again: many become one, so that a program that counts them loses count.",
    calls: &[
        "sigprocmask(SIG_BLOCK, SIGUSR1)",
        "kill(SIGUSR1) 1,000 times, from another process",
        "signalfd, read until EAGAIN",
    ],
    reference: "signal(7)",
    run: merge,
}];

const SENT: u64 = 1_000;

fn merge(_: &Names) -> Found {
    let delivered = while_blocked(Signal::SIGUSR1, SENT)?;
    let words =
        format!("{} SIGUSR1 sent while blocked: {} delivered.", figure(SENT), figure(delivered));
    Ok(Seen::new(delivered == 1, words).count("sent", SENT).count("delivered", delivered))
}

/// Lets another process send `count` of a signal that is blocked here, then takes what is pending; returns how many
/// there were.
fn while_blocked(signal: Signal, count: u64) -> Result<u64> {
    let mut set = SigSet::empty();
    set.add(signal);
    set.thread_block().map_err(|e| Error::os("sigprocmask", e))?;
    let here = getpid();
    let sender =
        peer(|| (0..count).try_for_each(|_| kill(here, signal).map_err(|e| Error::os("kill", e))))?;
    joined([sender])?;
    let pending = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .map_err(|e| Error::os("signalfd", e))?;
    let mut delivered = 0;
    while pending.read_signal().map_err(|e| Error::os("read(signalfd)", e))?.is_some() {
        delivered += 1;
    }
    Ok(delivered)
}
