//! Each workload in real processes: its counts and values, and its losses, stalls and hangs.

mod toy;

use ipcmark_core::{Arrivals, Extent, Placement, Plan, Workload};
use ipcmark_harness::placement::Cpus;
use ipcmark_harness::session::{CellSpec, Options, Rounds, Session};
use ipcmark_harness::{Bench, Entry, Report, Scratch};
use ipcmark_record::{Histogram, Invocation, InvocationOutcome, Outcome, State, Unit};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Exit};
use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::atomic::Ordering;
use std::time::Duration;
use toy::signals::{Bell, Counter};
use toy::*;

type Test = Result<(), Failed>;
type Case = (&'static str, fn() -> Test);

static GOOD_ONE: Entry = Entry::of::<Toy<GOOD>>();
static DROPPING: Entry = Entry::of::<Toy<DROPS>>();
static LOOKER: Entry = Entry::of::<Toy<SLOW_LOOKER>>();
static BELL: Entry = Entry::of_notifier::<Bell<1>>();
static COUNTER: Entry = Entry::of_remote::<Counter>();

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    Board::get();
    let tests: &[Case] = &[
        ("exactly_as_many_as_asked", exact),
        ("a_wake_up_is_a_round_trip_without_payload", wake_up),
        ("a_gap_before_each_notification_is_kept_and_not_timed", gap),
        ("a_notification_too_many_fails_the_invocation", rings_twice),
        ("calls_are_round_trips_of_stamped_arguments", calls),
        ("what_a_lossy_stream_drops_is_counted_and_no_failure", lossy_stream),
        ("a_loss_longer_than_short_numbers_tell_is_counted", lossy_short),
        ("what_is_lost_at_a_set_rate_is_counted", lossy_paced),
        ("a_lost_ping_pong_message_is_a_failed_row_that_says_so", lossy_ping_pong),
        ("a_set_rate_is_kept", rate),
        ("round_trips_at_a_set_rate_keep_it", paced_trips),
        ("round_trips_count_from_when_they_were_due", paced_trips_queue),
        ("random_arrivals_are_known_to_both_sides", poisson),
        ("a_stall_shows_in_every_message_due_meanwhile", stall_there),
        ("a_stalled_sender_shows_in_its_lag", stall_here),
        ("an_open_loop_sees_freezes_that_a_closed_one_does_not", freezes),
        ("a_rate_without_a_message_is_refused", too_slow),
        ("a_rate_that_cannot_be_reached_ends_by_time", out_of_reach),
        ("a_burst_has_one_answer", burst),
        ("duplex_counts_both_ways_and_never_fills_a_link", duplex),
        ("duplex_is_refused_where_two_do_not_fit", narrow),
        ("other_work_fits_into_a_round_trip", overlap),
        ("cells_that_make_no_sense_say_why", senseless),
        ("a_signal_ends_a_run_and_leaves_nothing", interrupted),
    ];
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&args, trials).exit();
}

fn report(entry: Entry, workload: Workload, extent: Extent) -> Report {
    let size = if !workload.has_payload() { 0 } else { 64 };
    report_of(entry, (workload, size), extent)
}

fn report_of(entry: Entry, (workload, size): (Workload, usize), extent: Extent) -> Report {
    let scratch = Scratch::new().unwrap();
    let bench = Bench { clock: Clock::calibrate(), cpus: Cpus::FREE, neighbours: None };
    let plan = Plan {
        workload,
        extent,
        warm_up: Duration::from_millis(5),
        deadline: Duration::from_secs(3),
        seed: 7,
        ..Plan::new(size, scratch.names())
    };
    Board::get().clear();
    entry.invoke(&plan, &bench)
}

fn invoke(entry: Entry, workload: Workload, extent: Extent) -> Invocation {
    report(entry, workload, extent).invocation
}

fn well(entry: Entry, workload: Workload, extent: Extent) -> Result<Invocation, Failed> {
    let found = invoke(entry, workload, extent);
    match &found.outcome {
        InvocationOutcome::Ok => Ok(found),
        InvocationOutcome::Failed { side, what } => {
            Err(format!("{workload}: {side}: {what}").into())
        }
    }
}

