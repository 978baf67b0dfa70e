//! Counting the system calls of child processes, exactly and without privileges.
//!
//! The kernel stops a traced thread where it enters a call and where it leaves one, and tells its tracer, which may be its
//! parent. A traced process is slower by an order of magnitude: what is counted here is never timed. When to count, the
//! process itself says, in memory that it shares with the tracer: it is read while the process stands still at the
//! entry of a call, and so says what the process had written when it made that call. Nothing at the edges is guessed.
//!
//! All threads of a child are traced, those that it starts later too; processes that it forks are not.

mod stop;

use crate::process::{Child, Exit, is_interrupted};
use ipcmark_core::{Called, Error, Refusal, Result};
use nix::sys::ptrace;
use nix::sys::signal::{SigSet, Signal};
use rustix::process::{Pid, WaitOptions, waitpid};
use std::time::{Duration, Instant};
use stop::{Stop, resume};

/// Phase of a traced process, which it sets itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its calls do not count (now).
    Uncounted,
    /// They count.
    Counted,
    /// Nothing more is to be counted: it is let go.
    Over,
}

/// Between two looks whether a signal told this process to end.
const LOOK: Duration = Duration::from_millis(100);
/// Wait for threads of any kind, not only for those whose end sends `SIGCHLD`.
const WALL: WaitOptions = WaitOptions::from_bits_retain(libc::__WALL.cast_unsigned());

/// One thread that is held.
#[derive(Debug)]
struct Thread {
    id: Pid,
    /// Index of the child it belongs to.
    child: usize,
    /// True if it was resumed at least once, and stops at its calls from then on.
    stops: bool,
    /// A signal ended its last call, which the kernel may make again by itself.
    cut_short: bool,
}

/// Holds children and counts their calls. Dropping it kills those that it still holds.
#[derive(Debug)]
pub struct Tracer {
    children: Vec<Pid>,
    threads: Vec<Thread>,
    calls: Vec<u64>,
    ended: Vec<(usize, Exit)>,
    _news: News,
}

impl Tracer {
    /// Takes hold of all threads of `children`. They are to be asleep or to spin: a thread that is started meanwhile may be
    /// missed. When this returns, all of them will stop at each call.
    ///
    /// # Errors
    /// When this process may not trace its own children, and when `end` comes first.
    ///
    /// # References
    /// - [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html), `PTRACE_SEIZE`
    pub fn seize(children: &mut [Child], end: Instant) -> Result<Tracer> {
        let pids: Vec<Pid> = children.iter().map(Child::id).collect();
        let mut tracer = Tracer {
            calls: vec![0; pids.len()],
            children: pids,
            threads: Vec::new(),
            ended: Vec::new(),
            _news: News::block()?,
        };
        for child in 0..tracer.children.len() {
            tracer.seize_threads(child)?;
        }
        for thread in &tracer.threads {
            // A wait reports a thread that has ended meanwhile.
            let _ = ptrace::interrupt(raw(thread.id));
        }
        tracer.go_on(children, end, &|_| Phase::Uncounted, &|tracer| {
            tracer.threads.iter().all(|thread| thread.stops)
        })?;
        Ok(tracer)
    }

    fn seize_threads(&mut self, child: usize) -> Result<()> {
        let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
            | ptrace::Options::PTRACE_O_TRACECLONE
            | ptrace::Options::PTRACE_O_EXITKILL;
        loop {
            let held = self.threads.len();
            let ids = thread_ids(self.children[child]);
            if ids.is_empty() {
                let refusal =
                    Refusal::new("/proc does not show the threads whose calls are counted");
                return Err(Error::Unavailable(refusal.with_remedy("mount -t proc proc /proc")));
            }
            for id in ids {
                if self.threads.iter().any(|thread| thread.id == id) {
                    continue;
                }
                ptrace::seize(raw(id), options).called("ptrace(PTRACE_SEIZE)")?;
                self.threads.push(Thread { id, child, stops: false, cut_short: false });
            }
            if self.threads.len() == held {
                return Ok(());
            }
        }
    }

    /// Counts until each child says that it is [`Phase::Over`], or has ended. `phase` reads what a child says, by its place
    /// in the list given to [`Tracer::seize`].
    ///
    /// # Errors
    /// When `end` comes first, or a signal told this process to end.
    pub fn count(
        &mut self,
        children: &mut [Child],
        end: Instant,
        phase: &dyn Fn(usize) -> Phase,
    ) -> Result<()> {
        self.go_on(children, end, phase, &|tracer| tracer.threads.is_empty())
    }

    /// Calls counted so far, of all threads of each child.
    #[must_use]
    pub fn calls(&self) -> &[u64] {
        &self.calls
    }

