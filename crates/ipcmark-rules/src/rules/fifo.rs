//! FIFOs: a name that two strangers meet at, and that somebody must remove.

use crate::peers::{joined, peer, sleeps};
use crate::trial::{Found, Seen, Trial, name_of};
use ipcmark_core::{Called, Error, Names, Refusal, Result};
use rustix::fs::{CWD, FileType, Mode, OFlags, mkfifoat, open, stat, unlink};
use rustix::io::{Errno, read, write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FIFO: Trial = Trial::of("fifo", "FIFO", "fifo(7)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "open-waits",
        rule: "Opening a FIFO for reading waits until somebody opens it for writing, and the other way round; a non-blocking writer is refused with ENXIO instead.",
        calls: &[
            "mkfifo",
            "open(O_WRONLY | O_NONBLOCK)",
            "open(O_RDONLY) in another process",
            "open(O_WRONLY)",
        ],
        run: open_waits,
        ..FIFO
    },
    Trial {
        name: "strangers",
        rule: "Two processes that share nothing but a name can talk through a FIFO.",
        calls: &["mkfifo", "sh -c 'echo ... > name'", "sh -c 'cat < name'"],
        run: strangers,
        ..FIFO
    },
    Trial {
        name: "outlives",
        rule: "The name of a FIFO outlives the processes that used it, and what was in the pipe does not; the name must be removed.",
        calls: &[
            "mkfifo",
            "open, write, exit in another process",
            "stat",
            "open(O_RDONLY | O_NONBLOCK), read",
            "unlink",
        ],
        run: outlives,
        ..FIFO
    },
];

/// `mkfifo()` - makes one in the experiment's directory.
fn make(names: &Names) -> Result<PathBuf> {
    let path = names.dir.join(format!("{}.fifo", names.token));
    match mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR) {
        Ok(()) => Ok(path),
        Err(e @ (Errno::PERM | Errno::OPNOTSUPP)) => Err(Error::Unavailable(
            Refusal::new(format!(
                "the file system of {} holds no FIFOs ({e})",
                names.dir.display()
            ))
            .with_remedy("set TMPDIR to a directory on one that does"),
        )),
        Err(e) => Err(Error::os("mkfifo", e)),
    }
}

fn open_fifo(path: &Path, flags: OFlags) -> std::result::Result<OwnedFd, Errno> {
    open(path, flags | OFlags::CLOEXEC, Mode::empty())
}

fn open_waits(names: &Names) -> Found {
    let path = make(names)?;
    let alone = open_fifo(&path, OFlags::WRONLY | OFlags::NONBLOCK).err();
    let mut reader = peer(|| {
        let fifo = open_fifo(&path, OFlags::RDONLY).called("open")?;
        let mut space = [0; 8];
        match read(&fifo, &mut space).called("read")? {
            3 => Ok(()),
            n => Err(Error::Protocol(format!("{n} of 3 bytes came"))),
        }
    })?;
    let slept = sleeps(&mut reader)?;
    let fifo = open_fifo(&path, OFlags::WRONLY).called("open")?;
    write(&fifo, b"met").called("write")?;
    joined([reader])?;
    let words = format!(
        "Without a reader, a non-blocking open for writing said {}. One opened for reading and {} until one opened for \
         writing; then 3 bytes passed.",
        alone.map_or_else(|| "yes".into(), name_of),
        if slept { "slept" } else { "did not wait" },
    );
    Ok(Seen::new(alone == Some(Errno::NXIO) && slept, words).count("bytes", 3))
}

fn strangers(names: &Names) -> Found {
    let path = make(names)?;
    let shell = |script: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh"]).arg(&path).stdin(Stdio::null()).stderr(Stdio::null());
        command
    };
    let unavailable = |e: std::io::Error| {
        Error::Unavailable(
            Refusal::new(format!("/bin/sh could not be run ({e})")).with_remedy("install a shell"),
        )
    };
    // Each is a program of its own; both were told the name, and neither inherits a descriptor of the FIFO.
    let mut writer =
        shell("echo 'we never met' > \"$1\"").stdout(Stdio::null()).spawn().map_err(unavailable)?;
    let heard = shell("cat < \"$1\"").output();
    if heard.is_err() {
        let _ = writer.kill();
    }
    writer.wait().called("wait4")?;
    let heard = heard.map_err(unavailable)?.stdout;
    let words = format!(
        "One shell wrote into the name, another read from it: {} bytes came, '{}'.",
        heard.len(),
        String::from_utf8_lossy(&heard).trim_end()
    );
    Ok(Seen::new(heard == b"we never met\n", words).count("bytes", heard.len() as u64))
}

fn outlives(names: &Names) -> Found {
    let path = make(names)?;
    // Open both ways, so that no reader is needed.
    let user = peer(|| {
        let fifo = open_fifo(&path, OFlags::RDWR).called("open")?;
        write(&fifo, b"left").map(drop).called("write")
    })?;
    joined([user])?;
    let there = stat(&path).map(|s| FileType::from_raw_mode(s.st_mode)) == Ok(FileType::Fifo);
    let fifo = open_fifo(&path, OFlags::RDONLY | OFlags::NONBLOCK).called("open")?;
    let left = read(&fifo, &mut [0; 8]).called("read")? as u64;
    unlink(&path).called("unlink")?;
    let gone = stat(&path).err() == Some(Errno::NOENT);
    let words = format!(
        "A process wrote 4 bytes and ended: its FIFO is {} there, with {left} bytes in it; after unlink it is {}.",
        if there { "still" } else { "no longer" },
        if gone { "gone" } else { "not gone" }
    );
    Ok(Seen::new(there && left == 0 && gone, words).count("left_bytes", left))
}
