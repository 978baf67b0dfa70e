//! Pipes: what is atomic, what is full, what is short, and how they end.

use crate::peers::{be_ordinary, joined, peer, sleeps};
use crate::trial::{Found, Seen, Trial, figure, name_of};
use ipcmark_core::{Called, Error, Names, Refusal, Result};
use ipcmark_show::plural;
use ipcmark_sys::fd::{set_nonblocking, sysctl};
use ipcmark_sys::pipe::{pipe_capacity, set_pipe_capacity};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::io::{Errno, read, write};
use rustix::param::page_size;
use rustix::pipe::{PIPE_BUF, PipeFlags, fcntl_setpipe_size, pipe_with};
use std::os::fd::OwnedFd;

const PIPE: Trial = Trial::of("pipe", "pipe", "pipe(7)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "atomic",
        rule: "A write of up to PIPE_BUF bytes goes into a pipe whole, however many processes write.",
        calls: &["pipe2", "write(PIPE_BUF bytes), 500 times in each of 4 processes", "read"],
        run: atomic,
        ..PIPE
    },
    Trial {
        name: "interleave",
        rule: "A write of more than PIPE_BUF bytes may come apart: bytes of other writers appear inside it.",
        calls: &["pipe2", "write(32 PIPE_BUF bytes), 50 times in each of 4 processes", "read"],
        run: interleave,
        ..PIPE
    },
    Trial {
        name: "full",
        rule: "A full pipe makes a writer sleep until someone reads; a non-blocking writer gets EAGAIN.",
        calls: &[
            "pipe2",
            "fcntl(F_GETPIPE_SZ)",
            "write with O_NONBLOCK until EAGAIN",
            "write without",
            "read",
        ],
        run: full,
        ..PIPE
    },
    Trial {
        name: "short",
        rule: "A non-blocking write of more than PIPE_BUF bytes takes what there is room for; a shorter one takes all or nothing; a read takes what is there.",
        calls: &["pipe2(O_NONBLOCK)", "write", "read"],
        run: short,
        ..PIPE
    },
    Trial {
        name: "end-of-file",
        rule: "A reader sees the end of file when the last writer is gone, not before, and after all that was written.",
        calls: &[
            "pipe2",
            "fork",
            "close(writer)",
            "read with O_NONBLOCK",
            "the other writer ends",
            "read",
        ],
        run: end_of_file,
        ..PIPE
    },
    Trial {
        name: "broken",
        rule: "A write to a pipe without a reader fails with EPIPE, and the writer gets SIGPIPE, which ends a program that does not ignore it.",
        calls: &[
            "pipe2",
            "close(reader)",
            "sigprocmask(SIG_BLOCK, SIGPIPE)",
            "write",
            "signalfd, read",
        ],
        run: broken,
        ..PIPE
    },
    // P-9
    Trial {
        name: "many",
        rule: "The pipes of an ordinary user share fs.pipe-user-pages-soft pages: beyond them a new pipe is as small as can be, and none grows.",
        calls: &[
            "setresuid to an ordinary user, where this is root",
            "pipe2 and fcntl(F_SETPIPE_SZ, fs.pipe-max-size), until a new pipe is smaller",
            "fcntl(F_SETPIPE_SZ) of that pipe",
        ],
        run: many,
        ..PIPE
    },
];

const WRITERS: u8 = 4;

fn pipe(flags: PipeFlags) -> Result<(OwnedFd, OwnedFd)> {
    pipe_with(flags | PipeFlags::CLOEXEC).called("pipe2")
}

fn write_all(fd: &OwnedFd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match write(fd, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR) => {}
            Err(e) => return Err(Error::os("write", e)),
        }
    }
    Ok(())
}

/// Messages of several processes, as a reader found them.
struct Mixed {
    messages: u64,
    /// Number of times that one writer's bytes were inside another's message.
    torn: u64,
}

