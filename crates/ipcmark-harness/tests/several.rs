//! Patterns of several processes: counts, merged results, and processes that fail.

mod chorus;
mod crowd;

use chorus::{Chorus, EVERY};
use crowd::*;
use ipcmark_core::{Extent, Input, LEAST_SHARED, Placement, Workload};
use ipcmark_harness::session::{CellSpec, Options, Rounds, Session, rounds_of};
use ipcmark_harness::{Entry, Report};
use ipcmark_record::{Integrity, Invocation, InvocationOutcome, Refusal, State, Unit};
use libtest_mimic::{Arguments, Failed, Trial};
use std::time::Duration;

type Test = Result<(), Failed>;
type Case = (&'static str, fn() -> Test);

static TOGETHER: Entry = Entry::of::<Crowd<true, GOOD>>();
static APART: Entry = Entry::of::<Crowd<false, GOOD>>();

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let tests: &[Case] = &[
        ("each_senders_messages_come_to_the_one_receiver", fan_in),
        ("each_message_comes_to_one_of_the_receivers", fan_out),
        ("each_message_comes_to_all_receivers", broadcast),
        ("what_one_of_several_receivers_loses_is_counted_there", broadcast_lossy),
        ("a_sender_that_dies_is_a_failed_row", sender_dies),
        ("a_receiver_that_dies_is_a_failed_row", receiver_dies),
        ("a_fault_of_one_of_several_is_seen_and_named", faults),
        ("a_message_too_short_to_say_whose_it_is_is_refused", too_short),
        ("workers_find_together_what_one_finds_alone", scatter_gather),
        ("a_part_that_is_lost_or_repeated_or_damaged_fails_the_task", wrong_result),
        ("a_worker_that_dies_is_a_failed_row", worker_dies),
        ("what_cannot_be_is_a_row_with_the_reason", refusals),
        ("a_run_records_loads_and_links", a_run),
    ];
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&args, trials).exit();
}

const SHORT: Extent = Extent::Time(Duration::from_millis(20));

fn report(entry: Entry, workload: Workload, size: usize, extent: Extent) -> Report {
    let (report, scratch) = report_in(entry, workload, size, extent);
    let next = scratch.names();
    // The list of the run's objects stays.
    assert_eq!(std::fs::read_dir(next.dir).unwrap().count(), 1, "links leave no folders behind");
    report
}

fn invoke(entry: Entry, workload: Workload, peers: u32, extent: Extent) -> Invocation {
    report(entry, workload.with_value(peers), 64, extent).invocation
}

fn scatter(entry: Entry, peers: u32, input: Input, size: usize) -> Invocation {
    report(entry, Workload::ScatterGather { peers, input }, size, Extent::Messages(3)).invocation
}

fn names(invocation: &Invocation) -> Vec<&str> {
    invocation.sides.iter().map(|side| side.side.as_str()).collect()
}

fn fan_in() -> Test {
    for (entry, links) in [(TOGETHER, "shared"), (APART, "per-peer")] {
        for peers in [1, 2, 5] {
            let found = invoke(entry, Workload::FAN_IN, peers, Extent::Messages(1_000));
            assert_eq!(found.outcome, InvocationOutcome::Ok);
            assert_eq!(found.messages, 1_000 * peers as u64, "each sends as many as asked");
            assert_eq!(found.links.as_deref(), Some(links));
            assert_eq!(found.sides.len(), 1 + peers as usize);
        }
        let found = invoke(entry, Workload::FAN_IN, 3, SHORT);
        assert_eq!(found.outcome, InvocationOutcome::Ok);
        assert_eq!(names(&found), ["responder", "initiator-0", "initiator-1", "initiator-2"]);
        let encoded = found.sides[0].histogram.as_ref().ok_or("no histogram")?;
        assert_eq!(encoded.unit, Unit::PsPerMessageBlock);
        assert!(found.elapsed_ns >= 20_000_000 && found.warm_up.messages > 0);
    }
    Ok(())
}