fn values(found: &Invocation, side: usize, unit: Unit) -> Result<Histogram, Failed> {
    let encoded = found.sides[side].histogram.as_ref().ok_or("no histogram")?;
    assert_eq!(encoded.unit, unit);
    Ok(encoded.unpack()?)
}

const SHORT: Extent = Extent::Time(Duration::from_millis(20));

fn exact() -> Test {
    let all = [
        (GOOD_ONE, Workload::PACED),
        (GOOD_ONE, Workload::PACED_PING_PONG),
        (LOOKER, Workload::PACED_PING_PONG),
        (GOOD_ONE, Workload::Overlap),
        (BELL, Workload::WAKE_UP),
        (BELL, Workload::WakeUp { gap_us: 100 }),
        (COUNTER, Workload::PingPong),
    ];
    for (entry, pattern) in all {
        for n in [1, 2, 100] {
            assert_eq!(well(entry, pattern, Extent::Messages(n))?.messages, n, "{pattern}");
        }
    }
    // Whole bursts, and as many one way as the other.
    for (n, bursts, both) in
        [(1, 4, 2), (4, 4, 4), (5, 8, 6), (100, 100, 100), (1_001, 1_004, 1_002)]
    {
        assert_eq!(
            well(GOOD_ONE, Workload::Burst { depth: 4 }, Extent::Messages(n))?.messages,
            bursts
        );
        assert_eq!(
            well(GOOD_ONE, Workload::Duplex { depth: 4 }, Extent::Messages(n))?.messages,
            both
        );
    }
    Ok(())
}

fn wake_up() -> Test {
    let found = well(BELL, Workload::WAKE_UP, SHORT)?;
    let trips = values(&found, 0, Unit::NsPerRoundTrip)?;
    assert_eq!(trips.len(), found.messages);
    assert!(found.sides[1].histogram.is_none() && found.warm_up.messages > 0);
    Ok(())
}

fn gap() -> Test {
    let gap = Duration::from_millis(2);
    let with_gap = Workload::WakeUp { gap_us: gap.as_micros() as u32 };
    let found = well(BELL, with_gap, Extent::Messages(10))?;
    assert_eq!(found.messages, 10);
    assert!(found.elapsed_ns >= 10 * gap.as_nanos() as u64, "{} ns", found.elapsed_ns);
    let trips = values(&found, 0, Unit::NsPerRoundTrip)?;
    // The gaps are in the phase and in no value; a busy machine adds to values, never to their number.
    assert!(trips.min() < gap.as_nanos() as u64, "{} ns", trips.min());
    let pacing = found.sides[0].usage.pacing.ok_or("no cost of the gaps")?;
    assert!(pacing.sleeps >= 10 || pacing.spinning_ns > 0, "{pacing:?}");
    assert!(found.sides[1].usage.pacing.is_none());
    let without = well(BELL, Workload::WAKE_UP, Extent::Messages(10))?;
    assert!(without.sides[0].usage.pacing.is_none());
    Ok(())
}

fn rings_twice() -> Test {
    let found = invoke(Entry::of_notifier::<Bell<2>>(), Workload::WAKE_UP, Extent::Messages(10));
    assert!(!found.is_ok());
    assert!(found.integrity.repeated >= 20, "one too many at each end: {:?}", found.integrity);
    Ok(())
}

fn calls() -> Test {
    let found = well(COUNTER, Workload::PingPong, SHORT)?;
    let calls = values(&found, 0, Unit::NsPerRoundTrip)?;
    assert_eq!(calls.len(), found.messages);
    let usage = found.sides[1].usage;
    assert!(usage.user_ns + usage.system_ns > 0, "the procedure's thread is the responder's cost");
    Ok(())
}

