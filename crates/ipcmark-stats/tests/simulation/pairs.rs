//! Paired comparisons: what intervals hold, what two stages call, what the smallest detectable effect is worth. The example
//! `simulate` prints more of the same.

use crate::laws::slack;
use crate::paired::{POWER, Spread, Suite, coverage, power_at_the_stated_effect, suites};

const TRIALS: u32 = crate::laws::TRIALS;
const CALM: Spread = Spread::normal(0.02);
const NOISY: Spread = Spread::normal(0.04);
const WILD: Spread = Spread { deviation: 0.04, wild: 0.1, skew: 0.0 };
const SKEWED: Spread = Spread { deviation: 0.04, wild: 0.0, skew: 0.5 };

#[test]
fn the_pseudo_medians_interval_covers_and_the_p_value_is_small_as_often_as_they_say() {
    for spread in [NOISY, WILD] {
        for n in [6, 8, 16, 30] {
            let (held, promised, small) = coverage(spread, n, TRIALS, n as u64);
            let name = spread.name();
            assert!((held - promised).abs() < slack(promised), "{name}, {n}: {held} of {promised}");
            assert!(small < 0.05 + slack(0.05), "{name}, {n}: p <= 0.05 in {small}");
            assert!(small > 0.02, "{name}, {n}: and not so seldom that it is useless: {small}");
        }
    }
}

#[test]
fn differences_that_lean_to_one_side_break_the_promise_so_arms_must_be_alike() {
    let (held, promised, _) = coverage(SKEWED, 30, TRIALS, 1);
    assert!(held < promised - 0.01, "the pseudo-median is not the median there: {held}");
    // Not with few, where nearly all is left in.
    let (held, promised, _) = coverage(SKEWED, 8, TRIALS, 1);
    assert!((held - promised).abs() < 2.0 * slack(promised), "{held} of {promised}");
}

#[test]
fn two_stages_find_what_is_slower_and_invent_nothing() {
    let suite =
        Suite { cells: 200, slower: 10, effect: 0.05, screen_pairs: 16, screen_p: 0.1, fresh: 2 };
    for (spread, power_min) in [(CALM, 0.99), (NOISY, 0.93), (WILD, 0.84)] {
        let outcome = suites(&suite, spread, 20, 3);
        assert!(outcome.power >= power_min, "{}: {outcome:?}", spread.name());
        assert!(outcome.false_alarms <= 0.1, "{}: {outcome:?}", spread.name());
        assert!(outcome.candidates < 40.0, "{}: {outcome:?}", spread.name());
    }
}

#[test]
fn a_stated_smallest_detectable_effect_is_called_about_as_often_as_it_says() {
    for spread in [NOISY, WILD] {
        for n in [8, 16, 32] {
            let (_, called) = power_at_the_stated_effect(spread, n, TRIALS, n as u64);
            assert!((called - POWER).abs() < 0.05, "{}, {n}: {called}", spread.name());
        }
    }
}
