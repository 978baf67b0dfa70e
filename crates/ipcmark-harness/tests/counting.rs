//! System calls, counted in real processes: exact numbers, and nothing left where counting was
//! broken off.

mod spinning;
mod toy;

use ipcmark_core::{Placement, Plan, Workload};
use ipcmark_harness::placement::Cpus;
use ipcmark_harness::session::{CellSpec, Options, Rounds, Session, rounds_of};
use ipcmark_harness::{Bench, Counted, Entry, Scratch};
use ipcmark_record::{Outcome, SystemCalls};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Exit, Interrupts};
use libtest_mimic::{Arguments, Failed, Trial};
use spinning::*;
use std::sync::atomic::Ordering;
use std::time::Duration;
use toy::signals::{Bell, Counter};
use toy::*;

type Test = Result<(), Failed>;
type Case = (&'static str, fn() -> Test);

static GOOD_ONE: Entry = Entry::of::<Toy<GOOD>>();
static HANGING: Entry = Entry::of::<Toy<HANGS>>();

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let tests: &[Case] = &[
        ("a_pipes_round_trip_is_two_calls_a_side", ping_pong),
        ("a_streamed_message_is_two_calls", stream),
        ("each_message_of_a_burst_counts_and_its_answer", burst),
        ("what_a_paced_sender_waits_with_is_not_counted", paced),
        ("what_spins_makes_no_call", spins),
        ("calls_of_all_threads_count", threads),
        ("notifications_and_calls_are_counted", others),
        ("a_side_that_fails_while_it_is_counted_says_so", fails),
        ("an_interrupted_count_leaves_nothing", interrupted),
        ("a_run_counts_each_cell_once", a_run),
        ("a_run_says_what_it_could_not_count", not_counted),
    ];
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&args, trials).exit();
}

fn count_with(entry: Entry, workload: Workload, warm_up: Duration) -> Counted {
    let scratch = Scratch::new().unwrap();
    let plan = Plan {
        workload,
        warm_up,
        deadline: Duration::from_secs(20),
        seed: 7,
        ..Plan::new(if !workload.has_payload() { 0 } else { SIZE }, scratch.names())
    };
    entry.count(&plan, &Bench { clock: Clock::calibrate(), cpus: Cpus::FREE, neighbours: None })
}

fn count(entry: Entry, workload: Workload) -> Result<SystemCalls, Failed> {
    match count_with(entry, workload, Duration::from_millis(2)) {
        Counted::Calls(calls, _) => Ok(calls),
        other => Err(format!("{workload}: {other:?}").into()),
    }
}

fn ping_pong() -> Test {
    for _ in 0..5 {
        let SystemCalls { messages, calls } = count(GOOD_ONE, Workload::PingPong)?;
        assert!(messages >= 16, "{messages}");
        assert_eq!(calls, 4 * messages, "a write and a read on each side, and nothing else");
    }
    Ok(())
}

fn stream() -> Test {
    let SystemCalls { messages, calls } = count(GOOD_ONE, Workload::Stream)?;
    assert_eq!(calls, 2 * messages, "a write there, a read here");
    Ok(())
}

fn burst() -> Test {
    let SystemCalls { messages, calls } = count(GOOD_ONE, Workload::Burst { depth: 4 })?;
    assert_eq!(4 * calls, 10 * messages, "four messages there and one back");
    Ok(())
}

fn paced() -> Test {
    let SystemCalls { messages, calls } = count(GOOD_ONE, Workload::PACED)?;
    assert_eq!(calls, 2 * messages, "its sleeps are the harness's own");
    Ok(())
}

fn spins() -> Test {
    let SystemCalls { messages, calls } = count(Entry::of::<Slots>(), Workload::PingPong)?;
    assert_eq!((calls, messages >= 16), (0, true));
    Ok(())
}

fn threads() -> Test {
    let SystemCalls { messages, calls } = count(Entry::of::<Threads>(), Workload::PingPong)?;
    // A thread is in its first read before the phase begins, and may be in the next one when it
    // ends.
    assert!(calls.abs_diff(4 * messages) <= 2, "{calls} calls, {messages} round trips");
    Ok(())
}

fn others() -> Test {
    let SystemCalls { messages, calls } =
        count(Entry::of_notifier::<Bell<1>>(), Workload::WAKE_UP)?;
    assert_eq!(calls, 4 * messages, "a notification");
    let SystemCalls { messages, calls } = count(Entry::of_remote::<Counter>(), Workload::PingPong)?;
    // The clerk serves on a thread that is started in the phase: its start and its end are calls,
    // too.
    let beyond = calls.checked_sub(4 * messages).ok_or("too few calls")?;
    assert!((1..50).contains(&beyond), "{beyond}");
    let overlap = count_with(GOOD_ONE, Workload::Overlap, Duration::ZERO);
    assert_eq!(overlap, Counted::Nothing, "looks are as many as there is time for");
    Ok(())
}

