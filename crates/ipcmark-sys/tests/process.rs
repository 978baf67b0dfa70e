//! What `ipcmark_sys` promises across a real `fork(2)`.
//!
//! The standard harness runs tests on threads of their own, and `fork` refuses there, rightly; so these run one after
//! the other on the main thread.

#![expect(unsafe_code, reason = "a seccomp filter is installed by prctl(2)")]

use ipcmark_sys::janitor::Janitor;
use ipcmark_sys::process::{Child, Exit, Interrupts, PANICKED, fork, is_interrupted, wait_any};
use ipcmark_sys::shared::{Lines, Parcel};
use ipcmark_sys::{affinity, futex};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open, waitpid,
};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// Long enough for a loaded machine; no test waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(20);
const SIGKILL: i32 = 9;

type Test = Result<(), Failed>;

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let trials = vec![
        Trial::test("a_child_ends_with_its_code", code),
        Trial::test("a_limit_of_file_sizes_is_an_error_and_no_death", file_size),
        Trial::test("a_panic_ends_the_child", panic),
        Trial::test("a_killed_child_is_reported_as_killed", killed),
        Trial::test("wait_gives_up_on_a_child_that_sleeps", timeout),
        Trial::test("wait_any_returns_with_the_first_that_ends", first),
        Trial::test("drop_kills_and_reaps", dropped),
        Trial::test("a_child_dies_with_its_parent", orphan),
        Trial::test("a_child_ignores_broken_pipes", broken_pipe),
        Trial::test("a_watcher_does_its_duty_when_it_is_dropped", watcher_dropped),
        Trial::test("a_watcher_does_its_duty_when_its_parent_is_killed", watcher_of_the_killed),
        Trial::test("a_stopped_watcher_is_not_waited_for", stopped_watcher),
        Trial::test("without_close_range_a_watcher_ends_all_the_same", no_close_range),
        Trial::test("two_watchers_do_not_wait_for_each_other", two_watchers),
        Trial::test("a_refused_call_is_named_with_what_allows_it", refused_calls),
        Trial::test("interrupts_set_a_flag_and_are_given_back", interrupts),
        Trial::test("an_ignored_interrupt_stays_ignored", ignored_interrupt),
        Trial::test("fork_refuses_beside_a_thread", threads),
        Trial::test("a_parcel_crosses_the_fork", parcel),
        Trial::test("a_parcel_of_a_dead_writer_is_empty", empty_parcel),
        Trial::test("lines_cross_the_fork", lines),
        Trial::test("a_futex_wakes_another_process", wakes),
        Trial::test("a_futex_wait_times_out", futex_timeout),
        Trial::test("a_pin_is_read_back", pin),
        Trial::ignorable_test("two_children_run_on_two_cpus", two_cpus),
    ];
    libtest_mimic::run(&args, trials).exit();
}

/// A side that never ends by itself.
fn sleep_for_ever() -> i32 {
    loop {
        std::thread::sleep(PATIENCE);
    }
}

fn ended(child: &mut Child) -> Result<Exit, Failed> {
    child.wait(PATIENCE)?.ok_or_else(|| "the child did not end".into())
}

// F9
fn file_size() -> Result<(), Failed> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let mut child = fork(|| {
        ipcmark_sys::process::survive_file_size_limit();
        let most = Rlimit { current: Some(100), maximum: Some(100) };
        let file = rustix::fs::memfd_create("limited", rustix::fs::MemfdFlags::CLOEXEC);
        let (Ok(()), Ok(file)) = (setrlimit(Resource::Fsize, most), file) else { return 2 };
        i32::from(rustix::fs::ftruncate(file, 4096) != Err(rustix::io::Errno::FBIG))
    })?;
    assert_eq!(child.wait(Duration::from_secs(10))?, Some(Exit::Code(0)));
    Ok(())
}

fn code() -> Test {
    for status in [0, 7, 255] {
        let mut child = fork(|| status)?;
        assert_eq!(ended(&mut child)?, Exit::Code(status));
        assert_eq!(child.exit(), Some(Exit::Code(status)), "asked again");
    }
    Ok(())
}

fn panic() -> Test {
    let mut child = fork(|| {
        // The message would only confuse a reader of the test's output.
        std::panic::set_hook(Box::new(|_| {}));
        panic!("on purpose")
    })?;
    assert_eq!(ended(&mut child)?, Exit::Code(PANICKED));
    Ok(())
}

