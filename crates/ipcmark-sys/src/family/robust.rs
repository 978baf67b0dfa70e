//! A mutex that several processes share and that tells when its owner died, with its condition variable.
//!
//! An ordinary mutex whose owner is killed stays locked for ever. A robust one is given to the next who asks, with
//! `EOWNERDEAD`: what it protects may be half changed, and its new holder must repair that and say so
//! (`pthread_mutex_consistent`) before unlocking, otherwise no one gets it any more. Here it protects one word.

use crate::shared::Pages;
use ipcmark_core::{Error, Result};
use std::cell::UnsafeCell;
use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Content of the shared page.
#[repr(C)]
struct Room {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    condition: UnsafeCell<libc::pthread_cond_t>,
    word: AtomicU64,
    owners_died: AtomicU64,
}

/// A word under a process-shared robust mutex, in memory that children inherit.
#[derive(Debug)]
pub struct RobustMutex {
    pages: Pages,
}

/// Turns the result of a `pthread_*` call, 0 or an `errno`, into a result.
fn check(call: &'static str, rc: libc::c_int) -> Result<()> {
    if rc == 0 { Ok(()) } else { Err(Error::os(call, io::Error::from_raw_os_error(rc))) }
}

impl RobustMutex {
    /// Makes one, unlocked, its word 0.
    ///
    /// # References
    /// - [pthread_mutexattr_setrobust(3)](https://man7.org/linux/man-pages/man3/pthread_mutexattr_setrobust.3.html),
    ///   [pthread_mutexattr_setpshared(3)](https://man7.org/linux/man-pages/man3/pthread_mutexattr_setpshared.3.html)
    pub fn new() -> Result<RobustMutex> {
        let mutex = RobustMutex { pages: Pages::new(size_of::<Room>())? };
        mutex.make_mutex()?;
        mutex.make_condition()?;
        Ok(mutex)
    }

    fn make_mutex(&self) -> Result<()> {
        // SAFETY: attributes are plain memory until they are initialised.
        let mut attr: libc::pthread_mutexattr_t = unsafe { std::mem::zeroed() };
        // SAFETY: `attr` is ours and not yet initialised.
        check("pthread_mutexattr_init", unsafe { libc::pthread_mutexattr_init(&mut attr) })?;
        let shared = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: `attr` was initialised.
        let rc = unsafe { libc::pthread_mutexattr_setpshared(&mut attr, shared) };
        check("pthread_mutexattr_setpshared", rc)?;
        let robust = libc::PTHREAD_MUTEX_ROBUST;
        // SAFETY: as above.
        let rc = unsafe { libc::pthread_mutexattr_setrobust(&mut attr, robust) };
        check("pthread_mutexattr_setrobust", rc)?;
        // SAFETY: the memory is zeroed and no one else has it yet.
        let rc = unsafe { libc::pthread_mutex_init(self.room().mutex.get(), &raw const attr) };
        check("pthread_mutex_init", rc)
    }

    fn make_condition(&self) -> Result<()> {
        // SAFETY: attributes are plain memory until they are initialised.
        let mut attr: libc::pthread_condattr_t = unsafe { std::mem::zeroed() };
        // SAFETY: `attr` is ours and not yet initialised.
        check("pthread_condattr_init", unsafe { libc::pthread_condattr_init(&mut attr) })?;
        let shared = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: `attr` was initialised.
        let rc = unsafe { libc::pthread_condattr_setpshared(&mut attr, shared) };
        check("pthread_condattr_setpshared", rc)?;
        // SAFETY: as above.
        let rc = unsafe { libc::pthread_condattr_setclock(&mut attr, libc::CLOCK_MONOTONIC) };
        check("pthread_condattr_setclock", rc)?;
        // SAFETY: the memory is zeroed and no one else has it yet.
        let rc = unsafe { libc::pthread_cond_init(self.room().condition.get(), &raw const attr) };
        check("pthread_cond_init", rc)
    }

    fn room(&self) -> &Room {
        // SAFETY: the pages are zeroed, aligned, long enough, live as long as self, and hold atomics and cells alone.
        unsafe { &*self.pages.base().cast::<Room>().as_ptr() }
    }

