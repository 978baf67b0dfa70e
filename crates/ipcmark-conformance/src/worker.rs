//! Processes that run tests, one after the other, for a process of several threads.
//!
//! A law forks, which only a process of one thread may do; the test runner has several threads. So each test is
//! run by a process that does nothing else: the same program, which reads names from its standard input and writes
//! results to its standard output.

use crate::runner::Test;
use crate::{Outcome, prepare};
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};

/// Set in a worker: its number.
const WORKER: &str = "IPCMARK_LAWS_WORKER";

/// Returns the number of this worker; `None` if this process is none.
pub(crate) fn number() -> Option<usize> {
    std::env::var(WORKER).ok()?.parse().ok()
}

/// Runs the tests whose names come in, until no more come.
#[expect(clippy::print_stderr, reason = "a test may say what it could not look at")]
pub(crate) fn work(tests: Vec<Test>, number: usize) -> ExitCode {
    match prepare() {
        Ok(blind) if number == 0 => {
            blind.iter().for_each(|line| eprintln!("not looked at: {line}"));
        }
        Ok(_) => (),
        Err(e) => eprintln!("not looked at: orphans ({e})"),
    }
    let mut tests: BTreeMap<_, _> = tests.into_iter().map(|t| (t.name, t.check)).collect();
    for name in io::stdin().lines().map_while(Result::ok) {
        let result = match tests.remove(&name) {
            Some(check) => check(),
            None => Err(format!("there is no test {name}, or it ran before")),
        };
        let (word, text) = match result {
            Ok(Outcome::Held) => ("held", String::new()),
            Ok(Outcome::NotTried(why)) => ("not-tried", why),
            Err(what) => ("broken", what),
        };
        let mut out = io::stdout().lock();
        if write!(out, "{word} {}\n{text}", text.len()).and_then(|()| out.flush()).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Workers that are idle, started when they are first needed.
#[derive(Debug)]
pub(crate) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    idle: Vec<Worker>,
    /// Workers that may yet be started.
    room: usize,
    started: usize,
}

impl Pool {
    /// Makes one of at most `most` workers.
    pub(crate) fn new(most: usize) -> Pool {
        let state = State { idle: Vec::new(), room: most, started: 0 };
        Pool { state: Mutex::new(state), returned: Condvar::new() }
    }

    /// Runs a test in a worker, waiting for one that is idle.
    ///
    /// # Errors
    /// What the test found; or that its worker died.
    pub(crate) fn check(&self, test: &str) -> Result<Outcome, String> {
        let mut worker = self.take()?;
        let result = worker.check(test);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = match result {
            Ok(result) => {
                state.idle.push(worker);
                result
            }
            Err(e) => {
                state.room += 1;
                Err(format!("the process of the test: {e}; {}", worker.end()))
            }
        };
        self.returned.notify_one();
        result
    }

    fn take(&self) -> Result<Worker, String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(worker) = state.idle.pop() {
                return Ok(worker);
            }
            if state.room > 0 {
                let worker = Worker::start(state.started)
                    .map_err(|e| format!("a process for the test: {e}"))?;
                state.room -= 1;
                state.started += 1;
                return Ok(worker);
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A process that runs one test after the other. It ends when its standard input is closed.
#[derive(Debug)]
struct Worker {
    process: Child,
    results: BufReader<std::process::ChildStdout>,
}

impl Worker {
    fn start(number: usize) -> io::Result<Worker> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(WORKER, number.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let results = process.stdout.take().map(BufReader::new).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Worker { process, results })
    }

    /// Returns the test's result; an error if the process did not give one.
    fn check(&mut self, test: &str) -> io::Result<Result<Outcome, String>> {
        let names = self.process.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        names.write_all(format!("{test}\n").as_bytes())?;
        let mut line = String::new();
        self.results.read_line(&mut line)?;
        let (word, len) = line.trim_end().split_once(' ').ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut text = vec![0; len.parse().map_err(|_| io::ErrorKind::InvalidData)?];
        self.results.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        match word {
            "held" => Ok(Ok(Outcome::Held)),
            "not-tried" => Ok(Ok(Outcome::NotTried(text))),
            "broken" => Ok(Err(text)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Ends the process. Returns how it ended.
    fn end(mut self) -> String {
        drop(self.process.stdin.take());
        self.process.wait().map_or_else(|e| e.to_string(), |status| status.to_string())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.idle.drain(..).for_each(|worker| drop(worker.end()));
    }
}