fn fan_out() -> Test {
    for (entry, links) in [(TOGETHER, "shared"), (APART, "per-peer")] {
        for peers in [1, 2, 5] {
            for n in [5, 6, 1_000, 1_001] {
                let found = invoke(entry, Workload::FAN_OUT, peers, Extent::Messages(n));
                assert_eq!(found.outcome, InvocationOutcome::Ok);
                assert_eq!(found.messages, n, "what all received is what was sent");
                assert_eq!(found.links.as_deref(), Some(links));
            }
        }
        let found = invoke(entry, Workload::FAN_OUT, 3, SHORT);
        assert_eq!(found.outcome, InvocationOutcome::Ok);
        assert_eq!(names(&found), ["initiator", "responder-0", "responder-1", "responder-2"]);
        assert!(found.elapsed_ns >= 20_000_000, "until the last one has its last");
    }
    Ok(())
}

fn broadcast() -> Test {
    for (entry, links) in [(Entry::of::<Chorus<false>>(), "shared"), (APART, "per-peer")] {
        for peers in [1, 2, 5] {
            for n in [1, 5, 1_001] {
                let found = invoke(entry, Workload::BROADCAST, peers, Extent::Messages(n));
                assert_eq!(found.outcome, InvocationOutcome::Ok);
                assert_eq!(found.messages, n * peers as u64, "each receives what was sent");
                assert_eq!(found.links.as_deref(), Some(links));
                let lost: Vec<_> = found.sides.iter().map(|side| side.lost).collect();
                assert_eq!(lost[0], None);
                assert_eq!(lost[1..], vec![Some(0); peers as usize]);
            }
        }
        let found = invoke(entry, Workload::BROADCAST, 3, SHORT);
        assert_eq!(found.outcome, InvocationOutcome::Ok);
        assert_eq!(names(&found), ["initiator", "responder-0", "responder-1", "responder-2"]);
        assert!(found.elapsed_ns >= 20_000_000, "until the last one has its last");
    }
    Ok(())
}

/// Of 1,200 messages, and of those of the warm-up, the receiver that came first gets a third.
fn broadcast_lossy() -> Test {
    let entry = Entry::of::<Chorus<true>>();
    let found = invoke(entry, Workload::BROADCAST, 3, Extent::Messages(1_200));
    assert_eq!(found.outcome, InvocationOutcome::Ok, "what it may lose is no failure");
    let lost: Vec<u64> = found.sides.iter().filter_map(|side| side.lost).collect();
    let (all, most) = (lost.iter().sum::<u64>(), lost.iter().max());
    assert_eq!((lost.len(), Some(&all)), (3, most), "one loses for itself: {lost:?}");
    assert_eq!(found.integrity, Integrity { lost: all, ..Integrity::default() });
    let sent = (found.messages + found.warm_up.messages + all) / 3;
    // Repetitions of the ends count for it, too, and are none of the messages.
    assert!(all.abs_diff(sent - sent / EVERY) <= 10, "{all} of {sent}");
    Ok(())
}

fn sender_dies() -> Test {
    type Dying<const SHARED: bool> = Crowd<SHARED, INITIATOR_DIES>;
    for entry in [Entry::of::<Dying<true>>(), Entry::of::<Dying<false>>()] {
        let found = invoke(entry, Workload::FAN_IN, 3, SHORT);
        let (side, what) = failure(&found)?;
        assert!(side.starts_with("initiator-") && what.contains("SIGKILL"), "{side}: {what}");
        let found = invoke(entry, Workload::FAN_OUT, 3, SHORT);
        let (side, what) = failure(&found)?;
        assert!(side == "initiator" && what.contains("SIGKILL"), "{side}: {what}");
    }
    Ok(())
}

