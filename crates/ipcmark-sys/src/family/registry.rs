//! Objects of the kernel that a run has made and not yet removed: POSIX message queues by name, System V objects by key.
//!
//! A killed process removes nothing, and no folder lists them all (`/dev/mqueue` is often not mounted). So the run has a file:
//! a line with `+` comes before an object is made, one with `-` after it is removed. All processes of the run append to
//! it. If no registry is open (a test of one crate), nothing is written.
//!
//! The file is locked (`flock(2)`) as long as a process of the run lives, whatever its number. So an unlocked file is a dead
//! run's, and the next start of the same user may remove what it lists. Keys and queues belong to an IPC namespace, which the
//! first line names with the boot: elsewhere they would be another's.

use crate::process::user;
use crate::sysv::Kind;
use ipcmark_core::{Called, Error, Result};
use nix::mqueue::mq_unlink;
use rustix::fs::{FlockOperation, MemfdFlags, OFlags, flock, memfd_create};
use rustix::io::Errno;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The file's name in the run's folder.
const NAME: &str = "objects";
/// First word of the file.
const FORM: &str = "ipcmark-objects/1";
/// Length from which on a list without living objects is begun again, bytes.
const LONG: u64 = 64 << 10;

/// The lists of the runs of this process, the newest last.
static OPEN: Mutex<Vec<Arc<List>>> = Mutex::new(Vec::new());

fn open_lists() -> MutexGuard<'static, Vec<Arc<List>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An object, as a line of the file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Object {
    /// A POSIX message queue by its name, which begins with a slash.
    Queue(String),
    /// A System V object by its key.
    SystemV(Kind, libc::key_t),
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Queue(name) => write!(f, "mq {name}"),
            Object::SystemV(kind, key) => write!(f, "{} {key}", kind.name()),
        }
    }
}

impl Object {
    fn parse(text: &str) -> Option<Object> {
        let (kind, name) = text.split_once(' ')?;
        if kind == "mq" {
            return Some(Object::Queue(name.into()));
        }
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
        Some(Object::SystemV(kind, name.parse().ok()?))
    }

    /// Removes it; returns true if it was there and this user's.
    fn remove(&self) -> bool {
        match self {
            Object::Queue(name) => mq_unlink(name.as_str()).is_ok(),
            Object::SystemV(kind, key) => {
                let id = kind.find(*key).filter(|id| kind.is_this_users(*id));
                id.inspect(|id| kind.remove(*id)).is_some()
            }
        }
    }
}

/// One file of objects.
#[derive(Debug)]
struct List {
    file: File,
    /// The folder it is in.
    folder: Option<PathBuf>,
}

impl List {
    fn begin(file: File, folder: Option<&Path>) -> io::Result<List> {
        (&file).write_all(first_line().as_bytes())?;
        Ok(List { file, folder: folder.map(Into::into) })
    }

    fn append(&self, sign: char, object: &Object) -> io::Result<()> {
        // One call, so that no other process's line comes between.
        (&self.file).write_all(format!("{sign} {object}\n").as_bytes())
    }

    /// Returns the objects that were made, or were about to be, and not removed.
    fn objects(&self) -> Vec<Object> {
        objects(&self.text().unwrap_or_default())
    }

    fn text(&self) -> Option<String> {
        let mut bytes = vec![0; self.file.metadata().ok()?.len() as usize];
        self.file.read_exact_at(&mut bytes, 0).ok()?;
        String::from_utf8(bytes).ok()
    }
}

fn objects(text: &str) -> Vec<Object> {
    let mut left = Vec::new();
    for (sign, object) in text.lines().filter_map(|line| line.split_once(' ')) {
        match (sign, Object::parse(object)) {
            ("+", Some(object)) => left.push(object),
            ("-", Some(object)) => left.retain(|other| *other != object),
            _ => {}
        }
    }
    left
}

/// Returns the first line, which names the boot and the IPC namespace; `-` is what `/proc` does not show.
fn first_line() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/ipc").unwrap_or_default();
    let word = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    format!("{FORM} {} {}\n", word(boot.trim()), word(&space.to_string_lossy()))
}

/// The list into which this process and its children write while it lives.
#[derive(Debug)]
pub struct Registry(Arc<List>);

impl Registry {
    /// Makes a list in memory, for a process that counts and removes by itself.
    ///
    /// # Errors
    /// The kernel gives no memory.
    pub fn in_memory() -> Result<Registry> {
        let file = memfd_create("ipcmark-objects", MemfdFlags::CLOEXEC).called("memfd_create")?;
        List::begin(file.into(), None).map(Registry::current).called("write(memfd)")
    }

    /// Makes the list of a run in its folder, and locks it.
    pub(crate) fn in_folder(folder: &Path) -> Result<Registry> {
        let path = folder.join(NAME);
        let open =
            OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(&path);
        let begun = open.and_then(|file| {
            // Where a file system has no locks, none is ever taken for a dead run's.
            let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
            List::begin(file, Some(folder))
        });
        let hint = "make room in the folder that TMPDIR names, or set it to another one";
        begun
            .map(Registry::current)
            .map_err(|e| Error::os_hint(format!("write({})", path.display()), e, hint))
    }

    fn current(list: List) -> Registry {
        let list = Arc::new(list);
        open_lists().push(list.clone());
        Registry(list)
    }

