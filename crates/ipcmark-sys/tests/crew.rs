//! A crew returns what each member found, and always ends.
//!
//! It forks, so it runs on the main thread.

use ipcmark_core::Error;
use ipcmark_sys::affinity;
use ipcmark_sys::crew::{Crew, Fault, Finished, GRACE, Outcome, Over, Work};
use ipcmark_sys::process::{Exit, Interrupts};
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Signal, getpid, kill_process};
use std::time::{Duration, Instant};

/// More than a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

type Test = Result<(), Failed>;
type Member = fn() -> Work;

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let trials = vec![
        Trial::test("results_return_in_order", results),
        Trial::test("a_panic_becomes_words", panic),
        Trial::test("a_dead_member_explains_the_others", dead),
        Trial::test("a_cause_comes_before_what_follows_it", ranked),
        Trial::test("survivors_get_the_grace_and_no_more", grace),
        Trial::test("a_hung_member_is_killed_at_the_deadline", hung),
        Trial::test("a_member_that_works_is_told_from_one_that_hangs", spent),
        Trial::test("a_last_moment_is_not_moved_by_members_that_wait_for_a_cpu", bounded),
        Trial::test("a_shortage_keeps_its_remedy", short),
        Trial::test("time_in_which_the_parent_was_stopped_does_not_count", stopped),
        Trial::test("a_victim_must_be_killed", victim),
        Trial::test("an_interrupt_ends_the_watch", interrupt),
        Trial::test("a_result_that_is_too_long_is_a_fault", too_long),
        Trial::test("words_that_are_too_long_are_cut", long_words),
        Trial::test("an_empty_crew_is_well", empty),
    ];
    libtest_mimic::run(&args, trials).exit();
}

fn crew(members: &[Member]) -> Result<Crew, Error> {
    let mut crew = Crew::new(members.len(), 64)?;
    members.iter().try_for_each(|member| crew.fork(member))?;
    Ok(crew)
}

fn finished(members: &[Member]) -> Result<Finished, Error> {
    crew(members)?.finish(Instant::now() + PATIENCE)
}

fn sleeps() -> Work {
    loop {
        std::thread::sleep(PATIENCE);
    }
}

fn dies() -> Work {
    kill_process(getpid(), Signal::KILL)?;
    sleeps()
}

fn fails() -> Work {
    Err("no room".into())
}

fn follows() -> Work {
    Err(Fault { what: "the peer is gone".into(), follows: true, refusal: None })
}

fn results() -> Test {
    let finished = finished(&[|| Ok(b"one".into()), || Ok(vec![]), || Ok(b"three".into())])?;
    assert_eq!(finished.over, Over::Well);
    assert_eq!(finished.results()?, [&b"one"[..], b"", b"three"]);
    Ok(())
}

fn panic() -> Test {
    let failure = finished(&[|| panic!("at {}", 7)])?.results().unwrap_err();
    assert_eq!((failure.member, failure.what.as_str()), (Some(0), "panicked: at 7"));
    Ok(())
}

fn dead() -> Test {
    let finished = finished(&[follows, fails, dies])?;
    assert_eq!(finished.outcomes[2], Outcome::Died(Exit::Signal(9)));
    let failure = finished.results().unwrap_err();
    assert_eq!(failure.member, Some(2));
    assert_eq!(failure.what, "was killed by SIGKILL before it could report");
    Ok(())
}

fn ranked() -> Test {
    let failure = finished(&[follows, fails])?.results().unwrap_err();
    assert_eq!((failure.member, failure.what.as_str()), (Some(1), "no room"));
    Ok(())
}

fn grace() -> Test {
    let begun = Instant::now();
    let finished = finished(&[sleeps, fails, || {
        std::thread::sleep(GRACE / 10);
        follows()
    }])?;
    assert!(begun.elapsed() >= GRACE && begun.elapsed() < PATIENCE);
    assert_eq!(finished.over, Over::Failed);
    assert_eq!(finished.outcomes[0], Outcome::Killed);
    assert!(matches!(&finished.outcomes[2], Outcome::Failed(fault) if fault.follows));
    Ok(())
}

fn hung() -> Test {
    let crew = crew(&[sleeps, || Ok(vec![])])?;
    let finished = crew.finish(Instant::now() + GRACE)?;
    assert_eq!((finished.over, finished.hung().collect::<Vec<_>>()), (Over::Late, vec![0]));
    assert_eq!(finished.results().unwrap_err().member, Some(0));
    Ok(())
}

