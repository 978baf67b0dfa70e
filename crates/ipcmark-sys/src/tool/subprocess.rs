//! Other programs, such as compilers, that end with all their children and with this process.
//!
//! [`process::fork`](crate::process::fork) needs a process of one thread. This module starts any program with arguments; it
//! leads a process group, so that its own children end with it.

use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Time that a group which was asked to end has before it is killed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time between two looks for the end.
const LOOK: Duration = Duration::from_millis(20);

/// A running program, the first of its process group. Dropping it ends the group and reaps it.
#[derive(Debug)]
pub struct Subprocess {
    child: Child,
    ended: Option<ExitStatus>,
}

impl Subprocess {
    /// Starts it. It gets `SIGTERM` when the thread that starts it ends, however that ends; the terminal's Ctrl-C does not
    /// reach it: the caller decides.
    ///
    /// # Errors
    /// What the kernel says, e.g. that there is no such program.
    ///
    /// # References
    /// - [PR_SET_PDEATHSIG(2const)](https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html)
    /// - [setpgid(2)](https://man7.org/linux/man-pages/man2/setpgid.2.html)
    pub fn start(command: &mut Command) -> io::Result<Subprocess> {
        command.process_group(0);
        let dies_with_parent = || Ok(set_parent_process_death_signal(Some(Signal::TERM))?);
        // SAFETY: between fork and exec it makes one system call and touches no memory of others.
        unsafe { command.pre_exec(dies_with_parent) };
        Ok(Subprocess { child: command.spawn()?, ended: None })
    }

    /// Returns its exit status, if it has ended.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Asks the whole group to end, and kills it when it does not.
    pub fn end(&mut self) {
        self.signal(Signal::TERM);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && matches!(self.ended(), Ok(None)) {
            std::thread::sleep(LOOK);
        }
        // Its children may have outlived it, and it may have ignored the signal.
        self.signal(Signal::KILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }

    /// Signals all in the group. Its number is not used again while the group has a member or its leader is not reaped.
    fn signal(&self, signal: Signal) {
        let leader = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(leader) = leader {
            let _ = kill_process_group(leader, signal);
        }
    }
}

impl Drop for Subprocess {
    fn drop(&mut self) {
        if matches!(self.ended(), Ok(None) | Err(_)) {
            self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    /// Starts a shell that starts another program, prints its number and waits for it.
    fn family() -> (Subprocess, u32) {
        use std::io::BufRead as _;
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; wait"]).stdout(Stdio::piped());
        let mut tool = Subprocess::start(&mut command).unwrap();
        let mut line = String::new();
        io::BufReader::new(tool.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (tool, line.trim().parse().unwrap())
    }

    /// Returns true while `pid` runs; a zombie does not.
    fn runs(pid: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
    }

    fn is_gone_soon(pid: u32) -> bool {
        let begun = Instant::now();
        while runs(pid) && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(LOOK);
        }
        !runs(pid)
    }

    #[test]
    fn it_ends_by_itself_and_says_how() {
        let mut tool = Subprocess::start(Command::new("sh").args(["-c", "exit 7"])).unwrap();
        let status = loop {
            if let Some(status) = tool.ended().unwrap() {
                break status;
            }
            std::thread::sleep(LOOK);
        };
        assert_eq!(status.code(), Some(7));
        assert_eq!(tool.ended().unwrap(), Some(status), "and says it again");
        assert!(Subprocess::start(&mut Command::new("/no/such/program")).is_err());
    }

    #[test]
    fn its_children_end_with_it() {
        let (mut tool, child) = family();
        assert!(runs(child) && tool.ended().unwrap().is_none());
        tool.end();
        assert!(is_gone_soon(child));
        let (tool, child) = family();
        drop(tool);
        assert!(is_gone_soon(child));
    }

    #[test]
    fn it_ends_with_the_thread_that_started_it() {
        let (pid, tool) = std::thread::spawn(|| {
            let tool = Subprocess::start(Command::new("sleep").arg("600")).unwrap();
            (tool.child.id(), tool)
        })
        .join()
        .unwrap();
        assert!(is_gone_soon(pid));
        drop(tool);
    }
}
