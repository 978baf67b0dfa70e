//! Processes: fork, watch, end.
//!
//! A child made here dies with its parent (`PR_SET_PDEATHSIG`), ignores the terminal's Ctrl-C (its parent decides), ends
//! with `_exit` so that no buffer is flushed twice, and is held by a pidfd, so that no signal can reach another
//! process that was given its number.

mod interrupts;

pub use interrupts::{Interrupts, is_interrupted};

use crate::spent::Spent;
use ipcmark_core::{Called, Error, Refusal, Result};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal as NixSignal, sigaction};
use nix::unistd::{ForkResult, fork as nix_fork};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, geteuid, getpid, getppid,
    parent_process_death_signal, pidfd_open, pidfd_send_signal, set_parent_process_death_signal,
    waitid,
};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Way in which a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Exit::Code(code) => write!(f, "exited with status {code}"),
            Exit::Signal(number) => match NixSignal::try_from(number) {
                Ok(signal) => write!(f, "was killed by {signal}"),
                Err(_) => write!(f, "was killed by signal {number}"),
            },
        }
    }
}

/// A child process. Dropping it kills and reaps it.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    pidfd: OwnedFd,
    exit: Option<Exit>,
}

/// The status of a child whose side panicked, as of any Rust program that panics.
pub const PANICKED: i32 = 101;

/// Runs `side` in a child process; what it returns is the exit status, and a panic is [`PANICKED`].
///
/// # Errors
/// When this process has more than one thread: the child would inherit locks that no thread of its own ever opens.
///
/// # References
/// - [fork(2)](https://man7.org/linux/man-pages/man2/fork.2.html),
///   [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html)
pub fn fork(side: impl FnOnce() -> i32) -> Result<Child> {
    refuse_beside_threads()?;
    refuse_to_outlive()?;
    let parent = getpid();
    // SAFETY: the process has one thread, so that the child may do all that the parent may.
    match unsafe { nix_fork() }.called("fork")? {
        ForkResult::Child => {
            let code = if settle(parent) { run(side) } else { 1 };
            // SAFETY: _exit ends the process, whatever its state.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            let pid = Pid::from_raw(child.as_raw())
                .ok_or_else(|| Error::Protocol("fork gave a child without a number".into()))?;
            match pidfd_open(pid, PidfdFlags::empty()) {
                Ok(pidfd) => Ok(Child { pid, pidfd, exit: None }),
                Err(e) => {
                    // Without the descriptor it could not be watched. It is our child and not yet reaped, so that its
                    // number is still its own.
                    let _ = rustix::process::kill_process(pid, Signal::KILL);
                    let _ =
                        rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
                    Err(match e {
                        Errno::NOSYS => {
                            Error::os_hint("pidfd_open", e, "Linux 5.3 or newer is needed")
                        }
                        Errno::PERM | Errno::ACCESS => refused("pidfd_open(2)", e),
                        _ => Error::os("pidfd_open", e),
                    })
                }
            }
        }
    }
}

/// Runs `part` in a child process, which ends with status 1 if that fails.
///
/// # Errors
/// As [`fork`].
pub fn peer(part: impl FnOnce() -> Result<()>) -> Result<Child> {
    fork(|| i32::from(part().is_err()))
}

/// Runs the child's side. A panic ends here: were it to unwind further, it might be caught by the parent's code, in
/// the child, which would then go on as a second parent.
fn run(side: impl FnOnce() -> i32) -> i32 {
    // Nothing of what the side left half done is seen: the process ends next.
    catch_unwind(AssertUnwindSafe(side)).unwrap_or(PANICKED)
}

/// Checks that this process has one thread: a fork copies one thread, and every lock that another one holds.
pub(crate) fn refuse_beside_threads() -> Result<()> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(Error::Protocol(format!(
            "fork was asked for in a process of {threads} threads; measure before any thread is started"
        )));
    }
    Ok(())
}

/// Checks that children may ask for the end that comes with their parent's: where a filter refuses the call, they could not say why they
/// do not begin. It sets what is set.
fn refuse_to_outlive() -> Result<()> {
    let again = parent_process_death_signal().and_then(set_parent_process_death_signal);
    again.map(drop).map_err(|e| refused("prctl(2)", e))
}

/// Returns the error of a call that every kernel has: a filter refuses it.
fn refused(call: &str, e: Errno) -> Error {
    let advice = format!("allow {call} in the container's seccomp profile");
    Error::Unavailable(Refusal::new(format!("{call}: {e}")).with_remedy(advice))
}

/// Makes a fresh child what this module promises; false when the parent is gone already.
fn settle(parent: Pid) -> bool {
    let dies_with_parent = set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for (signal, action) in [
        (NixSignal::SIGINT, &ignore),
        (NixSignal::SIGPIPE, &ignore),
        (NixSignal::SIGTERM, &default),
        (NixSignal::SIGHUP, &default),
        (NixSignal::SIGXCPU, &default),
    ] {
        // SAFETY: neither action runs code of this process.
        let _ = unsafe { sigaction(signal, action) };
    }
    dies_with_parent && getppid() == Some(parent)
}

/// Lets the kernel choose this process first when memory runs out, and not the parent, which can still say what
/// happened. Without `/proc` nothing changes.
///
/// # References
/// - [proc_pid_oom_score_adj(5)](https://man7.org/linux/man-pages/man5/proc_pid_oom_score_adj.5.html)
pub(crate) fn die_first() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

