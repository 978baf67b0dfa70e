//! One object, and the question which process is the last to hold it.
//!
//! Nobody counts: a killed process could not count itself out. Every process that inherits the object inherits the
//! writing end of a pipe that nobody writes to, and the kernel closes it when the process ends, however it ends. Who
//! lets go of the object closes its own and looks: where the pipe is hung up, no other process holds it, and the object
//! is removed. Two that let go at the same moment both remove it, and one of them in vain.

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
    /// Makes an object with `get`, which is given a key that nobody else uses; `explain` says why it could not.
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

    /// Its number.
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

/// A positive key that nobody can foresee; `IPC_PRIVATE` is 0.
pub(crate) fn random_key() -> libc::key_t {
    let random = RandomState::new().build_hasher().finish();
    (random as u32 >> 1).max(1) as libc::key_t
}
