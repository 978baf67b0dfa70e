//! What becomes of System V objects when the processes that hold them are killed.
//!
//! These fork, so they run one after the other on the main thread.

use ipcmark_sys::process::fork;
use ipcmark_sys::scratch::Folder;
use ipcmark_sys::shared::Parcel;
use ipcmark_sys::sysv::{MessageQueue, Semaphore, listed};
use libtest_mimic::{Arguments, Failed, Trial};
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
        Trial::test("the_janitor_removes_what_a_killed_run_held", killed_run),
    ];
    libtest_mimic::run(&args, trials).exit();
}

/// One of each kind of object, and their names in `/proc/sysvipc`.
struct Made {
    _queue: MessageQueue,
    semaphore: Semaphore,
    names: [String; 2],
}

impl Made {
    fn new() -> Result<Made, Failed> {
        let (queue, semaphore) = (MessageQueue::create()?, Semaphore::new()?);
        let names = [format!("msg {}", queue.id()), format!("sem {}", semaphore.id())];
        Ok(Made { _queue: queue, semaphore, names })
    }
}

/// Returns how many of the two objects exist. Other programs' objects do not count.
fn living(names: &[String; 2]) -> usize {
    listed().iter().filter(|object| names.contains(object)).count()
}

/// Waits until both objects are gone.
fn gone(names: &[String; 2]) -> Test {
    let end = Instant::now() + PATIENCE;
    while living(names) > 0 {
        if Instant::now() > end {
            return Err(format!("still there: {} of {names:?}", living(names)).into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn sleep_for_ever() -> i32 {
    loop {
        std::thread::sleep(PATIENCE);
    }
}

fn inherited() -> Test {
    let made = Made::new()?;
    let names = made.names.clone();
    let mut made = Some(made);
    let mut child = fork(|| {
        let held = made.take();
        // Its parent lets go first: what was added is still there to be taken.
        std::thread::sleep(Duration::from_millis(50));
        held.map_or(1, |Made { semaphore, .. }| {
            i32::from(semaphore.add().is_err() || semaphore.try_take().is_err())
        })
    })?;
    drop(made);
    assert_eq!(
        child.wait(PATIENCE)?.map(|exit| exit.to_string()),
        Some("exited with status 0".into())
    );
    gone(&names)
}

fn survivor() -> Test {
    let made = Made::new()?;
    let names = made.names.clone();
    let mut child = fork(sleep_for_ever)?;
    child.kill();
    child.wait(PATIENCE)?;
    assert_eq!(living(&names), 2, "the survivor still holds them");
    drop(made);
    gone(&names)
}

fn killed_run() -> Test {
    let parcel = Parcel::new(64)?;
    let mut run = fork(|| {
        let (Ok(_folder), Ok(made)) = (Folder::new(), Made::new()) else { return 1 };
        let Ok(_side) = fork(sleep_for_ever) else { return 1 };
        if parcel.put(made.names.join(",").as_bytes()).is_err() {
            return 1;
        }
        sleep_for_ever()
    })?;
    let end = Instant::now() + PATIENCE;
    let names = loop {
        match parcel.get().map(String::from_utf8) {
            Some(Ok(names)) => break names,
            _ if Instant::now() > end => return Err("the run made nothing".into()),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let (queue, semaphore) = names.split_once(',').ok_or("two names")?;
    let names = [queue.to_owned(), semaphore.to_owned()];
    assert_eq!(living(&names), 2);
    run.kill();
    run.wait(PATIENCE)?;
    gone(&names)
}
