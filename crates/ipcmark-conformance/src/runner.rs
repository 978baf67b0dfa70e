//! The laws as a test binary.

use crate::{Case, Outcome, cases, notifier_cases, prepare, remote_cases};
use ipcmark_core::{Notifier, Remote, Transport, Visitor};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::ExitCode;

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
/// fork, so they run one after the other on the main thread, whatever `--test-threads` says.
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

/// Runs trials that fork, one after the other.
#[expect(clippy::print_stderr, reason = "a test may say what it could not look at")]
pub fn run(trials: Vec<Trial>) -> ExitCode {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    if !args.list {
        match prepare() {
            Ok(blind) => blind.iter().for_each(|line| eprintln!("not looked at: {line}")),
            Err(e) => eprintln!("not looked at: orphans ({e})"),
        }
    }
    libtest_mimic::run(&args, trials).exit_code()
}
