//! System calls, counted in real processes: exact numbers.

mod toy;

use ipcmark_core::{Load, Pattern, Plan};
use ipcmark_harness::placement::Cpus;
use ipcmark_harness::{Bench, Counted, Entry, Scratch};
use ipcmark_record::SystemCalls;
use ipcmark_sys::clock::Clock;
use libtest_mimic::{Arguments, Failed, Trial};
use std::time::{Duration, Instant};
use toy::*;

type Test = Result<(), Failed>;
type Case = (&'static str, fn() -> Test);

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let tests: &[Case] = &[("a_pipes_round_trip_is_two_calls_a_side", ping_pong)];
    let trials = tests.iter().map(|&(name, test)| Trial::test(name, test)).collect();
    libtest_mimic::run(&args, trials).exit();
}

fn count(entry: Entry, pattern: Pattern) -> Counted {
    let scratch = Scratch::new().unwrap();
    let plan = Plan {
        pattern,
        load: Load::DEFAULT,
        warm_up: Duration::from_millis(2),
        deadline: Duration::from_secs(20),
        seed: 7,
        ..Plan::new(64, scratch.names())
    };
    entry.count(&plan, &Bench { clock: Clock::calibrate(), cpus: Cpus::FREE })
}

fn calls(counted: &Counted) -> Result<SystemCalls, Failed> {
    match counted {
        Counted::Calls(calls) => Ok(*calls),
        other => Err(format!("{other:?}").into()),
    }
}

fn ping_pong() -> Test {
    let begun = Instant::now();
    for _ in 0..10 {
        let SystemCalls { messages, calls } =
            calls(&count(Entry::of::<Toy<GOOD>>(), Pattern::PingPong))?;
        assert_eq!(calls, 4 * messages, "a write and a read on each side");
    }
    println!("{:?}", begun.elapsed());
    Ok(())
}