fn lossy_stream() -> Test {
    for extent in [SHORT, Extent::Messages(5), Extent::Messages(1_000)] {
        let found = well(DROPPING, Workload::Stream, extent)?;
        let dropped = Board::get().dropped().load(Ordering::SeqCst);
        let lost = found.integrity.lost;
        assert!(dropped > 0 && lost == dropped, "{lost} lost, {dropped} dropped");
        assert_eq!((found.integrity.repeated, found.integrity.reordered), (0, 0));
        if let Extent::Messages(n) = extent {
            assert!(found.messages <= n && found.messages >= n * 8 / 10, "{}", found.messages);
        }
    }
    Ok(())
}

fn lossy_short() -> Test {
    for size in [1, 4, 7] {
        for n in [129, 169, 1_000, 5_000] {
            let pattern = (Workload::Stream, size);
            let found = report_of(DROPPING, pattern, Extent::Messages(n)).invocation;
            let dropped = Board::get().dropped().load(Ordering::SeqCst);
            assert_eq!(found.outcome, InvocationOutcome::Ok, "{size} bytes, {n}");
            assert_eq!(found.integrity.lost, dropped, "{size} bytes, {n}");
        }
    }
    Ok(())
}

fn lossy_paced() -> Test {
    let found = well(DROPPING, Workload::PACED, Extent::Messages(100))?;
    let dropped = Board::get().dropped().load(Ordering::SeqCst);
    assert!(dropped >= 10 && found.integrity.lost == dropped, "{:?}", found.integrity);
    assert_eq!(found.messages, 90, "ten of a hundred numbers end in 3");
    let times = values(&found, 1, Unit::NsOneWay)?;
    assert_eq!(times.len(), 90, "what ends the phase is no message");
    // A message taken for the next but one would seem to have come before it was due.
    assert!(times.min() > 0);
    Ok(())
}

fn lossy_ping_pong() -> Test {
    let found = invoke(DROPPING, Workload::PingPong, SHORT);
    let InvocationOutcome::Failed { what, .. } = &found.outcome else { return Err("ok".into()) };
    assert!(what.contains("hung") && what.contains("may lose"), "{what}");
    Ok(())
}

fn at(rate: u32) -> Workload {
    Workload::PACED.with_value(rate)
}

fn rate() -> Test {
    let time = Duration::from_millis(100);
    let found = report(GOOD_ONE, at(2_000), Extent::Time(time)).invocation;
    assert_eq!((found.is_ok(), found.messages), (true, 200));
    // Each of 200 messages has 1 / 2,000 s, the last one, too; less the clock's rounding.
    assert!(found.by_schedule && found.elapsed_ns >= 99_999_000, "{}", found.elapsed_ns);
    assert_eq!(values(&found, 0, Unit::NsLag)?.len(), 200);
    assert_eq!(values(&found, 1, Unit::NsOneWay)?.len(), 200);
    Ok(())
}

fn trips_at(rate: u32) -> Workload {
    Workload::PACED_PING_PONG.with_value(rate)
}

fn lags(found: &Invocation) -> Result<Histogram, Failed> {
    let encoded = found.sides[0].lag.as_ref().ok_or("no lag")?;
    assert_eq!(encoded.unit, Unit::NsLag);
    Ok(encoded.unpack()?)
}

fn paced_trips() -> Test {
    let time = Extent::Time(Duration::from_millis(100));
    for entry in [GOOD_ONE, LOOKER, COUNTER] {
        let found = report(entry, trips_at(2_000), time).invocation;
        assert_eq!((found.is_ok(), found.messages), (true, 200), "{:?}", found.outcome);
        assert!(found.by_schedule && found.elapsed_ns >= 99_999_000, "{}", found.elapsed_ns);
        assert_eq!(values(&found, 0, Unit::NsPerRoundTrip)?.len(), 200);
        assert_eq!(lags(&found)?.len(), 200);
        assert!(found.sides[1].histogram.is_none() && found.sides[1].lag.is_none());
        // What it did between two messages is the harness's.
        let usage = found.sides[0].usage;
        let pacing = usage.pacing.ok_or("no pacing")?;
        assert!(pacing.sleeps > 0, "{pacing:?}");
        assert!(usage.of_mechanism().user_ns < usage.user_ns + usage.system_ns, "{usage:?}");
    }
    Ok(())
}

