//! What sending costs: how long a send holds its sender, what is dropped, who else works, and memory.

mod toy;

use ipcmark_core::{Extent, Plan, WhenFull, Workload};
use ipcmark_harness::placement::Cpus;
use ipcmark_harness::slices::Turns;
use ipcmark_harness::{Bench, Counted, Entry, Scratch};
use ipcmark_record::{
    Drops, Hold, Invocation, InvocationOutcome, KnownBy, LinkMemory, State, Unit,
};
use ipcmark_sys::baton::Baton;
use ipcmark_sys::clock::Clock;
use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::Arc;
use std::time::Duration;
use toy::*;

type Test = Result<(), Failed>;
type Case = (&'static str, fn() -> Test);

static GOOD_ONE: Entry = Entry::of::<Toy<GOOD>>();
static SLOW: Entry = Entry::of::<Toy<SLOW_READER>>();
static LOOKER: Entry = Entry::of::<Toy<SLOW_LOOKER>>();
static REFUSING: Entry = Entry::of::<Toy<REFUSES>>();
static STARTING: Entry = Entry::of::<Toy<STARTS>>();

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    Board::get();
    let tests: &[Case] = &[
        ("one_send_of_each_block_of_a_stream_is_timed", stream),
        ("a_full_link_holds_the_sender_and_it_is_known_by_its_sleeps", slow_reader),
        ("what_cannot_be_known_is_not_known", not_known),
        ("each_send_at_a_set_rate_is_timed", paced),
        ("several_senders_and_receivers_are_timed_too", peers),
        ("dropped_received_and_lost_are_what_was_offered", drops),
        ("a_sender_that_drops_never_waits", never_waits),
        ("a_comparison_of_builds_takes_no_sender_that_drops", no_slices),
        ("what_another_process_works_is_no_cost_of_a_side", third_parties),
        ("memory_of_a_link_is_its_buffers_and_the_kernels_room", memory),
    ];
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&args, trials).exit();
}

fn bench() -> Bench {
    Bench { clock: Clock::calibrate(), cpus: Cpus::FREE, neighbours: None }
}

fn plan(workload: Workload, ms: u64, scratch: &Scratch) -> Plan {
    Plan {
        workload,
        extent: Extent::Time(Duration::from_millis(ms)),
        warm_up: Duration::from_millis(5),
        deadline: Duration::from_secs(10),
        seed: 7,
        ..Plan::new(64, scratch.names())
    }
}

fn well(entry: Entry, plan: &Plan) -> Result<Invocation, Failed> {
    Board::get().clear();
    let found = entry.invoke(plan, &bench()).invocation;
    match &found.outcome {
        InvocationOutcome::Ok => Ok(found),
        InvocationOutcome::Failed { side, what } => Err(format!("{side}: {what}").into()),
    }
}

fn hold(found: &Invocation, side: usize) -> Result<&Hold, Failed> {
    let hold = found.sides[side].hold.as_ref().ok_or("sends were not timed")?;
    assert_eq!((hold.times.unit, hold.times.messages_per_value), (Unit::NsPerSend, 1));
    assert_eq!(hold.times.unpack()?.len(), hold.times.count);
    Ok(hold)
}

fn stream() -> Test {
    let scratch = Scratch::new()?;
    let found = well(GOOD_ONE, &plan(Workload::Stream, 50, &scratch))?;
    let hold = hold(&found, 0)?;
    let blocks = found.sides[0].histogram.as_ref().ok_or("no blocks")?;
    // The last block need not be whole, and ends the phase.
    assert!(hold.times.count.abs_diff(blocks.count) <= 1, "{} {}", hold.times.count, blocks.count);
    let blocked = hold.blocked.ok_or("it sleeps when it waits")?;
    assert_eq!((blocked.known_by, blocked.sends), (KnownBy::Sleep, found.messages));
    assert!(found.sides[1].hold.is_none(), "the responder sends nothing");
    assert_eq!(found.drops, None);
    Ok(())
}

/// A reader that takes 20 µs a message frees a page of a pipe for each 64 of them.
fn slow_reader() -> Test {
    let scratch = Scratch::new()?;
    let found = well(SLOW, &plan(Workload::Stream, 200, &scratch))?;
    let hold = hold(&found, 0)?;
    let blocked = hold.blocked.ok_or("it sleeps when it waits")?;
    assert!(blocked.blocked > 0 && blocked.blocked <= blocked.sends, "{blocked:?}");
    let times = hold.times.unpack()?;
    assert!(times.max() > 20 * times.value_at_quantile(0.5).max(1), "{}", times.max());
    Ok(())
}

fn not_known() -> Test {
    let scratch = Scratch::new()?;
    let found = well(LOOKER, &plan(Workload::Stream, 20, &scratch))?;
    assert_eq!(hold(&found, 0)?.blocked, None, "it spins, and cannot be asked");
    let found = well(GOOD_ONE, &plan(Workload::PingPong, 20, &scratch))?;
    assert!(found.sides.iter().all(|side| side.hold.is_none()));
    Ok(())
}

