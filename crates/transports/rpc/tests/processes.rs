//! The experiments, in real processes: how often calls are executed, what a bounded record forgets, a service that
//! moves.

use ipcmark_rpc::attempts::Patience;
use ipcmark_rpc::experiment::{Course, Executions, executions, forgetting, moving};
use ipcmark_rpc::seen::Bounds;
use ipcmark_rpc::socket::Socket;
use ipcmark_rpc::{AtLeastOnce, AtMostOnce, ExactlyOnce, Tcp, Unix};
use libtest_mimic::{Arguments, Failed, Trial};
use std::time::Duration;

const COURSE: Course = Course { calls: 600, seed: 5, ..Course::DEFAULT };

fn must(holds: bool, what: impl std::fmt::Debug) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(Failed::from(format!("{what:?}"))) }
}

/// Each in its own folder, which it must leave empty.
fn trial(
    name: String,
    run: impl FnOnce(&std::path::Path) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let dir = tempfile::tempdir()?;
        run(dir.path())?;
        must(std::fs::read_dir(dir.path())?.count() == 0, "names were left behind")
    })
}

fn semantics<S: Socket>(socket: &str) -> Vec<Trial> {
    let check = |name: &str,
                 of: fn(&std::path::Path, Course) -> ipcmark_core::Result<Executions>,
                 holds: fn(&Executions) -> bool| {
        trial(format!("{socket}::{name}"), move |dir| {
            let patience = Patience::DEFAULT;
            let lossless = of(dir, Course { dropped: 0.0, calls: 50, patience, ..COURSE })?;
            must(lossless.histogram == [0, 50, 0, 0] && lossless.unanswered == 0, lossless)?;
            let seen = of(dir, COURSE)?;
            must(seen.requests_dropped > 20 && seen.replies_dropped > 20, seen)?;
            must(seen.retransmissions > 20 && seen.histogram.iter().sum::<u64>() == 600, seen)?;
            must(holds(&seen), seen)
        })
    };
    vec![
        check("at-least-once-executes-some-twice", executions::<S, AtLeastOnce>, |seen| {
            seen.histogram[0] == 0 && seen.histogram[2] > 10 && seen.unanswered == 0
        }),
        check("at-most-once-executes-none-twice", executions::<S, AtMostOnce>, |seen| {
            seen.most == 1 && seen.histogram[0] <= seen.unanswered
        }),
        check("exactly-once-executes-each-once", executions::<S, ExactlyOnce>, |seen| {
            seen.histogram == [0, 600, 0, 0] && seen.unanswered == 0
        }),
    ]
}

fn main() {
    let mut args = Arguments::from_args();
    // They fork.
    args.test_threads = Some(1);
    let mut trials = semantics::<Unix>("unix");
    trials.extend(semantics::<Tcp>("tcp"));
    trials.push(trial("a-record-forgets-by-size".into(), |dir| {
        let bounds = Bounds { calls: 10, ..Bounds::DEFAULT };
        let within = forgetting(dir, bounds, 9, Duration::ZERO)?;
        must(
            within.repeated_at_first && !within.refused_at_last && within.executions == 1,
            within,
        )?;
        let beyond = forgetting(dir, bounds, 10, Duration::ZERO)?;
        must(beyond.repeated_at_first && beyond.refused_at_last && beyond.executions == 1, beyond)
    }));
    trials.push(trial("a-record-forgets-by-age".into(), |dir| {
        let bounds = Bounds { age: Duration::from_millis(1_500), ..Bounds::DEFAULT };
        let young = forgetting(dir, Bounds::DEFAULT, 1, Duration::from_millis(10))?;
        must(!young.refused_at_last && young.executions == 1, young)?;
        let old = forgetting(dir, bounds, 0, Duration::from_millis(1_600))?;
        must(old.refused_at_last && old.executions == 1, old)
    }));
    trials.push(trial("a-service-that-moves-is-found-again".into(), |dir| {
        let moved = moving(dir, 20)?;
        must(moved.from != moved.to && moved.answered == [20, 20], &moved)?;
        must(moved.questions[0] == 0 && moved.questions[1] >= 1, &moved)
    }));
    libtest_mimic::run(&args, trials).exit();
}