/// F2: a budget does not wait for CPUs that others have.
fn bounded() -> Test {
    let cpu = affinity::allowed()?[0];
    // Four that share a CPU wait for three quarters of their time.
    let works = move || {
        affinity::pin(cpu)?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {}
        Ok(vec![])
    };
    let watched = |last: Option<Duration>| -> Result<Duration, Failed> {
        let mut crew = Crew::new(4, 64)?;
        (0..4).try_for_each(|_| crew.fork(works))?;
        let begun = Instant::now();
        let finished = crew.finish_by(begun + GRACE, last.map(|last| begun + last))?;
        assert_eq!(finished.over, Over::Late);
        Ok(begun.elapsed())
    };
    let (free, bounded) = (watched(None)?, watched(Some(GRACE))?);
    assert!(free > 2 * GRACE, "the deadline moved: {free:?}");
    assert!(bounded < free, "{bounded:?} of {free:?}");
    Ok(())
}

// F13
fn spent() -> Test {
    let crew = crew(&[sleeps, || {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {}
        Ok(vec![])
    }])?;
    let finished = crew.finish(Instant::now() + 2 * GRACE)?;
    assert_eq!(finished.over, Over::Late);
    let [Some(sleeper), Some(worker)] = finished.spent[..] else {
        return Err("both still ran".into());
    };
    assert!(10 * sleeper.cpu < worker.cpu, "{sleeper:?} {worker:?}");
    assert!(!sleeper.stopped && !worker.stopped);
    Ok(())
}

// F14
fn short() -> Test {
    let failure = finished(&[|| {
        let full = std::io::Error::from_raw_os_error(28);
        Err(Fault::of(&ipcmark_core::Error::os_hint("write", full, "make room")))
    }])?;
    let refusal = failure.results().unwrap_err().refusal.ok_or("no shortage")?;
    assert!(refusal.reason.starts_with("write: "), "{refusal}");
    assert_eq!(refusal.remedy.as_deref(), Some("make room"));
    Ok(())
}

fn stopped() -> Test {
    let parent = getpid();
    let mut stopper = ipcmark_sys::process::fork(|| {
        std::thread::sleep(GRACE);
        let _ = kill_process(parent, Signal::STOP);
        std::thread::sleep(6 * GRACE);
        i32::from(kill_process(parent, Signal::CONT).is_err())
    })?;
    // Longer than the deadline, and shorter than the deadline and the stop together.
    let crew = crew(&[|| {
        std::thread::sleep(6 * GRACE);
        Ok(vec![])
    }])?;
    let finished = crew.finish(Instant::now() + 3 * GRACE)?;
    assert_eq!(finished.over, Over::Well, "{finished:?}");
    assert!(finished.absent > 3 * GRACE, "{finished:?}");
    assert_eq!(stopper.wait(PATIENCE)?, Some(Exit::Code(0)));
    Ok(())
}

fn victim() -> Test {
    for (work, over) in [(dies as Member, Over::Well), (|| Ok(vec![]), Over::Failed)] {
        let mut crew = Crew::new(1, 64)?;
        crew.fork_victim(work)?;
        assert_eq!(crew.finish(Instant::now() + PATIENCE)?.over, over);
    }
    Ok(())
}

fn interrupt() -> Test {
    let _interrupts = Interrupts::handle()?;
    let crew = crew(&[sleeps])?;
    kill_process(getpid(), Signal::TERM)?;
    let finished = crew.finish(Instant::now() + PATIENCE)?;
    assert_eq!(finished.over, Over::Interrupted);
    assert_eq!(finished.results().unwrap_err().what, "interrupted");
    drop(_interrupts);
    // The flag stays set for the tests that follow; a new guard clears it.
    drop(Interrupts::handle()?);
    Ok(())
}

fn too_long() -> Test {
    let failure = finished(&[|| Ok(vec![0; 65])])?.results().unwrap_err();
    assert_eq!(failure.what, "a result of 65 bytes; there is room for 64");
    assert_eq!(finished(&[|| Ok(vec![0; 64])])?.results()?, [vec![0; 64]]);
    Ok(())
}

fn long_words() -> Test {
    let failure = finished(&[|| Err("word ".repeat(100).into())])?.results().unwrap_err();
    assert_eq!(failure.what.len(), 64);
    Ok(())
}

fn empty() -> Test {
    assert_eq!(Crew::new(0, 0)?.finish(Instant::now())?.over, Over::Well);
    Ok(())
}
