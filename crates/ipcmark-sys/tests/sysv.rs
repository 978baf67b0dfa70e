//! What becomes of System V objects when the processes that hold them are killed.
//!
//! These fork, so they run one after the other on the main thread.

use ipcmark_sys::janitor::Janitor;
use ipcmark_sys::process::fork;
use ipcmark_sys::sysv::{MessageQueue, Semaphore};
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Long enough for a loaded machine; no test waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(20);

type Test = Result<(), Failed>;

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let trials = vec![
        Trial::test("who_made_an_object_need_not_keep_it", inherited),
        Trial::test("the_survivor_removes_what_a_killed_process_held", survivor),
        Trial::test("the_watcher_removes_what_a_killed_run_held", killed_run),
    ];
    libtest_mimic::run(&args, trials).exit();
}

/// The objects of this user, one a word. Other programs' come and go as well.
fn objects() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for kind in ["msg", "sem"] {
        let table = std::fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
        let ids = table.lines().skip(1).filter_map(|line| line.split_ascii_whitespace().nth(1));
        all.extend(ids.map(|id| format!("{kind}-{id}")));
    }
    all
}

/// Waits until those objects are gone.
fn gone(which: &BTreeSet<String>) -> Test {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if objects().is_disjoint(which) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(format!("still there: {:?}", objects().intersection(which)).into())
}

/// Makes one of each, and says which they are.
fn make() -> Result<((MessageQueue, Semaphore), BTreeSet<String>), Failed> {
    let before = objects();
    let made = (MessageQueue::create()?, Semaphore::new()?);
    let which: BTreeSet<_> = objects().difference(&before).cloned().collect();
    assert!(which.len() >= 2, "{which:?}");
    Ok((made, which))
}

fn sleep_for_ever() -> i32 {
    loop {
        std::thread::sleep(PATIENCE);
    }
}

fn inherited() -> Test {
    let (made, which) = make()?;
    let mut made = Some(made);
    let mut child = fork(|| {
        let held = made.take();
        // Its parent lets go first: what was added is still there to be taken.
        std::thread::sleep(Duration::from_millis(50));
        held.map_or(1, |(_, semaphore)| {
            i32::from(semaphore.add().is_err() || semaphore.try_take().is_err())
        })
    })?;
    drop(made);
    assert_eq!(
        child.wait(PATIENCE)?.map(|exit| exit.to_string()),
        Some("exited with status 0".into())
    );
    gone(&which)
}

fn survivor() -> Test {
    let (made, which) = make()?;
    let mut child = fork(sleep_for_ever)?;
    child.kill();
    child.wait(PATIENCE)?;
    assert!(!objects().is_disjoint(&which), "the survivor still holds them");
    drop(made);
    gone(&which)
}

fn killed_run() -> Test {
    let before = objects();
    let mut run = fork(|| {
        let (Ok(_watcher), Ok(_made)) = (Janitor::start(|| {}), make()) else { return 1 };
        let Ok(_side) = fork(sleep_for_ever) else { return 1 };
        sleep_for_ever()
    })?;
    let end = Instant::now() + PATIENCE;
    let mut which = BTreeSet::new();
    while which.len() < 2 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
        which = objects().difference(&before).cloned().collect();
    }
    assert!(which.len() >= 2, "the run made {which:?}");
    run.kill();
    run.wait(PATIENCE)?;
    gone(&which)
}
