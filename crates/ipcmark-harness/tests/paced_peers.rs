//! Several processes at a set rate: counts, whose times are whose, idle peers, losses, and processes that fail.

mod chorus;
mod crowd;
mod toy;

use chorus::{Chorus, EVERY};
use crowd::*;
use ipcmark_core::{Arrivals, Extent, Parameter, Workload};
use ipcmark_harness::{Entry, Report};
use ipcmark_record::{
    Histogram, Integrity, Invocation, InvocationOutcome, SideReport, State, Unit,
};
use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::atomic::Ordering;
use std::time::Duration;
use toy::{Board, DROPS, STALLS_THERE, Toy};

type Test = Result<(), Failed>;
type Case = (&'static str, fn() -> Test);

static TOGETHER: Entry = Entry::of::<Crowd<true, GOOD>>();
static APART: Entry = Entry::of::<Crowd<false, GOOD>>();
/// Looks at its links; those of [`APART`] are served as they are due.
static LOOKED_AT: Entry = Entry::of::<Toy<{ toy::GOOD }>>();

const SHAPES: [Workload; 4] = [
    Workload::PACED_FAN_IN,
    Workload::PACED_FAN_OUT,
    Workload::PACED_BROADCAST,
    Workload::PACED_PAIRS,
];
const FIFTY: Extent = Extent::Messages(50);

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let tests: &[Case] = &[
        ("each_sender_sends_to_the_one_receiver_which_keeps_the_times_of_each", fan_in),
        ("each_message_comes_to_one_of_the_receivers", fan_out),
        ("each_message_comes_to_all_receivers", broadcast),
        ("each_pair_makes_its_own_round_trips", pairs),
        ("senders_at_random_send_as_many_as_chance_says", poisson),
        ("idle_peers_are_there_and_time_nothing", idle),
        ("a_hundred_peers_meet_and_end", a_hundred),
        ("what_several_senders_lose_is_counted", lossy_fan_in),
        ("what_one_of_several_receivers_loses_is_counted_there", lossy_broadcast),
        ("a_stall_of_the_one_receiver_shows_at_every_sender", stall),
        ("a_process_that_dies_is_a_failed_row", dies),
        ("a_fault_of_one_of_several_is_seen", faults),
        ("what_cannot_be_is_refused_with_the_reason", refusals),
    ];
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&args, trials).exit();
}

fn report(entry: Entry, workload: Workload, size: usize, extent: Extent) -> Report {
    Board::get().clear();
    report_in(entry, workload, size, extent).0
}

fn at(workload: Workload, peers: u32) -> Workload {
    workload.with(Parameter::Peers, peers).with(Parameter::Rate, 5_000)
}

fn well(entry: Entry, workload: Workload, extent: Extent) -> Result<Invocation, Failed> {
    let found = report(entry, workload, 64, extent).invocation;
    match &found.outcome {
        InvocationOutcome::Ok => Ok(found),
        InvocationOutcome::Failed { side, what } => {
            Err(format!("{workload} {}: {side}: {what}", workload.parameters()).into())
        }
    }
}

fn values(side: &SideReport, unit: Unit) -> Result<Histogram, Failed> {
    let encoded = side.histogram.as_ref().ok_or_else(|| format!("no times of {}", side.side))?;
    assert_eq!(encoded.unit, unit, "{}", side.side);
    Ok(encoded.unpack()?)
}

fn fan_in() -> Test {
    for (entry, links) in [(TOGETHER, "shared"), (APART, "per-peer"), (LOOKED_AT, "per-peer")] {
        for peers in [1, 2, 5] {
            let found = well(entry, at(Workload::PACED_FAN_IN, peers), FIFTY)?;
            assert_eq!(
                (found.messages, found.links.as_deref()),
                (50 * u64::from(peers), Some(links))
            );
            let (receiver, senders) = found.sides.split_first().ok_or("no side")?;
            assert_eq!((receiver.side.as_str(), senders.len()), ("responder", peers as usize));
            let all = values(receiver, Unit::NsOneWay)?;
            assert_eq!(all.len(), found.messages);
            // Who took another's schedule would see messages that came before they were due.
            assert!(all.min() > 0);
            let each: Vec<u64> = receiver.peers.iter().map(|peer| peer.values).collect();
            assert_eq!(each, vec![50; peers as usize]);
            for sender in senders {
                assert_eq!(values(sender, Unit::NsLag)?.len(), 50);
            }
        }
    }
    Ok(())
}

fn fan_out() -> Test {
    for (entry, links) in [(TOGETHER, "shared"), (APART, "per-peer")] {
        for peers in [1, 2, 5] {
            for n in [1, 5, 6, 101] {
                let found = well(entry, at(Workload::PACED_FAN_OUT, peers), Extent::Messages(n))?;
                assert_eq!((found.messages, found.links.as_deref()), (n, Some(links)));
                let (sender, receivers) = found.sides.split_first().ok_or("no side")?;
                assert_eq!(values(sender, Unit::NsLag)?.len(), n);
                let counts = receivers.iter().filter_map(|side| side.histogram.as_ref());
                assert_eq!(counts.map(|encoded| encoded.count).sum::<u64>(), n);
                for side in receivers.iter().filter(|side| side.histogram.is_some()) {
                    assert!(values(side, Unit::NsOneWay)?.min() > 0, "{}", side.side);
                }
            }
        }
    }
    Ok(())
}