fn paced() -> Test {
    let scratch = Scratch::new()?;
    let found = well(GOOD_ONE, &plan(Workload::PACED.with_value(2_000), 100, &scratch))?;
    let hold = hold(&found, 0)?;
    // The last one tells of the end, too.
    assert_eq!(hold.times.count, found.messages - 1);
    let blocked = hold.blocked.ok_or("it sleeps when it waits")?;
    let slept = found.sides[0].usage.voluntary_switches;
    assert!(
        blocked.blocked < slept,
        "its sleeps until the due times are none: {blocked:?} {slept}"
    );
    assert_eq!(blocked.sends, found.messages);
    Ok(())
}

fn peers() -> Test {
    let scratch = Scratch::new()?;
    let found = well(GOOD_ONE, &plan(Workload::FAN_OUT, 20, &scratch))?;
    assert_eq!(hold(&found, 0)?.blocked.map(|blocked| blocked.sends), Some(found.messages));
    let found = well(GOOD_ONE, &plan(Workload::FAN_IN, 20, &scratch))?;
    let sends = |side| Ok::<_, Failed>(hold(&found, side)?.blocked.map_or(0, |b| b.sends));
    assert_eq!(sends(1)? + sends(2)?, found.messages);
    // At a set rate each is timed: over each link of a broadcast.
    let found = well(GOOD_ONE, &plan(Workload::PACED_BROADCAST, 50, &scratch))?;
    let each = hold(&found, 0)?;
    assert_eq!(each.blocked.map(|blocked| blocked.sends), Some(each.times.count));
    assert_eq!(each.times.count % 2, 0, "two links");
    Ok(())
}

/// 100,000 messages a second to a reader that takes 20 µs for each: half of them find no room.
fn dropping(scratch: &Scratch) -> Plan {
    let plan = plan(Workload::PACED.with_value(100_000), 200, scratch);
    Plan { when_full: WhenFull::Drop, ..plan }
}

fn drops() -> Test {
    let scratch = Scratch::new()?;
    let found = well(REFUSING, &dropping(&scratch))?;
    let Drops { offered, dropped, received } = found.drops.ok_or("nothing was counted")?;
    assert_eq!(offered, dropped + received + found.integrity.lost, "{:?}", found.drops);
    assert_eq!(found.integrity.lost, 0, "what is dropped is not lost");
    assert!(dropped > offered / 10 && dropped < offered, "{:?}", found.drops);
    // Each message that came has its own due time: the queue is as long as the pipe, and no longer.
    let late = found.sides[1].histogram.as_ref().ok_or("no times")?.unpack()?;
    assert_eq!(late.len(), found.messages);
    let waits = Plan { when_full: WhenFull::Wait, ..dropping(&scratch) };
    let queued = well(REFUSING, &waits)?.sides[1].histogram.as_ref().ok_or("no times")?.unpack()?;
    assert!(late.value_at_quantile(0.99) < queued.value_at_quantile(0.99));
    Ok(())
}

fn never_waits() -> Test {
    let scratch = Scratch::new()?;
    let found = well(REFUSING, &dropping(&scratch))?;
    let blocked = hold(&found, 0)?.blocked.ok_or("it sleeps when it waits")?;
    // The last message waits: it tells of the end.
    assert!(blocked.blocked <= 1, "{blocked:?}");
    let found = well(SLOW, &Plan { when_full: WhenFull::Wait, ..dropping(&scratch) })?;
    assert!(hold(&found, 0)?.blocked.is_some_and(|blocked| blocked.blocked > 1));
    Ok(())
}

fn no_slices() -> Test {
    let scratch = Scratch::new()?;
    let relay = Arc::new(Baton::new(1)?);
    let turns = Turns { arm: 0, order: vec![0, 0], relay };
    let found = REFUSING.slices(&dropping(&scratch), &bench(), &turns);
    let Some(State::Unsupported { reason }) = found.refused else {
        return Err(format!("{:?}", found.refused).into());
    };
    assert!(reason.contains("by dropping more"), "{reason}");
    Ok(())
}

fn third_parties() -> Test {
    let scratch = Scratch::new()?;
    let found = well(STARTING, &plan(Workload::PACED, 100, &scratch))?;
    let others = found.sides[1].third_parties.ok_or("none was seen")?;
    assert!(others.processes == 1 && others.cpu_ns > 0, "{others:?}");
    assert_eq!(found.sides[0].third_parties, None, "the initiator started none");
    Ok(())
}

fn memory() -> Test {
    const LARGE: usize = 4 << 20;
    let scratch = Scratch::new()?;
    let of = |size: usize| -> Result<LinkMemory, Failed> {
        let plan = Plan { size, ..plan(Workload::PingPong, 5, &scratch) };
        match GOOD_ONE.count(&plan, &bench()) {
            Counted::Calls(_, Some(memory)) => Ok(memory),
            other => Err(format!("{other:?}").into()),
        }
    };
    let (small, large) = (of(64)?, of(LARGE)?);
    assert_eq!((small.links, small.kernel_bytes), (1, Some(2 << 16)), "{small:?}");
    // Each side has a buffer to send from and one to receive into.
    assert!(large.resident_bytes >= 3 * LARGE as u64, "{large:?}");
    assert!(small.resident_bytes < LARGE as u64, "{small:?}");
    Ok(())
}