    /// `pthread_mutex_lock()` - waits for the mutex. When its owner died it is made consistent, counted, and
    /// [said](Locked::owner_died).
    ///
    /// A thread that holds it already waits for itself.
    ///
    /// # References
    /// - [pthread_mutex_consistent(3)](https://man7.org/linux/man-pages/man3/pthread_mutex_consistent.3.html)
    pub fn lock(&self) -> Result<Locked<'_>> {
        // SAFETY: the mutex was initialised by `new` and lives in self's pages.
        let rc = unsafe { libc::pthread_mutex_lock(self.room().mutex.get()) };
        let owner_died = self.settle("pthread_mutex_lock", rc)?;
        Ok(Locked { of: self, owner_died, _thread: PhantomData })
    }

    /// Owners found dead so far, by all who share it.
    #[must_use]
    pub fn owners_died(&self) -> u64 {
        self.room().owners_died.load(Ordering::Relaxed)
    }

    /// Returns true if the mutex, which this thread now holds, was its dead owner's; makes it consistent and counts it.
    fn settle(&self, call: &'static str, rc: libc::c_int) -> Result<bool> {
        if rc != libc::EOWNERDEAD {
            return check(call, rc).map(|()| false);
        }
        self.room().owners_died.fetch_add(1, Ordering::Relaxed);
        // SAFETY: `EOWNERDEAD` says that this thread holds it.
        let rc = unsafe { libc::pthread_mutex_consistent(self.room().mutex.get()) };
        check("pthread_mutex_consistent", rc).map(|()| true)
    }
}

/// The mutex, held by this thread until it is dropped.
#[derive(Debug)]
pub struct Locked<'a> {
    of: &'a RobustMutex,
    owner_died: bool,
    /// It must be unlocked by the thread that locked it.
    _thread: PhantomData<*const ()>,
}

impl Locked<'_> {
    /// Returns true if the owner before died while it held the mutex.
    #[must_use]
    pub fn owner_died(&self) -> bool {
        self.owner_died
    }

    /// Returns the word under the mutex.
    #[must_use]
    pub fn word(&self) -> &AtomicU64 {
        &self.of.room().word
    }

    /// `pthread_cond_signal()` - wakes one who waits.
    pub fn notify(&self) -> Result<()> {
        // SAFETY: the condition variable was initialised by `new`.
        let rc = unsafe { libc::pthread_cond_signal(self.of.room().condition.get()) };
        check("pthread_cond_signal", rc)
    }

    /// `pthread_cond_timedwait()` - gives the mutex up, waits to be notified for at most `timeout`, and takes it again.
    /// False when the time passed first. It may also return for no reason: look at the word.
    ///
    /// # References
    /// - [pthread_cond_timedwait(3p)](https://man7.org/linux/man-pages/man3/pthread_cond_timedwait.3p.html)
    pub fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let ns = now.tv_nsec + i64::from(timeout.subsec_nanos());
        let until = libc::timespec {
            tv_sec: now.tv_sec + timeout.as_secs() as i64 + ns / 1_000_000_000,
            tv_nsec: ns % 1_000_000_000,
        };
        let room = self.of.room();
        // SAFETY: both were initialised by `new`, and this thread holds the mutex.
        let rc = unsafe {
            libc::pthread_cond_timedwait(room.condition.get(), room.mutex.get(), &raw const until)
        };
        if rc == libc::ETIMEDOUT {
            return Ok(false);
        }
        self.owner_died |= self.of.settle("pthread_cond_timedwait", rc)?;
        Ok(true)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: this thread holds it, because a `Locked` cannot be sent.
        unsafe { libc::pthread_mutex_unlock(self.of.room().mutex.get()) };
    }
}

// SAFETY: the room is made for sharing: cells are only handed to `pthread_*` calls, all else is atomic.
unsafe impl Sync for RobustMutex {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn one_who_waits_is_woken() {
        let mutex = Arc::new(RobustMutex::new().unwrap());
        let other = mutex.clone();
        let waiter = thread::spawn(move || {
            let mut locked = other.lock().unwrap();
            while locked.word().load(Ordering::Relaxed) == 0 {
                locked.wait(Duration::from_secs(60)).unwrap();
            }
        });
        let locked = mutex.lock().unwrap();
        locked.word().store(1, Ordering::Relaxed);
        locked.notify().unwrap();
        drop(locked);
        waiter.join().unwrap();
        assert_eq!(mutex.owners_died(), 0);
    }

    #[test]
    fn time_passes() {
        let mutex = RobustMutex::new().unwrap();
        let mut locked = mutex.lock().unwrap();
        while locked.wait(Duration::from_millis(5)).unwrap() {}
    }

    #[test]
    fn the_mutex_of_a_dead_thread_is_had_and_said() {
        let mutex = Arc::new(RobustMutex::new().unwrap());
        let other = mutex.clone();
        thread::spawn(move || std::mem::forget(other.lock().unwrap())).join().unwrap();
        assert!(mutex.lock().unwrap().owner_died());
        assert!(!mutex.lock().unwrap().owner_died());
        assert_eq!(mutex.owners_died(), 1);
    }
}
