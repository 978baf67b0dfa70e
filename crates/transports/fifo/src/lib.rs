//! FIFOs: pipes with a name in the file system, two of them, one a direction.
//!
//! The mechanism's own rules, as [fifo(7)](https://man7.org/linux/man-pages/man7/fifo.7.html) has them:
//!
//! - Once open, a FIFO is a pipe: bytes in one direction, the same capacity, the same end of file and `EPIPE`.
//! - Two processes that share nothing but a name can meet: `open(2)` for reading sleeps until somebody opens for
//!   writing, and the other way round. Two sides that open two FIFOs in different orders wait for each other for ever,
//!   so both open them in one order here.
//! - The name is only a meeting place: no byte touches the disk, and the name outlives both processes until somebody
//!   removes it. The initiator does as soon as both of its opens have returned, since then the peer's have too.
//!
//! Nothing is inherited through the fork here but the two paths.
#![forbid(unsafe_code)]

use ipcmark_core::{
    Address, Availability, ByteStream, Capacity, Error, Framed, Framing, Info, Limits, Link,
    MeetBy, Names, Plan, Refusal, Result, Side,
};
use ipcmark_sys::fd::{FdSink, FdSource, FdWait, availability, sysctl};
use ipcmark_sys::pipe::{match_pipe_capacities, pipe_room, set_pipe_capacity};
use ipcmark_sys::scratch::probe_names;
use rustix::fs::{CWD, Mode, OFlags, mkfifoat, open, unlink};
use rustix::io::Errno;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Messages over two FIFOs.
pub type Fifo<W> = Framed<FifoStream<W>>;

/// Bytes over two FIFOs.
#[derive(Debug)]
pub struct FifoStream<W>(PhantomData<W>);

/// The two names, and what a FIFO of this plan holds.
///
/// Dropping it leaves the names: the supervisor drops its copy while the sides still have to open them. The maker of
/// the plan clears the directory.
#[derive(Debug)]
pub struct FifoFixture {
    forth: PathBuf,
    back: PathBuf,
    /// Bytes that both were granted, and that each side sets again: they belong to the open pipe, not to its name.
    capacity: usize,
}

/// `mkfifo()` - makes the name, for this user only.
///
/// # References
/// [mkfifo(3)](https://man7.org/linux/man-pages/man3/mkfifo.3.html)
fn make(path: &Path) -> Result<()> {
    let hint = match mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR) {
        Ok(()) => return Ok(()),
        Err(e @ (Errno::PERM | Errno::OPNOTSUPP)) => (e, "this file system holds no FIFOs"),
        Err(e @ Errno::EXIST) => (e, "an older run left it; remove it"),
        Err(e) => (e, "FIFOs need a directory that this user can write"),
    };
    Err(Error::os_hint(format!("mkfifo({})", path.display()), hint.0, hint.1))
}

/// Opens a FIFO with `flags`; sleeps until the other end is opened, unless they say `NONBLOCK`.
fn open_end(path: &Path, flags: OFlags) -> Result<OwnedFd> {
    loop {
        match open(path, flags | OFlags::CLOEXEC, Mode::empty()) {
            Ok(fd) => return Ok(fd),
            Err(Errno::INTR) => {}
            Err(e) => return Err(Error::os(format!("open({})", path.display()), e)),
        }
    }
}

/// Returns what both FIFOs will hold when `asked` is asked of them. Opens both ends of each at once (Linux allows
/// `O_RDWR`), and
/// closes them again: a descriptor kept open until the fork would satisfy the sides' opens before the peer is there.
fn try_capacity(forth: &Path, back: &Path, asked: Option<usize>) -> Result<usize> {
    let open_both = |path| open_end(path, OFlags::RDWR | OFlags::NONBLOCK);
    match_pipe_capacities([&open_both(forth)?, &open_both(back)?], asked)
}

/// Gives an open FIFO the capacity that was found before the fork. Between the two, other pipes of this user may have
/// grown: then what this link reported no longer holds.
fn size_again(writer: &OwnedFd, capacity: usize) -> Result<()> {
    let granted = set_pipe_capacity(writer, capacity)?;
    if granted == capacity {
        return Ok(());
    }
    Err(Error::Unavailable(Refusal {
        reason: format!(
            "a FIFO that was granted {capacity} bytes before the fork gets {granted} after it: all pipes of this user \
             together came to fs.pipe-user-pages-soft meanwhile"
        ),
        remedy: sysctl("fs.pipe-user-pages-soft")
            .map(|pages| format!("sysctl fs.pipe-user-pages-soft={}", pages.saturating_mul(4))),
    }))
}

