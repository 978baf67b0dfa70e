//! The laws as a test binary.

use crate::{Case, Outcome, cases, notifier_cases, prepare, remote_cases};
use ipcmark_core::{Notifier, Remote, Transport, Visitor};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, ExitCode, Stdio};

/// The cases of all rows that it visited.
#[derive(Debug, Default)]
pub struct Laws(Vec<Case>);

impl Visitor for Laws {
    fn visit<T: Transport>(&mut self) {
        self.0.extend(cases::<T>());
    }
    fn visit_notifier<N: Notifier>(&mut self) {
        self.0.extend(notifier_cases::<N>());
    }
    fn visit_remote<R: Remote>(&mut self) {
        self.0.extend(remote_cases::<R>());
    }
}

/// Tries the laws on the rows that `rows` visits; takes the flags of `cargo test` from the command
/// line.
///
/// This is the whole of a `tests/laws.rs`, whose `[[test]]` has `harness = false`:
///
/// ```no_run
/// # use ipcmark_core::Visitor;
/// # mod my_transport { pub fn visit_all(_: &mut impl ipcmark_core::Visitor) {} }
/// fn main() -> std::process::ExitCode {
///     ipcmark_conformance::main(my_transport::visit_all)
/// }
/// ```
///
/// Filters pick by transport or by law: `cargo test -- pipe/block`, `cargo test -- ::order`. Laws
/// fork, so each of `--test-threads` is a process.
pub fn main(rows: impl FnOnce(&mut Laws)) -> ExitCode {
    let mut laws = Laws::default();
    rows(&mut laws);
    let trials = laws.0.into_iter().map(|case| trial(case.name.clone(), move || case.check()));
    run(trials.collect())
}

/// Makes a trial of a law, or of a test that a law fails.
pub fn trial(
    name: String,
    check: impl FnOnce() -> Result<Outcome, String> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match check() {
        Ok(Outcome::Held) => Ok(Completion::Completed),
        Ok(Outcome::NotTried(why)) => Ok(Completion::ignored_with(why)),
        Err(what) => Err(Failed::from(what)),
    })
}

/// Share of the trials that a process runs: `1/3` is the second of three.
const SHARE: &str = "IPCMARK_LAWS_SHARE";

/// Runs trials that fork: one after the other in each of `--test-threads` processes (default: one for each CPU, at most 4).
///
/// Most of a trial's time is a wait, so two processes need half the time of one.
#[expect(clippy::print_stderr, reason = "a test may say what it could not look at")]
pub fn run(trials: Vec<Trial>) -> ExitCode {
    let mut args = Arguments::from_args();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let shares = args.test_threads.replace(1).unwrap_or(cpus).max(1);
    let share = std::env::var(SHARE).ok();
    let share = share.as_deref().and_then(|share| share.split_once('/'));
    let trials = match share.and_then(|(k, of)| Some((k.parse().ok()?, of.parse().ok()?))) {
        Some((k, of)) => share_of(trials, k, of),
        None if args.list || shares == 1 => trials,
        None => return in_processes(shares),
    };
    if !args.list {
        match prepare() {
            Ok(blind) => blind.iter().for_each(|line| eprintln!("not looked at: {line}")),
            Err(e) => eprintln!("not looked at: orphans ({e})"),
        }
    }
    libtest_mimic::run(&args, trials).exit_code()
}

/// Returns the trials of share `k`. Those of related mechanisms (`tcp` and `tcp-nagle`) stay together: they may share what the
/// kernel gives a user, signals that are queued for example.
fn share_of(trials: Vec<Trial>, k: usize, of: usize) -> Vec<Trial> {
    let kin = |trial: &Trial| trial.name().split(['-', '/', ':']).next().map(str::to_owned);
    let mut sizes = BTreeMap::new();
    trials.iter().for_each(|trial| *sizes.entry(kin(trial)).or_insert(0) += 1);
    let mut by_size: Vec<_> = sizes.into_iter().collect();
    by_size.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let mut load = vec![0; of];
    let mut mine = BTreeSet::new();
    for (kin, size) in by_size {
        let lightest = (0..of).min_by_key(|at| load[*at]).unwrap_or(0);
        load[lightest] += size;
        if lightest == k {
            mine.insert(kin);
        }
    }
    trials.into_iter().filter(|trial| mine.contains(&kin(trial))).collect()
}

/// Runs this program once for each share, all at the same time, and prints their lines whole.
fn in_processes(shares: usize) -> ExitCode {
    let run = |k: usize| {
        let program = std::env::current_exe().map_err(|e| format!("current_exe: {e}"))?;
        let mut command = Command::new(program);
        command.args(std::env::args_os().skip(1)).env(SHARE, format!("{k}/{shares}"));
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        let lines = BufReader::new(child.stdout.take().expect("its output is read here")).lines();
        for line in lines.map_while(Result::ok) {
            let _ = writeln!(std::io::stdout(), "{line}");
        }
        child.wait().map(|status| status.success()).map_err(|e| e.to_string())
    };
    let passed = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..shares).map(|k| scope.spawn(move || run(k))).collect();
        // All of them are waited for, also after one has failed.
        shares.into_iter().map(|share| share.join()).collect::<Vec<_>>()
    });
    let passed = passed.iter().all(|share| matches!(share, Ok(Ok::<bool, String>(true))));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
