//! One object, removed by the last process that holds it.
//!
//! There is no count: a killed process could not count itself out. Every process that inherits the object inherits the
//! writing end of a pipe that is never written to, and the kernel closes it when the process ends, however it ends. A
//! process that drops the object closes its own end and looks: if the pipe is hung up, no other process holds the object,
//! and it is removed. Two processes that drop it at the same moment both remove it, one of them in vain.

use super::Kind;
use super::registry::Entry;
use ipcmark_core::{Called, Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{self, Errno};
use rustix::pipe::{PipeFlags, pipe_with};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::fd::OwnedFd;

/// Keys tried before it is given up: each is another's with a chance of one in many millions.
pub(crate) const KEYS_MAX: usize = 16;

/// An object of the kernel's, removed by the last process that holds it.
#[derive(Debug)]
pub(super) struct Object {
    kind: Kind,
    id: i32,
    entry: Option<Entry>,
    reader: OwnedFd,
    /// Closed first of all when this process lets go.
    writer: Option<OwnedFd>,
}

impl Object {
    /// Makes an object with `get`, which gets an unused key; `explain` says why that failed.
    pub(super) fn create(
        kind: Kind,
        get: impl Fn(libc::key_t) -> io::Result<i32>,
        explain: impl Fn(Errno) -> Error,
    ) -> Result<Object> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).called("pipe2")?;
        let entry = Entry::take()?;
        let mut made = Err(Errno::EXIST);
        for _ in 0..KEYS_MAX {
            let key = random_key();
            if let Some(entry) = &entry {
                entry.announce(kind, key);
            }
            made = get(key);
            if made != Err(Errno::EXIST) {
                break;
            }
        }
        match made {
            Ok(id) => Ok(Object { kind, id, entry, reader, writer: Some(writer) }),
            Err(errno) => {
                if let Some(entry) = entry {
                    entry.clear();
                }
                Err(explain(errno))
            }
        }
    }

    /// Returns its number.
    #[inline]
    pub(super) fn id(&self) -> i32 {
        self.id
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.writer = None;
        let mut fds = [PollFd::new(&self.reader, PollFlags::empty())];
        let _ = poll(&mut fds, Some(&Timespec::default()));
        if fds[0].revents().contains(PollFlags::HUP) {
            self.kind.remove(self.id);
            if let Some(entry) = &self.entry {
                entry.clear();
            }
        }
    }
}

/// Returns a random positive key; `IPC_PRIVATE` is 0.
pub(crate) fn random_key() -> libc::key_t {
    let random = RandomState::new().build_hasher().finish();
    (random as u32 >> 1).max(1) as libc::key_t
}
