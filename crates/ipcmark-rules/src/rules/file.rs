//! Shared files: a lock excludes those who ask for it, and each lock has an owner of its own kind.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::{Called, Error, Names, Result};
use ipcmark_sys::process::Exit;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, pread, pwrite};
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

const RECORD_LOCK: Trial = Trial::of("file", "record lock", "fcntl_locking(2)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "fcntl-excludes",
        rule: "Who holds a record lock is alone: a number that two processes read, add to and write back under it loses nothing.",
        calls: &[
            "fcntl(F_SETLKW, F_WRLCK)",
            "pread",
            "sched_yield",
            "pwrite",
            "fcntl(F_SETLKW, F_UNLCK)",
        ],
        run: |names| {
            increments(names, "under a record lock", 2_500, true, set_record, unset_record)
        },
        ..RECORD_LOCK
    },
    Trial {
        family: "file",
        mechanism: "flock",
        name: "flock-excludes",
        rule: "Who holds a flock is alone, if the others opened the file for themselves.",
        calls: &["flock(LOCK_EX)", "pread", "sched_yield", "pwrite", "flock(LOCK_UN)"],
        reference: "flock(2)",
        run: |names| increments(names, "under flock", 2_500, true, set_flock, unset_flock),
    },
    Trial {
        family: "file",
        mechanism: "no lock",
        name: "without-a-lock-updates-are-lost",
        rule: "Without a lock two processes that read, add and write back overwrite each other.",
        calls: &["pread", "sched_yield", "pwrite"],
        reference: "fcntl_locking(2)",
        run: |names| increments(names, "without a lock", 10_000, false, |_| Ok(()), |_| Ok(())),
    },
    Trial {
        name: "any-close-drops-it",
        rule: "A process that closes any descriptor of a file drops its record locks on it, also those that it took through another descriptor; a flock stays.",
        calls: &[
            "fcntl(F_SETLK) and flock(LOCK_EX) through one descriptor each",
            "open and close of another descriptor of the same file",
            "fcntl(F_SETLK) and flock(LOCK_EX | LOCK_NB), by another process",
        ],
        run: any_close,
        ..RECORD_LOCK
    },
    Trial {
        family: "file",
        mechanism: "record lock and flock",
        name: "who-owns-it",
        rule: "A record lock belongs to the process, a flock to the open file description: a child that inherits the descriptor is kept out by the first and not by the second.",
        calls: &[
            "fcntl(F_SETLK) and flock(LOCK_EX)",
            "fork",
            "fcntl(F_SETLK) and flock(LOCK_EX | LOCK_NB), by the child through the same descriptor",
        ],
        reference: "flock(2)",
        run: who_owns,
    },
];

const PATIENCE: Duration = Duration::from_secs(10);
/// Exit status of a child after two attempts: a bit for each that succeeded. 0 is for success.
const RECORD_HAD: i32 = 2;
const FLOCK_HAD: i32 = 4;
const NEITHER_HAD: i32 = 8;

fn open(names: &Names) -> Result<File> {
    let path: PathBuf = names.dir.join("rule");
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|e| Error::os(format!("open({})", path.display()), e))
}

/// `fcntl` with a record lock of `kind` over the whole file; tells whether it was had.
fn record(file: &File, kind: i32, wait: bool) -> Result<bool> {
    let lock = libc::flock {
        l_type: kind as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    let command = if wait { FcntlArg::F_SETLKW(&lock) } else { FcntlArg::F_SETLK(&lock) };
    match fcntl(file, command) {
        Ok(_) => Ok(true),
        Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EACCES) => Ok(false),
        Err(e) => Err(Error::os("fcntl(F_SETLK)", std::io::Error::from(e))),
    }
}

fn set_record(file: &File) -> Result<()> {
    record(file, libc::F_WRLCK, true).map(drop)
}

fn unset_record(file: &File) -> Result<()> {
    record(file, libc::F_UNLCK, true).map(drop)
}

fn set_flock(file: &File) -> Result<()> {
    flock(file, FlockOperation::LockExclusive).called("flock(LOCK_EX)")
}

fn unset_flock(file: &File) -> Result<()> {
    flock(file, FlockOperation::Unlock).called("flock(LOCK_UN)")
}

