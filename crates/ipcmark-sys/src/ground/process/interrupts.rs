//! Signals that ask for the end, noted instead of obeyed.

use ipcmark_core::{Error, Result};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal as NixSignal, sigaction};
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_interrupt(_: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

const INTERRUPTS: [NixSignal; 4] =
    [NixSignal::SIGINT, NixSignal::SIGTERM, NixSignal::SIGHUP, NixSignal::SIGXCPU];

/// While it lives, `SIGINT`, `SIGTERM`, `SIGHUP` and `SIGXCPU` set a flag, [`is_interrupted`], instead of ending the process, so
/// that it can put its things in order first.
#[derive(Debug)]
pub struct Interrupts {
    /// Previous actions of the signals.
    before: Vec<(NixSignal, SigAction)>,
}

impl Interrupts {
    /// Handles the signals, except those that this process was started to ignore (`nohup`).
    ///
    /// # References
    /// - [signal-safety(7)](https://man7.org/linux/man-pages/man7/signal-safety.7.html)
    pub fn handle() -> Result<Interrupts> {
        // One that came to an earlier run is not for this one.
        INTERRUPTED.store(false, Ordering::Relaxed);
        let handler = SigHandler::Handler(note_interrupt);
        let heeding = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
        let mut interrupts = Interrupts { before: Vec::with_capacity(INTERRUPTS.len()) };
        for signal in INTERRUPTS {
            // SAFETY: the handler stores to an atomic and does nothing else.
            let before = unsafe { sigaction(signal, &heeding) }
                .map_err(|e| Error::os(format!("sigaction({signal})"), e))?;
            interrupts.before.push((signal, before));
            if matches!(before.handler(), SigHandler::SigIgn) {
                // SAFETY: ignoring a signal runs no code of this process.
                let _ = unsafe { sigaction(signal, &before) };
            }
        }
        Ok(interrupts)
    }
}

/// The signals do again what they did before.
impl Drop for Interrupts {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            // SAFETY: the action stood before, so that what it runs was fit to run.
            let _ = unsafe { sigaction(*signal, before) };
        }
    }
}

/// Returns true once one of the signals of [`Interrupts`] has come.
#[must_use]
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
