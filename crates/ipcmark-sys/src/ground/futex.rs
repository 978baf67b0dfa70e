//! Sleeping until a shared word changes.
//!
//! The futexes here are shared ones. A private futex is keyed by the process: a waker in another process would never
//! find the sleeper.

use ipcmark_core::{Called, Error, Result};
use rustix::io::Errno;
use rustix::thread::futex::{Flags, Timespec, wait as futex_wait, wake as futex_wake};
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while `word` holds `value`, at most for `timeout`. Returns on a wake-up, a change, a signal or the timeout:
/// look at the word again.
///
/// # References
/// - [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html), `FUTEX_WAIT`
pub fn wait(word: &AtomicU32, value: u32, timeout: Duration) -> Result<()> {
    let timeout =
        Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: i64::from(timeout.subsec_nanos()) };
    match futex_wait(word, Flags::empty(), value, Some(&timeout)) {
        Ok(()) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT) => Ok(()),
        Err(e) => Err(Error::os("futex(FUTEX_WAIT)", e)),
    }
}

/// Sleeps while `word` holds `value`, however long: for who is ended from outside. Returns on a wake-up, a change or a
/// signal: look at the word again. A wait with a timeout also sets and clears a timer, a tenth of a round trip on one CPU.
///
/// # References
/// - [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html), `FUTEX_WAIT`
pub fn sleep(word: &AtomicU32, value: u32) -> Result<()> {
    match futex_wait(word, Flags::empty(), value, None) {
        Ok(()) | Err(Errno::AGAIN | Errno::INTR) => Ok(()),
        Err(e) => Err(Error::os("futex(FUTEX_WAIT)", e)),
    }
}

/// Wakes everyone who sleeps on `word`.
///
/// # References
/// - [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html), `FUTEX_WAKE`
pub fn wake_all(word: &AtomicU32) -> Result<()> {
    futex_wake(word, Flags::empty(), i32::MAX as u32).map(drop).called("futex(FUTEX_WAKE)")
}
