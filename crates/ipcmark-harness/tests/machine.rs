//! What is found out about the machine, in real processes: the clocks of two CPUs.
//!
//! Nothing here asserts a time: spans, counts and shapes only.

use ipcmark_harness::certificate::{self, Offset};
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use libtest_mimic::{Arguments, Failed, Trial};
use std::time::Duration;

type Test = Result<(), Failed>;

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let two = affinity::allowed().is_ok_and(|cpus| cpus.len() > 1);
    let trials = vec![
        Trial::test("two_processes_bound_their_clocks", bound).with_ignored_flag(!two),
        Trial::test("a_shifted_clock_is_found_out", shifted).with_ignored_flag(!two),
        Trial::test("one_cpu_has_no_offset", one_cpu),
        Trial::test("a_cpu_that_is_not_allowed_is_an_error", no_cpu),
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
    // A reading tells of no moment finer than a step.
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
            "{found:?} less {by} ticks, beside {straight:?}"
        );
    }
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
    assert!(error.contains("CPU 1000000") && error.contains("exited"), "{error}");
    Ok(())
}