    /// Lists the System V objects that exist, by kind and number: `msg 32768`, as `/proc/sysvipc` names them.
    #[must_use]
    pub fn living(&self) -> Vec<String> {
        let keys = self.0.objects().into_iter().filter_map(|object| match object {
            Object::SystemV(kind, key) => Some(format!("{} {}", kind.name(), kind.find(key)?)),
            Object::Queue(_) => None,
        });
        keys.collect()
    }

    /// Begins a long list again, if no object of it lives. No other process may write meanwhile.
    pub(crate) fn shorten(&self) {
        let list = &self.0;
        let is_long = list.file.metadata().is_ok_and(|file| file.len() > LONG);
        if is_long && list.objects().is_empty() {
            let _ = list.file.set_len(first_line().len() as u64);
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        open_lists().retain(|list| !Arc::ptr_eq(list, &self.0));
    }
}

/// Returns the folder of this process's newest run.
pub(crate) fn folder() -> Option<PathBuf> {
    open_lists().iter().rev().find_map(|list| list.folder.clone())
}

/// Returns true if the file is that of a run's list.
pub(crate) fn is_list(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == NAME)
}

/// Removes the objects that the list of this process's own run names; returns their number.
pub(crate) fn sweep(folder: &Path) -> usize {
    remove_all(&std::fs::read_to_string(folder.join(NAME)).unwrap_or_default())
}

/// Removes what a list names; returns the number of objects that are gone now.
fn remove_all(text: &str) -> usize {
    objects(text).iter().filter(|object| object.remove()).count()
}

/// The list of a run that has ended, locked.
#[derive(Debug)]
pub(crate) struct Dead(List);

impl Dead {
    /// Returns the list in a folder if it is this user's and no process of its run lives.
    pub(crate) fn at(folder: &Path) -> Option<Dead> {
        let open = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOFOLLOW.bits() as i32)
            .open(folder.join(NAME));
        let file = open.ok()?;
        let there = file.metadata().ok()?;
        if !there.is_file() || there.nlink() != 1 || there.uid() != user() {
            return None;
        }
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        let list = List { file, folder: None };
        // A run that is about to begin has not written it yet.
        list.text()?.starts_with(FORM).then_some(Dead(list))
    }

    /// Removes the objects that it names, if they are of this boot and this IPC namespace; returns their number.
    pub(crate) fn sweep(&self) -> usize {
        let (text, here) = (self.0.text().unwrap_or_default(), first_line());
        let known = !here.trim_end().split(' ').any(|word| word == "-");
        if !known || !text.starts_with(&here) {
            return 0;
        }
        remove_all(&text)
    }
}

/// One object's lines in the list that was opened last.
#[derive(Debug)]
pub struct Entry {
    list: Option<Arc<List>>,
    object: Object,
}

impl Entry {
    /// Notes an object that is about to be made.
    ///
    /// # Errors
    /// The list cannot be written to; the object must not be made then.
    pub(crate) fn of(object: Object) -> rustix::io::Result<Entry> {
        let list = open_lists().last().cloned();
        let noted = list.as_ref().map_or(Ok(()), |list| list.append('+', &object));
        noted.map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::IO))?;
        Ok(Entry { list, object })
    }

    /// Notes a POSIX message queue that is about to be made under this name.
    ///
    /// # Errors
    /// As for all objects: the list cannot be written to.
    pub fn of_queue(name: &str) -> rustix::io::Result<Entry> {
        Entry::of(Object::Queue(name.into()))
    }

    /// Notes that the object was removed, or never made.
    pub fn clear(&self) {
        if let Some(list) = &self.list {
            let _ = list.append('-', &self.object);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_not_left() {
        let text =
            "ipcmark-objects/1 b n\n+ msg 7\n+ mq /a b\n+ sem 7\n- msg 7\n+ nonsense 3\n+ shm x\n";
        let left = [Object::Queue("/a b".into()), Object::SystemV(Kind::Semaphores, 7)];
        assert_eq!(objects(text), left);
        for object in left {
            assert_eq!(Object::parse(&object.to_string()), Some(object));
        }
    }

    #[test]
    fn a_list_is_a_dead_runs_when_no_one_holds_its_lock() {
        let folder = std::env::temp_dir().join(format!("ipcmark-registry-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let registry = Registry::in_folder(&folder).unwrap();
        assert!(Dead::at(&folder).is_none(), "its run lives");
        drop(registry);
        assert!(Dead::at(&folder).is_some());
        let other = folder.join("other");
        std::fs::create_dir(&other).unwrap();
        std::os::unix::fs::symlink(folder.join(NAME), other.join(NAME)).unwrap();
        assert!(Dead::at(&other).is_none(), "a link is no run's list");
        std::fs::write(folder.join(NAME), "").unwrap();
        assert!(Dead::at(&folder).is_none(), "a run that begins");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn objects_of_another_namespace_are_not_touched() {
        use nix::mqueue::{MQ_OFlag, MqAttr, mq_close, mq_open};
        let folder = std::env::temp_dir().join(format!("ipcmark-elsewhere-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let name = format!("/ipcmark-elsewhere-{}", std::process::id());
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
        let mode = nix::sys::stat::Mode::S_IRWXU;
        let attr = MqAttr::new(0, 1, 1, 0);
        mq_close(mq_open(name.as_str(), flags, mode, Some(&attr)).unwrap()).unwrap();
        for (first, removed) in [(format!("{FORM} boot ipc:[1]\n"), 0), (first_line(), 1)] {
            std::fs::write(folder.join(NAME), format!("{first}+ mq {name}\n")).unwrap();
            assert_eq!(Dead::at(&folder).unwrap().sweep(), removed, "{first}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
