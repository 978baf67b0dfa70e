//! One invocation, and whole runs, in real processes: their results, and sides that fail.

mod toy;

use ipcmark_core::{Extent, Placement, Plan, Workload};
use ipcmark_harness::placement::{self, Cpus};
use ipcmark_harness::session::{CellSpec, Event, Options, Rounds, Session, Watch, rounds_of};
use ipcmark_harness::{Bench, Entry, Scratch, host};
use ipcmark_record::{
    CpuQuota, Invocation, InvocationOutcome, LimitKind, Mark, Outcome, Record, Refusal, State, Unit,
};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::{affinity, process};
use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Signal, getpid, kill_process};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use toy::*;

type Test = Result<(), Failed>;
type Case = (&'static str, fn() -> Test);

static GOOD_ONE: Entry = Entry::of::<Toy<GOOD>>();
static HANGING: Entry = Entry::of::<Toy<HANGS>>();
static LOSING: Entry = Entry::of::<Toy<LOSES>>();
static FULL: Entry = Entry::of::<Toy<NO_ROOM>>();
static RAINED_OUT: Entry = Entry::of::<Toy<UNAVAILABLE>>();

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let tests: &[Case] = &[
        ("ping_pong_brings_round_trips_home", ping_pong),
        ("a_stream_is_timed_to_the_last_checked_message", stream),
        ("exactly_as_many_messages_as_asked", exact),
        ("the_clock_starts_when_both_are_ready", late),
        ("a_sides_ending_is_not_in_its_peers_last_round_trip", ending),
        ("sides_run_where_they_were_put", placed),
        ("the_sides_are_two_processes", processes),
        ("a_narrow_mask_is_heeded", narrow_mask),
        ("a_side_that_dies_is_a_failed_row", dies),
        ("a_side_that_hangs_is_a_failed_row", hangs),
        ("a_program_that_was_stopped_sets_its_invocation_aside", stopped),
        ("a_panic_brings_its_words_home", panics),
        ("a_lost_message_fails_the_invocation", loses),
        ("a_damaged_message_fails_the_invocation", damages),
        ("all_wrong_bytes_are_noticed_if_all_are_compared", flips),
        ("a_fixture_that_cannot_be_made_is_a_failed_row", no_fixture),
        ("what_the_link_takes_is_timed_beside_the_phase", setup),
        ("nothing_is_left_behind", nothing_left),
        ("rounds_are_interleaved", rounds),
        ("failures_do_not_stop_the_run", run_goes_on),
        ("a_run_measures_the_limits_of_its_cells", limits),
        ("the_budget_is_kept", budget),
        ("a_run_is_resumed_where_it_stopped", resumed),
    ];
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&args, trials).exit();
}

fn plan(workload: Workload, extent: Extent, scratch: &Scratch) -> Plan {
    Plan {
        workload,
        extent,
        warm_up: Duration::from_millis(5),
        deadline: Duration::from_secs(3),
        seed: 7,
        ..Plan::new(64, scratch.names())
    }
}

fn invoke_on(entry: Entry, workload: Workload, extent: Extent, cpus: Cpus) -> Invocation {
    let scratch = Scratch::new().unwrap();
    let bench = Bench { clock: Clock::calibrate(), cpus, neighbours: None };
    entry.invoke(&plan(workload, extent, &scratch), &bench).invocation
}

fn invoke(entry: Entry, workload: Workload, extent: Extent) -> Invocation {
    invoke_on(entry, workload, extent, Cpus::FREE)
}

const SHORT: Extent = Extent::Time(Duration::from_millis(20));

fn failure(invocation: &Invocation) -> Result<(&str, &str), Failed> {
    match &invocation.outcome {
        InvocationOutcome::Failed { side, what } => Ok((side, what)),
        InvocationOutcome::Ok => Err("it ended well".into()),
    }
}

fn ping_pong() -> Test {
    let found = invoke(GOOD_ONE, Workload::PingPong, SHORT);
    assert_eq!(found.outcome, InvocationOutcome::Ok);
    assert_eq!(found.sides.len(), 2);
    let encoded = found.sides[0].histogram.as_ref().ok_or("no histogram")?;
    assert_eq!(encoded.unit, Unit::NsPerRoundTrip);
    let histogram = encoded.unpack()?;
    assert_eq!(histogram.len(), found.messages, "one value a round trip");
    // The sum of all round trips fits into the measured phase and fills most of it.
    let sum = histogram.mean() * histogram.len() as f64;
    let filled = sum / found.elapsed_ns as f64;
    assert!((0.5..1.01).contains(&filled), "{filled}");
    assert!(found.sides[1].histogram.is_none(), "a clock read there would be in the number");
    assert!(found.warm_up.messages > 0);
    Ok(())
}