/// Lets [`WRITERS`] processes write `count` messages of `len` bytes each, every one its own number, and reads the pipe until
/// its end.
fn mixed(len: usize, count: usize) -> Result<Mixed> {
    let (reader, writer) = pipe(PipeFlags::empty())?;
    let mut peers = Vec::new();
    for name in 0..WRITERS {
        peers.push(peer(|| {
            let message = vec![name; len];
            (0..count).try_for_each(|_| write_all(&writer, &message))
        })?);
    }
    drop(writer);
    let mut space = vec![0; 64 << 10];
    let mut written = [0; WRITERS as usize];
    let mut last = None;
    let mut torn = 0;
    loop {
        let got = read(&reader, &mut space).called("read")?;
        if got == 0 {
            break;
        }
        for &name in &space[..got] {
            if let Some(before) = last.filter(|&before| before != name)
                && written[usize::from(before)] % len != 0
            {
                torn += 1;
            }
            written[usize::from(name)] += 1;
            last = Some(name);
        }
    }
    joined(peers)?;
    Ok(Mixed { messages: (written.iter().sum::<usize>() / len) as u64, torn })
}

fn atomic(_: &Names) -> Found {
    let Mixed { messages, torn } = mixed(PIPE_BUF, 500)?;
    let words = format!(
        "{WRITERS} processes wrote {} messages of {PIPE_BUF} bytes into one pipe: {torn} came apart.",
        figure(messages)
    );
    Ok(Seen::new(torn == 0 && messages == 2_000, words)
        .count("messages", messages)
        .count("torn", torn))
}

fn interleave(_: &Names) -> Found {
    const LEN: usize = 32 * PIPE_BUF;
    let Mixed { messages, torn } = mixed(LEN, 50)?;
    if torn == 0 {
        return Err(Error::Protocol(format!(
            "{messages} messages of {LEN} bytes came whole; the rule allows it, and it shows nothing"
        )));
    }
    let words = format!(
        "{WRITERS} processes wrote {} messages of {} bytes into one pipe: {} times another's bytes stood inside one.",
        figure(messages),
        figure(LEN as u64),
        figure(torn)
    );
    Ok(Seen::new(messages == 200, words).count("messages", messages).count("torn", torn))
}

/// Writes `piece` until there is no room; returns how many bytes went in.
fn fill(writer: &OwnedFd, piece: &[u8]) -> Result<u64> {
    let mut held = 0;
    loop {
        match write(writer, piece) {
            Ok(n) => held += n as u64,
            Err(Errno::AGAIN) => return Ok(held),
            Err(e) => return Err(Error::os("write", e)),
        }
    }
}

fn full(_: &Names) -> Found {
    let (reader, writer) = pipe(PipeFlags::empty())?;
    let capacity = pipe_capacity(&writer)? as u64;
    set_nonblocking(&writer, true)?;
    let held = fill(&writer, &[0; PIPE_BUF])?;
    set_nonblocking(&writer, false)?;
    let mut waiting = peer(|| write_all(&writer, &[1]))?;
    let slept = sleeps(&mut waiting)?;
    read(&reader, &mut [0; PIPE_BUF]).called("read")?;
    joined([waiting])?;
    let words = format!(
        "A pipe of {} bytes took {} and then said EAGAIN; a blocking writer {} until a page had been read, and went on.",
        figure(capacity),
        figure(held),
        if slept { "slept" } else { "did not sleep" }
    );
    let kept = held == capacity && slept;
    Ok(Seen::new(kept, words).count("capacity_bytes", capacity).count("held_bytes", held))
}

fn short(_: &Names) -> Found {
    let (reader, writer) = pipe(PipeFlags::NONBLOCK)?;
    let capacity = fill(&writer, &[0; PIPE_BUF])?;
    let mut page = [0; PIPE_BUF];
    read(&reader, &mut page).called("read")?;
    let long = vec![1; 4 * PIPE_BUF];
    let taken = write(&writer, &long).called("write")? as u64;
    let refused = write(&writer, &[2; 100]) == Err(Errno::AGAIN);
    let mut space = vec![0; 2 * capacity as usize];
    let read_back = read(&reader, &mut space).called("read")? as u64;
    let words = format!(
        "With room for {PIPE_BUF} bytes a write of {} took {}, then one of 100 {}; a read of {} brought {}.",
        figure(long.len() as u64),
        figure(taken),
        if refused { "was refused whole (EAGAIN)" } else { "was taken" },
        figure(space.len() as u64),
        figure(read_back)
    );
    let kept = taken == PIPE_BUF as u64 && refused && read_back == capacity;
    Ok(Seen::new(kept, words).count("taken_bytes", taken).count("read_bytes", read_back))
}