fn killed() -> Test {
    let mut child = fork(sleep_for_ever)?;
    child.kill();
    let exit = ended(&mut child)?;
    assert_eq!(exit, Exit::Signal(SIGKILL));
    assert_eq!(exit.to_string(), "was killed by SIGKILL");
    child.kill();
    Ok(())
}

fn timeout() -> Test {
    let mut child = fork(sleep_for_ever)?;
    let begun = Instant::now();
    assert_eq!(child.wait(Duration::from_millis(50))?, None);
    assert!(begun.elapsed() >= Duration::from_millis(50), "it waited less than asked");
    assert_eq!(child.exit(), None);
    Ok(())
}

fn first() -> Test {
    let mut children = [fork(sleep_for_ever)?, fork(|| 3)?];
    let begun = Instant::now();
    while children.iter().all(|c| c.exit().is_none()) && begun.elapsed() < PATIENCE {
        wait_any(&mut children, PATIENCE)?;
    }
    let exits = children.each_ref().map(Child::exit);
    assert_eq!(exits, [None, Some(Exit::Code(3))]);
    Ok(())
}

fn dropped() -> Test {
    let child = fork(sleep_for_ever)?;
    let pid = child.pid();
    assert!(std::fs::exists(format!("/proc/{pid}"))?);
    drop(child);
    assert!(!std::fs::exists(format!("/proc/{pid}"))?, "the child still has an entry");
    assert_eq!(
        waitpid(None, WaitOptions::NOHANG).map(drop),
        Err(rustix::io::Errno::CHILD),
        "a child is left to wait for"
    );
    Ok(())
}

fn orphan() -> Test {
    let lines = Lines::new(1)?;
    let word = &lines.lines()[0].word;
    let mut parent = fork(|| {
        let Ok(grandchild) = fork(sleep_for_ever) else { return 1 };
        word.store(grandchild.pid() as u64, Release);
        sleep_for_ever()
    })?;
    let begun = Instant::now();
    while word.load(Acquire) == 0 && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = Pid::from_raw(word.load(Acquire) as i32).ok_or("there is no grandchild")?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
    assert_eq!(poll(&mut fds, Some(&Timespec::default()))?, 0, "the grandchild ended too soon");
    parent.kill();
    ended(&mut parent)?;
    let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
    assert_eq!(poll(&mut fds, Some(&patience))?, 1, "the grandchild outlived its parent");
    Ok(())
}

fn broken_pipe() -> Test {
    let (reader, writer) = rustix::pipe::pipe()?;
    drop(reader);
    let mut child = fork(|| match rustix::io::write(&writer, b"x") {
        Err(rustix::io::Errno::PIPE) => 0,
        _ => 1,
    })?;
    assert_eq!(ended(&mut child)?, Exit::Code(0));
    Ok(())
}

