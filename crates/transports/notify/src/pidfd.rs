//! The exit of a process as a notification.
//!
//! A process that ends makes its pidfd readable for every holder: that is how a supervisor waits for a process and
//! something else at a time. Here each notification is the exit of a process that was forked beforehand and sleeps on a
//! futex: the notifying side wakes it, it exits, and the listening side, which waits in `poll(2)` on its pidfd and on
//! the lifeline, goes on.
//!
//! So the figure holds the wake-up of the process, its exit up to the point where it is a zombie (its copy of the
//! address space is torn down before), and the wake-up of who polls. It does not include the fork, except for one in [`POOL`]
//! notifications: when the pool is used up, all of it is forked again in one step, and the one round trip into which that
//! falls is the tail of the distribution. The forked processes share the side's pages until either writes to them, so
//! that a side's first write to a page after that costs a page fault.

use ipcmark_core::{
    Availability, Carries, Error, Info, Limits, Link, Listen, MeetBy, Notifier, Notify, Plan,
    Refusal, Result, Side, WaitKind,
};
use ipcmark_sys::bell::{Bell, FutexBell};
use ipcmark_sys::fd::availability;
use ipcmark_sys::futex;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair, Peer};
use ipcmark_sys::process::{Child, fork};
use ipcmark_sys::shared::{Line, Lines};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

/// Processes forked in one go, and so the notifications that may be under way before a listener takes them.
pub const POOL: u64 = 32;
/// Between two looks for the peer while the other side forks, or has yet to listen.
const NAP: Duration = Duration::from_millis(50);
/// Time within which a process exits after it was asked to.
const EXIT_PATIENCE: Duration = Duration::from_secs(10);

/// Notifies by the exit of a process.
#[derive(Debug)]
pub struct Pidfd;

/// One direction, in shared memory.
#[derive(Debug)]
struct Way {
    /// Process numbers, one a place in the pool; then the three counts below.
    lines: Lines,
    /// Words that the process of each place sleeps on.
    bells: Vec<FutexBell>,
}

impl Way {
    fn new() -> Result<Way> {
        let bells = (0..POOL).map(|_| FutexBell::new()).collect::<Result<_>>()?;
        Ok(Way { lines: Lines::new(POOL as usize + 3)?, bells })
    }

    /// Returns where the process number for notification `n` stands.
    fn place(&self, n: u64) -> &Line {
        &self.lines.lines()[(n % POOL) as usize]
    }

    /// Processes forked so far; its futex tells who waits for more.
    fn forked(&self) -> &Line {
        &self.lines.lines()[POOL as usize]
    }

    /// Processes told to exit so far: one that ends without was killed, and is no notification.
    fn told(&self) -> &Line {
        &self.lines.lines()[POOL as usize + 1]
    }

    /// Notifications heard so far; its futex tells who waits for a place.
    fn heard(&self) -> &Line {
        &self.lines.lines()[POOL as usize + 2]
    }
}

/// Raises a count and wakes who waits for it.
fn raise(line: &Line, count: u64) -> Result<()> {
    line.word.store(count, Release);
    line.futex.fetch_add(1, Release);
    futex::wake_all(&line.futex)
}

/// Waits until a count is `least` or more, or the peer is gone.
#[cold]
fn until(line: &Line, least: u64, gone: impl Fn() -> Result<()>) -> Result<()> {
    loop {
        let seen = line.futex.load(Acquire);
        if line.word.load(Acquire) >= least {
            return Ok(());
        }
        gone()?;
        futex::wait(&line.futex, seen, NAP)?;
    }
}

/// Both directions and the lifeline.
#[derive(Debug)]
pub struct PidfdFixture {
    /// Initiator to responder, and back.
    ways: [Arc<Way>; 2],
    lifelines: LifelinePair,
}

impl Notifier for Pidfd {
    const INFO: Info = Info {
        carries: Carries::Notifications,
        family: "notify",
        mechanism: "pidfd",
        wait: WaitKind::Poll,
        meet_by: MeetBy::Process,
        summary: "a process that was forked before exits; its pidfd becomes readable",
        reference: "pidfd_open(2)",
        ..Info::DEFAULT
    };
    type Fixture = PidfdFixture;
    type Tx = PidfdNotify;
    type Rx = PidfdListen;

    fn available() -> Availability {
        availability(match pidfd_open(getpid(), PidfdFlags::empty()) {
            Ok(_) => Ok(Limits::none()),
            Err(errno) => Err(Error::Unavailable(
                Refusal::new(format!("pidfd_open(2) says {errno}"))
                    .with_remedy("take Linux 5.3 or newer, or allow the call in the sandbox"),
            )),
        })
    }

    fn fixture(_: &Plan) -> Result<PidfdFixture> {
        let ways = [Arc::new(Way::new()?), Arc::new(Way::new()?)];
        Ok(PidfdFixture { ways, lifelines: LifelinePair::new()? })
    }

