//! The laws as a test binary.

use crate::worker::{self, Pool};
use crate::{Case, Outcome, cases, notifier_cases, remote_cases};
use ipcmark_core::{Notifier, Remote, Transport, Visitor};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// A law to be tried, or a flaw that a law must catch.
pub struct Test {
    pub(crate) name: String,
    pub(crate) check: Box<dyn FnOnce() -> Result<Outcome, String>>,
}

impl Test {
    /// Makes one of a name and what it does.
    pub fn new(name: String, check: impl FnOnce() -> Result<Outcome, String> + 'static) -> Test {
        Test { name, check: Box::new(check) }
    }
}

impl std::fmt::Debug for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.name.fmt(f)
    }
}

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
    run(laws.0.into_iter().map(|case| Test::new(case.name.clone(), move || case.check())).collect())
}

/// Runs tests that fork, in `--test-threads` processes at the same time (default: two for each CPU, at most 8).
///
/// Most of a test's time is a wait, so a CPU has time for two. A process takes the next test when it is done with
/// one. Tests of related mechanisms (`tcp` and `tcp-nagle`) never run at the same time: they may share what the
/// kernel gives a user, signals that are queued for example.
pub fn run(tests: Vec<Test>) -> ExitCode {
    if let Some(number) = worker::number() {
        return worker::work(tests, number);
    }
    let mut args = Arguments::from_args();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let processes = args.test_threads.unwrap_or((2 * cpus).min(8)).max(1);
    // Threads that wait for a related test need no process.
    args.test_threads = Some(if processes == 1 { 1 } else { 2 * processes });
    let pool = Arc::new(Pool::new(processes));
    let names = tests.into_iter().map(|test| test.name).collect();
    let names = if processes == 1 { names } else { spread(names) };
    let mut locks: BTreeMap<String, Arc<Mutex<()>>> = BTreeMap::new();
    let trial = |name: String| {
        let alone = locks.entry(kin(&name).to_owned()).or_default().clone();
        let (pool, test) = (pool.clone(), name.clone());
        Trial::ignorable_test(name, move || {
            let _alone = alone.lock().unwrap_or_else(PoisonError::into_inner);
            match pool.check(&test) {
                Ok(Outcome::Held) => Ok(Completion::Completed),
                Ok(Outcome::NotTried(why)) => Ok(Completion::ignored_with(why)),
                Err(what) => Err(Failed::from(what)),
            }
        })
    };
    libtest_mimic::run(&args, names.into_iter().map(trial).collect()).exit_code()
}

/// Returns the word that the names of related mechanisms begin with.
fn kin(name: &str) -> &str {
    name.split(['-', '/', ':']).next().unwrap_or(name)
}

/// Spreads the tests of each kin over the whole time, so that none is left alone at the end.
fn spread(names: Vec<String>) -> Vec<String> {
    let mut sizes: BTreeMap<String, u32> = BTreeMap::new();
    names.iter().for_each(|name| *sizes.entry(kin(name).into()).or_default() += 1);
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    let mut placed: Vec<_> = names
        .into_iter()
        .map(|name| {
            let place = taken.entry(kin(&name).into()).or_default();
            *place += 1;
            ((f64::from(*place) - 0.5) / f64::from(sizes[kin(&name)]), name)
        })
        .collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    placed.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn related_tests_are_spread_and_keep_their_order() {
        let names = ["tcp/a::1", "tcp-b/a::2", "tcp/a::3", "mq/a::1"];
        let spread = spread(names.map(str::to_owned).to_vec());
        assert_eq!(spread, ["tcp/a::1", "tcp-b/a::2", "mq/a::1", "tcp/a::3"]);
    }
}