fn threads() -> Test {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || held.recv());
    let refusal = fork(|| 0).map(drop);
    drop(hold);
    let _ = thread.join();
    let refusal = refusal.expect_err("fork in a process of two threads").to_string();
    assert!(refusal.contains("2 threads"), "{refusal}");
    // A joined thread may stay in /proc for a moment.
    let begun = Instant::now();
    loop {
        match fork(|| 0) {
            Ok(mut child) => return ended(&mut child).map(drop),
            Err(e) if begun.elapsed() > PATIENCE => return Err(e.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn parcel() -> Test {
    let parcel = Parcel::new(100_000)?;
    let bytes: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    let mut child = fork(|| i32::from(parcel.put(&bytes).is_err()))?;
    assert_eq!(ended(&mut child)?, Exit::Code(0));
    assert!(parcel.get().as_deref() == Some(&bytes[..]), "the parcel holds other bytes");
    Ok(())
}

fn empty_parcel() -> Test {
    let parcel = Parcel::new(10)?;
    let mut child = fork(sleep_for_ever)?;
    child.kill();
    ended(&mut child)?;
    assert_eq!(parcel.get(), None);
    Ok(())
}

fn lines() -> Test {
    let lines = Lines::new(2)?;
    let mut children = [0, 1].map(|i| {
        let lines = &lines;
        fork(move || {
            for _ in 0..10_000 {
                lines.lines()[0].word.fetch_add(1, Relaxed);
                lines.lines()[1].word.fetch_add(i, Relaxed);
            }
            0
        })
    });
    for child in &mut children {
        let child = child.as_mut().map_err(|e| e.to_string())?;
        assert_eq!(ended(child)?, Exit::Code(0));
    }
    let sums: Vec<u64> = lines.lines().iter().map(|l| l.word.load(Relaxed)).collect();
    assert_eq!(sums, [20_000, 10_000]);
    Ok(())
}

/// The child sleeps on one word and answers on another; each wake-up crosses the process boundary.
fn wakes() -> Test {
    let lines = Lines::new(2)?;
    let [to_child, to_parent] = lines.lines() else { unreachable!("two lines were made") };
    let wait_for = |line: &ipcmark_sys::shared::Line, value: u32| -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let now = line.futex.load(Acquire);
            if now == value {
                return Ok(());
            }
            // Sleeps to the end of its patience unless it is woken.
            futex::wait(&line.futex, now, PATIENCE).map_err(|e| e.to_string())?;
            if begun.elapsed() >= PATIENCE {
                return Err(format!("the sleeper of round {value} was not woken"));
            }
        }
    };
    let tell = |line: &ipcmark_sys::shared::Line, value: u32| {
        line.futex.store(value, Release);
        futex::wake_all(&line.futex).map_err(|e| e.to_string())
    };
    let mut child = fork(|| {
        let rounds =
            (1..=100).try_for_each(|i| wait_for(to_child, i).and_then(|()| tell(to_parent, i)));
        i32::from(rounds.is_err())
    })?;
    for i in 1..=100 {
        tell(to_child, i)?;
        wait_for(to_parent, i)?;
    }
    assert_eq!(ended(&mut child)?, Exit::Code(0));
    Ok(())
}

fn futex_timeout() -> Test {
    let lines = Lines::new(1)?;
    let begun = Instant::now();
    futex::wait(&lines.lines()[0].futex, 0, Duration::from_millis(30))?;
    // A signal may end it early, but none is on its way here.
    assert!(begun.elapsed() >= Duration::from_millis(30));
    futex::wait(&lines.lines()[0].futex, 1, PATIENCE)?;
    assert!(begun.elapsed() < PATIENCE, "it slept although the word held another value");
    Ok(())
}

fn pin() -> Test {
    let allowed = affinity::allowed()?;
    let first = allowed[0];
    let mut child = fork(|| {
        let pinned = affinity::pin(first).is_ok()
            && affinity::allowed().is_ok_and(|now| now == [first])
            // The last that a mask has room for, and one beyond.
            && affinity::pin(1023).is_err()
            && affinity::pin(1024).is_err();
        i32::from(!pinned)
    })?;
    assert_eq!(ended(&mut child)?, Exit::Code(0));
    assert_eq!(affinity::allowed()?, allowed, "the child's pin reached its parent");
    Ok(())
}

fn two_cpus() -> Result<Completion, Failed> {
    let allowed = affinity::allowed()?;
    let &[a, b, ..] = &allowed[..] else {
        return Ok(Completion::ignored_with("this process is allowed one CPU only"));
    };
    let side = |cpu: u32| {
        move || {
            let stays = affinity::pin(cpu).is_ok()
                && (0..200).all(|_| {
                    std::thread::yield_now();
                    affinity::current() == cpu
                });
            i32::from(!stays)
        }
    };
    let mut children = [fork(side(a))?, fork(side(b))?];
    for child in &mut children {
        assert_eq!(ended(child)?, Exit::Code(0));
    }
    Ok(Completion::Completed)
}

/// A watcher whose duty marks a shared line.
fn marking(lines: &Lines, index: usize) -> Result<Janitor, Failed> {
    let line = &lines.lines()[index].word;
    Ok(Janitor::start(|| line.store(1, Release))?)
}

fn marked(lines: &Lines, index: usize) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if lines.lines()[index].word.load(Acquire) == 1 {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

fn watcher_dropped() -> Test {
    let lines = Lines::new(1)?;
    let watcher = marking(&lines, 0)?;
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(lines.lines()[0].word.load(Acquire), 0, "its parent lives");
    drop(watcher);
    assert_eq!(lines.lines()[0].word.load(Acquire), 1, "drop waits for the duty");
    Ok(())
}

fn watcher_of_the_killed() -> Test {
    let lines = Lines::new(2)?;
    let mut parent = fork(|| {
        let Ok(_watcher) = marking(&lines, 0) else { return 1 };
        lines.lines()[1].word.store(1, Release);
        sleep_for_ever()
    })?;
    assert!(marked(&lines, 1), "the parent started its watcher");
    parent.kill();
    assert_eq!(ended(&mut parent)?, Exit::Signal(SIGKILL));
    assert!(marked(&lines, 0), "the duty was done");
    Ok(())
}

/// reliability 2: the end of a run hung.
fn stopped_watcher() -> Test {
    let lines = Lines::new(1)?;
    let watcher = marking(&lines, 0)?;
    let children = std::fs::read_to_string("/proc/thread-self/children")?;
    let pid = children.split_whitespace().last().and_then(|pid| pid.parse().ok());
    let pid = Pid::from_raw(pid.ok_or("the watcher is a child")?).ok_or("a pid")?;
    kill_process(pid, Signal::STOP)?;
    drop(watcher);
    let gone = waitpid(Some(pid), WaitOptions::NOHANG).err();
    assert_eq!(gone, Some(rustix::io::Errno::CHILD), "it is gone");
    Ok(())
}

/// reliability 2: Linux before 5.9, and containers whose filter is older than the call.
fn no_close_range() -> Test {
    let lines = Lines::new(2)?;
    let mut child = fork(|| {
        if refuse(libc::SYS_close_range, libc::ENOSYS).is_err() {
            return 2;
        }
        let (Ok(first), Ok(second)) = (marking(&lines, 0), marking(&lines, 1)) else { return 1 };
        drop((first, second));
        // One that waits for itself is killed in the end, and then its duty is not done.
        i32::from(lines.lines().iter().any(|line| line.word.load(Acquire) != 1)) * 3
    })?;
    assert_eq!(ended(&mut child)?, Exit::Code(0));
    Ok(())
}

/// reliability 14: all rows failed without a word on the cause.
fn refused_calls() -> Test {
    type Attempt = fn() -> ipcmark_core::Result<()>;
    let calls: [(libc::c_long, &str, Attempt); 3] = [
        (libc::SYS_sched_setaffinity, "sched_setaffinity(2)", || {
            affinity::pin(affinity::allowed()?[0])
        }),
        (libc::SYS_pidfd_open, "pidfd_open(2)", || fork(|| 0).map(drop)),
        (libc::SYS_prctl, "prctl(2)", || fork(|| 0).map(drop)),
    ];
    for (call, name, attempt) in calls {
        let mut child = fork(|| {
            if refuse(call, libc::EPERM).is_err() {
                return 2;
            }
            let refusal = attempt().err().and_then(|e| e.refusal());
            let remedy = refusal.and_then(|refusal| refusal.remedy).unwrap_or_default();
            i32::from(!(remedy.contains(name) && remedy.contains("seccomp")))
        })?;
        assert_eq!(ended(&mut child)?, Exit::Code(0), "{name}");
    }
    Ok(())
}

/// Lets the kernel answer `call` with an error from now on.
fn refuse(call: libc::c_long, errno: i32) -> std::io::Result<()> {
    let statement = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut program = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, call as u32),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: program.as_mut_ptr() };
    // SAFETY: the call takes numbers alone.
    let denied = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the filter is whole and outlives the call.
    let set =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    if denied == 0 && set == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

fn two_watchers() -> Test {
    let lines = Lines::new(2)?;
    let (first, second) = (marking(&lines, 0)?, marking(&lines, 1)?);
    // The second inherited the first one's pipe: it must not keep it open.
    drop(first);
    assert_eq!(lines.lines()[0].word.load(Acquire), 1);
    drop(second);
    assert_eq!(lines.lines()[1].word.load(Acquire), 1);
    Ok(())
}

fn raise(signal: Signal) -> Result<(), Failed> {
    Ok(kill_process(getpid(), signal)?)
}

fn interrupts() -> Test {
    let mut child = fork(|| {
        let handled = || -> Result<bool, Failed> {
            let interrupts = Interrupts::handle()?;
            raise(Signal::TERM)?;
            let noted = is_interrupted();
            drop(interrupts);
            let again = Interrupts::handle()?;
            let forgotten = !is_interrupted();
            drop(again);
            Ok(noted && forgotten)
        };
        if handled().is_ok_and(|ok| ok) && raise(Signal::TERM).is_ok() {
            return 1;
        }
        2
    })?;
    assert_eq!(ended(&mut child)?, Exit::Signal(15), "given back, the signal ends the process");
    Ok(())
}

fn ignored_interrupt() -> Test {
    // A child of `fork` ignores SIGINT, as a program under nohup ignores SIGHUP.
    let mut child = fork(|| {
        let Ok(_interrupts) = Interrupts::handle() else { return 1 };
        if raise(Signal::INT).is_err() { 2 } else { i32::from(is_interrupted()) }
    })?;
    assert_eq!(ended(&mut child)?, Exit::Code(0));
    Ok(())
}
