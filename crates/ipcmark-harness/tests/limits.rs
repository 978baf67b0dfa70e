//! Limits, measured in real processes: each is there, and their order is right.
//!
//! No test compares a figure with the wall clock, because the machine may be busy: within one
//! set the order must be right, by factors that no noise makes.

use ipcmark_core::Placement;
use ipcmark_harness::host;
use ipcmark_harness::limits::{Found, measure};
use ipcmark_harness::placement::{self, Cpus};
use ipcmark_record::{Cpu, LimitKind};
use ipcmark_sys::clock::Clock;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use rustix::process::{WaitOptions, waitpid};

type Test = Result<Completion, Failed>;

const SIZES: [u64; 4] = [0, 64, 1_024, 65_536];
const DONE: Test = Ok(Completion::Completed);

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let trials = vec![
        Trial::ignorable_test("two_cpus_have_limits_in_order", across),
        Trial::ignorable_test("one_cpu_has_limits_in_order", same),
        Trial::ignorable_test("without_a_cpu_there_are_those_of_one_process", free),
        Trial::ignorable_test("a_cpu_that_cannot_be_had_is_an_error", no_such_cpu),
    ];
    libtest_mimic::run(&args, trials).exit();
}

/// Three sets, because noise may spoil one.
fn sets(cpus: &Cpus) -> Result<Vec<Found>, Failed> {
    let clock = Clock::calibrate();
    let mut all = Vec::new();
    for _ in 0..3 {
        all.extend(measure(&clock, cpus, &SIZES, None)?.found);
    }
    for found in &all {
        assert!(found.least_ns > 0.0 && found.median_ns >= found.least_ns, "{found:?}");
    }
    let none = waitpid(None, WaitOptions::NOHANG).map(drop);
    assert_eq!(none, Err(rustix::io::Errno::CHILD), "a process is left");
    Ok(all)
}

/// The least over the sets: noise only adds.
fn least(found: &[Found], kind: LimitKind, size: Option<u64>) -> Result<f64, Failed> {
    let own = found.iter().filter(|f| f.kind == kind && f.size_bytes == size).map(|f| f.least_ns);
    own.reduce(f64::min).ok_or_else(|| format!("no {kind} of {size:?}: {found:?}").into())
}

fn has(found: &[Found], kind: LimitKind) -> bool {
    found.iter().any(|f| f.kind == kind)
}

fn placed(placement: Placement) -> Result<Cpus, String> {
    let cpus = &host::describe(&Clock::calibrate()).cpus;
    placement::choose(placement, cpus).map_err(|refusal| refusal.reason)
}

fn across() -> Test {
    let Ok(pair) = placed(Placement::CrossCore) else {
        return Ok(Completion::ignored_with("no two cores here"));
    };
    let found = sets(&pair)?;
    let of = |kind, size| least(&found, kind, size);
    let shared = SIZES[1..]
        .iter()
        .map(|&size| of(LimitKind::SharedCopy, Some(size)))
        .collect::<Result<Vec<_>, _>>()?;
    assert!(shared.is_sorted(), "more bytes take longer: {shared:?}");
    assert!(shared[2] > 4.0 * shared[0], "a thousand times the bytes: {shared:?}");
    assert!(of(LimitKind::WakeUp, None)? > 2.0 * of(LimitKind::NullCall, None)?);
    assert!(of(LimitKind::WakeUp, None)? > of(LimitKind::HandOff, None)?);
    assert!(!has(&found, LimitKind::Switch), "two CPUs need not switch: {found:?}");
    for one in &found {
        let across = !matches!(one.kind, LimitKind::Copy | LimitKind::NullCall);
        assert_eq!(one.distance.is_some(), across, "{one:?}");
    }
    DONE
}

fn same() -> Test {
    let found = sets(&placed(Placement::SameCore)?)?;
    let of = |kind, size| least(&found, kind, size);
    let null_call = of(LimitKind::NullCall, None)?;
    assert!(of(LimitKind::Switch, None)? > 2.0 * null_call, "a switch holds a call: {found:?}");
    assert!(of(LimitKind::WakeUp, None)? > 2.0 * null_call, "four calls: {found:?}");
    assert!(of(LimitKind::Copy, Some(65_536))? > 4.0 * of(LimitKind::Copy, Some(64))?);
    assert!(!has(&found, LimitKind::HandOff) && !has(&found, LimitKind::SharedCopy), "{found:?}");
    assert!(found.iter().all(|one| one.distance.is_none()), "{found:?}");
    DONE
}

fn free() -> Test {
    let found = sets(&Cpus::FREE)?;
    let alone = |one: &Found| matches!(one.kind, LimitKind::Copy | LimitKind::NullCall);
    assert_eq!(found.len(), 3 * SIZES.len(), "{found:?}");
    assert!(found.iter().all(alone), "{found:?}");
    DONE
}

fn no_such_cpu() -> Test {
    let cpu = Cpu { id: 1_023, core: None, package: None, node: None, cache: None };
    let one = placement::choose(Placement::SameCore, &[cpu]).map_err(|refusal| refusal.reason)?;
    let refused =
        measure(&Clock::calibrate(), &one, &SIZES, None).expect_err("there are fewer CPUs");
    assert!(refused.to_string().contains("1023"), "{refused}");
    DONE
}