fn broadcast() -> Test {
    for (entry, links) in [(Entry::of::<Chorus<false>>(), "shared"), (APART, "per-peer")] {
        for peers in [1, 2, 5] {
            let found = well(entry, at(Workload::PACED_BROADCAST, peers), FIFTY)?;
            assert_eq!(
                (found.messages, found.links.as_deref()),
                (50 * u64::from(peers), Some(links))
            );
            for side in &found.sides[1..] {
                let times = values(side, Unit::NsOneWay)?;
                assert!((times.len(), side.lost) == (50, Some(0)) && times.min() > 0);
            }
        }
    }
    Ok(())
}

fn pairs() -> Test {
    for entry in [APART, LOOKED_AT] {
        for peers in [1, 4] {
            let found = well(entry, at(Workload::PACED_PAIRS, peers), FIFTY)?;
            assert_eq!(found.messages, 50 * u64::from(peers));
            assert_eq!((found.sides.len(), found.links), (2 * peers as usize, None));
            for (number, pair) in found.sides.chunks(2).enumerate() {
                assert_eq!(pair[0].side, format!("initiator-{number}"));
                assert_eq!(pair[1].side, format!("responder-{number}"));
                assert_eq!(values(&pair[0], Unit::NsPerRoundTrip)?.len(), 50);
                assert!(pair[0].lag.as_ref().is_some_and(|lag| lag.count == 50));
                assert!(pair[1].histogram.is_none());
            }
        }
    }
    Ok(())
}

fn poisson() -> Test {
    for workload in SHAPES {
        let random = at(workload, 3).with_arrivals(Arrivals::Poisson);
        let found = well(APART, random, Extent::Time(Duration::from_millis(60)))?;
        // 300 a sender, less or more by five standard deviations and what came too late.
        let due = 0.06 * random.due_per_s().ok_or("no rate")?;
        let off = (found.messages as f64 - due).abs();
        assert!(off < 5.0 * due.sqrt() * 3.0f64.sqrt(), "{workload}: {} of {due}", found.messages);
    }
    Ok(())
}

fn idle() -> Test {
    for workload in SHAPES {
        let found = well(APART, at(workload, 2).with_idle(3), FIFTY)?;
        let alone = well(APART, at(workload, 2), FIFTY)?;
        assert_eq!(found.messages, alone.messages, "{workload}");
        let more = if workload == Workload::PACED_PAIRS { 6 } else { 3 };
        assert_eq!(found.sides.len(), alone.sides.len() + more, "{workload}");
        for side in &found.sides[alone.sides.len()..] {
            assert!(side.histogram.is_none() && side.lag.is_none() && side.peers.is_empty());
            assert_eq!(side.lost, None, "nothing was sent to {}", side.side);
        }
    }
    well(TOGETHER, at(Workload::PACED_FAN_IN, 2).with_idle(3), FIFTY)?;
    well(TOGETHER, at(Workload::PACED_FAN_OUT, 2).with_idle(3), FIFTY)?;
    let refused = report(
        Entry::of::<Chorus<false>>(),
        at(Workload::PACED_BROADCAST, 2).with_idle(1),
        64,
        FIFTY,
    );
    let Some(State::Unsupported { reason }) = refused.refused else { return Err("ran".into()) };
    assert!(reason.contains("takes nothing"), "{reason}");
    Ok(())
}

fn a_hundred() -> Test {
    for workload in SHAPES {
        let many = workload.with(Parameter::Peers, 100).with(Parameter::Rate, 100);
        let found = well(APART, many, Extent::Messages(10))?;
        let expected = if workload == Workload::PACED_FAN_OUT { 10 } else { 1_000 };
        assert_eq!(found.messages, expected, "{workload}");
    }
    Ok(())
}

fn lossy_fan_in() -> Test {
    let found =
        well(Entry::of::<Toy<DROPS>>(), at(Workload::PACED_FAN_IN, 3), Extent::Messages(100))?;
    let dropped = Board::get().dropped().load(Ordering::SeqCst);
    assert!(dropped >= 30 && found.integrity.lost == dropped, "{dropped}: {:?}", found.integrity);
    assert!(found.messages >= 3 * 88 && found.messages <= 3 * 92, "{}", found.messages);
    assert_eq!(values(&found.sides[0], Unit::NsOneWay)?.len(), found.messages);
    Ok(())
}

