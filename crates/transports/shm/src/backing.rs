//! Where the pages come from.

mod file;
mod huge;
mod sysv;

pub use file::MappedFile;
pub use huge::HugePages;
pub use sysv::SystemV;

use crate::mapping::Mapping;
use ipcmark_core::{Availability, Called, Error, Limits, MeetBy, Names, Refusal, Result};
use ipcmark_sys::names::under_new_name;
use ipcmark_sys::scratch::probe_names;
use rustix::fs::{MemfdFlags, Mode, OFlags, memfd_create, open, statfs, unlink};
use rustix::{io, shm};
use std::path::Path;

/// `f_type` of a tmpfs, as in [statfs(2)](https://man7.org/linux/man-pages/man2/statfs.2.html).
const TMPFS_MAGIC: u64 = 0x0102_1994;
/// `f_type` of a ramfs.
const RAMFS_MAGIC: u64 = 0x8584_58f6;

/// A source of shared pages, as a type.
pub trait Backing: 'static {
    /// Name of the mechanism, without the wait.
    const MECHANISM: &'static str;
    /// The thing by which two processes find the memory.
    const MEET_BY: MeetBy;
    /// One line for people.
    const SUMMARY: &'static str;
    /// Manual page that documents it.
    const REFERENCE: &'static str;
    /// Tests if it is available here, now.
    fn available() -> Availability;
    /// `len` bytes of zeroed shared memory that no name leads to any more.
    #[expect(private_interfaces, reason = "made and used in this crate alone")]
    fn map(names: &Names, len: usize) -> Result<Mapping>;
}

/// Anonymous memory with a descriptor: `memfd_create(2)`.
#[derive(Debug)]
pub struct Memfd;

impl Backing for Memfd {
    const MECHANISM: &'static str = "shm-ring";
    const MEET_BY: MeetBy = MeetBy::Descriptor;
    const SUMMARY: &'static str = "lock-free ring in shared memory (memfd)";
    const REFERENCE: &'static str = "memfd_create(2)";

    fn available() -> Availability {
        match memfd_create("ipcmark-probe", MemfdFlags::CLOEXEC) {
            Ok(_) => Availability::Available(Limits::none()),
            Err(e) => Availability::Unavailable(
                Refusal::new(format!("memfd_create(2) fails here: {e}")).with_remedy(
                    "use Linux 3.17 or later, and allow the call in the seccomp profile",
                ),
            ),
        }
    }

    #[expect(private_interfaces, reason = "made and used in this crate alone")]
    fn map(_: &Names, len: usize) -> Result<Mapping> {
        anonymous(len)
    }
}

/// `len` bytes of zeroed shared memory that never had a name.
pub(crate) fn anonymous(len: usize) -> Result<Mapping> {
    let file =
        memfd_create("ipcmark-ring", MemfdFlags::CLOEXEC).called("memfd_create(ipcmark-ring)")?;
    Mapping::of_file(file, len)
}

/// A named object of the POSIX kind: `shm_open(3)`, unlinked as soon as it is open.
#[derive(Debug)]
pub struct Posix;

impl Backing for Posix {
    const MECHANISM: &'static str = "shm-ring-posix";
    const MEET_BY: MeetBy = MeetBy::Name;
    const SUMMARY: &'static str = "lock-free ring in POSIX shared memory (shm_open)";
    const REFERENCE: &'static str = "shm_overview(7)";

    fn available() -> Availability {
        probe_dir(Path::new("/dev/shm"))
    }

    #[expect(private_interfaces, reason = "made and used in this crate alone")]
    fn map(names: &Names, len: usize) -> Result<Mapping> {
        let token = &names.token;
        let flags = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
        let made = under_new_name(token, |name| {
            let name = format!("/{name}");
            Ok((shm::open(&name, flags, Mode::RUSR | Mode::WUSR)?, name))
        });
        let (file, name) = made.map_err(|e| {
            Error::os_hint(format!("shm_open({token})"), e, "mount a writable tmpfs on /dev/shm")
        })?;
        shm::unlink(&name).map_err(|e| Error::os(format!("shm_unlink({name})"), e))?;
        Mapping::of_file(file, len)
    }
}

/// Tests if POSIX shared memory can be in `dir`: tries it, and leaves nothing behind.
#[must_use]
pub fn probe_dir(dir: &Path) -> Availability {
    let unavailable = |what: String, remedy: &str| {
        Availability::Unavailable(
            Refusal::new(format!("{}: {what}", dir.display()))
                .with_remedy(remedy.replace("{dir}", &dir.display().to_string())),
        )
    };
    let mount = "mount -t tmpfs -o mode=1777 tmpfs {dir}";
    match statfs(dir) {
        Err(e) => return unavailable(format!("cannot be reached: {e}"), mount),
        Ok(fs) if ![TMPFS_MAGIC, RAMFS_MAGIC].contains(&(fs.f_type as u64)) => {
            return unavailable("is not in memory (no tmpfs is mounted there)".into(), mount);
        }
        Ok(_) => {}
    }
    match try_file(dir) {
        Ok(()) => Availability::Available(Limits::none()),
        Err(e) => unavailable(
            format!("no file can be made: {e}"),
            "chmod 1777 {dir}, or mount it read-write",
        ),
    }
}

fn try_file(dir: &Path) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let path = under_new_name(&probe_names().token, |name| {
        let path = dir.join(name);
        open(&path, flags, Mode::RUSR | Mode::WUSR).map(|_| path)
    })?;
    unlink(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(availability: Availability) -> (String, String) {
        match availability {
            Availability::Unavailable(Refusal { reason, remedy }) => (reason, remedy.unwrap()),
            Availability::Available(_) => panic!("should not be available"),
        }
    }

    #[test]
    fn a_missing_dev_shm_is_named_with_its_remedy() {
        let empty = tempfile::tempdir().unwrap();
        let missing = empty.path().join("shm");
        let (reason, remedy) = words(probe_dir(&missing));
        assert!(reason.starts_with(&missing.display().to_string()), "{reason}");
        assert!(reason.contains("cannot be reached"), "{reason}");
        assert!(remedy.contains("mount -t tmpfs") && remedy.ends_with("shm"), "{remedy}");
    }

    #[test]
    fn a_dev_shm_that_is_not_in_memory_is_refused() {
        let (reason, remedy) = words(probe_dir(Path::new("/proc")));
        assert!(reason.contains("no tmpfs"), "{reason}");
        assert!(remedy.contains("mount -t tmpfs"), "{remedy}");
    }

    #[test]
    fn the_probe_leaves_nothing_behind() {
        let Ok(dir) = tempfile::tempdir_in("/dev/shm") else {
            assert!(!words(Posix::available()).0.is_empty());
            return;
        };
        assert_eq!(probe_dir(dir.path()), Availability::Available(Limits::none()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
