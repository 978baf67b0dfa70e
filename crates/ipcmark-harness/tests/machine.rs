//! What is found out about the machine, in real processes: the clocks of two CPUs, and its noise.
//!
//! Nothing here asserts a time: spans, counts and shapes only.

mod spinning;
mod toy;

use ipcmark_core::{Extent, Placement, Plan, Workload};
use ipcmark_harness::certificate::{self, Offset};
use ipcmark_harness::placement::{self, Cpus};
use ipcmark_harness::session::{CellSpec, Options, Rounds, Session};
use ipcmark_harness::{Bench, Entry, Scratch, host};
use ipcmark_record::{Invocation, Mark, Record};
use ipcmark_sys::clock::{Clock, monotonic_ns};
use ipcmark_sys::presence::Presence;
use ipcmark_sys::process::{self, Child};
use ipcmark_sys::shared::Lines;
use ipcmark_sys::{affinity, noise, scheduling, usage};
use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;
use toy::{GOOD, Toy};

static GOOD_ONE: Entry = Entry::of::<Toy<GOOD>>();
/// It makes no call: one that does may sleep on a lock of the kernel, and its waiting is then its own.
static SPINNING: Entry = Entry::of::<spinning::Slots>();

type Test = Result<(), Failed>;

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let two = affinity::allowed().is_ok_and(|cpus| cpus.len() > 1);
    let trials = vec![
        Trial::test("two_processes_bound_their_clocks", bound).with_ignored_flag(!two),
        Trial::test("a_shifted_clock_is_found_out", shifted).with_ignored_flag(!two),
        Trial::test("the_systems_own_clock_is_bounded_too", monotonic).with_ignored_flag(!two),
        Trial::test("one_cpu_has_no_offset", one_cpu),
        Trial::test("a_cpu_that_is_not_allowed_is_an_error", no_cpu),
        Trial::test("a_competitor_is_heard", competitor_heard),
        Trial::test("an_invocation_beside_a_competitor_is_marked", competitor_marked)
            .with_ignored_flag(!two || usage::waited_ns().is_none()),
        Trial::test("sides_listen_where_their_cpu_is_free", listened).with_ignored_flag(!two),
        Trial::test("a_run_tells_of_its_machine", run).with_ignored_flag(!two),
    ];
    libtest_mimic::run(&args, trials).exit();
}

fn pair() -> (u32, u32) {
    let cpus = affinity::allowed().unwrap();
    (cpus[0], cpus[1])
}

fn bound() -> Test {
    let clock = Clock::calibrate();
    let step_ns = clock.step_ns();
    let Offset { span, exchanges } = certificate::offset(&clock, pair())?;
    assert!(span.low <= span.high && exchanges > 0, "{span:?} of {exchanges}");
    let bound = Offset { span, exchanges }.bound(&clock, step_ns, 3);
    assert_eq!((bound.at_ns, bound.exchanges), (3, exchanges));
    // Nothing is known finer than a step of the clock.
    assert!(bound.bound_ns >= step_ns && bound.bound_ns > 0.0, "{bound:?}");
    assert!(bound.offset_ns.is_finite() && bound.bound_ns.is_finite());
    Ok(())
}

/// A clock that is ahead by a known time is found to be, whichever of the two it is.
fn shifted() -> Test {
    let clock = Clock::calibrate();
    let (a, b) = pair();
    let ahead = clock.ticks(Duration::from_millis(5));
    // A reading is no finer than a step.
    let step = clock.ticks(Duration::from_secs_f64(clock.step_ns() / 1e9)) as i64 + 1;
    let straight = certificate::offset(&clock, (a, b))?;
    let second = certificate::between((a, || clock.now()), (b, || clock.now() + ahead))?;
    let first = certificate::between((a, || clock.now() + ahead), (b, || clock.now()))?;
    for (found, by) in [(second, ahead as i64), (first, -(ahead as i64))] {
        // Both measured the same two clocks, so that their spans meet when the shift is taken out.
        let (low, high) = (found.span.low - by - step, found.span.high - by + step);
        let back = certificate::Span { low, high };
        assert!(
            back.narrowed(straight.span).is_some(),
            "{found:?} less {by} ticks, and {straight:?}"
        );
    }
    Ok(())
}

/// If the counter is not reliable, ticks are the nanoseconds of `CLOCK_MONOTONIC`.
fn monotonic() -> Test {
    let (a, b) = pair();
    let found = certificate::between((a, monotonic_ns), (b, monotonic_ns))?;
    assert!(found.span.low <= found.span.high && found.exchanges > 0, "{found:?}");
    Ok(())
}

fn one_cpu() -> Test {
    let cpu = affinity::allowed()?[0];
    assert!(certificate::offset(&Clock::calibrate(), (cpu, cpu)).is_err());
    Ok(())
}

fn no_cpu() -> Test {
    let cpu = affinity::allowed()?[0];
    let error = certificate::offset(&Clock::calibrate(), (cpu, 1_000_000)).unwrap_err().to_string();
    assert!(error.contains("CPU 1000000 is beyond"), "{error}");
    Ok(())
}

/// A process that takes as much of a CPU as it can, until it is dropped. It has begun.
fn competitor(cpu: u32) -> Child {
    let begun = Lines::new(1).unwrap();
    let word = &begun.lines()[0].word;
    let spins = || match affinity::pin(cpu) {
        Ok(()) => loop {
            word.store(1, Release);
        },
        Err(_) => 1,
    };
    let mut child = process::fork(spins).unwrap();
    while word.load(Acquire) == 0 {
        assert_eq!(child.wait(Duration::from_millis(1)).unwrap(), None, "it cannot be pinned");
    }
    child
}