/// Of each three messages the receiver that came first gets one.
fn lossy_broadcast() -> Test {
    let entry = Entry::of::<Chorus<true>>();
    let found = well(entry, at(Workload::PACED_BROADCAST, 3), Extent::Messages(300))?;
    let lost: Vec<u64> = found.sides.iter().filter_map(|side| side.lost).collect();
    let (all, most) = (lost.iter().sum::<u64>(), lost.iter().max());
    assert_eq!((lost.len(), Some(&all)), (3, most), "one loses for itself: {lost:?}");
    assert_eq!(found.integrity, Integrity { lost: all, ..Integrity::default() });
    let sent = (found.messages + found.warm_up.messages + all) / 3;
    assert!(all.abs_diff(sent - sent / EVERY) <= 10, "{all} of {sent}");
    let times = values(&found.sides[1], Unit::NsOneWay)?;
    assert!(times.min() > 0, "what was left out was due, too");
    Ok(())
}

/// The receiver stops for 20 ms at its 60th message of one sender. All that were due meanwhile come late, from whichever
/// sender. The machine may be slow, so one good trial of several is enough.
fn stall() -> Test {
    let mut seen = Vec::new();
    for _ in 0..8 {
        let workload = at(Workload::PACED_FAN_IN, 3).with(Parameter::Rate, 1_000);
        let found = well(Entry::of::<Toy<STALLS_THERE>>(), workload, Extent::Messages(100))?;
        let receiver = &found.sides[0];
        let all = values(receiver, Unit::NsOneWay)?;
        let late = all.count_between(3_000_000, u64::MAX);
        // Each of three links has its 60th message: three stalls of up to 17 messages each.
        let worst: Vec<u64> = receiver.peers.iter().map(|peer| peer.p99_ns).collect();
        let lag: u64 = found.sides[1..]
            .iter()
            .filter_map(|side| values(side, Unit::NsLag).ok())
            .map(|lags| lags.count_between(3_000_000, u64::MAX))
            .sum();
        if late >= 40 && lag <= 6 && worst.iter().all(|p99| *p99 > 10_000_000) {
            return Ok(());
        }
        seen.push((late, lag, worst));
    }
    Err(format!("late, of late senders, worst: {seen:?}").into())
}

fn dies() -> Test {
    type First<const SHARED: bool> = Crowd<SHARED, INITIATOR_DIES>;
    type Last<const SHARED: bool> = Crowd<SHARED, RESPONDER_DIES>;
    for workload in SHAPES {
        for entry in [Entry::of::<First<false>>(), Entry::of::<First<true>>()] {
            let found = report(entry, at(workload, 3), 64, FIFTY).invocation;
            let (side, what) = failure(&found)?;
            assert!(side.starts_with("initiator") && what.contains("SIGKILL"), "{side}: {what}");
        }
        for entry in [Entry::of::<Last<false>>(), Entry::of::<Last<true>>()] {
            let found = report(entry, at(workload, 3), 64, FIFTY).invocation;
            let (side, what) = failure(&found)?;
            assert!(side.starts_with("responder") && what.contains("SIGKILL"), "{side}: {what}");
        }
    }
    Ok(())
}

fn faults() -> Test {
    let one_way = &SHAPES[..3];
    let broken = [
        (Entry::of::<Crowd<false, LOSES>>(), one_way),
        (Entry::of::<Crowd<true, LOSES>>(), &SHAPES[..2]),
        (Entry::of::<Crowd<false, REPEATS>>(), one_way),
        (Entry::of::<Crowd<true, REPEATS>>(), &SHAPES[..2]),
        (Entry::of::<Crowd<false, DAMAGES>>(), &SHAPES[..]),
        (Entry::of::<Crowd<true, DAMAGES>>(), &SHAPES[..2]),
    ];
    for (entry, workloads) in broken {
        for workload in workloads {
            let found = report(entry, at(*workload, 3), 64, FIFTY).invocation;
            let (_, what) = failure(&found)?;
            assert!(what.contains("did not arrive as they were sent"), "{workload}: {what}");
        }
    }
    Ok(())
}

fn refusals() -> Test {
    let one = Entry::of::<Crowd<false, ONE_LINK>>();
    let cases = [
        (report(one, at(Workload::PACED_FAN_IN, 2), 64, FIFTY), "can hold only one"),
        (report(one, at(Workload::PACED_BROADCAST, 2), 64, FIFTY), "can hold only one"),
        (report(TOGETHER, at(Workload::PACED_FAN_OUT, 2), 8, FIFTY), "no room to say"),
        (report(TOGETHER, at(Workload::PACED_FAN_IN, 1_024).with_idle(1), 64, FIFTY), "not 1025"),
        (
            report(
                APART,
                Workload::PACED_PAIRS.with_value(1),
                64,
                Extent::Time(Duration::from_millis(5)),
            ),
            "holds no message at 1 a second",
        ),
    ];
    for (report, words) in cases {
        let Some(State::Unsupported { reason }) = report.refused else { return Err(words.into()) };
        assert!(reason.contains(words), "{reason}");
    }
    // A process of a pair has one link.
    assert!(report(one, at(Workload::PACED_PAIRS, 2), 64, FIFTY).invocation.is_ok());
    Ok(())
}