fn end_of_file(_: &Names) -> Found {
    let (reader, writer) = pipe(PipeFlags::empty())?;
    let (go_reader, go) = pipe(PipeFlags::empty())?;
    // The peer holds the other copy of the writing end until this process writes.
    let other = peer(|| {
        read(&go_reader, &mut [0]).called("read")?;
        write_all(&writer, b"last")
    })?;
    drop(writer);
    set_nonblocking(&reader, true)?;
    let while_held = read(&reader, &mut [0; 8]);
    write_all(&go, &[1])?;
    joined([other])?;
    let mut space = [0; 8];
    let last = read(&reader, &mut space).called("read")?;
    let end = read(&reader, &mut space).called("read")?;
    let words = format!(
        "One of two writers closed: read said {}. The other wrote {last} bytes and ended: read brought {last}, then {end}.",
        match while_held {
            Err(e) => name_of(e),
            Ok(n) => n.to_string(),
        }
    );
    let kept = while_held == Err(Errno::AGAIN) && last == 4 && end == 0;
    Ok(Seen::new(kept, words).count("last_bytes", last as u64).count("end_bytes", end as u64))
}

fn broken(_: &Names) -> Found {
    let (reader, writer) = pipe(PipeFlags::empty())?;
    drop(reader);
    // A blocked signal stays pending even where it is ignored, as Rust programs ignore this one.
    let set = SigSet::from(Signal::SIGPIPE);
    set.thread_block().called("sigprocmask")?;
    let said = write(&writer, &[1]);
    let pending = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .called("signalfd")?;
    let mut signals = 0;
    while pending.read_signal().called("read(signalfd)")?.is_some() {
        signals += 1;
    }
    let words = format!(
        "The last reader closed: write said {}, and {signals} SIGPIPE was pending.",
        match said {
            Err(e) => name_of(e),
            Ok(n) => format!("{n} bytes"),
        }
    );
    Ok(Seen::new(said == Err(Errno::PIPE) && signals == 1, words).count("signals", signals))
}

/// Takes the user's pages for less than a millisecond, in which new pipes of other programs are small, too.
fn many(_: &Names) -> Found {
    be_ordinary()?;
    let unknown = || {
        Error::Unavailable(
            Refusal::new(
                "there is no limit to be read in /proc/sys/fs/pipe-user-pages-soft, or it is 0",
            )
            .with_remedy("sysctl fs.pipe-user-pages-soft=16384"),
        )
    };
    let soft = sysctl("fs.pipe-user-pages-soft").filter(|pages| *pages > 0).ok_or_else(unknown)?;
    let largest = sysctl("fs.pipe-max-size").ok_or_else(unknown)?;
    let (page, usual) = (page_size() as u64, 16 * page_size());
    let (mut pipes, mut pages) = (Vec::new(), 0);
    let small = loop {
        let (reader, writer) = match pipe_with(PipeFlags::CLOEXEC) {
            Err(Errno::MFILE) => {
                return Err(Error::Unavailable(
                    Refusal::new(format!(
                        "{} pipes do not come to the limit of {soft} pages",
                        pipes.len()
                    ))
                    .with_remedy("ulimit -n 4096"),
                ));
            }
            made => made.called("pipe2")?,
        };
        if pipe_capacity(&writer)? < usual {
            break (reader, writer);
        }
        pages += set_pipe_capacity(&writer, largest as usize)? as u64 / page;
        pipes.push((reader, writer));
        if pages > soft {
            return Err(Error::Unavailable(
                Refusal::new(
                    "this process has CAP_SYS_RESOURCE or CAP_SYS_ADMIN, which pass the limit",
                )
                .with_remedy("run it as an ordinary user"),
            ));
        }
    };
    let held = pipe_capacity(&small.1)? as u64;
    let grown = fcntl_setpipe_size(&small.1, usual);
    let words = format!(
        "fs.pipe-user-pages-soft is {}. An ordinary user's {} had {} pages; the next one was made for {} bytes, and fcntl(F_SETPIPE_SZ, {}) said {}.",
        figure(soft),
        plural(pipes.len(), "pipe"),
        figure(pages),
        figure(held),
        figure(usual as u64),
        grown.map_or_else(name_of, |bytes| figure(bytes as u64)),
    );
    let kept = held < usual as u64 && grown == Err(Errno::PERM);
    Ok(Seen::new(kept, words).count("pages", pages).count("held_bytes", held))
}
