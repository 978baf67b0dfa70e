//! Pseudo-terminals: a line discipline between two ends, little room, and how they hang up.

use crate::trial::{Found, Seen, Trial, figure, name_of};
use ipcmark_core::{Called, Error, Names, Refusal, Result};
use ipcmark_sys::fd::set_nonblocking;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::os::fd::OwnedFd;

const PSEUDO_TERMINAL: Trial = Trial::of("pty", "pseudo-terminal", "termios(3)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        name: "line-discipline",
        rule: "A terminal edits what passes: it gives a reader whole lines and takes back what was erased; in raw mode it changes no byte and holds nothing back.",
        calls: &[
            "posix_openpt, unlockpt, ioctl(TIOCGPTPEER)",
            "write(master)",
            "read(slave)",
            "tcsetattr(raw)",
        ],
        run: line_discipline,
        ..PSEUDO_TERMINAL
    },
    Trial {
        name: "hang-up",
        rule: "When the slave hangs up, the master reads what is left and then EIO; when the master hangs up, what the slave has not read is thrown away.",
        calls: &["posix_openpt, unlockpt, ioctl(TIOCGPTPEER)", "write", "close", "read"],
        reference: "pty(7)",
        run: hang_up,
        ..PSEUDO_TERMINAL
    },
    Trial {
        name: "full",
        rule: "A pseudo-terminal holds little: a reader's buffer of 4096 bytes and a few thousand on their way; then a writer waits, or gets EAGAIN.",
        calls: &[
            "posix_openpt, unlockpt, ioctl(TIOCGPTPEER)",
            "write(slave) with O_NONBLOCK until EAGAIN",
        ],
        run: full,
        ..PSEUDO_TERMINAL
    },
];

/// Time that the kernel may take to carry bytes from one end to the other.
const ON_THE_WAY: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// Returns a new pseudo-terminal, master and slave, both non-blocking.
fn open() -> Result<(OwnedFd, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).map_err(|e| {
        Error::Unavailable(
            Refusal::new(format!("no pseudo-terminal can be opened here ({e})"))
                .with_remedy("mount -t devpts devpts /dev/pts"),
        )
    })?;
    unlockpt(&master).called("unlockpt")?;
    let slave = ioctl_tiocgptpeer(&master, flags).called("ioctl(TIOCGPTPEER)")?;
    set_nonblocking(&master, true)?;
    set_nonblocking(&slave, true)?;
    Ok((master, slave))
}

fn make_raw(slave: &OwnedFd) -> Result<()> {
    let mut termios = tcgetattr(slave).called("tcgetattr")?;
    termios.make_raw();
    tcsetattr(slave, OptionalActions::Now, &termios).called("tcsetattr")
}

/// Returns what a reader gets, after the time it may take.
fn take(fd: &OwnedFd) -> Result<std::result::Result<Vec<u8>, Errno>> {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    poll(&mut fds, Some(&ON_THE_WAY)).called("poll")?;
    let mut space = [0; 8192];
    Ok(read(fd, &mut space).map(|n| space[..n].to_vec()))
}

fn told(taken: &std::result::Result<Vec<u8>, Errno>) -> String {
    match taken {
        Ok(bytes) if bytes.is_empty() => "the end".into(),
        Ok(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        Err(e) => name_of(*e),
    }
}

fn line_discipline(_: &Names) -> Found {
    let (master, slave) = open()?;
    let put = |bytes: &[u8]| write(&master, bytes).called("write");
    // 0x7f is the erase character of a fresh terminal.
    put(b"ab\x7fc")?;
    let before = take(&slave)?;
    put(b"\n")?;
    let line = take(&slave)?;
    make_raw(&slave)?;
    put(b"ab\x7fc")?;
    let raw = take(&slave)?;
    let words = format!(
        "a, b, erase and c were typed: the reader got {}, and after the new line {}. In raw mode it got {} at once.",
        told(&before),
        told(&line),
        told(&raw)
    );
    let kept = before == Err(Errno::AGAIN)
        && line.as_deref() == Ok(&b"ac\n"[..])
        && raw.as_deref() == Ok(&b"ab\x7fc"[..]);
    let len =
        |taken: &std::result::Result<Vec<u8>, Errno>| taken.as_ref().map_or(0, Vec::len) as u64;
    Ok(Seen::new(kept, words).count("line_bytes", len(&line)).count("raw_bytes", len(&raw)))
}

fn hang_up(_: &Names) -> Found {
    let (master, slave) = open()?;
    make_raw(&slave)?;
    write(&slave, b"left").called("write")?;
    drop(slave);
    let (left, end) = (take(&master)?, take(&master)?);
    let (master, slave) = open()?;
    make_raw(&slave)?;
    write(&master, b"lost").called("write")?;
    let mut fds = [PollFd::new(&slave, PollFlags::IN)];
    let came = poll(&mut fds, Some(&ON_THE_WAY)).called("poll")?;
    drop(master);
    let lost = take(&slave)?;
    let words = format!(
        "The slave wrote 4 bytes and closed: the master read {}, then {}. The master wrote 4 bytes, they {}, and it \
         closed: the slave read {}.",
        told(&left),
        told(&end),
        if came == 1 { "had come" } else { "were on their way" },
        told(&lost)
    );
    let lost_bytes = 4 - lost.as_ref().map_or(0, Vec::len).min(4) as u64;
    let kept = left.as_deref() == Ok(&b"left"[..]) && end == Err(Errno::IO) && lost_bytes == 4;
    Ok(Seen::new(kept, words).count("left_bytes", 4).count("lost_bytes", lost_bytes))
}

fn full(_: &Names) -> Found {
    let (master, slave) = open()?;
    make_raw(&slave)?;
    let mut held = 0;
    loop {
        match write(&slave, &[0; 512]) {
            Ok(n) => held += n as u64,
            // The kernel may be about to make room: it is full when nothing more goes in after a while.
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::new(&slave, PollFlags::OUT)];
                if poll(&mut fds, Some(&ON_THE_WAY)).called("poll")? == 0 {
                    break;
                }
            }
            Err(e) => return Err(Error::os("write", e)),
        }
        if held > 1 << 20 {
            break;
        }
    }
    let readable = take(&master)?.map_or(0, |bytes| bytes.len() as u64);
    let words = format!(
        "A pseudo-terminal took {} bytes without a reader, then said EAGAIN; of them one read of 8,192 brought {}.",
        figure(held),
        figure(readable)
    );
    let kept = held < 1 << 16 && readable <= 4_096 && readable > 0;
    Ok(Seen::new(kept, words).count("held_bytes", held).count("readable_bytes", readable))
}