/// A responder that takes 20 µs a message gets one each 10 µs. A sender that sleeps sends the next
/// message when the answer is there, one that looks sends it on time; the round trips of both are as
/// late as the queue is long.
fn paced_trips_queue() -> Test {
    let time = Extent::Time(Duration::from_millis(100));
    for entry in [Entry::of::<Toy<SLOW_READER>>(), LOOKER] {
        let found = report(entry, trips_at(100_000), time).invocation;
        assert!(found.is_ok(), "{:?}", found.outcome);
        assert!(found.messages < 9_000, "{}", found.messages);
        let trips = values(&found, 0, Unit::NsPerRoundTrip)?;
        // At the end of 125 ms half of the messages wait.
        assert!(trips.max() > 30_000_000, "{}", trips.max());
        // It is the queue that was late, and not the sender.
        assert!(lags(&found)?.value_at_quantile(0.5) < trips.value_at_quantile(0.5) / 10);
    }
    Ok(())
}

// F3
fn out_of_reach() -> Test {
    let time = Duration::from_millis(100);
    for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
        let workload = Workload::Paced { rate: 50_000_000, arrivals };
        let found = report(GOOD_ONE, workload, Extent::Time(time)).invocation;
        assert!(found.is_ok(), "{:?}", found.outcome);
        // By count it would be five million messages.
        assert!(found.messages > 0 && found.messages < 1_000_000, "{}", found.messages);
        let (lag, latency) = (values(&found, 0, Unit::NsLag)?, values(&found, 1, Unit::NsOneWay)?);
        assert_eq!((lag.len(), latency.len()), (found.messages, found.messages));
        // The sender is as late as its messages.
        assert!(lag.value_at_quantile(0.99) * 2 > latency.value_at_quantile(0.99));
    }
    Ok(())
}

fn poisson() -> Test {
    let random = at(2_000).with_arrivals(Arrivals::Poisson);
    let extent = Extent::Time(Duration::from_millis(100));
    for entry in [GOOD_ONE, DROPPING] {
        let found = report(entry, random, extent).invocation;
        assert_eq!(found.outcome, InvocationOutcome::Ok);
        let sent = values(&found, 0, Unit::NsLag)?.len();
        // Five standard deviations about 200.
        assert!((130..=270).contains(&sent), "{sent}");
        let times = values(&found, 1, Unit::NsOneWay)?;
        assert_eq!(times.len(), found.messages);
        // What was lost may have been lost in the warm-up.
        assert!(sent - found.messages <= found.integrity.lost, "{sent} sent: {found:?}");
        // A receiver that drew other moments would see messages that came before they were due.
        assert!(times.min() > 0);
    }
    Ok(())
}

fn beyond(histogram: &Histogram, time: Duration) -> u64 {
    histogram.count_between(time.as_nanos() as u64, u64::MAX)
}

/// Checks how many of 150 messages at 1,000 a second came, and were sent, more than 3 ms late. The
/// machine may be slow, so one good trial of several is enough.
fn stalled(entry: Entry, is_as_expected: fn(u64, u64) -> bool) -> Test {
    let mut seen = Vec::new();
    for _ in 0..8 {
        let extent = Extent::Time(Duration::from_millis(150));
        let found = report(entry, at(1_000), extent).invocation;
        let late = Duration::from_millis(3);
        let arrived = values(&found, 1, Unit::NsOneWay)?;
        assert!(arrived.max() >= 19_000_000, "the one that met the stall: {}", arrived.max());
        let sent = beyond(&values(&found, 0, Unit::NsLag)?, late);
        if is_as_expected(beyond(&arrived, late), sent) {
            return Ok(());
        }
        seen.push((beyond(&arrived, late), sent));
    }
    Err(format!("late arrivals and departures: {seen:?}").into())
}