/// Lets two processes add to one number, `each` times; with `exact`, no increment may be lost. Locks take turns, each a
/// sleep on a busy machine.
fn increments(
    names: &Names,
    how: &str,
    each: u64,
    exact: bool,
    lock: fn(&File) -> Result<()>,
    unlock: fn(&File) -> Result<()>,
) -> Found {
    let file = open(names)?;
    pwrite(&file, &[0; 8], 0).called("pwrite")?;
    let add = || {
        // Its own open file description: an inherited one would share a flock.
        let file = open(names)?;
        for _ in 0..each {
            lock(&file)?;
            let number = read_number(&file)?;
            rustix::thread::sched_yield();
            pwrite(&file, &(number + 1).to_le_bytes(), 0).called("pwrite")?;
            unlock(&file)?;
        }
        Ok(())
    };
    joined([peer(add)?, peer(add)?])?;
    let counted = read_number(&file)?;
    let lost = (2 * each).saturating_sub(counted);
    let words = format!(
        "2 processes × {} increments {how}: {}, so {} lost.",
        figure(each),
        figure(counted),
        figure(lost)
    );
    Ok(Seen::new((lost == 0) == exact, words)
        .count("increments", 2 * each)
        .count("counted", counted)
        .count("lost", lost))
}

fn read_number(file: &File) -> Result<u64> {
    let mut bytes = [0; 8];
    match pread(file, &mut bytes[..], 0) {
        Ok(_) => Ok(u64::from_le_bytes(bytes)),
        Err(e) => Err(Error::os("pread", e)),
    }
}

/// Returns the locks that another process gets, through descriptors that it gets as `by` says.
fn had_by_another(by: impl FnOnce() -> Result<[File; 2]>) -> Result<(bool, bool)> {
    let attempt = || -> Result<i32> {
        let [for_record, for_flock] = by()?;
        let record = record(&for_record, libc::F_WRLCK, false)?;
        let flocked = match flock(&for_flock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => true,
            Err(Errno::WOULDBLOCK) => false,
            Err(e) => return Err(Error::os("flock(LOCK_EX | LOCK_NB)", e)),
        };
        Ok(NEITHER_HAD | (i32::from(record) * RECORD_HAD) | (i32::from(flocked) * FLOCK_HAD))
    };
    let mut child = ipcmark_sys::process::fork(|| attempt().unwrap_or(1))?;
    match child.wait(PATIENCE)? {
        Some(Exit::Code(had)) if had & NEITHER_HAD != 0 => {
            Ok((had & RECORD_HAD != 0, had & FLOCK_HAD != 0))
        }
        other => Err(Error::Protocol(format!("the other process ended so: {other:?}"))),
    }
}

fn got(had: bool) -> &'static str {
    if had { "got" } else { "did not get" }
}

fn any_close(names: &Names) -> Found {
    let held = [open(names)?, open(names)?];
    record(&held[0], libc::F_WRLCK, false)?;
    set_flock(&held[1])?;
    let before = had_by_another(|| Ok([open(names)?, open(names)?]))?;
    drop(open(names)?);
    let after = had_by_another(|| Ok([open(names)?, open(names)?]))?;
    drop(held);
    let words = format!(
        "With both held, another process {} the record lock and {} the flock. After a third descriptor of the file was opened and closed, it {} the record lock and {} the flock.",
        got(before.0),
        got(before.1),
        got(after.0),
        got(after.1)
    );
    Ok(Seen::new(before == (false, false) && after == (true, false), words)
        .count("record_locks_left", u64::from(!after.0))
        .count("flocks_left", u64::from(!after.1)))
}

fn who_owns(names: &Names) -> Found {
    let held = [open(names)?, open(names)?];
    record(&held[0], libc::F_WRLCK, false)?;
    set_flock(&held[1])?;
    let again = |file: &File| file.try_clone().called("dup");
    let child = had_by_another(|| Ok([again(&held[0])?, again(&held[1])?]))?;
    let words = format!(
        "A child with the same descriptors {} the record lock, and {} the flock.",
        got(child.0),
        got(child.1)
    );
    Ok(Seen::new(child == (false, true), words)
        .count("record_locks_had", u64::from(child.0))
        .count("flocks_had", u64::from(child.1)))
}
