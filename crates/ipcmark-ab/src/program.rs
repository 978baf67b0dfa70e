//! A program that measures: starts it, asks it, reads its answers, ends it.

use crate::protocol::{Answer, Hello, PROTOCOL, Request};
use crate::{Error, Result};
use ipcmark_core::Error as System;
use ipcmark_sys::baton::Baton;
use ipcmark_sys::crew::{Absence, LOOK};
use ipcmark_sys::process::{self, Child};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Time that a program may take to its first answer: it calibrates a clock.
const TO_BEGIN: Duration = Duration::from_secs(10);
/// Exit code of a file that is not a program, as in a shell.
const CANNOT_RUN: i32 = 126;

/// A side: a program and its setting.
#[derive(Debug, Clone)]
pub struct Side {
    /// The file to run.
    pub program: PathBuf,
    /// Name in messages and documents.
    pub name: String,
    /// Further variables of its environment.
    pub env: Vec<(String, String)>,
    /// Further arguments.
    pub args: Vec<String>,
}

/// The running program of a side.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    /// Dropped first: the program ends with its standard input, or is killed.
    requests: Option<PipeWriter>,
    answers: BufReader<PipeReader>,
    child: Child,
}

impl Program {
    /// Starts a side's program and reads its first answer; `number` is its place in the order.
    pub(crate) fn start(side: &Side, number: usize, relay: &Baton) -> Result<(Program, Hello)> {
        let pipe = || std::io::pipe().map_err(|e| System::os("pipe", e));
        let ((theirs_in, requests), (answers, theirs_out)) = (pipe()?, pipe()?);
        let path = relay.path().expect("the comparing program made it");
        let mut command = Command::new(&side.program);
        command
            .arg0("ipcmark")
            .arg("slices")
            .args(["--arm", &number.to_string(), "--relay"])
            .arg(path)
            .args(&side.args)
            .envs(side.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::from(theirs_in))
            .stdout(Stdio::from(theirs_out));
        let child = process::fork(|| {
            // Returns only if it fails.
            let _ = command.exec();
            CANNOT_RUN
        })?;
        // Closes its ends of the pipes.
        drop(command);
        let mut started = Program {
            name: side.name.clone(),
            requests: Some(requests),
            answers: BufReader::new(answers),
            child,
        };
        // A signal to the whole group ends the program, or its start, too.
        let none = |what: String| match process::is_interrupted() {
            true => Error::Interrupted,
            false => Error::NotIpcmark { program: side.name.clone(), what },
        };
        let begun = started
            .await_answer(Instant::now() + TO_BEGIN, &none)
            .and_then(|()| started.read::<Hello>(&none));
        let hello = begun.map_err(|e| match started.child.exit() {
            Some(exit @ process::Exit::Signal(_)) if !process::is_interrupted() => {
                Error::Killed { program: side.name.clone(), exit }
            }
            _ => e,
        })?;
        let theirs = hello.protocol;
        if theirs != PROTOCOL {
            let program = side.name.clone();
            return Err(Error::Protocol { program, theirs, ours: PROTOCOL });
        }
        Ok((started, hello))
    }

    /// Sends a request.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<()> {
        let mut line = serde_json::to_vec(request).expect("a request is plain JSON");
        line.push(b'\n');
        let cell = request.key.to_string();
        let said = self.requests.as_mut().map_or(Ok(()), |pipe| pipe.write_all(&line));
        said.map_err(|e| Error::Lost { program: self.name.clone(), what: self.ended(&e), cell })
    }

    /// Reads an answer that is there.
    pub(crate) fn answer(&mut self, cell: &str) -> Result<Answer> {
        let program = self.name.clone();
        self.read(&|what| Error::Lost { program: program.clone(), what, cell: cell.into() })
    }

    fn read<T: DeserializeOwned>(&mut self, lost: &dyn Fn(String) -> Error) -> Result<T> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) => Err(lost(self.ended(&"it ended"))),
            Ok(_) => serde_json::from_str(&line)
                .map_err(|e| lost(format!("sent an answer that cannot be read ({e})"))),
            Err(e) => Err(lost(format!("could not be read: {e}"))),
        }
    }

    /// Returns what happened to a program that is gone.
    fn ended(&mut self, otherwise: &dyn std::fmt::Display) -> String {
        match self.child.wait(Duration::from_secs(1)) {
            Ok(Some(process::Exit::Code(CANNOT_RUN))) => "cannot be run".into(),
            // Exit code of a command line that is not understood.
            Ok(Some(process::Exit::Code(2))) => {
                "does not know `ipcmark slices`, or a setting".into()
            }
            Ok(Some(exit)) => exit.to_string(),
            _ => otherwise.to_string(),
        }
    }

    fn await_answer(&mut self, until: Instant, lost: &dyn Fn(String) -> Error) -> Result<()> {
        match ready(&[&*self], until, &mut Absence::default())? {
            Some(_) => Ok(()),
            None => Err(lost("did not answer".into())),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.requests = None;
        // It removes its names when its input ends. Other work is not waited for.
        let _ = self.child.wait(Duration::from_millis(200));
    }
}

/// Returns the first program whose answer is there; `None` at the deadline, or after a signal. The deadline moves by the time in which
/// this process did not run.
pub(crate) fn ready(
    of: &[&Program],
    until: Instant,
    absence: &mut Absence,
) -> Result<Option<usize>> {
    let mut fds: Vec<_> =
        of.iter().map(|c| PollFd::new(c.answers.get_ref(), PollFlags::IN)).collect();
    loop {
        absence.look();
        let left = (until + absence.total()).saturating_duration_since(Instant::now());
        let nap = left.min(LOOK);
        let timeout =
            Timespec { tv_sec: nap.as_secs() as i64, tv_nsec: i64::from(nap.subsec_nanos()) };
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) if left.is_zero() || process::is_interrupted() => return Ok(None),
            Ok(0) => {}
            Ok(_) => return Ok(fds.iter().position(|fd| !fd.revents().is_empty())),
            Err(Errno::INTR) if process::is_interrupted() => return Ok(None),
            Err(Errno::INTR) => {}
            Err(e) => return Err(System::os("poll", e).into()),
        }
    }
}