fn stall_there() -> Test {
    // 20 ms hold 20 messages; those of the last 3 ms wait less than that.
    stalled(Entry::of::<Toy<STALLS_THERE>>(), |arrived, sent| {
        (16..=24).contains(&arrived) && sent <= 3
    })
}

fn stall_here() -> Test {
    // The one that stalled began in time, and arrived late; the others began late.
    stalled(Entry::of::<Toy<STALLS_HERE>>(), |arrived, sent| {
        (16..=24).contains(&arrived) && (15..=23).contains(&sent)
    })
}

/// A twentieth of the time is frozen. So a fortieth of the messages are due 5 ms or more before a
/// freeze ends. In a ping-pong each freeze meets one round trip.
fn freezes() -> Test {
    let entry = Entry::of::<Toy<FREEZES>>();
    let extent = Extent::Time(Duration::from_secs(1));
    let share_late = |workload, side, unit| -> Result<f64, Failed> {
        let found = report(entry, workload, extent).invocation;
        let times = values(&found, side, unit)?;
        Ok(beyond(&times, Duration::from_millis(5)) as f64 / times.len() as f64)
    };
    let mut seen = Vec::new();
    for _ in 0..4 {
        let open = [Arrivals::Constant, Arrivals::Poisson]
            .map(|arrivals| share_late(at(1_000).with_arrivals(arrivals), 1, Unit::NsOneWay));
        let [constant, poisson] = open;
        let (constant, poisson) = (constant?, poisson?);
        let trips = share_late(trips_at(1_000), 0, Unit::NsPerRoundTrip)?;
        let closed = share_late(Workload::PingPong, 0, Unit::NsPerRoundTrip)?;
        // 2.5 % at least: freezes of the machine itself add to it.
        if constant > 0.015 && poisson > 0.012 && trips > 0.015 && closed < 0.01 {
            return Ok(());
        }
        seen.push((constant, poisson, trips, closed));
    }
    Err(format!("shares beyond 5 ms, constant, random, round trips, closed: {seen:?}").into())
}

fn too_slow() -> Test {
    let found = report(GOOD_ONE, at(10), SHORT);
    let Some(State::Unsupported { reason }) = found.refused else { return Err("ran".into()) };
    assert!(reason.contains("20ms") && reason.contains("10 a second"), "{reason}");
    Ok(())
}

fn burst() -> Test {
    // 2,000 messages of 64 bytes are twice what a pipe holds.
    for depth in [1, 4, 2_000] {
        let found = report(GOOD_ONE, Workload::Burst { depth }, SHORT).invocation;
        assert_eq!(found.outcome, InvocationOutcome::Ok);
        let encoded = found.sides[0].histogram.as_ref().ok_or("no histogram")?;
        assert_eq!(encoded.messages_per_value, depth as u64);
        let bursts = values(&found, 0, Unit::NsPerBurst)?;
        assert_eq!(bursts.len() * depth as u64, found.messages);
        assert!(found.sides[1].histogram.is_none());
    }
    Ok(())
}

fn duplex() -> Test {
    let found = well(GOOD_ONE, Workload::Duplex { depth: 4 }, SHORT)?;
    assert!(found.messages > 0 && found.messages.is_multiple_of(2));
    values(&found, 0, Unit::PsPerMessageBlock)?;
    values(&found, 1, Unit::PsPerMessageBlock)?;
    let most = Board::get().most_under_way().load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most} under way, where 4 each way are 8 at most in one");
    Ok(())
}

fn narrow() -> Test {
    let found = report(Entry::of::<Toy<NARROW>>(), Workload::Duplex { depth: 4 }, SHORT);
    let Some(State::Unsupported { reason }) = found.refused else { return Err("ran".into()) };
    assert!(reason.contains("holds 1"), "{reason}");
    Ok(())
}