fn stream() -> Test {
    // The reader needs 20 µs a message and the pipe holds 1024: a sender's rate would be far higher
    // at first, and what it has not delivered when it stops would be counted.
    let found = invoke(Entry::of::<Toy<SLOW_READER>>(), Workload::Stream, SHORT);
    assert_eq!(found.outcome, InvocationOutcome::Ok);
    let each = found.elapsed_ns as f64 / found.messages as f64;
    assert!(each >= 19_900.0, "{each} ns a message is faster than its reader");
    for side in &found.sides {
        let encoded = side.histogram.as_ref().ok_or("no histogram")?;
        assert_eq!(encoded.unit, Unit::PsPerMessageBlock);
    }
    Ok(())
}

fn exact() -> Test {
    for pattern in [Workload::PingPong, Workload::Stream] {
        for n in [1, 2, 1_000] {
            let found = invoke(GOOD_ONE, pattern, Extent::Messages(n));
            assert_eq!(found.outcome, InvocationOutcome::Ok);
            assert_eq!(found.messages, n, "{pattern}");
        }
    }
    Ok(())
}

fn late() -> Test {
    // One round trip, and a responder that is ready 30 ms late: were the clock started before, it
    // would show.
    let found = invoke(Entry::of::<Toy<LATE>>(), Workload::PingPong, Extent::Messages(1));
    assert_eq!(found.outcome, InvocationOutcome::Ok);
    assert!(found.elapsed_ns < 25_000_000, "{} ns", found.elapsed_ns);
    Ok(())
}

fn setup() -> Test {
    let found = invoke(Entry::of::<Toy<LATE>>(), Workload::PingPong, Extent::Messages(10));
    let setup = found.setup.ok_or("no setup")?;
    // The responder's half takes 30 ms: the slower side's stands, and it is in no other figure.
    assert!(setup.split_ns >= 30_000_000, "{setup:?}");
    assert!(setup.fixture_ns > 0 && setup.fixture_ns < setup.split_ns, "{setup:?}");
    assert!(setup.teardown_ns > 0 && setup.teardown_ns < setup.split_ns, "{setup:?}");
    // A page that both sides share, and the pipes none.
    assert!(setup.mapped_bytes >= 4096, "{setup:?}");
    Ok(())
}

fn ending() -> Test {
    // On one CPU the responder, after its last answer, would keep it while the initiator waits for
    // that answer.
    let cpus = host::cpus();
    let same = placement::choose(Placement::SameCore, &cpus).map_err(|refusal| refusal.reason)?;
    for _ in 0..20 {
        let found = invoke_on(GOOD_ONE, Workload::PingPong, Extent::Messages(100), same.clone());
        assert_eq!(found.outcome, InvocationOutcome::Ok);
    }
    Ok(())
}

fn placed() -> Test {
    let cpus = host::cpus();
    let same = placement::choose(Placement::SameCore, &cpus).map_err(|refusal| refusal.reason)?;
    let found = invoke_on(GOOD_ONE, Workload::PingPong, SHORT, same);
    let [a, b] = &found.sides[..] else { return Err("two sides".into()) };
    assert_eq!(a.placed, b.placed);
    assert!(found.distance.is_none(), "one CPU has no distance to itself");
    let Ok(apart) = placement::choose(Placement::CrossCore, &cpus) else { return Ok(()) };
    let found = invoke_on(GOOD_ONE, Workload::PingPong, SHORT, apart);
    let [a, b] = &found.sides[..] else { return Err("two sides".into()) };
    for side in [a, b] {
        assert_eq!(side.placed.allowed, [side.placed.cpu_before]);
        assert_eq!(side.placed.cpu_before, side.placed.cpu_after);
    }
    assert_ne!(a.placed.cpu_before, b.placed.cpu_before);
    let distance = found.distance.ok_or("no distance")?;
    assert!(distance.before_ns > 1.0 && distance.after_ns > 1.0, "{distance:?}");
    Ok(())
}

fn processes() -> Test {
    let found = invoke(GOOD_ONE, Workload::Stream, Extent::Messages(100));
    // The responder would have failed had it seen the initiator's counter move.
    assert_eq!(found.outcome, InvocationOutcome::Ok);
    assert_eq!(SENT.load(Ordering::Relaxed), 0, "the initiator's memory is the supervisor's");
    Ok(())
}

