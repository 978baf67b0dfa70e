//! Each verdict, each standing, each reason.

use super::{canary, cell, judge, key, looked_at_twice, quiet};
use ipcmark_judge::paired::{JudgedCell, Standing};
use ipcmark_judge::{Figure, Verdict};
use ipcmark_record::sample::{self, MadeUp, Trouble, look_again, paired_of};
use ipcmark_record::{CellKey, Pair, Stage, State, Workload};
use proptest::prelude::*;

fn headline(cell: &JudgedCell) -> (Verdict, String) {
    (cell.figures[0].new.verdict, cell.figures[0].why.clone().unwrap_or_default())
}

#[test]
fn every_kind_of_cell_gets_what_it_deserves() {
    let comparison = judge(&sample::paired(1));
    let of = |transport: &str, pattern: &str| cell(&comparison, transport, pattern);
    for (transport, pattern, verdict) in [
        ("null", "ping-pong", Verdict::Equivalent),
        ("pipe/block", "ping-pong", Verdict::Equivalent),
        ("unix-stream/block", "ping-pong", Verdict::Inconclusive),
        ("fifo/block", "ping-pong", Verdict::Regressed),
        ("mq/block", "ping-pong", Verdict::Improved),
        ("tcp/block", "ping-pong", Verdict::Inconclusive),
        ("shm-ring/pause", "ping-pong", Verdict::Equivalent),
        ("pipe/block", "stream", Verdict::Equivalent),
        ("shm-ring/spin", "stream", Verdict::Regressed),
    ] {
        assert_eq!(headline(&of(transport, pattern)).0, verdict, "{transport} {pattern}");
    }
    assert_eq!(of("shm-ring/spin", "stream").figures[0].figure, Figure::TimePerMessage);
    let standing = |transport: &str| of(transport, "ping-pong").standing;
    assert!(matches!(standing("udp4/block"), Standing::NewlyFailed { pairs: 3, .. }));
    assert!(matches!(standing("pty/block"), Standing::Failed { .. }));
    assert!(matches!(standing("vsock/block"), Standing::NotAvailable { .. }));
    assert_eq!(standing("sysv/block"), Standing::NotReached);
    assert!(matches!(standing("shm-ring/hybrid"), Standing::NoPair { .. }));
    assert_eq!(comparison.alarms, []);
    assert_eq!(comparison.worst(), Verdict::Failed);
}

#[test]
fn the_census_adds_up() {
    for seed in 1..6 {
        let c = judge(&sample::paired(seed)).census;
        let (looked, failed) = (c.judged + c.wide, c.newly_failed + c.failed);
        assert_eq!(looked + failed + c.not_available + c.not_reached, c.cells);
        let n = c.counts;
        assert_eq!(n.regressed + n.improved + n.equivalent + n.inconclusive, n.figures);
        assert!(c.line().starts_with(&format!("Judged {} of {} cells", c.judged, c.cells)));
        assert!(c.detectable_median.unwrap() <= c.detectable_worst.unwrap());
    }
}

#[test]
fn a_change_that_was_not_looked_at_again_is_none() {
    let made = [MadeUp { slow_down: 1.2, ..quiet(0) }, quiet(1)];
    let comparison = judge(&paired_of(1, 8, &made));
    let figure = &comparison.cells[0].figures[0];
    assert!(figure.new.interval.unwrap().0 > 1.02, "the interval lies beyond: {figure:?}");
    assert!(!figure.significant && figure.new.p_adjusted.is_none());
    let (verdict, why) = headline(&comparison.cells[0]);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(why.contains("before it was confirmed"), "{why}");
    assert_eq!(headline(&comparison.cells[1]).0, Verdict::Equivalent, "that may be said at once");
}

#[test]
fn a_second_look_counts_alone_and_one_cut_short_does_not() {
    let slow = [MadeUp { slow_down: 1.2, ..quiet(0) }];
    let mut paired = paired_of(1, 8, &slow);
    look_again(&mut paired, &[quiet(0)], &[0], 16);
    let comparison = judge(&paired);
    assert_eq!(comparison.cells[0].stage, Stage::Confirm);
    assert_eq!(headline(&comparison.cells[0]).0, Verdict::Equivalent, "the first look was chance");

    let mut paired = paired_of(1, 8, &slow);
    look_again(&mut paired, &slow, &[0], 3);
    let comparison = judge(&paired);
    assert_eq!((comparison.cells[0].stage, comparison.cells[0].pairs), (Stage::Screen, 8));
    assert!(comparison.cells[0].notes[0].contains("has 3 usable pairs"));
    assert_eq!(headline(&comparison.cells[0]).0, Verdict::Inconclusive);
}

