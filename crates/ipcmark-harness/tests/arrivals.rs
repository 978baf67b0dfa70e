//! Bursts, replays and mixed sizes, over toys in two processes.

mod toy;

use ipcmark_core::{Arrivals, Extent, Framed, Mix, Plan, Sizes, Trace, Workload};
use ipcmark_harness::placement::Cpus;
use ipcmark_harness::{Bench, Entry, Report, Scratch};
use ipcmark_record::{Histogram, Invocation, InvocationOutcome, State, Unit};
use ipcmark_sys::clock::Clock;
use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::Arc;
use std::time::Duration;
use toy::stream::Pipes;
use toy::*;

type Test = Result<(), Failed>;
type Case = (&'static str, fn() -> Test);

static GOOD_ONE: Entry = Entry::of::<Toy<GOOD>>();
static LOOKER: Entry = Entry::of::<Toy<SLOW_LOOKER>>();
static STREAM: Entry = Entry::of::<Framed<Pipes<false>>>();
static FLOOR: Entry = Entry::of::<Framed<Pipes<true>>>();
static DROPPING: Entry = Entry::of::<Toy<DROPS>>();

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    Board::get();
    let tests: &[Case] = &[
        ("bursts_come_whole_and_keep_the_rate", bursts),
        ("the_last_of_a_burst_waits_for_the_others", bursts_queue),
        ("a_burst_longer_than_a_phase_is_refused", long_burst),
        ("messages_of_several_sizes_are_checked_and_timed_by_size", mixed),
        ("empty_messages_are_counted_and_the_last_one_tells", empty),
        ("a_trace_is_replayed_with_its_times_and_sizes", replay),
        ("what_cannot_have_several_sizes_says_so", refused),
        ("the_times_of_each_message_agree_with_the_histograms", raw),
    ];
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&args, trials).exit();
}

fn plan(scratch: &Scratch, workload: Workload, time: Duration) -> Plan {
    Plan {
        workload,
        extent: Extent::Time(time),
        warm_up: Duration::from_millis(5),
        deadline: Duration::from_secs(5),
        seed: 7,
        ..Plan::new(64, scratch.names())
    }
}

fn report(entry: Entry, change: impl FnOnce(&Scratch) -> Plan) -> Report {
    let scratch = Scratch::new().unwrap();
    let bench = Bench { clock: Clock::calibrate(), cpus: Cpus::FREE, neighbours: None };
    let plan = change(&scratch);
    Board::get().clear();
    entry.invoke(&plan, &bench)
}

fn well(entry: Entry, change: impl FnOnce(&Scratch) -> Plan) -> Result<Invocation, Failed> {
    let found = report(entry, change).invocation;
    match &found.outcome {
        InvocationOutcome::Ok => Ok(found),
        InvocationOutcome::Failed { side, what } => Err(format!("{side}: {what}").into()),
    }
}

fn values(found: &Invocation, side: usize, unit: Unit) -> Result<Histogram, Failed> {
    let encoded = found.sides[side].histogram.as_ref().ok_or("no histogram")?;
    assert_eq!(encoded.unit, unit);
    Ok(encoded.unpack()?)
}

const TENTH: Duration = Duration::from_millis(100);

fn bursts() -> Test {
    let of = Arrivals::Bursts { of: 16 };
    let one_way = Workload::PACED.with_value(2_000).with_arrivals(of);
    let found = well(GOOD_ONE, |s| plan(s, one_way, TENTH))?;
    // 12 whole ones of 200 messages, and each has its turn.
    assert_eq!(found.messages, 192);
    assert!(found.elapsed_ns >= 95_999_000, "{}", found.elapsed_ns);
    assert_eq!(values(&found, 1, Unit::NsOneWay)?.len(), 192);
    let trips = Workload::PACED_PING_PONG.with_value(2_000).with_arrivals(of);
    for entry in [GOOD_ONE, LOOKER] {
        let found = well(entry, |s| plan(s, trips, TENTH))?;
        assert_eq!(found.messages, 192);
        assert_eq!(values(&found, 0, Unit::NsPerRoundTrip)?.len(), 192);
    }
    let found = well(DROPPING, |s| plan(s, one_way, TENTH))?;
    assert!(found.integrity.lost > 0 && found.messages < 192, "{found:?}");
    Ok(())
}