/// Peers take the machine's CPUs and not those of their mask: their two sides share a CPU while the
/// log says otherwise.
fn narrow_mask() -> Test {
    let cpu = host::cpus().last().ok_or("no CPU")?.id;
    let mut child = process::fork(|| {
        let check = || -> Test {
            affinity::pin(cpu)?;
            let across = CellSpec::new(&GOOD_ONE, Workload::PingPong, 64, Placement::CrossCore);
            let session = Session::new(vec![across], options(1, None))?;
            let [cell] = &session.record().cells[..] else { return Err("one cell".into()) };
            let State::Unavailable(Refusal { reason, .. }) = &cell.state else {
                return Err("ran".into());
            };
            assert!(reason.contains(&format!("CPU {cpu}")), "{reason}");
            Ok(())
        };
        i32::from(check().is_err())
    })?;
    assert_eq!(child.wait(Duration::from_secs(10))?, Some(process::Exit::Code(0)));
    Ok(())
}

fn dies() -> Test {
    let begun = Instant::now();
    let found = invoke(Entry::of::<Toy<DIES>>(), Workload::PingPong, SHORT);
    let (side, what) = failure(&found)?;
    assert_eq!(side, "responder", "its peer saw no more than a closed link");
    assert!(what.contains("SIGKILL"), "{what}");
    assert!(begun.elapsed() < Duration::from_secs(2), "it need not wait for the deadline");
    Ok(())
}

fn hangs() -> Test {
    let begun = Instant::now();
    let found = invoke(Entry::of::<Toy<HANGS>>(), Workload::PingPong, SHORT);
    let (_, what) = failure(&found)?;
    assert!(what.starts_with("hung: ") && what.contains("killed"), "{what}");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    Ok(())
}

/// reliability 13: one byte between the stamps is wrong in each message in flight.
fn flips() -> Test {
    let of = |check_all| {
        let scratch = Scratch::new().unwrap();
        let bench = Bench { clock: Clock::calibrate(), cpus: Cpus::FREE, neighbours: None };
        let plan = Plan { check_all, ..plan(Workload::Stream, Extent::Messages(5_000), &scratch) };
        Board::get().dropped().store(0, Ordering::SeqCst);
        let found = Entry::of::<Toy<FLIPS>>().invoke(&plan, &bench).invocation;
        (found.integrity.damaged, Board::get().dropped().load(Ordering::SeqCst))
    };
    let (noticed, flipped) = of(true);
    assert!(flipped >= 4_999 && noticed * 100 >= flipped * 95, "{noticed} of {flipped}");
    let (noticed, flipped) = of(false);
    assert!(noticed > 0 && noticed <= 2 + flipped / 1_000, "{noticed} of {flipped}, by default");
    Ok(())
}

/// reliability 12: the program is stopped for longer than its sides may take, while they measure.
fn stopped() -> Test {
    let supervisor = getpid();
    let mut stopper = process::fork(|| {
        std::thread::sleep(Duration::from_millis(300));
        let _ = kill_process(supervisor, Signal::STOP);
        std::thread::sleep(Duration::from_millis(3_500));
        i32::from(kill_process(supervisor, Signal::CONT).is_err())
    })?;
    let found = invoke(GOOD_ONE, Workload::PingPong, Extent::Time(Duration::from_secs(1)));
    assert_eq!(stopper.wait(Duration::from_secs(10))?, Some(process::Exit::Code(0)));
    assert!(found.is_ok() && found.marks.contains(&Mark::Gaps), "{:?}", found.marks);
    Ok(())
}

fn panics() -> Test {
    let found = invoke(Entry::of::<Toy<PANICS>>(), Workload::PingPong, SHORT);
    let (side, what) = failure(&found)?;
    assert!(side == "responder" && what.contains("a toy fell over"), "{side}: {what}");
    Ok(())
}

fn loses() -> Test {
    let found = invoke(LOSING, Workload::Stream, SHORT);
    let (_, what) = failure(&found)?;
    assert!(what.contains("1 lost"), "{what}");
    assert_eq!(found.integrity.lost, 1);
    Ok(())
}

fn damages() -> Test {
    let found = invoke(Entry::of::<Toy<DAMAGES>>(), Workload::Stream, Extent::Messages(5_000));
    // Byte 20 of 64 is body: seen by the byte-for-byte check of the first message of a thousand, or
    // not; the wrong byte stays in the private buffer, so that a later one sees it.
    let (_, what) = failure(&found)?;
    assert!(what.contains("damaged") && found.integrity.damaged > 0, "{what}");
    Ok(())
}

fn no_fixture() -> Test {
    let found = invoke(Entry::of::<Toy<NO_FIXTURE>>(), Workload::PingPong, SHORT);
    let (side, what) = failure(&found)?;
    assert!(side == "supervisor" && what.contains("the toy box is empty"), "{side}: {what}");
    Ok(())
}

