//! Every transport of the catalog under every law.
//!
//! `cargo test -p ipcmark-conformance -- pipe/block` tries one; `-- ::order` tries one law on all. Laws fork, so they
//! run one after the other on the main thread, whatever `--test-threads` says.
#![allow(clippy::print_stderr, reason = "a test may say what it could not look at")]

use ipcmark_conformance::{Case, Outcome, cases, notifier_cases, prepare, remote_cases};
use ipcmark_core::{Notifier, Remote, Transport, Visitor};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Collects the cases of each transport it visits.
#[derive(Default)]
struct Collector(Vec<Case>);

impl Visitor for Collector {
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

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let mut collector = Collector::default();
    ipcmark_catalog::visit_all(&mut collector);
    if !args.list {
        match prepare() {
            Ok(blind) => blind.iter().for_each(|line| eprintln!("not looked at: {line}")),
            Err(e) => eprintln!("not looked at: orphans ({e})"),
        }
    }
    let trials = collector.0.into_iter().map(|case| {
        Trial::ignorable_test(case.name.clone(), move || match case.check() {
            Ok(Outcome::Held) => Ok(Completion::Completed),
            Ok(Outcome::NotTried(why)) => Ok(Completion::ignored_with(why)),
            Err(what) => Err(Failed::from(what)),
        })
    });
    libtest_mimic::run(&args, trials.collect()).exit();
}
