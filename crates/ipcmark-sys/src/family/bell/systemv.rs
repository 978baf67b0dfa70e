//! A bell that is a System V semaphore: `semop(2)`, each ring and each sleep a call.

use super::Bell;
use crate::sysv::Semaphore;
use ipcmark_core::{Result, Wait, WaitKind};
use rustix::io::{self, Errno};

/// A set of one semaphore; it counts to 32,767.
#[derive(Debug)]
pub struct SemopBell {
    semaphore: Semaphore,
}

impl Wait for SemopBell {
    const KIND: WaitKind = WaitKind::Semop;
}

impl Bell for SemopBell {
    const RING: &'static str = "semop(+1)";
    const SLEEP: &'static str = "semop(-1)";
    const REFERENCE: &'static str = "semop(2)";

    fn new() -> Result<SemopBell> {
        Ok(SemopBell { semaphore: Semaphore::new()? })
    }

    #[inline]
    fn ring(&self) -> io::Result<()> {
        match self.semaphore.add() {
            Err(Errno::RANGE) => Err(Errno::AGAIN),
            other => other,
        }
    }

    #[inline]
    fn sleep(&self) -> io::Result<u64> {
        self.semaphore.take().map(|()| 1)
    }
}