fn overlap() -> Test {
    // A piece is timed before the phase, perhaps by a slower CPU: one good trial of several is enough.
    let trial = |_| -> Result<f64, Failed> {
        let found = well(Entry::of::<Toy<SLOW_READER>>(), Workload::Overlap, SHORT)?;
        let work = found.overlap.ok_or("no work was done")?;
        let trips = values(&found, 0, Unit::NsPerRoundTrip)?;
        assert!(trips.len() == found.messages && work.pieces > trips.len(), "{work:?}");
        Ok(work.pieces as f64 * (work.piece_ns + work.look_ns) / trips.mean() / trips.len() as f64)
    };
    // Work and looks fill the time between sending and receipt: most of a round trip, and no more.
    let shares = (0..8).map(trial).collect::<Result<Vec<_>, _>>()?;
    let good = shares.iter().any(|share| (0.3..1.05).contains(share));
    good.then_some(()).ok_or_else(|| format!("{shares:?}").into())
}

fn spec(entry: &'static Entry, workload: Workload, size: usize) -> CellSpec {
    CellSpec::new(entry, workload, size, Placement::Free)
}

fn options(measure: Duration) -> Options {
    Options { seed: 3, rounds: 1, measure, warm_up: Duration::from_millis(2), ..Options::new() }
}

fn senseless() -> Test {
    let same_core = CellSpec::new(&GOOD_ONE, Workload::Overlap, 64, Placement::SameCore);
    let slow = spec(&GOOD_ONE, at(10), 64);
    let empty = spec(&GOOD_ONE, Workload::Burst { depth: 0 }, 64);
    let cases = [
        (spec(&GOOD_ONE, Workload::Stream, 0), "at least 1 byte"),
        (spec(&BELL, Workload::WAKE_UP, 8), "its size is 0"),
        (spec(&BELL, Workload::Stream, 0), "no payload"),
        (spec(&COUNTER, Workload::Stream, 8), "ping-pong"),
        (spec(&DROPPING, Workload::PACED, 4), "do not show"),
        (same_core, "the scheduler's"),
        (slow, "10 a second"),
        (empty, "depth of at least 1"),
    ];
    let specs = cases.iter().map(|(spec, _)| spec.clone()).collect();
    let session = Session::new(specs, options(Duration::from_millis(5)))?;
    for (cell, (_, words)) in session.record().cells.iter().zip(cases) {
        let State::Unsupported { reason } = &cell.state else {
            return Err(format!("{}: {:?}", cell.key, cell.state).into());
        };
        assert!(reason.contains(words), "{reason}");
    }
    let good = vec![spec(&BELL, Workload::WAKE_UP, 0), spec(&COUNTER, Workload::PingPong, 64)];
    let session = Session::new(good, options(Duration::from_millis(5)))?;
    assert!(session.record().cells.iter().all(|cell| cell.state == State::Pending));
    Ok(())
}

fn interrupted() -> Test {
    let board = Board::get();
    board.clear();
    let mut child = process::fork(|| {
        let run = || -> Result<Outcome, Failed> {
            let cells = vec![spec(&GOOD_ONE, Workload::Duplex { depth: 4 }, 64)];
            let mut session = Session::new(cells, options(Duration::from_secs(60)))?;
            session.run(&mut Rounds::new(session.record().settings.rounds), &mut ())?;
            Ok(session.into_record().outcome)
        };
        let ended = run().is_ok_and(|outcome| outcome == Outcome::Interrupted);
        let me = rustix::process::getpid().as_raw_nonzero();
        let children = std::fs::read_to_string(format!("/proc/self/task/{me}/children"));
        let left = children.is_ok_and(|children| !children.trim().is_empty());
        i32::from(!ended || left)
    })?;
    while board.sent().load(Ordering::SeqCst) < 100 {
        assert_eq!(child.wait(Duration::from_millis(10))?, None, "it ended before the signal");
    }
    let pid = rustix::process::Pid::from_raw(child.pid()).ok_or("a number")?;
    // A child ignores SIGINT, which its parent handles. The run handles both signals alike.
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
    assert_eq!(child.wait(Duration::from_secs(10))?, Some(Exit::Code(0)));
    let prefix = format!("ipcmark-{}-", child.pid());
    let left = std::fs::read_dir(std::env::temp_dir())?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
    assert_eq!(left.count(), 0, "folders of the run");
    Ok(())
}