#[test]
fn each_reason_is_given() {
    let why = |made: &[MadeUp], pairs: u32| {
        let mut paired = paired_of(3, 8, made);
        look_again(&mut paired, made, &(0..made.len()).collect::<Vec<_>>(), pairs);
        headline(&judge(&paired).cells[0])
    };
    let of = |slow_down, spread| MadeUp { slow_down, spread, ..quiet(0) };
    let (verdict, reason) = why(&[of(1.0, 0.08)], 16);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert_eq!(reason, "could be unchanged or more than 2 % faster or slower");
    let (verdict, reason) = why(&[of(1.02, 0.01)], 16);
    assert_eq!(
        (verdict, reason.as_str()),
        (Verdict::Inconclusive, "slower, but perhaps by less than 2 %")
    );
    // Nine pairs allow p = 1/256 at best: enough alone, and not among five.
    let five: Vec<MadeUp> = (0..5).map(|n| MadeUp { key: key(n), ..of(1.1, 0.01) }).collect();
    assert_eq!(why(&five[..1], 9).0, Verdict::Regressed);
    let (verdict, reason) = why(&five, 9);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(reason.contains("among 5 figures") && reason.contains("p 0.04"), "{reason}");
    let few = judge(&paired_of(1, 4, &[quiet(0)]));
    let (verdict, reason) = headline(&few.cells[0]);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert_eq!(reason, "too few usable pairs for an interval: 4");
    assert_eq!((few.census.judged, few.census.wide), (0, 1));
    assert_eq!(few.worst(), Verdict::Inconclusive);
}

/// F3: a latency of messages that wait behind each other says how long that went on.
#[test]
fn a_rate_that_was_not_reached_has_no_verdict() {
    // A slice of 3 ms holds 333 messages of 9 µs: 133,000 a second after its first half millisecond.
    let paced = |rate, slow_down| {
        let workload = Workload::PACED.with_value(rate);
        MadeUp { key: CellKey { workload, ..key(0) }, slow_down, ..quiet(0) }
    };
    let judged = |made: MadeUp| judge(&looked_at_twice(1, &[made, canary()])).cells.remove(0);
    let reached = judged(paced(100_000, 1.0));
    assert_eq!(headline(&reached).0, Verdict::Equivalent, "{reached:?}");
    let missed = judged(paced(1_000_000, 1.3));
    let Standing::NoPair { why } = &missed.standing else { panic!("{missed:?}") };
    assert!(why.contains("the rate was not reached in 16"), "{why}");
    assert!(missed.figures.is_empty());
    let slower = judged(paced(100_000, 3.0));
    let Standing::NewlyFailed { what, .. } = &slower.standing else { panic!("{slower:?}") };
    assert!(what.contains("the rate was not reached") && slower.figures.is_empty(), "{what}");
}

#[test]
fn one_failure_of_the_new_side_alone_is_a_regression_and_one_of_both_is_none() {
    let made = [MadeUp { trouble: Trouble::FailsInNew, ..quiet(0) }, canary()];
    let paired = looked_at_twice(1, &made);
    let comparison = judge(&paired);
    assert_eq!(comparison.worst(), Verdict::Failed);
    assert_eq!(comparison.census.newly_failed, 1);
    // The base's second arm is the base, too.
    let mut both = paired.clone();
    both.cells[0].pairs[1].again.outcome = both.cells[0].pairs[0].new.outcome.clone();
    both.cells[0].pairs[1].again.slices.clear();
    let comparison = judge(&both);
    assert_eq!(comparison.cells[0].standing, Standing::Judged);
    assert_eq!(comparison.worst(), Verdict::Equivalent);
    let note = comparison.cells[0].notes.join("; ");
    assert!(note.contains("a side failed in"), "{note}");
}

