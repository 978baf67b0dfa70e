//! Whose turn it is, among groups of processes that do not descend from one another.
//!
//! The groups are the builds of a paired comparison: each measures for a few ms while the others sleep, and passes the turn
//! on without a supervisor, so that between two slices there is one wake-up. Each group sleeps on its own line, so that only
//! the next group wakes.

use crate::futex;
use crate::shared::Lines;
use ipcmark_core::{Called, Error, Result};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

/// Value of a baton that was stopped before its last turn.
const STOPPED: u32 = u32::MAX;
/// A sleeper looks again this often, should its wake-up get lost with the one who owed it.
const LOOK: Duration = Duration::from_secs(1);

/// The turns of several groups, in a file without a name.
#[derive(Debug)]
pub struct Baton {
    lines: Lines,
    /// Present in its maker: as long as it is open, others can open it by [`Baton::path`].
    file: Option<OwnedFd>,
}

impl Baton {
    /// `memfd_create()` - a baton for that many groups, none of which has had a turn.
    ///
    /// # References
    /// [memfd_create(2)](https://man7.org/linux/man-pages/man2/memfd_create.2.html)
    pub fn new(groups: usize) -> Result<Baton> {
        let file = memfd_create("ipcmark-relay", MemfdFlags::CLOEXEC).called("memfd_create")?;
        Ok(Baton { lines: Lines::of_file(&file, groups)?, file: Some(file) })
    }

    /// Opens the baton of another program: `path` is its maker's [`Baton::path`].
    ///
    /// # Errors
    /// When the maker has ended, or belongs to another user.
    pub fn open(path: &Path, groups: usize) -> Result<Baton> {
        let file = File::options().read(true).write(true).open(path);
        let file =
            file.map_err(|e| Error::os(format!("open({}), the relay", path.display()), e))?;
        Ok(Baton { lines: Lines::of_file(file, groups)?, file: None })
    }

    /// Returns the path by which other programs open it; `None` in those.
    ///
    /// # References
    /// [proc_pid_fd(5)](https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html)
    #[must_use]
    pub fn path(&self) -> Option<PathBuf> {
        let fd = self.file.as_ref()?.as_raw_fd();
        Some(format!("/proc/{}/fd/{fd}", std::process::id()).into())
    }

    /// Groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.lines.lines().len()
    }

    /// Resets the turns. Only while no process sleeps on the baton.
    pub fn reset(&self) {
        for line in self.lines.lines() {
            line.futex.store(0, Release);
        }
    }

    /// Gives `group` the turn of this number.
    pub fn give(&self, group: usize, turn: u32) -> Result<()> {
        let word = &self.lines.lines()[group].futex;
        // A relay that was stopped stays so.
        let given = word.fetch_update(Release, Acquire, |had| (had != STOPPED).then_some(turn + 1));
        if given.is_ok() { futex::wake_all(word) } else { Ok(()) }
    }

    /// Stops it: groups that wait learn that there is no further turn.
    pub fn stop(&self) -> Result<()> {
        for line in self.lines.lines() {
            line.futex.store(STOPPED, Release);
            futex::wake_all(&line.futex)?;
        }
        Ok(())
    }

    /// Sleeps until `group` is given the turn of this number, or a later one; false when it never will be.
    pub fn wait(&self, group: usize, turn: u32) -> Result<bool> {
        let word = &self.lines.lines()[group].futex;
        loop {
            let seen = word.load(Acquire);
            if seen == STOPPED {
                return Ok(false);
            }
            if seen > turn {
                return Ok(true);
            }
            futex::wait(word, seen, LOOK)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_in_order_and_a_stop_is_final() {
        let relay = Baton::new(2).unwrap();
        let other = Baton::open(&relay.path().unwrap(), 2).unwrap();
        relay.give(1, 0).unwrap();
        assert!(other.wait(1, 0).unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(other.wait(0, 1).unwrap());
                other.give(1, 2).unwrap();
            });
            relay.give(0, 1).unwrap();
            assert!(relay.wait(1, 2).unwrap());
        });
        other.stop().unwrap();
        relay.give(0, 3).unwrap();
        assert!(!relay.wait(0, 3).unwrap() && !relay.wait(1, 3).unwrap());
        relay.reset();
        relay.give(0, 0).unwrap();
        assert!(relay.wait(0, 0).unwrap());
    }

    #[test]
    fn a_relay_whose_maker_is_gone_says_so() {
        let path = Baton::new(2).unwrap().path().unwrap();
        let said = Baton::open(&path, 2).unwrap_err().to_string();
        assert!(said.contains("the relay"), "{said}");
    }
}