/// Returns the names of both FIFOs: towards the responder, and back.
fn paths(plan: &Plan) -> (PathBuf, PathBuf) {
    let path = |way: &str| plan.names.dir.join(format!("{}-{way}.fifo", plan.names.token));
    (path("forth"), path("back"))
}

/// Makes and removes a FIFO where temporary files go. That this directory cannot be written says nothing of the one a
/// plan will name, so only a refusal of FIFOs as such counts.
fn probe() -> Result<Limits> {
    let Names { token, dir } = probe_names();
    let path = dir.join(token);
    match make(&path) {
        Ok(()) => {
            let _ = unlink(&path);
            Ok(Limits::none())
        }
        Err(error) => match error.errno().map(Errno::from_raw_os_error) {
            Some(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => Err(Error::Unavailable(
                Refusal::new(error.to_string())
                    .with_remedy("set TMPDIR to a directory on a file system that holds FIFOs"),
            )),
            _ => Ok(Limits::none()),
        },
    }
}

impl<W: FdWait> ByteStream for FifoStream<W> {
    const INFO: Info = Info {
        overlaps: W::OVERLAPS,
        attaches: true,
        family: "fifo",
        mechanism: "fifo",
        wait: W::KIND,
        framing: Framing::Stream,
        meet_by: MeetBy::Path,
        summary: "named pipe, one a direction, opened by name; write(2) and read(2)",
        reference: "fifo(7)",
        ..Info::DEFAULT
    };
    type Fixture = FifoFixture;
    type Sink = FdSink<W>;
    type Source = FdSource<W>;

    fn available() -> Availability {
        availability(probe())
    }

    fn fixture(plan: &Plan) -> Result<FifoFixture> {
        let (forth, back) = paths(plan);
        make(&forth)?;
        make(&back)?;
        let capacity = try_capacity(&forth, &back, plan.capacity)?;
        Ok(FifoFixture { forth, back, capacity })
    }

    /// Returns what one direction holds, read back from both FIFOs while they were open: the kernel may grant less
    /// than was asked.
    fn capacity(fixture: &FifoFixture) -> Result<Capacity> {
        Ok(Capacity { bytes: Some(fixture.capacity), messages: None })
    }

    fn messages(fixture: &FifoFixture, frame: usize) -> Result<Option<usize>> {
        Ok(Some(pipe_room(fixture.capacity, frame)))
    }

    fn split(fixture: FifoFixture, side: Side) -> Result<Link<FdSink<W>, FdSource<W>>> {
        let FifoFixture { forth, back, capacity } = fixture;
        let (writer, reader) = match side {
            Side::Initiator => {
                let writer = open_end(&forth, OFlags::WRONLY)?;
                let reader = open_end(&back, OFlags::RDONLY)?;
                for path in [&forth, &back] {
                    unlink(path)
                        .map_err(|e| Error::os(format!("unlink({})", path.display()), e))?;
                }
                (writer, reader)
            }
            Side::Responder => {
                let reader = open_end(&forth, OFlags::RDONLY)?;
                (open_end(&back, OFlags::WRONLY)?, reader)
            }
        };
        // Each side sizes the pipe it writes to, before its first message.
        size_again(&writer, capacity)?;
        Ok(Link { tx: FdSink::new(writer)?, rx: FdSource::new(reader)? })
    }

    /// Returns both paths of the plan; what the kernel granted cannot be read before both ends are open.
    fn address(fixture: &FifoFixture) -> Result<Address> {
        Ok(Address { text: fixture.capacity.to_string().into(), ..Address::default() })
    }

    fn attach(plan: &Plan, address: Address) -> Result<FifoFixture> {
        let capacity = address.text.to_str().and_then(|word| word.parse().ok());
        let capacity = capacity.ok_or_else(|| {
            Error::Protocol("the address of a FIFO is its capacity in bytes".into())
        })?;
        let (forth, back) = paths(plan);
        Ok(FifoFixture { forth, back, capacity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_core::{Receiver, Sender, Transport};
    use ipcmark_sys::fd::{Block, Epoll, Poll, Spin};
    use std::fs;
    use std::thread;

    /// A private directory that is removed at the end.
    struct Dir(PathBuf);

    impl Dir {
        fn new(name: &str) -> Dir {
            let dir = std::env::temp_dir()
                .join(format!("ipcmark-fifo-test-{}-{name}", std::process::id()));
            fs::create_dir_all(&dir).unwrap();
            Dir(dir)
        }

        fn entries(&self) -> usize {
            fs::read_dir(&self.0).unwrap().count()
        }

        fn plan(&self, token: &str, capacity: Option<usize>) -> Plan {
            Plan {
                fixed: false,
                capacity,
                ..Plan::new(64, Names { token: token.into(), dir: self.0.clone() })
            }
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// Returns the same paths twice: two strangers know nothing more of each other.
    fn twice(fixture: FifoFixture) -> [FifoFixture; 2] {
        let FifoFixture { forth, back, capacity } = &fixture;
        let second = FifoFixture { forth: forth.clone(), back: back.clone(), capacity: *capacity };
        [fixture, second]
    }

    fn meet<W: FdWait>(dir: &Dir, capacity: usize) {
        let plan = dir.plan(W::KIND.name(), Some(capacity));
        let [here, there] = twice(FifoStream::<W>::fixture(&plan).unwrap());
        assert_eq!(dir.entries(), 2);
        let responder = thread::spawn(move || {
            let Link { tx, rx } = FifoStream::<W>::split(there, Side::Responder).unwrap();
            let mut tx = ipcmark_core::FramedSender::new(tx, 64, false);
            let mut rx = ipcmark_core::FramedReceiver::new(rx, 64, false);
            while let Ok(message) = rx.receive() {
                tx.claim(message.len()).unwrap().copy_from_slice(message);
                tx.commit().unwrap();
            }
        });
        let Link { tx, rx } = FifoStream::<W>::split(here, Side::Initiator).unwrap();
        assert_eq!(dir.entries(), 0, "the names are gone while the link lives");
        let mut tx = ipcmark_core::FramedSender::new(tx, 64, false);
        let mut rx = ipcmark_core::FramedReceiver::new(rx, 64, false);
        for len in 1..=64 {
            tx.claim(len).unwrap().fill(len as u8);
            tx.commit().unwrap();
            assert_eq!(rx.receive().unwrap(), vec![len as u8; len]);
        }
        drop(tx);
        assert!(matches!(rx.receive(), Err(Error::Closed)));
        responder.join().unwrap();
    }

    #[test]
    fn two_strangers_meet_by_name_under_every_wait() {
        let dir = Dir::new("meet");
        meet::<Block>(&dir, 8_192);
        meet::<Spin>(&dir, 8_192);
        meet::<Poll>(&dir, 8_192);
        meet::<Epoll>(&dir, 8_192);
    }

    #[test]
    fn the_capacity_is_tried_before_the_fork() {
        let dir = Dir::new("capacity");
        let fixture = Fifo::<Block>::fixture(&dir.plan("some", Some(5_000))).unwrap();
        assert_eq!(Fifo::<Block>::capacity(&fixture).unwrap().bytes, Some(8_192));
    }

    #[test]
    fn a_capacity_over_the_limit_is_granted_up_to_it_and_the_sides_meet() {
        let dir = Dir::new("over");
        let max = sysctl("fs.pipe-max-size").unwrap() as usize;
        let fixture = Fifo::<Block>::fixture(&dir.plan("told", Some(4 * max))).unwrap();
        let told = Fifo::<Block>::capacity(&fixture).unwrap().bytes.unwrap();
        assert!(told == max || told == 4 * max, "{told} where fs.pipe-max-size is {max}");
        fs::remove_dir_all(&dir.0).unwrap();
        fs::create_dir_all(&dir.0).unwrap();
        meet::<Block>(&dir, 4 * max);
    }

    #[test]
    fn a_capacity_that_is_gone_after_the_fork_is_told() {
        let (_reader, writer) = rustix::pipe::pipe().unwrap();
        let granted = set_pipe_capacity(&writer, usize::MAX).unwrap();
        size_again(&writer, granted).unwrap();
        let error = size_again(&writer, 2 * granted).unwrap_err().to_string();
        assert!(error.contains("sysctl fs.pipe-user-pages-soft="), "{error}");
    }

    #[test]
    fn a_missing_directory_is_named() {
        let dir = Dir::new("missing");
        let mut plan = dir.plan("none", None);
        plan.names.dir.push("nowhere");
        let error = Fifo::<Block>::fixture(&plan).unwrap_err().to_string();
        assert!(error.contains("nowhere"), "{error}");
    }

    #[test]
    fn probing_leaves_nothing() {
        assert!(matches!(Fifo::<Block>::available(), Availability::Available(_)));
        let mine = format!("ipcmark-{}-probe-", std::process::id());
        let left = fs::read_dir(std::env::temp_dir())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(&mine))
            .count();
        assert_eq!(left, 0);
    }
}