#[test]
fn what_moved_is_left_out_lap_by_lap() {
    let of = |trouble| judge(&looked_at_twice(2, &[MadeUp { trouble, ..quiet(0) }]));
    let moves = of(Trouble::Moves);
    assert_eq!(moves.cells[0].set_aside.all(), 0, "each pair has a palindrome that stood still");
    assert_eq!(headline(&moves.cells[0]).0, Verdict::Equivalent);
    let always = of(Trouble::MovesAlways);
    assert!(
        matches!(&always.cells[0].standing, Standing::NoPair { why } if why.contains("moved in 16"))
    );
    assert!(always.warnings.iter().any(|w| w.contains("moved the CPUs")), "{:?}", always.warnings);
    assert_eq!(always.worst(), Verdict::Missing);
}

#[test]
fn p99_is_judged_where_slices_hold_enough_and_nowhere_else() {
    let fast = MadeUp { ns: 300.0, ..quiet(0) };
    let comparison = judge(&looked_at_twice(1, &[fast, quiet(1)]));
    let figures =
        |at: usize| comparison.cells[at].figures.iter().map(|f| f.figure).collect::<Vec<_>>();
    assert_eq!(figures(0), [Figure::RoundTripP50, Figure::RoundTripP99]);
    assert_eq!(comparison.cells[0].figures[1].delta, 0.1);
    assert_eq!(figures(1), [Figure::RoundTripP50]);
    assert!(comparison.cells[1].notes.iter().any(|note| note.contains("p99 is not judged")));
}

#[test]
fn nothing_measured_is_never_green() {
    let mut paired = sample::paired(1);
    for cell in &mut paired.cells {
        cell.pairs.clear();
        cell.state = State::Pending;
    }
    assert_eq!(judge(&paired).worst().exit_code(), 3);
    paired.cells.clear();
    assert_eq!(judge(&paired).worst().exit_code(), 3);
}

fn swapped(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Regressed => Verdict::Improved,
        Verdict::Improved => Verdict::Regressed,
        same => same,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn swapping_the_sides_inverts_ratios_and_verdicts(
        seed in 0u64..1_000_000, slow_down in 0.8f64..1.25, spread in 0.002f64..0.1, rate: bool,
    ) {
        let mut made = MadeUp { slow_down, spread, ns: 300.0, ..quiet(0) };
        if rate {
            made.key.workload = Workload::Stream;
        }
        let paired = looked_at_twice(seed, &[made, quiet(1)]);
        let mut swap = paired.clone();
        for Pair { base, new, .. } in swap.cells.iter_mut().flat_map(|cell| &mut cell.pairs) {
            std::mem::swap(base, new);
        }
        let (there, back) = (judge(&paired), judge(&swap));
        for (a, b) in there.cells.iter().zip(&back.cells) {
            for (a, b) in a.figures.iter().zip(&b.figures) {
                let ((low, high), (other_low, other_high)) = (a.new.interval.unwrap(), b.new.interval.unwrap());
                prop_assert!((a.new.ratio * b.new.ratio - 1.0).abs() < 1e-9);
                prop_assert!((low * other_high - 1.0).abs() < 1e-9 && (high * other_low - 1.0).abs() < 1e-9);
                prop_assert!((a.new.p - b.new.p).abs() < 1e-9);
                prop_assert_eq!(swapped(a.new.verdict), b.new.verdict);
            }
        }
    }

    #[test]
    fn the_order_of_cells_and_pairs_does_not_matter(seed in 0u64..1_000_000) {
        let paired = sample::paired(seed);
        let mut turned = paired.clone();
        turned.cells.reverse();
        turned.cells.iter_mut().for_each(|cell| cell.pairs.reverse());
        let (there, mut back) = (judge(&paired), judge(&turned));
        back.cells.reverse();
        prop_assert_eq!(there.census, back.census);
        for (a, b) in there.cells.iter().zip(&back.cells) {
            prop_assert_eq!(&a.figures, &b.figures);
        }
    }
}

/// reliability 9: a turn is a number in a document, and nothing counts up to it.
#[test]
fn a_turn_far_away_costs_its_lap_and_no_time() {
    let made = [quiet(1), canary()];
    let mut paired = paired_of(3, 8, &made);
    for pair in &mut paired.cells[0].pairs {
        pair.again.slices.last_mut().unwrap().turn = u32::MAX;
    }
    assert_eq!(judge(&paired).judged().count(), judge(&paired_of(3, 8, &made)).judged().count());
}
