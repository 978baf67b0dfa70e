//! Pseudo-terminals: two of them, one a direction, in raw mode.
//!
//! The mechanism's own rules, as [pty(7)](https://man7.org/linux/man-pages/man7/pty.7.html) and
//! [ioctl_tty(2)](https://man7.org/linux/man-pages/man2/ioctl_tty.2.html) have them:
//!
//! - What is written at one end of the pair can be read at the other, both ways; between them stands a terminal's line
//!   discipline (N_TTY), which in raw mode changes no byte.
//! - It holds little: 4096 bytes that can be read, and about twice as many on their way. The kernel carries them
//!   between the two by a separate worker, so that a message wakes two threads where a pipe wakes one.
//! - A pair ends as a telephone does. When the slave hangs up the master reads what is left, then `EIO`, which is the
//!   end of the stream. When the master hangs up the slave's unread bytes are thrown away. There is no half-close.
//!
//! So each direction is a separate pair, written at the slave and read at the master, as a terminal emulator reads
//! what its program prints: then closing the sender is the end of the stream and loses nothing, and the death of either
//! side is seen by the other, without a lifeline.
#![forbid(unsafe_code)]

use ipcmark_core::{
    Availability, ByteSink, ByteSource, ByteStream, Called, Capacity, Error, Framed, Framing, Info,
    Limits, Link, MeetBy, Plan, Refusal, Result, Side,
};
use ipcmark_sys::fd::{FdSink, FdSource, FdWait, availability, set_nonblocking};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{self, Errno};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::marker::PhantomData;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Messages over two pseudo-terminals.
pub type Pty<W> = Framed<PtyStream<W>>;

/// Bytes over two pseudo-terminals.
#[derive(Debug)]
pub struct PtyStream<W>(PhantomData<W>);

/// Both pairs, and what one direction holds.
#[derive(Debug)]
pub struct PtyFixture {
    forth: Terminal,
    back: Terminal,
    /// Bytes.
    capacity: usize,
}

/// A pseudo-terminal: `master` reads what is written to `slave`.
#[derive(Debug)]
struct Terminal {
    master: OwnedFd,
    slave: OwnedFd,
}

/// Time that the kernel's worker may take to make room before a pair counts as full.
const SETTLE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// No pair holds more, in bytes.
const MOST: usize = 1 << 20;

impl Terminal {
    /// `posix_openpt()`, `unlockpt()`, `ioctl(TIOCGPTPEER)` - opens both ends of a new pseudo-terminal, in raw mode;
    /// it is no process's controlling terminal.
    ///
    /// # References
    /// [posix_openpt(3)](https://man7.org/linux/man-pages/man3/posix_openpt.3.html),
    /// [termios(3)](https://man7.org/linux/man-pages/man3/termios.3.html)
    fn new() -> Result<Terminal> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).map_err(none_here)?;
        unlockpt(&master).called("unlockpt")?;
        let slave = ioctl_tiocgptpeer(&master, flags).called("ioctl(TIOCGPTPEER)")?;
        let mut termios = tcgetattr(&slave).called("tcgetattr")?;
        termios.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &termios).called("tcsetattr")?;
        Ok(Terminal { master, slave })
    }

    /// Returns how many bytes it holds: it is filled and emptied.
    fn measure(&self) -> Result<usize> {
        set_nonblocking(&self.slave, true)?;
        set_nonblocking(&self.master, true)?;
        let mut space = [0; 4096];
        let mut held = 0;
        loop {
            match io::write(&self.slave, &space) {
                Ok(n) => held += n,
                Err(Errno::AGAIN) if !ready(&self.slave, PollFlags::OUT)? => break,
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(e) => return Err(Error::os("write(pty)", e)),
            }
            if held > MOST {
                return Err(Error::Protocol(format!("a pseudo-terminal took {held} bytes")));
            }
        }
        let mut left = held;
        while left > 0 {
            match io::read(&self.master, &mut space) {
                Ok(n) => left = left.saturating_sub(n),
                Err(Errno::AGAIN) if !ready(&self.master, PollFlags::IN)? => {
                    return Err(Error::Protocol(format!(
                        "of {held} bytes a pseudo-terminal took it lost {left}"
                    )));
                }
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(e) => return Err(Error::os("read(pty)", e)),
            }
        }
        Ok(held)
    }
}

/// Waits a little for `events`.
fn ready(fd: &OwnedFd, events: PollFlags) -> Result<bool> {
    let mut fds = [PollFd::new(fd, events)];
    poll(&mut fds, Some(&SETTLE)).map(|n| n > 0).called("poll")
}

#[cold]
fn none_here(errno: Errno) -> Error {
    let remedy = match errno {
        Errno::NOENT | Errno::NODEV | Errno::NXIO => "mount -t devpts devpts /dev/pts",
        Errno::NOSPC | Errno::AGAIN => "sysctl kernel.pty.max=4096",
        _ => return Error::os("posix_openpt", errno),
    };
    Error::Unavailable(
        Refusal::new(format!("no pseudo-terminal can be opened here ({errno})"))
            .with_remedy(remedy),
    )
}

/// Writes to a slave.
#[derive(Debug)]
pub struct PtySink<W>(FdSink<W>);

