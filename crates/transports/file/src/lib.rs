//! A file that two processes share, each looking at it and changing it while it holds a lock.
//!
//! The mechanism's own rules, as [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/fcntl_locking.2.html) and
//! [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html) have them:
//!
//! - Both locks are advisory: they keep out only processes that ask.
//! - A record lock covers a range of bytes and belongs to the process: a child does not inherit it, and closing *any*
//!   descriptor of the file drops it. `flock` covers the file and belongs to the open file description: processes
//!   that inherited one descriptor do not keep each other out. Either is dropped when its owner dies.
//! - A lock tells nothing: who waits for a message or for room must look again, and here looks after
//!   `sched_yield(2)` or at once.
//! - The file is the page cache, whatever lies under it. `read` and `write` copy through a system call; a mapping is
//!   copied to and from directly. On a disk, what is changed is also written back some time later.
//!
//! `file-fcntl` takes the classic record lock (`F_SETLKW`) and not the newer one of the open file description: here a
//! lock never outlives the call that took it, and a side closes no descriptor meanwhile, so that the classic lock's
//! traps do not matter; and its owner is the process, so that several senders that were forked over one descriptor do
//! keep each other out. It covers one direction, where `flock` makes both wait for each other. Each side has an open
//! separate file description, without which `flock` would keep no one out.
//!
//! The file has no name from the moment both descriptions are open, which is before the fork.
#![forbid(unsafe_code)]

mod access;
mod halves;
mod lock;
mod mailbox;
mod wait;

pub use access::{Access, Mapped, Plain};
pub use halves::{FileReceiver, FileSender};
pub use lock::{Flock, Lock, Record};
pub use mailbox::Mailbox;
pub use wait::{FileWait, Spin, Yield};

use ipcmark_core::{
    Availability, Capacity, Error, Info, Limits, Link, MeetBy, Names, Plan, Result, Side, Transport,
};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::LifelinePair;
use ipcmark_sys::scratch::probe_names;
use rustix::fs::{FallocateFlags, fallocate, ftruncate, statfs};
use rustix::io::Errno;
use std::fs::{File, OpenOptions, remove_file};
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

/// `f_type` of a tmpfs, as in [statfs(2)](https://man7.org/linux/man-pages/man2/statfs.2.html).
const TMPFS_MAGIC: u64 = 0x0102_1994;
/// Bytes of each direction's slots, where the plan does not ask for a capacity.
const SLOT_BYTES: usize = 256 << 10;
/// Slots of one direction.
const SLOTS: std::ops::RangeInclusive<usize> = 2..=64;

/// Messages in a file, under the lock `L`, reached as `A` does, waited for as `W` says.
#[derive(Debug)]
pub struct SharedFile<L, A, W>(PhantomData<(L, A, W)>);

/// The file, opened once for each side, and its lifeline.
#[derive(Debug)]
pub struct FileFixture {
    files: [File; 2],
    lifelines: LifelinePair,
    layout: mailbox::Layout,
}

impl<L: Lock, A: Access, W: FileWait> Transport for SharedFile<L, A, W> {
    const INFO: Info = Info {
        many_senders: L::PER_PROCESS,
        many_receivers: L::PER_PROCESS,
        overlaps: true,
        family: "file",
        mechanism: access::name(L::NAMES, A::MAPPED),
        wait: W::KIND,
        meet_by: MeetBy::Path,
        summary: access::name(L::SUMMARIES, A::MAPPED),
        reference: L::REFERENCE,
        ..Info::DEFAULT
    };
    type Fixture = FileFixture;
    type Tx = FileSender<L, A, W>;
    type Rx = FileReceiver<L, A, W>;

    fn available() -> Availability {
        availability(probe::<L, A>())
    }

    fn fixture(plan: &Plan) -> Result<FileFixture> {
        let bytes = plan.capacity.unwrap_or(SLOT_BYTES);
        let slots = (bytes / plan.size.max(1)).clamp(*SLOTS.start(), *SLOTS.end());
        let layout = mailbox::Layout { size: plan.size, slots };
        Ok(FileFixture {
            files: create(&plan.names, layout.file_bytes())?,
            lifelines: LifelinePair::new()?,
            layout,
        })
    }

    fn capacity(fixture: &FileFixture) -> Result<Capacity> {
        let mailbox::Layout { size, slots } = fixture.layout;
        Ok(Capacity { bytes: Some(size * slots), messages: Some(slots) })
    }

    fn split(fixture: FileFixture, side: Side) -> Result<Link<Self::Tx, Self::Rx>> {
        let FileFixture { files: [initiator, responder], lifelines, layout } = fixture;
        let file = match side {
            Side::Initiator => initiator,
            Side::Responder => responder,
        };
        let access = Arc::new(A::open(file, layout.file_bytes())?);
        let lifeline = Arc::new(lifelines.split(side));
        let mailbox = |from: Side| Mailbox::new(Arc::clone(&access), layout, from);
        Ok(Link {
            tx: FileSender::new(mailbox(side), Arc::clone(&lifeline)),
            rx: FileReceiver::new(mailbox(side.peer()), lifeline),
        })
    }
}

/// Makes a file of `len` zero bytes in the plan's directory, opens it twice, and takes its name away.
fn create(names: &Names, len: u64) -> Result<[File; 2]> {
    let path = names.dir.join(format!("{}-mailbox", names.token));
    let shown = path.display();
    let first = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
    let first = first.map_err(|e| Error::os(format!("open({shown}, O_CREAT)"), e))?;
    let second = OpenOptions::new().read(true).write(true).open(&path);
    remove_file(&path).map_err(|e| Error::os(format!("unlink({shown})"), e))?;
    let second = second.map_err(|e| Error::os(format!("open({shown})"), e))?;
    ftruncate(&first, len).map_err(|e| Error::os(format!("ftruncate({len} bytes)"), e))?;
    // Room that is not there would be a SIGBUS in a mapping.
    match fallocate(&first, FallocateFlags::empty(), 0, len) {
        Ok(()) | Err(Errno::OPNOTSUPP) => Ok([first, second]),
        Err(e) => Err(Error::os_hint(
            format!("fallocate({len} bytes in {})", names.dir.display()),
            e,
            "make room there, set TMPDIR to another place, or ask for shorter messages or less capacity",
        )),
    }
}

/// Locks and writes a file where runs keep theirs.
fn probe<L: Lock, A: Access>() -> Result<Limits> {
    let names = probe_names();
    let layout = mailbox::Layout { size: 1, slots: 1 };
    let [file, _] = create(&names, layout.file_bytes())?;
    let access = A::open(file, layout.file_bytes())?;
    L::locked(access.file(), 0..1, || access.write(0, &[0]))?;
    Ok(Limits { max_message: None, limited_by: what_holds(&names.dir), remedy: None })
}

/// Returns what a message there is bounded by: memory alone, or memory with a disk under it.
fn what_holds(dir: &Path) -> &'static str {
    match statfs(dir) {
        Ok(fs) if fs.f_type as u64 == TMPFS_MAGIC => "the room left in a tmpfs",
        _ => "the room left on a disk, whose page cache holds it",
    }
}
