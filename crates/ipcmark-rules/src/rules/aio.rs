//! Asynchronous I/O: what is asked for comes later, and other work fits in between.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::{Called, Names, Result};
use ipcmark_sys::fd::{FdWait, Interest, ReadAhead, Sigio};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::io::write;
use rustix::pipe::{PipeFlags, pipe_with};
use std::hint::black_box;
use std::os::fd::{AsFd, OwnedFd};
use std::thread::sleep;
use std::time::Duration;

pub(crate) const RULES: &[Trial] = &[
    Trial {
        family: "aio",
        mechanism: "io_uring",
        name: "completes-later",
        rule: "An io_uring read of a pipe that is empty is taken by the kernel at once and completes when data come; meanwhile the process does other work, and sees the completion in memory.",
        calls: &[
            "io_uring_setup",
            "io_uring_enter(READ)",
            "other work",
            "write in another process",
        ],
        reference: "io_uring(7)",
        run: completes_later,
    },
    Trial {
        family: "aio",
        mechanism: "signal-driven I/O",
        name: "sigio",
        rule: "A descriptor with O_ASYNC sends SIGIO when data come, not before; many arrivals while it is pending are one signal.",
        calls: &[
            "fcntl(F_SETOWN_EX)",
            "fcntl(F_SETFL, O_ASYNC)",
            "write in another process",
            "signalfd, read",
        ],
        reference: "fcntl(2)",
        run: sigio,
    },
];

/// Least time that the other process lets this one work.
const MEANWHILE: Duration = Duration::from_millis(50);
/// Additions in one piece of work.
const PIECE: u64 = 1_000;

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    pipe_with(PipeFlags::CLOEXEC).called("pipe2")
}

/// Does work that nothing depends on.
fn work() {
    let mut sum = 0u64;
    for n in 0..PIECE {
        sum = black_box(sum.wrapping_add(n));
    }
}

fn completes_later(_: &Names) -> Found {
    let (reader, writer) = pipe()?;
    let mut ahead = ReadAhead::start(reader, 8)?;
    let at_once = ahead.completed()?.is_some();
    let other = peer(|| {
        sleep(MEANWHILE);
        write(&writer, b"data").map(drop).called("write")
    })?;
    let mut pieces = 0u64;
    let came = loop {
        if let Some(bytes) = ahead.completed()? {
            break bytes.len() as u64;
        }
        work();
        pieces += 1;
    };
    joined([other])?;
    let words = format!(
        "A read of an empty pipe was handed over and had {}; {} additions were made before its completion was in the \
         queue, with {came} bytes.",
        if at_once { "completed at once" } else { "not completed" },
        figure(pieces * PIECE)
    );
    Ok(Seen::new(!at_once && pieces > 0 && came == 4, words)
        .count("additions", pieces * PIECE)
        .count("bytes", came))
}

const WRITES: u64 = 1_000;

fn sigio(_: &Names) -> Found {
    let (reader, writer) = pipe()?;
    // It asks for the signal and blocks it.
    let _armed = Sigio::arm(reader.as_fd(), Interest::Readable, None)?;
    let set = SigSet::from(Signal::SIGIO);
    let pending = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .called("signalfd")?;
    let take = || -> Result<u64> {
        let mut signals = 0;
        while pending.read_signal().called("read(signalfd)")?.is_some() {
            signals += 1;
        }
        Ok(signals)
    };
    let before = take()?;
    let other = peer(|| {
        sleep(MEANWHILE);
        write(&writer, &[1]).map(drop).called("write")
    })?;
    let mut pieces = 0u64;
    let first = loop {
        match take()? {
            0 => work(),
            signals => break signals,
        }
        pieces += 1;
    };
    joined([other])?;
    let many =
        peer(|| (0..WRITES).try_for_each(|_| write(&writer, &[1]).map(drop).called("write")))?;
    joined([many])?;
    let merged = take()?;
    let words = format!(
        "Before any data: {before} SIGIO. Another process wrote: {first}, after {} additions here. {} writes while none was \
         taken: {merged}.",
        figure(pieces * PIECE),
        figure(WRITES)
    );
    Ok(Seen::new(before == 0 && first == 1 && merged == 1 && pieces > 0, words)
        .count("additions", pieces * PIECE)
        .count("writes", WRITES)
        .count("merged", merged))
}