/// Descriptors, children, shared mappings and scratch folders of this process.
fn belongings() -> (usize, usize, usize, usize) {
    let fds = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let children = std::fs::read_to_string("/proc/self/task/self/children")
        .or_else(|_| {
            let pid = std::process::id();
            std::fs::read_to_string(format!("/proc/self/task/{pid}/children"))
        })
        .map_or(0, |text| text.split_whitespace().count());
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let shared = maps.lines().filter(|line| line.contains("memfd:")).count();
    let prefix = format!("ipcmark-{}-", std::process::id());
    let folders = std::fs::read_dir(std::env::temp_dir())
        .unwrap()
        .flatten()
        .filter(|e| e.file_name().to_string_lossy().starts_with(&prefix))
        .count();
    (fds, children, shared, folders)
}

fn nothing_left() -> Test {
    let before = belongings();
    for entry in [GOOD_ONE, Entry::of::<Toy<DIES>>(), HANGING, Entry::of::<Toy<NO_FIXTURE>>()] {
        let _ = invoke(entry, Workload::PingPong, SHORT);
    }
    assert_eq!(before, belongings(), "descriptors, children, shared mappings, folders");
    Ok(())
}

fn options(rounds: u32, budget: Option<Duration>) -> Options {
    Options {
        seed: 3,
        budget,
        rounds,
        measure: Duration::from_millis(5),
        warm_up: Duration::from_millis(2),
        ..Options::new()
    }
}

fn spec(entry: &'static Entry, size: usize) -> CellSpec {
    CellSpec::new(entry, Workload::PingPong, size, Placement::Free)
}

#[derive(Default)]
struct Log {
    /// Round and size of each; what a noisy machine has made again is not among them.
    visits: Vec<(u32, u64)>,
    ended: Option<Outcome>,
}

impl Watch for Log {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Visiting { cell, round, .. } => {
                let visit = (round, cell.key.size_bytes);
                if !self.visits.contains(&visit) {
                    self.visits.push(visit);
                }
            }
            Event::Ended(outcome) => self.ended = Some(outcome),
            _ => {}
        }
    }
}

fn rounds() -> Test {
    let specs = (1..=5).map(|i| spec(&GOOD_ONE, i * 64)).collect();
    let mut session = Session::new(specs, options(4, None))?;
    let mut log = Log::default();
    session.run(&mut Rounds::new(session.record().settings.rounds), &mut log)?;
    assert_eq!(log.ended, Some(Outcome::Complete));
    assert_eq!(log.visits.len(), 20);
    for (round, visits) in log.visits.chunks(5).enumerate() {
        let mut sizes: Vec<_> = visits.iter().map(|v| v.1).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [64, 128, 192, 256, 320], "each cell once a round");
        assert!(visits.iter().all(|v| v.0 as usize == round));
    }
    let orders: std::collections::HashSet<_> =
        log.visits.chunks(5).map(|c| c.iter().map(|v| v.1).collect::<Vec<_>>()).collect();
    assert!(orders.len() > 1, "each round has an order of its own");
    Ok(())
}

fn run_goes_on() -> Test {
    let specs = vec![
        spec(&LOSING, 64),
        spec(&RAINED_OUT, 64),
        spec(&GOOD_ONE, 2 << 20),
        CellSpec::new(&LOSING, Workload::Stream, 128, Placement::Free),
        spec(&GOOD_ONE, 64),
        spec(&FULL, 64),
    ];
    let mut session = Session::new(specs, options(3, None))?;
    session.run(&mut Rounds::new(session.record().settings.rounds), &mut Log::default())?;
    let record = session.into_record();
    let [_, rained, long, failing, good, full] = &record.cells[..] else {
        return Err("6 cells".into());
    };
    assert!(
        matches!(&rained.state, State::Unavailable(Refusal { reason, remedy: Some(_) }) if reason == "it rains")
    );
    assert!(
        matches!(&long.state, State::Unavailable(Refusal { reason, .. }) if reason.contains("the toy box")),
        "{:?}",
        long.state
    );
    assert!(
        failing.invocations.len() >= 2 && rounds_of(failing) <= 2,
        "two failures in a row are enough"
    );
    assert!(failing.invocations.iter().all(|i| !i.is_ok()));
    assert!(good.invocations.iter().all(Invocation::is_ok));
    assert_eq!(rounds_of(good), 3);
    assert!(good.capacity.is_some());
    assert!(
        matches!(&full.state, State::Unavailable(Refusal { reason, remedy: Some(_) }) if reason.contains("full")),
        "what a fixture finds missing is no failure: {:?}",
        full.state
    );
    assert!(full.invocations.is_empty());
    Ok(())
}