    fn split(fixture: PidfdFixture, side: Side) -> Result<Link<PidfdNotify, PidfdListen>> {
        let PidfdFixture { ways: [forth, back], lifelines } = fixture;
        let (ours, theirs) = match side {
            Side::Initiator => (forth, back),
            Side::Responder => (back, forth),
        };
        let lifeline = Arc::new(lifelines.split(side));
        let mut tx =
            PidfdNotify { way: ours, pool: Vec::new(), told: 0, lifeline: lifeline.clone() };
        tx.fork_pool()?;
        Ok(Link { tx, rx: PidfdListen { way: theirs, heard: 0, lifeline } })
    }
}

/// The notifying half. Dropping it says farewell, and ends what it forked.
#[derive(Debug)]
pub struct PidfdNotify {
    way: Arc<Way>,
    /// The processes of this pool, in order.
    pool: Vec<Child>,
    told: u64,
    lifeline: Arc<Lifeline>,
}

impl PidfdNotify {
    /// Reaps the last pool and forks the next. The numbers of the last are free for others then, so that the listener
    /// must have opened a pidfd for each before.
    #[cold]
    fn fork_pool(&mut self) -> Result<()> {
        until(self.way.heard(), self.told, || {
            if self.lifeline.peer_is_gone() { Err(self.lifeline.end()) } else { Ok(()) }
        })?;
        for mut child in self.pool.drain(..) {
            if child.wait(EXIT_PATIENCE)?.is_none() {
                return Err(Error::Protocol("a process that was asked to exit did not".into()));
            }
        }
        for n in self.told..self.told + POOL {
            let bell = &self.way.bells[(n % POOL) as usize];
            let child = fork(|| {
                loop {
                    match bell.sleep() {
                        Ok(_) => return 0,
                        Err(Errno::INTR) => {}
                        Err(_) => return 1,
                    }
                }
            })?;
            self.way.place(n).word.store(child.pid() as u64, Relaxed);
            self.pool.push(child);
        }
        raise(self.way.forked(), self.told + POOL)
    }
}

impl Notify for PidfdNotify {
    #[inline]
    fn notify(&mut self) -> Result<()> {
        if self.told > 0 && self.told.is_multiple_of(POOL) {
            self.fork_pool()?;
        }
        let bell = &self.way.bells[(self.told % POOL) as usize];
        self.told += 1;
        self.way.told().word.store(self.told, Release);
        bell.ring().map_err(|errno| Error::os(FutexBell::RING, errno))
    }
}

impl Drop for PidfdNotify {
    fn drop(&mut self) {
        self.lifeline.farewell();
    }
}

/// The listening half.
#[derive(Debug)]
pub struct PidfdListen {
    way: Arc<Way>,
    heard: u64,
    lifeline: Arc<Lifeline>,
}

impl PidfdListen {
    /// Opens the pidfd of the process whose exit comes next; `None` when there is none any more.
    fn open(&self) -> Result<Option<OwnedFd>> {
        let n = self.heard;
        if self.way.forked().word.load(Acquire) <= n {
            let news =
                || if self.lifeline.peer() == Peer::Here { Ok(()) } else { Err(Error::Closed) };
            if until(self.way.forked(), n + 1, news).is_err() {
                return Ok(None);
            }
        }
        let number = self.way.place(n).word.load(Relaxed) as i32;
        let Some(pid) = Pid::from_raw(number) else { return Ok(None) };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Some(pidfd)),
            // Its parent reaped it, which it does before the exit was heard of only when it ends itself.
            Err(Errno::SRCH) => Ok(None),
            Err(errno) => Err(Error::os("pidfd_open", errno)),
        }
    }

    /// Exits that its peer caused and this side has not heard of.
    fn unheard(&self) -> u64 {
        self.way.told().word.load(Acquire) - self.heard
    }

    /// Counts `n` more.
    #[inline]
    fn hear(&mut self, n: u64) -> Result<u64> {
        self.heard += n;
        if self.heard.is_multiple_of(POOL) {
            raise(self.way.heard(), self.heard)?;
        }
        Ok(n)
    }

    /// Returns what is left to hear when the peer has said farewell or is gone, and then the end. Who was not told to
    /// exit was killed with its parent.
    #[cold]
    fn after_the_end(&mut self) -> Result<u64> {
        let mut fds = [PollFd::new(&self.lifeline, PollFlags::IN)];
        while let Err(Errno::INTR) = poll(&mut fds, None) {}
        match (self.unheard(), self.lifeline.peer()) {
            (0, Peer::Closed) => Err(Error::Closed),
            (0, _) => Err(Error::PeerDied),
            (left, _) => self.hear(left),
        }
    }
}

impl Listen for PidfdListen {
    #[inline]
    fn listen(&mut self) -> Result<u64> {
        let Some(pidfd) = self.open()? else { return self.after_the_end() };
        loop {
            let mut fds =
                [PollFd::new(&pidfd, PollFlags::IN), PollFd::new(&self.lifeline, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(Error::os("poll(pidfd)", errno)),
            }
            if fds[0].revents().is_empty() || self.unheard() == 0 {
                return self.after_the_end();
            }
            return self.hear(1);
        }
    }
}