fn competitor_heard() -> Test {
    let allowed = affinity::allowed()?;
    let clock = Clock::calibrate();
    affinity::pin(allowed[0])?;
    let competitor = competitor(allowed[0]);
    let during = Duration::from_millis(200);
    let heard = noise::gaps(&clock, during, noise::GAP);
    drop(competitor);
    affinity::pin_to(&allowed)?;
    // It is owed half of the time.
    let share = heard.total_ns / during.as_nanos() as f64;
    assert!(heard.count > 0 && share > 0.2, "{heard:?}");
    Ok(())
}

fn cpus(placement: Placement) -> Cpus {
    placement::choose(placement, &host::cpus()).unwrap()
}

fn invoke(entry: &Entry, placement: Placement) -> Invocation {
    let scratch = Scratch::new().unwrap();
    let bench = Bench { clock: Clock::calibrate(), cpus: cpus(placement), neighbours: None };
    let plan = Plan {
        workload: Workload::PingPong,
        placement,
        extent: Extent::Time(Duration::from_millis(30)),
        warm_up: Duration::from_millis(2),
        deadline: Duration::from_secs(20),
        seed: 7,
        ..Plan::new(64, scratch.names())
    };
    let made = entry.invoke(&plan, &bench).invocation;
    assert!(made.is_ok(), "{:?}", made.outcome);
    made
}

/// The rule sees the machine: a side that never sleeps and has to share its CPU is marked.
fn competitor_marked() -> Test {
    const TRIES: usize = 6;
    let competitor = competitor(cpus(Placement::CrossCore).of(0).unwrap());
    let made: Vec<_> = (0..TRIES).map(|_| invoke(&SPINNING, Placement::CrossCore)).collect();
    drop(competitor);
    let noise: Vec<_> = made.iter().map(|i| i.noise).collect();
    let marked = made.iter().filter(|i| i.marks.contains(&Mark::Gaps)).count();
    assert!(marked > TRIES / 2, "{marked} of {TRIES}: {noise:?}");
    Ok(())
}

fn listened() -> Test {
    let noise = |placement| invoke(&GOOD_ONE, placement).noise.unwrap();
    let (two, one) = (noise(Placement::CrossCore), noise(Placement::SameCore));
    assert!(one.listened_ns > 0);
    assert_eq!(two.listened_ns, 2 * one.listened_ns, "both sides on two CPUs, one on one");
    // Processes that share a CPU wait for each other, and not for another process.
    assert_eq!(one.waited_ns, None);
    Ok(())
}

fn session_options(rounds: u32) -> Options {
    Options {
        seed: 3,
        rounds,
        measure: Duration::from_millis(5),
        warm_up: Duration::from_millis(2),
        ..Options::new()
    }
}

fn run() -> Test {
    let spec = CellSpec::new(&GOOD_ONE, Workload::PingPong, 64, Placement::CrossCore);
    let go = |mut session: Session| -> Result<Record, Failed> {
        session.run(&mut Rounds::new(session.record().settings.rounds), &mut ())?;
        Ok(session.into_record())
    };
    // Another run is counted; this run's own processes are none. F6, F7: what the run was given is in the record.
    let other = Presence::announce();
    let first = go(Session::new(vec![spec.clone()], session_options(2))?)?;
    assert!(first.noise.as_ref().unwrap().other_runs.unwrap() >= 1);
    drop(other);
    // A busy machine spoils trials; what is kept is the share of a speed.
    for sample in first.sharing.iter().flat_map(|pair| &pair.samples) {
        assert!(sample.kept > 0.0 && sample.distance.before_ns > 0.0, "{sample:?}");
    }
    let conditions = first.host.conditions.as_ref().unwrap();
    let own = scheduling::of_children()?;
    assert_eq!((conditions.policy.as_deref(), conditions.nice), (Some(own.policy), Some(own.nice)));
    let throttled = first.noise.as_ref().unwrap().throttled;
    assert_eq!(throttled.is_some(), conditions.cpu_quota.is_some());
    let used = cpus(Placement::CrossCore);
    let (a, b) = (used.of(0).unwrap(), used.of(1).unwrap());
    let bounds = |record: &Record| {
        let pairs = &record.clock.as_ref().unwrap().pairs;
        assert_eq!(pairs.len(), 1);
        assert_eq!((pairs[0].a, pairs[0].b), (a.min(b), a.max(b)));
        pairs[0].bounds.iter().map(|bound| bound.at_ns).collect::<Vec<_>>()
    };
    let listened = |record: &Record| {
        let noise = record.noise.as_ref().unwrap();
        let cpus: Vec<u32> = noise.listened.iter().map(|l| l.cpu).collect();
        assert_eq!(cpus, [a.min(b), a.max(b)]);
        (noise.listened[0].listened_ns, noise.elapsed_ns)
    };
    let before = bounds(&first);
    assert!(before.len() == 2 && before[0] < before[1], "at the start and at the end: {before:?}");
    let (two_rounds_ns, elapsed_ns) = listened(&first);
    assert!(first.noise.as_ref().unwrap().stolen_ns.is_some());
    assert!(elapsed_ns >= before[1], "counted to the end");
    // A resumed run continues to count.
    let second = go(Session::resume(first, vec![spec], session_options(3))?)?;
    let after = bounds(&second);
    assert_eq!((after.len(), &after[..2]), (4, &before[..]));
    let (more_rounds_ns, longer_ns) = listened(&second);
    assert!(more_rounds_ns > two_rounds_ns && longer_ns > elapsed_ns);
    Ok(())
}