fn bursts_queue() -> Test {
    // The looker's peer takes 20 µs a message: the 64th of a burst has 63 before it.
    let trips =
        Workload::PACED_PING_PONG.with_value(640).with_arrivals(Arrivals::Bursts { of: 64 });
    let found = well(LOOKER, |s| plan(s, trips, 3 * TENTH))?;
    let times = values(&found, 0, Unit::NsPerRoundTrip)?;
    assert_eq!(times.len(), 192);
    assert!(times.max() > 60 * 20_000, "{}", times.max());
    assert!(times.max() > 8 * times.min(), "{} {}", times.min(), times.max());
    // The sends before it are no lag of a message.
    let lags = found.sides[0].lag.as_ref().ok_or("no lag")?.unpack()?;
    let p50 = |of: &Histogram| of.value_at_quantile(0.5);
    assert!(32 * p50(&lags) < p50(&times), "{} {}", p50(&lags), p50(&times));
    Ok(())
}

fn long_burst() -> Test {
    let of = Arrivals::Bursts { of: 1_000 };
    let workload = Workload::PACED.with_value(1_000).with_arrivals(of);
    let found = report(GOOD_ONE, |s| plan(s, workload, TENTH));
    let Some(State::Unsupported { reason }) = found.refused else { return Err("ran".into()) };
    let said = "holds no burst of 1000 at 1000 a second; measure for 1.0 s or longer";
    assert!(reason.contains(said), "{reason}");
    Ok(())
}

fn mix() -> Mix {
    "64:90,4096:9,30000:1".parse().unwrap()
}

/// Returns the numbers of values of each size that this side sorted.
fn counts(found: &Invocation, side: usize) -> Result<Vec<(u64, u64)>, Failed> {
    let of = |of: &ipcmark_record::OfSize| Ok((of.to_bytes, of.histogram.unpack()?.len()));
    found.sides[side].sizes.iter().map(of).collect()
}

fn mixed() -> Test {
    let at = |workload: Workload| workload.with_value(20_000);
    for (workload, side) in
        [(Workload::PingPong, 0), (at(Workload::PACED), 1), (at(Workload::PACED_PING_PONG), 0)]
    {
        let of_mix = |s: &Scratch| plan(s, workload, 2 * TENTH).sized(Sizes::of_mix(&mix()));
        let found = well(STREAM, of_mix)?;
        let counts = counts(&found, side)?;
        let all: u64 = counts.iter().map(|(_, n)| n).sum();
        assert_eq!(all, found.messages, "{workload}");
        assert!(found.messages > 100, "{workload}: {}", found.messages);
        let sizes: Vec<u64> = counts.iter().map(|(bytes, _)| *bytes).collect();
        assert!([&[64, 4096, 30_000][..], &[64, 4096]].contains(&&sizes[..]), "{counts:?}");
        // 90 and 9 of 100, within 6 standard deviations.
        let [n, short, long] = [all, counts[0].1, counts[1].1].map(|n| n as f64);
        assert!((short - 0.9 * n).abs() < 6.0 * (0.09 * n).sqrt(), "{counts:?}");
        assert!((long - 0.09 * n).abs() < 6.0 * (0.0819 * n).sqrt(), "{counts:?}");
        assert!(found.sides[1 - side].sizes.is_empty(), "{workload}");
    }
    let stream = |s: &Scratch| plan(s, Workload::Stream, TENTH).sized(Sizes::of_mix(&mix()));
    let found = well(STREAM, stream)?;
    assert!(found.messages > 100 && found.sides.iter().all(|side| side.sizes.is_empty()));
    for workload in [Workload::PingPong, Workload::PACED_PING_PONG, Workload::Stream] {
        let floor = |s: &Scratch| plan(s, workload, TENTH).sized(Sizes::of_mix(&mix()));
        let found = well(FLOOR, floor)?;
        let all: u64 = counts(&found, 0)?.iter().map(|(_, n)| n).sum();
        assert_eq!(all, if workload.is_rate() { 0 } else { found.messages }, "{workload}");
    }
    Ok(())
}

fn empty() -> Test {
    for workload in
        [Workload::PingPong, Workload::Stream, Workload::PACED, Workload::PACED_PING_PONG]
    {
        let found = well(STREAM, |s| plan(s, workload, TENTH).sized(Sizes::empty()))?;
        assert!(found.messages >= 10, "{workload}: {}", found.messages);
        assert_eq!(found.integrity, ipcmark_record::Integrity::default());
        let found = well(STREAM, |s| {
            let plan = plan(s, workload, TENTH).sized(Sizes::empty());
            Plan { extent: Extent::Messages(7), ..plan }
        })?;
        assert_eq!(found.messages, 7, "{workload}");
    }
    Ok(())
}