    /// Serves stops until `done`.
    fn go_on(
        &mut self,
        children: &mut [Child],
        end: Instant,
        phase: &dyn Fn(usize) -> Phase,
        done: &dyn Fn(&Tracer) -> bool,
    ) -> Result<()> {
        loop {
            let mut served = false;
            let mut at = 0;
            while at < self.threads.len() {
                let id = self.threads[at].id;
                match waitpid(Some(id), WALL | WaitOptions::NOHANG) {
                    Ok(None) => at += 1,
                    Ok(Some((_, status))) => {
                        served = true;
                        if !self.serve(at, Stop::of(status.as_raw()), phase) {
                            self.threads.remove(at);
                        }
                    }
                    // Only this tracer waits for it: it is gone.
                    Err(_) => drop(self.threads.remove(at)),
                }
            }
            for (child, exit) in self.ended.drain(..) {
                children[child].note(exit);
            }
            if done(self) {
                return Ok(());
            }
            if served {
                continue;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Protocol("it took too long under ptrace(2)".into()));
            }
            if is_interrupted() {
                return Err(Error::Protocol("interrupted".into()));
            }
            News::wait(left.min(LOOK))?;
        }
    }

    /// Lets the thread go on from where it stopped; false when it is held no more.
    fn serve(&mut self, at: usize, stop: Stop, phase: &dyn Fn(usize) -> Phase) -> bool {
        let Thread { id, child, cut_short, .. } = self.threads[at];
        if let Stop::Ended(exit) = stop {
            if id == self.children[child] {
                self.ended.push((child, exit));
            }
            return false;
        }
        let phase = phase(child);
        self.threads[at].stops = true;
        let signal = match stop {
            Stop::Call => {
                self.threads[at].cut_short = false;
                match stop::call(id) {
                    Some(stop::Call::Entry { number }) if phase == Phase::Counted => {
                        // A call only where the CPU's own counter cannot be used: then it is the harness's clock.
                        self.calls[child] += u64::from(number != libc::SYS_clock_gettime as u64);
                    }
                    Some(stop::Call::Exit { value }) => {
                        self.threads[at].cut_short = stop::is_cut_short(value);
                    }
                    _ => {}
                }
                0
            }
            Stop::Signal(signal) => {
                // Without a tracer, a signal that a process ignores does not reach it, and cuts no call short.
                if cut_short && phase == Phase::Counted && stop::is_ignored(id, signal) {
                    self.calls[child] = self.calls[child].saturating_sub(1);
                }
                self.threads[at].cut_short = false;
                signal
            }
            Stop::Clone => {
                if let Some(new) =
                    ptrace::getevent(raw(id)).ok().and_then(|id| Pid::from_raw(id as i32))
                    && self.threads.iter().all(|thread| thread.id != new)
                {
                    self.threads.push(Thread { id: new, child, stops: false, cut_short: false });
                }
                0
            }
            Stop::Held => {
                resume(libc::PTRACE_LISTEN, id, 0);
                return true;
            }
            Stop::Other | Stop::Ended(_) => 0,
        };
        if phase != Phase::Over {
            resume(libc::PTRACE_SYSCALL, id, signal);
            return true;
        }
        resume(libc::PTRACE_DETACH, id, signal);
        if id == self.children[child] {
            // The others may sleep until their process ends.
            for other in self.threads.iter().filter(|t| t.child == child && t.id != id) {
                let _ = ptrace::interrupt(raw(other.id));
            }
        }
        false
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let held: Vec<Pid> = self
            .children
            .iter()
            .filter(|child| {
                self.threads.iter().any(|thread| self.children[thread.child] == **child)
            })
            .copied()
            .collect();
        for child in &held {
            // Held, it cannot have been reaped by others: the number is still its own.
            let _ = rustix::process::kill_process(*child, rustix::process::Signal::KILL);
        }
        for child in held {
            // A process has ended when its last thread was waited for, and these are this tracer's to wait for.
            for id in thread_ids(child).into_iter().filter(|id| *id != child) {
                while let Ok(Some((_, status))) = waitpid(Some(id), WALL)
                    && matches!(Stop::of(status.as_raw()), stop if !matches!(stop, Stop::Ended(_)))
                {
                    resume(libc::PTRACE_CONT, id, 0);
                }
            }
        }
    }
}

fn raw(id: Pid) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(id.as_raw_nonzero().get())
}

/// Returns the threads of a process that have not been waited for.
fn thread_ids(process: Pid) -> Vec<Pid> {
    let folder = format!("/proc/{}/task", process.as_raw_nonzero());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    entries.filter_map(number).filter_map(Pid::from_raw).collect()
}

/// Keeps `SIGCHLD` back while it lives, so that it can be waited for: it comes with each stop of a traced thread.
#[derive(Debug)]
struct News {
    before: SigSet,
}

impl News {
    fn block() -> Result<News> {
        let before = SigSet::from(Signal::SIGCHLD)
            .thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK)
            .called("pthread_sigmask")?;
        Ok(News { before })
    }

    /// Waits for news of a thread, at most for `timeout`, or until another signal comes.
    fn wait(timeout: Duration) -> Result<()> {
        let news = SigSet::from(Signal::SIGCHLD);
        let timeout = libc::timespec {
            tv_sec: timeout.as_secs() as libc::time_t,
            tv_nsec: timeout.subsec_nanos().into(),
        };
        // SAFETY: set and timeout live through the call, and no siginfo is asked for.
        let signal = unsafe { libc::sigtimedwait(news.as_ref(), std::ptr::null_mut(), &timeout) };
        if signal >= 0 {
            return Ok(());
        }
        match rustix::io::Errno::from_io_error(&std::io::Error::last_os_error()) {
            Some(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(()),
            _ => Err(Error::os("sigtimedwait", std::io::Error::last_os_error())),
        }
    }
}

impl Drop for News {
    fn drop(&mut self) {
        let _ = self.before.thread_set_mask();
    }
}
