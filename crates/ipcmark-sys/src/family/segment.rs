//! System V shared memory: segments.
//!
//! A segment has a number instead of a name and outlives the processes that use it, until it is removed. Linux lets a
//! segment be removed while it is attached: then no new process finds it, its holders keep it, and the last detach frees it,
//! also when the kernel detaches after a `SIGKILL`. So a segment that a fork is to inherit is removed right after it was
//! attached. Until then the run's registry has its key, in case of a kill between the two calls.

use crate::ground::last_errno;
use crate::registry::Entry;
use crate::sysv::Kind;
use crate::sysv::object::under_new_key;
use ipcmark_core::{Called, Error, Result};
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

/// A segment that this process has attached; a child inherits the attachment. Detached when it goes.
#[derive(Debug)]
pub struct Segment {
    base: NonNull<u8>,
    len: usize,
    id: libc::c_int,
    key: libc::key_t,
    /// Its key in the registry, until it is removed.
    entry: Entry,
}

// SAFETY: an attachment belongs to the process and not to a thread, and is only given out as a raw pointer or atomics.
unsafe impl Send for Segment {}
// SAFETY: as for `Send`.
unsafe impl Sync for Segment {}

impl Segment {
    /// `shmget()`, `shmat()` - makes a zeroed segment of `len` bytes, page-aligned, and attaches it. It stays until it is
    /// [removed](Segment::remove).
    ///
    /// # References
    /// - [shmget(2)](https://man7.org/linux/man-pages/man2/shmget.2.html),
    ///   [shmat(2)](https://man7.org/linux/man-pages/man2/shmat.2.html)
    pub fn attached(len: usize) -> Result<Segment> {
        let mut key = 0;
        let (entry, made) = under_new_key(Kind::Segment, |tried| {
            key = tried;
            // SAFETY: the call takes numbers alone.
            let id = unsafe { libc::shmget(key, len, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) };
            if id >= 0 { Ok(id) } else { Err(last_errno()) }
        })?;
        let id = made.map_err(|e| {
            let hint = "raise the limits (sysctl kernel.shmmax kernel.shmall kernel.shmmni), or remove old segments (ipcrm)";
            Error::os_hint(format!("shmget({len} bytes)"), e, hint)
        })?;
        let base = attach(id, len).inspect_err(|_| entry.clear())?;
        Ok(Segment { base, len, id, key, entry })
    }

    /// `shmctl(IPC_RMID)` - takes the number away; the memory stays until the last detach.
    ///
    /// # References
    /// - [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html)
    pub fn remove(&self) -> Result<()> {
        control(self.id, libc::IPC_RMID, None).called("shmctl(IPC_RMID)")?;
        self.entry.clear();
        Ok(())
    }

    /// `shmctl(IPC_STAT)` - how many attachments there are, and whether it is removed already and waits for the last.
    pub fn state(&self) -> Result<State> {
        state(self.id).called("shmctl(IPC_STAT)")
    }

    /// Returns its number, as `ipcs -m` shows it.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Returns the key it was made under.
    #[must_use]
    pub fn key(&self) -> i32 {
        self.key
    }

    /// Returns its first byte.
    #[must_use]
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Returns its length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns false: the kernel refuses a segment of no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns all of it, as words that any process may change at any time.
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: a page-aligned, zeroed mapping of `len` bytes that lives as long as self, shared as atomics only.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().cast(), self.len / 8) }
    }
}

fn attach(id: libc::c_int, len: usize) -> Result<NonNull<u8>> {
    // SAFETY: without an address of ours the kernel chooses a free one.
    let at = unsafe { libc::shmat(id, std::ptr::null(), 0) };
    // The call says so with an address of all ones.
    let base = if at.addr() == usize::MAX { None } else { NonNull::new(at.cast::<u8>()) };
    base.ok_or_else(|| {
        let e = Error::os(format!("shmat({len} bytes)"), io::Error::last_os_error());
        // What could not be attached must not stay.
        let _ = control(id, libc::IPC_RMID, None);
        e
    })
}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: attached at this address by `attached`, and detached once.
        unsafe { libc::shmdt(self.base.as_ptr().cast()) };
    }
}

/// State of a segment, from the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Attachments, over all processes.
    pub attachments: u64,
    /// Removed, and kept only for those who hold it.
    pub removed: bool,
}

/// Returns the state of the segment of this number; an error when there is none.
///
/// # References
/// - [shmctl(2)](https://man7.org/linux/man-pages/man2/shmctl.2.html), `IPC_STAT`
pub fn state(id: i32) -> io::Result<State> {
    // SAFETY: all zeros are a valid `struct shmid_ds`: numbers alone.
    let mut told: libc::shmid_ds = unsafe { std::mem::zeroed() };
    control(id, libc::IPC_STAT, Some(&mut told))?;
    // `SHM_DEST` of shmctl(2), in the upper bits of the mode.
    let removed = u32::from(told.shm_perm.mode) & 0o1000 != 0;
    Ok(State { attachments: told.shm_nattch, removed })
}

/// `shmget()` - whether a segment can be found by this key.
#[must_use]
pub fn is_found(key: i32) -> bool {
    Kind::Segment.find(key).is_some()
}

fn control(
    id: libc::c_int,
    command: libc::c_int,
    told: Option<&mut libc::shmid_ds>,
) -> io::Result<()> {
    let told = told.map_or(std::ptr::null_mut(), std::ptr::from_mut);
    // SAFETY: IPC_RMID ignores the pointer, IPC_STAT is given a `struct shmid_ds` of ours to fill.
    let rc = unsafe { libc::shmctl(id, command, told) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn a_removed_segment_serves_until_the_last_detach() {
        let segment = Segment::attached(100).unwrap();
        assert_eq!(segment.state().unwrap(), State { attachments: 1, removed: false });
        assert!(is_found(segment.key()));
        segment.remove().unwrap();
        assert_eq!(segment.state().unwrap(), State { attachments: 1, removed: true });
        assert!(!is_found(segment.key()));
        segment.words()[0].store(7, Relaxed);
        assert_eq!(segment.words()[0].load(Relaxed), 7);
        let id = segment.id();
        drop(segment);
        assert!(state(id).is_err());
    }
}