fn receiver_dies() -> Test {
    type Dying<const SHARED: bool> = Crowd<SHARED, RESPONDER_DIES>;
    for entry in [Entry::of::<Dying<true>>(), Entry::of::<Dying<false>>()] {
        let found = invoke(entry, Workload::BROADCAST, 3, SHORT);
        assert!(failure(&found)?.0.starts_with("responder-"));
        let found = invoke(entry, Workload::FAN_OUT, 3, SHORT);
        let (side, what) = failure(&found)?;
        assert!(side.starts_with("responder-") && what.contains("SIGKILL"), "{side}: {what}");
        let found = invoke(entry, Workload::FAN_IN, 3, SHORT);
        let (side, what) = failure(&found)?;
        assert!(side == "responder" && what.contains("SIGKILL"), "{side}: {what}");
    }
    Ok(())
}

fn faults() -> Test {
    let none = Integrity::default();
    let cases: [(Entry, Entry, Integrity); 3] = [
        (
            Entry::of::<Crowd<true, LOSES>>(),
            Entry::of::<Crowd<false, LOSES>>(),
            Integrity { lost: 1, ..none },
        ),
        (
            Entry::of::<Crowd<true, REPEATS>>(),
            Entry::of::<Crowd<false, REPEATS>>(),
            Integrity { repeated: 1, ..none },
        ),
        (
            Entry::of::<Crowd<true, DAMAGES>>(),
            Entry::of::<Crowd<false, DAMAGES>>(),
            Integrity { damaged: 1, ..none },
        ),
    ];
    for (shared, per_peer, expected) in cases {
        for entry in [shared, per_peer] {
            for pattern in [Workload::FAN_IN, Workload::FAN_OUT] {
                let found = invoke(entry, pattern, 3, Extent::Messages(400));
                let (_, what) = failure(&found)?;
                assert!(what.contains("did not arrive as they were sent"), "{pattern}: {what}");
                if pattern == Workload::FAN_IN || entry.info.many_senders {
                    let Integrity { lost, repeated, damaged, .. } = found.integrity;
                    // Who gets a message again may see it as one out of order; a damaged one has no
                    // number.
                    assert!(
                        lost >= expected.lost
                            && repeated + found.integrity.reordered >= expected.repeated
                            && damaged >= expected.damaged,
                        "{pattern}: {:?}",
                        found.integrity
                    );
                }
            }
        }
    }
    Ok(())
}

fn too_short() -> Test {
    for pattern in [Workload::FAN_IN, Workload::FAN_OUT] {
        let size = LEAST_SHARED - 1;
        let refused = report(TOGETHER, pattern, size, Extent::Messages(10));
        let Some(State::Unsupported { reason }) = refused.refused else {
            return Err("it was not refused".into());
        };
        assert!(reason.contains("at least 16"), "{reason}");
        let fine = report(APART, pattern, 1, Extent::Messages(1_000)).invocation;
        assert_eq!(fine.outcome, InvocationOutcome::Ok, "a link for each needs no name");
    }
    Ok(())
}

fn scatter_gather() -> Test {
    for input in Input::ALL {
        for (peers, size) in [(1, 65_536), (3, 65_536), (2, 4_000)] {
            let found = scatter(APART, peers, input, size);
            assert_eq!(found.outcome, InvocationOutcome::Ok, "{input} {peers} {size}");
            let task = found.task.ok_or("no task")?;
            assert_eq!((task.input_bytes, task.runs), (8 << 20, 3));
            assert_eq!(found.messages, 3, "a run is what is counted");
            assert!(task.serial_ns > 0 && task.parallel_ns > 0);
            assert_eq!(found.links.as_deref(), Some("per-peer"));
            assert_eq!(found.sides.len(), 1 + peers as usize);
            let encoded = found.sides[0].histogram.as_ref().ok_or("no histogram")?;
            assert_eq!((encoded.unit, encoded.count), (Unit::NsPerTask, 3));
        }
    }
    Ok(())
}

fn wrong_result() -> Test {
    for input in Input::ALL {
        for entry in [
            Entry::of::<Crowd<false, LOSES>>(),
            Entry::of::<Crowd<false, REPEATS>>(),
            Entry::of::<Crowd<false, DAMAGES>>(),
        ] {
            let found = scatter(entry, 2, input, 8_192);
            let (side, what) = failure(&found)?;
            // The damaged byte is input that was sent, or makes no sense of what was asked.
            assert!(
                what.contains("not what one process alone finds") || what.contains("protocol"),
                "{input}: {side}: {what}"
            );
        }
    }
    Ok(())
}

