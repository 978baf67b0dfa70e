//! One object, removed by the last process that holds it.
//!
//! There is no count: a killed process could not count itself out. Every process that inherits the object inherits the
//! writing end of a pipe that is never written to, and the kernel closes it when the process ends, however it ends. A
//! process that drops the object closes its own end and looks: if the pipe is hung up, no other process holds the object,
//! and it is removed. Two processes that drop it at the same moment both remove it, one of them in vain.

use super::Kind;
use crate::registry::{self, Entry};
use ipcmark_core::{Called, Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{self, Errno};
use rustix::pipe::{PipeFlags, pipe_with};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::fd::OwnedFd;

/// Keys tried before it is given up: each is another's with a chance of one in many millions.
const KEYS_MAX: usize = 16;

/// An object of the kernel's, removed by the last process that holds it.
#[derive(Debug)]
pub(super) struct Object {
    kind: Kind,
    id: i32,
    entry: Entry,
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
        let (entry, made) = under_new_key(kind, get)?;
        let id = made.map_err(explain)?;
        Ok(Object { kind, id, entry, reader, writer: Some(writer) })
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
            self.entry.clear();
        }
    }
}

/// Makes an object with `get` under an unused key, which the registry gets first.
pub(crate) fn under_new_key(
    kind: Kind,
    mut get: impl FnMut(libc::key_t) -> io::Result<i32>,
) -> Result<(Entry, io::Result<i32>)> {
    let mut tries = 0;
    loop {
        let key = random_key();
        let entry = Entry::of(registry::Object::SystemV(kind, key));
        let entry = entry.called("write(the list of objects)")?;
        let made = get(key);
        if made.is_err() {
            entry.clear();
        }
        tries += 1;
        if made != Err(Errno::EXIST) || tries == KEYS_MAX {
            return Ok((entry, made));
        }
    }
}

/// Returns a random positive key; `IPC_PRIVATE` is 0.
fn random_key() -> libc::key_t {
    let random = RandomState::new().build_hasher().finish();
    (random as u32 >> 1).max(1) as libc::key_t
}