fn limits() -> Test {
    let on = |placement, size| CellSpec::new(&GOOD_ONE, Workload::PingPong, size, placement);
    let specs = vec![on(Placement::SameCore, 64), on(Placement::SameCore, 1_024)];
    let mut session = Session::new(specs, options(2, None))?;
    session.run(&mut Rounds::new(2), &mut Log::default())?;
    let limits = &session.record().limits;
    assert!(limits.iter().all(|l| l.placement == Placement::SameCore && !l.samples.is_empty()));
    let copies = limits.iter().filter(|l| l.kind == LimitKind::Copy);
    let sizes: Vec<_> = copies.map(|l| l.size_bytes).collect();
    assert_eq!(sizes, [Some(64), Some(1_024)], "{:?}", session.record().not_counted);
    Ok(())
}

fn budget() -> Test {
    let budget = Duration::from_millis(600);
    let specs = (1..=10).map(|i| spec(&GOOD_ONE, i * 64)).collect();
    let wanted = Options { measure: Duration::from_millis(500), ..options(6, Some(budget)) };
    let mut session = Session::new(specs, wanted)?;
    let begun = Instant::now();
    session.run(&mut Rounds::new(session.record().settings.rounds), &mut Log::default())?;
    // Without a budget it takes 30 s.
    assert!(begun.elapsed() < 20 * budget, "{:?}", begun.elapsed());
    Ok(())
}

fn resumed() -> Test {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("record.json");
    let specs: Vec<_> = (1..=3).map(|i| spec(&GOOD_ONE, i * 64)).collect();
    let mut session = Session::new(specs.clone(), options(2, None))?;
    session.keep_at(&path)?;
    session.run(&mut Rounds::new(session.record().settings.rounds), &mut Log::default())?;
    let old = Record::read(&path)?;
    assert_eq!(old.outcome, Outcome::Complete);
    let mut session = Session::resume(old.clone(), specs.clone(), options(5, None))?;
    session.keep_at(&path)?;
    let mut log = Log::default();
    session.run(&mut Rounds::new(session.record().settings.rounds), &mut log)?;
    assert_eq!(log.visits.len(), 9, "three rounds of three are missing");
    let new = Record::read(&path)?;
    for (before, after) in old.cells.iter().zip(&new.cells) {
        let kept = &after.invocations[..before.invocations.len()];
        assert_eq!(kept, before.invocations, "what was there stays");
        assert_eq!(rounds_of(after), 5);
    }
    let mut foreign = new.clone();
    foreign.host.fingerprint = "another".into();
    let again = specs.clone();
    let mut failing = new.clone();
    for invocation in &mut failing.cells[0].invocations {
        invocation.outcome =
            InvocationOutcome::Failed { side: "initiator".into(), what: "no room".into() };
    }
    let session = Session::resume(failing, specs.clone(), options(5, None))?;
    let kept: Vec<_> = session.record().cells.iter().map(rounds_of).collect();
    assert_eq!(kept, [0, 5, 5], "a cell that only failed is tried again");
    drop(session);
    let mut limited = new.clone();
    let conditions = limited.host.conditions.as_mut().unwrap();
    assert_eq!(conditions.cpu_quota.is_some(), new.host.cpu_quota().is_some());
    // Other conditions stay in the record; another quota is another machine.
    conditions.nice = Some(conditions.nice.unwrap() - 1);
    let session = Session::resume(limited.clone(), specs.clone(), options(5, None))?;
    let resumed = session.record().resumed.clone();
    assert!(resumed.iter().any(|fact| fact.starts_with("scheduling: ")), "{resumed:?}");
    drop(session);
    let quota = CpuQuota { quota_us: 1_000_003, period_us: 1_000_000 };
    limited.host.conditions.as_mut().unwrap().cpu_quota = Some(quota);
    let refused = Session::resume(limited, specs.clone(), options(5, None)).map(drop);
    assert!(refused.is_err_and(|e| e.to_string().contains("CPU quota: ")));
    let refused = Session::resume(foreign, specs, options(5, None)).map(drop);
    assert!(refused.is_err_and(|e| e.to_string().contains("another machine")));
    let mut rebuilt = Record::read(&path)?;
    rebuilt.tool.commit = Some("another".into());
    let refused = Session::resume(rebuilt, again, options(5, None)).map(drop);
    assert!(refused.is_err_and(|e| e.to_string().contains("another build")));
    Ok(())
}