fn fails() -> Test {
    let cases = [
        (Entry::of::<Toy<DIES>>(), Workload::PingPong, "responder: was killed by SIGKILL"),
        (Entry::of::<Toy<PANICS>>(), Workload::PingPong, "responder: panicked: a toy fell over"),
        (Entry::of::<Toy<LOSES>>(), Workload::Stream, "1 lost"),
    ];
    for (entry, pattern, expected) in cases {
        // Without a warm-up the fault comes in the phase that is counted.
        match count_with(entry, pattern, Duration::ZERO) {
            Counted::Not(reason) => assert!(reason.contains(expected), "{reason}"),
            other => return Err(format!("{expected}: {other:?}").into()),
        }
    }
    Ok(())
}

fn has_children() -> bool {
    let me = rustix::process::getpid().as_raw_nonzero();
    let children = std::fs::read_to_string(format!("/proc/self/task/{me}/children"));
    children.is_ok_and(|children| !children.trim().is_empty())
}

fn interrupted() -> Test {
    let board = Board::get();
    board.clear();
    let mut child = process::fork(|| {
        let Ok(_interrupts) = Interrupts::handle() else { return 2 };
        let ended = count_with(HANGING, Workload::PingPong, Duration::ZERO);
        i32::from(ended != Counted::Interrupted || has_children())
    })?;
    while board.sent().load(Ordering::SeqCst) < 50 {
        assert_eq!(child.wait(Duration::from_millis(5))?, None, "it ended too early");
    }
    let pid = rustix::process::Pid::from_raw(child.pid()).ok_or("a number")?;
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
    assert_eq!(child.wait(Duration::from_secs(15))?, Some(Exit::Code(0)));
    Ok(())
}

fn session(cells: Vec<CellSpec>, count: bool, budget: Option<Duration>) -> Result<Session, Failed> {
    let options = Options {
        seed: 1,
        budget,
        rounds: 2,
        measure: Duration::from_millis(5),
        warm_up: Duration::from_millis(2),
        count,
        ..Options::new()
    };
    let mut session = Session::new(cells, options)?;
    session.run(&mut Rounds::new(2), &mut ())?;
    Ok(session)
}

fn spec(entry: &'static Entry, workload: Workload) -> CellSpec {
    CellSpec::new(entry, workload, SIZE, Placement::Free)
}

fn a_run() -> Test {
    let cells = || vec![spec(&GOOD_ONE, Workload::PingPong), spec(&GOOD_ONE, Workload::Stream)];
    let record = session(cells(), true, None)?.into_record();
    assert_eq!(record.outcome, Outcome::Complete);
    assert!(record.not_counted.iter().all(|line| !line.contains("system calls")));
    for (cell, each) in record.cells.iter().zip([4, 2]) {
        let SystemCalls { messages, calls } = cell.system_calls.ok_or("not counted")?;
        assert_eq!(calls, each * messages, "{}", cell.key);
        assert_eq!(rounds_of(cell), 2, "what was counted is no invocation of the cell's");
    }
    let record = session(cells(), false, None)?.into_record();
    assert!(record.cells.iter().all(|cell| cell.system_calls.is_none()));
    Ok(())
}

fn not_counted() -> Test {
    static SHY_ONE: Entry = Entry::of::<Toy<SHY>>();
    let shy = |pattern| spec(&SHY_ONE, pattern);
    let record =
        session(vec![spec(&GOOD_ONE, Workload::Stream), shy(Workload::PingPong)], true, None)?;
    let lines = system_call_lines(&record);
    let [line] = &lines[..] else { return Err(format!("{lines:?}").into()) };
    assert!(
        line.contains("system calls of other/block ping-pong") && line.contains("somebody watches"),
        "{line}"
    );
    // The reason is the machine's: after a few cells it is not tried again.
    let patterns =
        [Workload::PingPong, Workload::Stream, Workload::Burst { depth: 4 }, Workload::DUPLEX];
    let lines = system_call_lines(&session(patterns.map(shy).to_vec(), true, None)?);
    let [line] = &lines[..] else { return Err(format!("{lines:?}").into()) };
    assert!(line.starts_with("system calls: not available here: "), "{line}");
    Ok(())
}

/// Returns the remarks about system calls. The machine decides whether cycles can be counted.
fn system_call_lines(session: &Session) -> Vec<String> {
    let lines = session.record().not_counted.iter();
    lines.filter(|line| line.starts_with("system calls")).cloned().collect()
}