fn trace() -> Arc<Trace> {
    // A burst of ten, then one a millisecond; the longest size is rare.
    let rows = (0..10)
        .map(|_| (0, 100))
        .chain((1..40).map(|n| (n * 1_000_000, if n == 20 { 9_000 } else { 64 })));
    Arc::new(Trace::new("t", rows.collect()).unwrap())
}

fn replay() -> Test {
    let trace = trace();
    let arrivals = Arrivals::Replay { trace: trace.hash() };
    for (of, side, unit) in
        [(Workload::PACED, 1, Unit::NsOneWay), (Workload::PACED_PING_PONG, 0, Unit::NsPerRoundTrip)]
    {
        let workload = of.with_value(trace.rate_per_s()).with_arrivals(arrivals);
        let found = well(STREAM, |s| plan(s, workload, TENTH).replaying(&trace))?;
        // Two passes of 39.8 ms, and 20.4 ms of a third.
        let due = 2 * 49 + 30;
        let replayed = found.replayed.ok_or("no count")?;
        assert_eq!((found.messages, replayed.due, replayed.span_ns), (due, due, 100_000_000));
        assert_eq!(values(&found, side, unit)?.len(), due);
        let sizes = counts(&found, side)?;
        assert_eq!(sizes.iter().map(|(bytes, _)| *bytes).collect::<Vec<_>>(), [64, 100, 9_000]);
        assert_eq!((sizes[1].1, sizes[2].1), (30, 3), "{sizes:?}");
    }
    Ok(())
}

fn refused() -> Test {
    let reason = |entry, change: &dyn Fn(&Scratch) -> Plan| match report(entry, change).refused {
        Some(State::Unsupported { reason }) => reason,
        other => format!("{other:?}"),
    };
    let duplex = |s: &Scratch| plan(s, Workload::DUPLEX, TENTH).sized(Sizes::of_mix(&mix()));
    assert!(reason(STREAM, &duplex).contains("the messages of a duplex have one size"));
    let none = |s: &Scratch| plan(s, Workload::PACED, TENTH).sized(Sizes::empty());
    assert!(reason(GOOD_ONE, &none).contains("a message has at least 1 byte here"));
    let lost = Workload::PACED.with_arrivals(Arrivals::Replay { trace: 1 });
    assert!(reason(STREAM, &|s| plan(s, lost, TENTH)).contains("name it with --replay"));
    Ok(())
}

fn raw() -> Test {
    let at = |workload: Workload| workload.with_value(2_000);
    for (workload, side, unit) in [
        (Workload::PingPong, 0, Unit::NsPerRoundTrip),
        (at(Workload::PACED), 1, Unit::NsOneWay),
        (at(Workload::PACED_PING_PONG), 0, Unit::NsPerRoundTrip),
    ] {
        let keeps = |most| move |s: &Scratch| Plan { raw: Some(most), ..plan(s, workload, TENTH) };
        let report = report(GOOD_ONE, keeps(1_000_000));
        let (found, raw) = (report.invocation, report.raw);
        assert_eq!((raw.messages.len() as u64, raw.left_out), (found.messages, 0), "{workload}");
        let mut times = Histogram::new_with_bounds(1, 100_000_000_000, 3)?;
        for message in &raw.messages {
            let begun = message.intended_ns.or(message.sent_ns).ok_or("no beginning")?;
            let end = message.received_ns.ok_or("lost")?;
            assert!(
                message.sent_ns.is_some_and(|sent| sent <= end && sent >= begun),
                "{message:?}"
            );
            times.saturating_record(end - begun);
        }
        let own = values(&found, side, unit)?;
        for q in [0.1, 0.5, 0.9] {
            let (a, b) = (times.value_at_quantile(q) as f64, own.value_at_quantile(q) as f64);
            // Each end is rounded to ns, and a bucket is a thousandth.
            assert!((a - b).abs() <= 2.0 + 0.002 * b, "{workload} {q}: {a} {b}");
        }
        let few = self::report(GOOD_ONE, keeps(50)).raw;
        assert!(few.messages.len() == 50 && few.left_out > 0, "{workload}");
    }
    let lossy =
        report(DROPPING, |s| Plan { raw: Some(1_000), ..plan(s, at(Workload::PACED), TENTH) });
    let lost = lossy.raw.messages.iter().filter(|m| m.received_ns.is_none()).count() as u64;
    assert_eq!(lossy.raw.messages.len() as u64 - lost, lossy.invocation.messages);
    assert!(lost > 0);
    let none = report(GOOD_ONE, |s| Plan { raw: Some(9), ..plan(s, Workload::Stream, TENTH) });
    assert_eq!(none.raw.messages, []);
    Ok(())
}
