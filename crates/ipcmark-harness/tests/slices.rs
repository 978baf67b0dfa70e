//! Invocations that share their time, in real processes: turns in order, a known delay found, a
//! failure that blocks no one.

mod toy;

use ipcmark_core::{Extent, Placement, Plan, Workload};
use ipcmark_harness::placement;
use ipcmark_harness::slices::Turns;
use ipcmark_harness::{Bench, Entry, Scratch, host};
use ipcmark_record::{Arm, InvocationOutcome};
use ipcmark_sys::baton::Baton;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Child};
use ipcmark_sys::shared::Parcel;
use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::Arc;
use std::time::Duration;
use toy::*;

type Test = Result<(), Failed>;

static GOOD_ONE: Entry = Entry::of::<Toy<GOOD>>();
static DYING: Entry = Entry::of::<Toy<DIES>>();

const ORDER: [usize; 8] = [0, 1, 0, 1, 1, 0, 0, 1];
const SLICE: Duration = Duration::from_millis(4);

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let trials = vec![
        Trial::test("two_arms_take_turns_and_bring_each_slice_home", turns),
        Trial::test("a_stream_has_slices_too", stream),
        Trial::test("a_known_delay_is_as_long_as_it_was_asked_to_be", delay),
        Trial::test("an_arm_that_dies_holds_nobody_up_once_the_relay_is_stopped", dies),
    ];
    libtest_mimic::run(&args, trials).exit();
}

/// Runs two arms, each with its own supervising process; returns their results. `over` is called
/// while both run.
fn run(
    arms: [(&'static Entry, u32); 2],
    workload: Workload,
    order: &[usize],
    over: impl Fn(&Baton, &mut [Child]),
) -> Result<Vec<Arm>, Failed> {
    let relay = Baton::new(2)?;
    let parcels = [Parcel::new(1 << 20)?, Parcel::new(1 << 20)?];
    let clock = Clock::calibrate();
    let mut children = Vec::new();
    for (arm, (entry, slow_down_permille)) in arms.into_iter().enumerate() {
        let path = relay.path().expect("we made it");
        let (order, parcel) = (order.to_vec(), &parcels[arm]);
        children.push(process::fork(|| {
            let relay = Arc::new(Baton::open(&path, 2).unwrap());
            let scratch = Scratch::new().unwrap();
            let plan = Plan {
                workload,
                extent: Extent::Time(SLICE),
                warm_up: SLICE,
                deadline: Duration::from_secs(20),
                placement: Placement::SameCore,
                slow_down_permille,
                ..Plan::new(64, scratch.names())
            };
            let cpus = placement::choose(Placement::SameCore, &host::cpus()).unwrap();
            let bench = Bench { clock, cpus, neighbours: None };
            let sliced = entry.slices(&plan, &bench, &Turns { arm, order, relay });
            let json = serde_json::to_vec(&sliced.arm).unwrap();
            i32::from(parcel.put(&json).is_err())
        })?);
    }
    relay.give(order[0], 0)?;
    over(&relay, &mut children);
    for child in &mut children {
        let exit = child.wait(Duration::from_secs(30))?.ok_or("an arm did not end")?;
        assert_eq!(exit, process::Exit::Code(0));
    }
    let read = |parcel: &Parcel| {
        serde_json::from_slice(&parcel.get().ok_or("nothing")?).map_err(Failed::from)
    };
    parcels.iter().map(read).collect()
}

fn turns() -> Test {
    let arms = run([(&GOOD_ONE, 0), (&GOOD_ONE, 0)], Workload::PingPong, &ORDER, |_, _| {})?;
    for (number, arm) in arms.iter().enumerate() {
        assert_eq!(arm.outcome, InvocationOutcome::Ok);
        let turns: Vec<_> = arm.slices.iter().map(|slice| slice.turn as usize).collect();
        let own: Vec<_> = (2..ORDER.len()).filter(|turn| ORDER[*turn] == number).collect();
        assert_eq!(turns, own, "the first turn is the warm-up");
        for slice in &arm.slices {
            assert!(slice.values > 0 && slice.values == slice.messages, "{slice:?}");
            assert!(slice.midmean_ns > 0.0 && slice.midmean_ns <= slice.p99_ns, "{slice:?}");
            assert!(slice.elapsed_ns >= SLICE.as_nanos() as u64, "{slice:?}");
            assert_eq!(slice.distance, None, "both are on one CPU");
        }
    }
    Ok(())
}

fn stream() -> Test {
    let arms = run([(&GOOD_ONE, 0), (&GOOD_ONE, 0)], Workload::Stream, &ORDER, |_, _| {})?;
    for arm in arms {
        assert_eq!((arm.outcome, arm.slices.len()), (InvocationOutcome::Ok, 3));
        assert!(arm.slices.iter().all(|slice| slice.messages > 0 && slice.elapsed_ns > 0));
    }
    Ok(())
}

/// Half as long again: the middle one of several runs. Each learns in its own warm-up how long a round
/// trip is, and a busy machine may spoil one of those.
fn delay() -> Test {
    let mut middles: Vec<f64> = (0..9).map(|_| ratio_with(500)).collect::<Result<_, _>>()?;
    middles.sort_by(f64::total_cmp);
    assert!((1.3..1.8).contains(&middles[4]), "{middles:?}");
    Ok(())
}

/// Returns the ratio of neighbouring slices of an arm with this delay and one without, the middle one of
/// many.
fn ratio_with(permille: u32) -> Result<f64, Failed> {
    let there_and_back: Vec<usize> = (0..10).flat_map(|_| [0, 1, 1, 0]).collect();
    let order = [&[0, 1], &there_and_back[..]].concat();
    let arms = [(&GOOD_ONE, 0), (&GOOD_ONE, permille)];
    let arms = run(arms, Workload::PingPong, &order, |_, _| {})?;
    let pairs = arms[0].slices.chunks(2).zip(arms[1].slices.chunks(2));
    let mean = |slices: &[ipcmark_record::Slice]| {
        slices.iter().map(|slice| slice.midmean_ns.ln()).sum::<f64>() / slices.len() as f64
    };
    let mut ratios: Vec<_> = pairs.map(|(a, b)| (mean(b) - mean(a)).exp()).collect();
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ratios.len() / 2])
}

fn dies() -> Test {
    let stop = |relay: &Baton, children: &mut [Child]| {
        // As a comparing program does when it hears of a failure.
        let ended = children[1].wait(Duration::from_secs(15));
        assert!(ended.is_ok_and(|exit| exit.is_some()), "a dead side is noticed");
        relay.stop().unwrap();
    };
    let arms = run([(&GOOD_ONE, 0), (&DYING, 0)], Workload::PingPong, &ORDER, stop)?;
    assert_eq!(arms[0].outcome, InvocationOutcome::Ok);
    assert!(arms[0].slices.len() < 3, "its turn never came again");
    let InvocationOutcome::Failed { side, what } = &arms[1].outcome else {
        return Err("it died, and no one saw".into());
    };
    assert!(side == "responder" && what.contains("before it could report"), "{side}: {what}");
    Ok(())
}