fn worker_dies() -> Test {
    for input in Input::ALL {
        let found = scatter(Entry::of::<Crowd<false, RESPONDER_DIES>>(), 3, input, 65_536);
        let (side, what) = failure(&found)?;
        assert!(side.starts_with("responder-") && what.contains("SIGKILL"), "{side}: {what}");
        let found = scatter(Entry::of::<Crowd<false, INITIATOR_DIES>>(), 3, input, 8_192);
        let (side, what) = failure(&found)?;
        assert!(side == "initiator" && what.contains("SIGKILL"), "{side}: {what}");
    }
    Ok(())
}

fn options(rounds: u32) -> Options {
    Options {
        seed: 1,
        rounds,
        measure: Duration::from_millis(5),
        warm_up: Duration::from_millis(5),
        ..Options::new()
    }
}

fn spec(entry: &'static Entry, workload: Workload, size: usize) -> CellSpec {
    CellSpec::new(entry, workload, size, Placement::Free)
}

fn refusals() -> Test {
    static LOSSY_ONE: Entry = Entry::of::<Crowd<false, LOSSY>>();
    static ONE: Entry = Entry::of::<Crowd<false, ONE_LINK>>();
    let shared = Workload::SCATTER_GATHER.with_input(Input::Shared);
    let cells = [
        (spec(&ONE, Workload::FAN_IN, 64), "a process can hold only one"),
        (spec(&ONE, Workload::FAN_OUT, 64), "a process can hold only one"),
        (spec(&TOGETHER, Workload::FAN_IN, 8), "no room to say whose it is"),
        (spec(&ONE, Workload::BROADCAST, 64), "a process can hold only one"),
        (spec(&TOGETHER, Workload::FAN_OUT, 8), "no room to say whose it is"),
        (spec(&APART, Workload::SCATTER_GATHER, 64), "at least 1024"),
        (spec(&LOSSY_ONE, Workload::SCATTER_GATHER, 4_096), "may lose a part"),
        (spec(&APART, Workload::SCATTER_GATHER, 1 << 20), "a message of 1048576"),
    ];
    let (specs, reasons): (Vec<_>, Vec<_>) = cells.into_iter().unzip();
    let session = Session::new(specs, options(1))?;
    for (cell, expected) in session.record().cells.iter().zip(reasons) {
        match &cell.state {
            State::Unsupported { reason } | State::Unavailable(Refusal { reason, .. }) => {
                assert!(reason.contains(expected), "{}: {reason}", cell.key);
            }
            state => return Err(format!("{}: {state:?}", cell.key).into()),
        }
    }
    // Shared input does not travel: the part may be longer than any message.
    let fine = Session::new(vec![spec(&APART, shared, 1 << 20)], options(1))?;
    assert_eq!(fine.record().cells[0].state, State::Pending);
    Ok(())
}

fn a_run() -> Test {
    let four = Workload::FanIn { peers: 4 };
    let shared = Workload::SCATTER_GATHER.with_input(Input::Shared);
    let specs = vec![
        spec(&TOGETHER, four, 64),
        spec(&APART, Workload::FAN_IN, 64),
        spec(&TOGETHER, Workload::FAN_OUT, 64),
        spec(&APART, Workload::SCATTER_GATHER, 65_536),
        spec(&APART, shared, 65_536),
    ];
    let mut session = Session::new(specs, options(2))?;
    session.run(&mut Rounds::new(session.record().settings.rounds), &mut ())?;
    for cell in &session.record().cells {
        assert_eq!(
            (&cell.state, rounds_of(cell)),
            (&State::Measured, 2),
            "{}: {:?}",
            cell.key,
            cell.invocations
        );
        assert!(cell.invocations.iter().all(Invocation::is_ok), "{:?}", cell.invocations);
        assert_eq!(cell.invocations[0].sides.len(), 1 + cell.key.workload.peers());
    }
    Ok(())
}