/// Reads from a master.
#[derive(Debug)]
pub struct PtySource<W>(FdSource<W>);

impl<W: FdWait> PtySource<W> {
    /// Returns a read that found nothing, and only then sees that the writer has hung up, says `EIO` although what was
    /// written in between is there; the next one begins after the end and says so for certain.
    #[cold]
    fn read_what_is_left(&mut self, space: &mut [u8]) -> Result<usize> {
        match self.0.read(space) {
            Err(e) if hung_up(&e) => Ok(0),
            read => read,
        }
    }
}

/// Returns true for what a terminal says when its other end has hung up.
fn hung_up(error: &Error) -> bool {
    error.errno() == Some(Errno::IO.raw_os_error())
}

impl<W: FdWait> ByteSink for PtySink<W> {
    #[inline(always)]
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.write(bytes).map_err(|e| if hung_up(&e) { Error::Closed } else { e })
    }
}

impl<W: FdWait> ByteSource for PtySource<W> {
    #[inline(always)]
    fn read(&mut self, space: &mut [u8]) -> Result<usize> {
        match self.0.read(space) {
            Err(e) if hung_up(&e) => self.read_what_is_left(space),
            read => read,
        }
    }

    #[inline]
    fn ready(&mut self) -> Result<bool> {
        self.0.ready()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.descriptor()
    }
}

impl<W: FdWait> ByteStream for PtyStream<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        // What is written reaches the other end by a work queue.
        works_elsewhere: true,
        family: "pty",
        mechanism: "pty",
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: MeetBy::Descriptor,
        summary: "pseudo-terminal in raw mode, one a direction, written at the slave; write(2) and read(2)",
        reference: "pty(7)",
        ..Info::DEFAULT
    };
    type Fixture = PtyFixture;
    type Sink = PtySink<W>;
    type Source = PtySource<W>;

    fn available() -> Availability {
        availability(Terminal::new().map(|_| Limits::none()))
    }

    /// Returns a plan's capacity is not asked for: nothing sets it.
    fn fixture(_: &Plan) -> Result<PtyFixture> {
        let (forth, back) = (Terminal::new()?, Terminal::new()?);
        let capacity = forth.measure()?;
        Ok(PtyFixture { forth, back, capacity })
    }

    /// Returns what one direction took before its writer had to wait, tried before the fork.
    fn capacity(fixture: &PtyFixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(fixture.capacity), messages: None })
    }

    fn messages(fixture: &PtyFixture, frame: usize) -> Result<Option<usize>> {
        // A writer that polls has to wait while a part of the room is left.
        Ok((fixture.capacity / 4 * 3).checked_div(frame))
    }

    fn split(fixture: PtyFixture, side: Side) -> Result<Link<PtySink<W>, PtySource<W>>> {
        let PtyFixture { forth, back, .. } = fixture;
        let (writer, reader) = match side {
            Side::Initiator => (forth.slave, back.master),
            Side::Responder => (back.slave, forth.master),
        };
        Ok(Link { tx: PtySink(FdSink::new(writer)?), rx: PtySource(FdSource::new(reader)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::Names;
    use ipcmark_sys::fd::{Block, Poll};

    fn plan() -> Plan {
        Plan::new(64, Names { token: "test".into(), dir: "/nonexistent".into() })
    }

    /// Returns where this machine has pseudo-terminals.
    fn fixture() -> Option<PtyFixture> {
        match PtyStream::<Block>::available() {
            Availability::Available(_) => Some(PtyStream::<Block>::fixture(&plan()).unwrap()),
            Availability::Unavailable(_) => None,
        }
    }

    #[test]
    fn every_byte_passes_unchanged() {
        let Some(PtyFixture { forth, .. }) = fixture() else { return };
        let bytes: Vec<u8> = (0..=255).collect();
        let mut tx = PtySink(FdSink::<Block>::new(forth.slave).unwrap());
        let mut rx = PtySource(FdSource::<Block>::new(forth.master).unwrap());
        assert_eq!(tx.write(&bytes).unwrap(), 256);
        let mut got: Vec<u8> = Vec::new();
        while got.len() < 256 {
            let mut space = [0; 256];
            let n = rx.read(&mut space).unwrap();
            got.extend(&space[..n]);
        }
        assert_eq!(got, bytes);
    }

    #[test]
    fn the_end_comes_after_what_was_written() {
        let Some(PtyFixture { forth, back, capacity }) = fixture() else { return };
        assert!(capacity >= 4_096, "{capacity}");
        let mut tx = PtySink(FdSink::<Poll>::new(forth.slave).unwrap());
        let mut rx = PtySource(FdSource::<Poll>::new(forth.master).unwrap());
        tx.write(b"last").unwrap();
        drop(tx);
        let mut space = [0; 8];
        assert_eq!(rx.read(&mut space).unwrap(), 4);
        assert_eq!(rx.read(&mut space).unwrap(), 0);
        let mut tx = PtySink(FdSink::<Poll>::new(back.slave).unwrap());
        drop(back.master);
        assert!(matches!(tx.write(b"no one"), Err(Error::Closed)));
    }
}