/// Makes a child that is to outlive its parent deaf to what ends the parent: a session of its own, no terminal, no
/// standard streams that a reader waits on.
pub(crate) fn detach() {
    let _ = rustix::process::setsid();
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    for signal in [NixSignal::SIGINT, NixSignal::SIGTERM, NixSignal::SIGHUP, NixSignal::SIGPIPE] {
        // SAFETY: ignoring a signal runs no code of this process.
        let _ = unsafe { sigaction(signal, &ignore) };
    }
    if let Ok(null) = std::fs::File::options().read(true).write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

impl Child {
    /// Returns its process number.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Reaps the child if it has ended; waits for at most `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Result<Option<Exit>> {
        let end = Instant::now() + timeout;
        loop {
            if self.exit.is_some() {
                return Ok(self.exit);
            }
            let left = end.saturating_duration_since(Instant::now());
            wait_any([&mut *self], left)?;
            if self.exit.is_none() && (left.is_zero() || is_interrupted()) {
                return Ok(None);
            }
        }
    }

    /// Waits until it has ended well, for at most `patience`.
    ///
    /// # Errors
    /// Any other end, and none in time.
    pub fn join(mut self, patience: Duration) -> Result<()> {
        match self.wait(patience)? {
            Some(Exit::Code(0)) => Ok(()),
            Some(exit) => Err(Error::Protocol(format!("a process of the experiment {exit}"))),
            None => Err(Error::Protocol("a process of the experiment hung".into())),
        }
    }

    /// Returns the way it ended, once it was reaped.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// Returns the time that it has spent; `None` once it was reaped.
    #[must_use]
    pub fn spent(&self) -> Option<Spent> {
        self.exit.is_none().then(|| Spent::by(self.pid()))?
    }

    /// Kills it (`SIGKILL`). One that has ended already is left alone.
    pub fn kill(&mut self) {
        if self.exit.is_none() {
            let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        }
    }

    /// Asks it to end (`SIGTERM`), in its own time. One that has ended already is left alone.
    pub fn terminate(&self) {
        if self.exit.is_none() {
            let _ = pidfd_send_signal(&self.pidfd, Signal::TERM);
        }
    }

    /// Returns its process number, for system calls.
    pub(crate) fn id(&self) -> Pid {
        self.pid
    }

    /// Notes that it has ended, and that its tracer has reaped it.
    pub(crate) fn note(&mut self, exit: Exit) {
        self.exit = Some(exit);
    }

    /// Takes the exit status if there is one, without waiting.
    fn reap(&mut self) -> Result<()> {
        if self.exit.is_some() {
            return Ok(());
        }
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        match waitid(WaitId::PidFd(self.pidfd.as_fd()), options) {
            Ok(Some(status)) => {
                self.exit = status
                    .exit_status()
                    .map(Exit::Code)
                    .or_else(|| status.terminating_signal().map(Exit::Signal));
                Ok(())
            }
            Ok(None) | Err(Errno::INTR) => Ok(()),
            Err(e) => Err(Error::os("waitid(P_PIDFD)", e)),
        }
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        while self.exit.is_none() {
            self.kill();
            let mut fd = [PollFd::from_borrowed_fd(self.pidfd.as_fd(), PollFlags::IN)];
            let _ = poll(&mut fd, None);
            if self.reap().is_err() {
                return;
            }
        }
    }
}

/// Waits until at least one of the children that still run has ended, for at most `timeout` or until a signal comes,
/// and reaps those that have.
pub fn wait_any<'a>(
    children: impl IntoIterator<Item = &'a mut Child>,
    timeout: Duration,
) -> Result<()> {
    let mut running: Vec<&mut Child> = children.into_iter().filter(|c| c.exit.is_none()).collect();
    let mut fds: Vec<_> =
        running.iter().map(|c| PollFd::from_borrowed_fd(c.pidfd.as_fd(), PollFlags::IN)).collect();
    let timeout =
        Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: i64::from(timeout.subsec_nanos()) };
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(e) => return Err(Error::os("poll(pidfd)", e)),
    }
    drop(fds);
    running.iter_mut().try_for_each(|c| c.reap())
}

/// Returns true if the process of this number has ended, reaped or not. A number that was given to another process
/// since says false.
#[must_use]
pub fn has_ended(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid).filter(|_| pid > 0) else { return true };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => {
            let mut fd = [PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)];
            matches!(poll(&mut fd, Some(&Timespec::default())), Ok(n) if n > 0)
        }
        Err(e) => e == Errno::SRCH,
    }
}

/// Returns the effective user of this process.
#[must_use]
pub fn user() -> u32 {
    geteuid().as_raw()
}

/// `unshare(CLONE_NEWUSER)` - gives this process a user namespace of its own, as a rootless container has one.
///
/// # References
/// [user_namespaces(7)](https://man7.org/linux/man-pages/man7/user_namespaces.7.html)
pub fn enter_user_namespace() -> Result<()> {
    // SAFETY: a user namespace changes no descriptor and no memory of this process.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }.called("unshare(CLONE_NEWUSER)")
}

/// Ignores `SIGXFSZ`, here and in all processes forked from here: what is over a limit of file sizes then fails with
/// `EFBIG`, which a row or a message can say, instead of ending the process without a word.
///
/// # References
/// - [setrlimit(2)](https://man7.org/linux/man-pages/man2/setrlimit.2.html), `RLIMIT_FSIZE`
pub fn survive_file_size_limit() {
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: ignoring a signal runs no code of this process.
    let _ = unsafe { sigaction(NixSignal::SIGXFSZ, &ignore) };
}
