//! A bell that is a `futex(2)`: a count in shared memory, and the kernel only where somebody must sleep or be woken.

use super::Bell;
use crate::shared::{Line, Lines};
use ipcmark_core::{Result, Wait, WaitKind};
use rustix::io;
use rustix::thread::futex::{Flags, wait, wake};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A count of rings that is slept on, and a count of those heard. Each ring makes the call that wakes, because who rings
/// does not know whether anyone sleeps: a user who does keeps a flag next to it, as a ring in shared memory has.
#[derive(Debug)]
pub struct FutexBell {
    /// The first line counts the rings (modulo 2^32), the second what was heard of them.
    lines: Lines,
}

impl FutexBell {
    #[inline]
    fn rung(&self) -> &Line {
        &self.lines.lines()[0]
    }

    #[inline]
    fn heard(&self) -> &Line {
        &self.lines.lines()[1]
    }
}

impl Wait for FutexBell {
    const KIND: WaitKind = WaitKind::Futex;
}

impl Bell for FutexBell {
    const RING: &'static str = "futex(FUTEX_WAKE)";
    const SLEEP: &'static str = "futex(FUTEX_WAIT)";
    const REFERENCE: &'static str = "futex(2)";

    fn new() -> Result<FutexBell> {
        Ok(FutexBell { lines: Lines::new(2)? })
    }

    #[inline]
    fn ring(&self) -> io::Result<()> {
        let word = &self.rung().futex;
        word.fetch_add(1, Release);
        wake(word, Flags::empty(), 1).map(drop)
    }

    #[inline]
    fn sleep(&self) -> io::Result<u64> {
        let word = &self.rung().futex;
        let heard = self.heard().futex.load(Relaxed);
        loop {
            let rung = word.load(Acquire);
            if rung != heard {
                self.heard().futex.store(rung, Relaxed);
                return Ok(u64::from(rung.wrapping_sub(heard)));
            }
            match wait(word, Flags::empty(), rung, None) {
                // Rung between the look and the call.
                Ok(()) | Err(io::Errno::AGAIN) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}
