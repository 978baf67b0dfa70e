//! A child process that outlives its parent and removes what it left.

use crate::process::{detach, refuse_beside_threads};
use ipcmark_core::{Called, Result};
use nix::unistd::{ForkResult, fork};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Resource, Signal, WaitOptions, getrlimit, kill_process, waitpid};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// Time that the duty may take once its parent waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(1);
/// Number of descriptors that are closed one by one at most.
const MOST_FDS: u32 = 1 << 20;

/// A sleeping child that runs its duty once this process has ended, however it ended, `SIGKILL` included. Dropping the
/// janitor runs the duty too, and waits for it.
#[derive(Debug)]
pub struct Janitor {
    /// Nothing is ever written: the kernel closes it when the last process that holds it ends.
    alive: Option<OwnedFd>,
    pid: Option<Pid>,
}

impl Janitor {
    /// Starts it. The duty must be harmless when nothing is left to do.
    ///
    /// Children forked later hold a copy of the pipe's writing end; those of [`crate::process::fork`] die with this
    /// process, so that the duty begins when all of them are gone.
    pub fn start(duty: impl FnOnce()) -> Result<Janitor> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC).called("pipe2")?;
        refuse_beside_threads()?;
        // SAFETY: the process has one thread, so that the child may do all that the parent may.
        match unsafe { fork() }.called("fork")? {
            ForkResult::Child => {
                // By name: whatever becomes of the others, it must not wait for itself.
                drop(write);
                keep_only(&read);
                detach();
                let mut byte = [0];
                while let Err(Errno::INTR) = rustix::io::read(&read, &mut byte) {}
                duty();
                // SAFETY: _exit ends the process, whatever its state.
                unsafe { libc::_exit(0) }
            }
            ForkResult::Parent { child } => {
                let pid = Pid::from_raw(child.as_raw());
                Ok(Janitor { alive: Some(write), pid })
            }
        }
    }
}

/// Closes every descriptor but the standard ones and this: another janitor's pipe among them, which would never end
/// while this process holds its writing end.
fn keep_only(fd: &OwnedFd) {
    let kept = fd.as_raw_fd() as libc::c_uint;
    for (first, last) in [(3, kept - 1), (kept + 1, libc::c_uint::MAX)] {
        // SAFETY: the caller uses `fd` alone and drops no other descriptor.
        if first <= last && unsafe { libc::close_range(first, last, 0) } != 0 {
            close_each(first, last);
        }
    }
}

/// Does what `close_range(2)` does, where Linux before 5.9 or a seccomp filter has no such call.
fn close_each(first: libc::c_uint, last: libc::c_uint) {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::from(MOST_FDS));
    let last = last.min(u32::try_from(limit).unwrap_or(MOST_FDS)).min(MOST_FDS);
    for fd in first..=last {
        // SAFETY: as above; a number that is not open is refused.
        unsafe { libc::close(fd as libc::c_int) };
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        self.alive = None;
        let end = Instant::now() + PATIENCE;
        loop {
            match waitpid(self.pid, WaitOptions::NOHANG) {
                Err(Errno::INTR) => {}
                Ok(None) if Instant::now() < end => std::thread::sleep(LOOK),
                // Somebody stopped it. What it would have done is its owner's.
                Ok(None) => {
                    let _ = self.pid.map(|pid| kill_process(pid, Signal::KILL));
                    let _ = waitpid(self.pid, WaitOptions::empty());
                    return;
                }
                _ => return,
            }
        }
    }
}
