//! A count that a signal handler and the main line both change, without care: what a handler can do to a program.

use super::{Number, set_action};
use ipcmark_core::Result;
use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

static COUNT: AtomicU64 = AtomicU64::new(0);
static RUNS: AtomicU64 = AtomicU64::new(0);

/// Adds one by a load, an addition, a store: three steps, as `count += 1` in C. (Each is atomic, so that the race is one of
/// the program's meaning and not of the language's. The compiler is kept from making one instruction of the three, between
/// whose steps no handler could run.)
#[inline(always)]
fn add() {
    let before = black_box(COUNT.load(Relaxed));
    COUNT.store(before.wrapping_add(1), Relaxed);
}

extern "C" fn handle(_: libc::c_int) {
    add();
    RUNS.fetch_add(1, Relaxed);
}

/// A count to which a handler adds one each time it runs. One in a process at a time; dropping it, the signal is
/// ignored.
#[derive(Debug)]
pub struct Tally {
    number: Number,
}

impl Tally {
    /// `sigaction()` - begins at zero.
    ///
    /// # References
    /// [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html)
    pub fn begin(number: Number) -> Result<Tally> {
        COUNT.store(0, Relaxed);
        RUNS.store(0, Relaxed);
        set_action(number, handle as extern "C" fn(libc::c_int) as libc::sighandler_t)?;
        Ok(Tally { number })
    }

    /// Adds one for the main line, in the same three steps as the handler.
    #[inline(always)]
    pub fn add(&self) {
        add();
    }

    /// Returns the count.
    #[must_use]
    pub fn count(&self) -> u64 {
        COUNT.load(Relaxed)
    }

    /// Returns how often the handler ran.
    #[must_use]
    pub fn runs(&self) -> u64 {
        RUNS.load(Relaxed)
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let _ = set_action(self.number, libc::SIG_IGN);
    }
}
