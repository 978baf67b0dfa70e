//! The keys of the System V objects that a family of processes has made and not yet removed.
//!
//! The keys are in a page that the processes share. A key is written before its object is made and cleared after the object
//! is removed, so a killed process cannot leave an object that the page does not list. If no registry is open (a test of
//! one crate), nothing is written, and only the last process that holds an object removes it.

use super::Kind;
use crate::shared::Lines;
use ipcmark_core::{Error, Result};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex, PoisonError};

/// Objects that may live at one time.
const OBJECTS_MAX: usize = 256;
const FREE: u64 = 0;
/// While its key is being chosen.
const TAKEN: u64 = u64::MAX;

/// The page that was opened last.
static CURRENT: Mutex<Option<Arc<Lines>>> = Mutex::new(None);

/// One page of keys.
#[derive(Debug)]
pub struct Registry(Arc<Lines>);

impl Registry {
    /// Makes the page into which this process and its children write from now on.
    ///
    /// # Errors
    /// The kernel gives no shared memory.
    pub fn open() -> Result<Registry> {
        let lines = Arc::new(Lines::new(OBJECTS_MAX)?);
        *current() = Some(lines.clone());
        Ok(Registry(lines))
    }

    fn objects(&self) -> impl Iterator<Item = (Kind, i32)> {
        let keys = self.0.lines().iter().filter_map(|line| decode(line.word.load(Acquire)));
        keys.filter_map(|(kind, key)| Some((kind, kind.find(key)?)))
    }

    /// Lists the objects that exist, by kind and number: `msg 32768`, as `/proc/sysvipc` names them.
    #[must_use]
    pub fn living(&self) -> Vec<String> {
        self.objects().map(|(kind, id)| format!("{} {id}", kind.name())).collect()
    }

    /// Removes every object that exists.
    pub(crate) fn sweep(&self) {
        self.objects().for_each(|(kind, id)| kind.remove(id));
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let mut current = current();
        if current.as_ref().is_some_and(|lines| Arc::ptr_eq(lines, &self.0)) {
            *current = None;
        }
    }
}

fn current() -> std::sync::MutexGuard<'static, Option<Arc<Lines>>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Packs the kind above, the key below; keys are positive.
fn encode(kind: Kind, key: libc::key_t) -> u64 {
    let kind = match kind {
        Kind::Queue => 1u64,
        Kind::Semaphores => 2,
        Kind::Segment => 3,
    };
    kind << 32 | u64::from(key as u32)
}

fn decode(word: u64) -> Option<(Kind, libc::key_t)> {
    let kind = match word >> 32 {
        1 => Kind::Queue,
        2 => Kind::Semaphores,
        3 => Kind::Segment,
        _ => return None,
    };
    Some((kind, word as u32 as libc::key_t))
}

/// One object's place in the page.
#[derive(Debug)]
pub(crate) struct Entry {
    lines: Arc<Lines>,
    index: usize,
}

impl Entry {
    /// Takes a free place; `None` if no registry is open.
    pub(crate) fn take() -> Result<Option<Entry>> {
        let Some(lines) = current().clone() else { return Ok(None) };
        let free = lines
            .lines()
            .iter()
            .position(|line| line.word.compare_exchange(FREE, TAKEN, AcqRel, Relaxed).is_ok());
        match free {
            Some(index) => Ok(Some(Entry { lines, index })),
            None => Err(Error::Protocol(format!(
                "this run holds {OBJECTS_MAX} System V objects already; end it, and its janitor removes them"
            ))),
        }
    }

    /// Writes the key of the object that is to be made.
    pub(crate) fn announce(&self, kind: Kind, key: libc::key_t) {
        self.lines.lines()[self.index].word.store(encode(kind, key), Release);
    }

    /// Frees the place: the object was removed, or never made.
    pub(crate) fn clear(&self) {
        self.lines.lines()[self.index].word.store(FREE, Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_kind_and_key() {
        for kind in [Kind::Queue, Kind::Semaphores, Kind::Segment] {
            assert_eq!(decode(encode(kind, i32::MAX)), Some((kind, i32::MAX)));
        }
        assert_eq!((decode(FREE), decode(TAKEN)), (None, None));
    }
}
