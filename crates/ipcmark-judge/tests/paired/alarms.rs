//! Each alarm, and what it does to the whole.

use super::{canary, judge, looked_at_twice, quiet};
use ipcmark_judge::Verdict;
use ipcmark_judge::paired::{AlarmKind, Comparison};
use ipcmark_record::sample::{MadeUp, paired_of};
use ipcmark_record::{Paired, Refusal, State};

fn kinds(comparison: &Comparison) -> Vec<AlarmKind> {
    comparison.alarms.iter().map(|alarm| alarm.kind).collect()
}

#[test]
fn a_base_that_differs_from_itself_is_an_alarm_even_where_all_is_equivalent() {
    let drifting = MadeUp { again: 1.06, ..quiet(0) };
    let comparison = judge(&looked_at_twice(1, &[drifting, quiet(1), canary()]));
    assert_eq!(kinds(&comparison), [AlarmKind::Again]);
    assert_eq!(comparison.census.counts.equivalent, 2);
    assert_eq!(comparison.worst(), Verdict::Inconclusive, "an alarm is never green");
    let words = &comparison.findings().alarms[0];
    assert!(words.contains("regressed against itself in made-0/block"), "{words}");
}

#[test]
fn what_regressed_stays_so_under_an_alarm() {
    let slow = MadeUp { slow_down: 1.2, again: 0.9, ..quiet(0) };
    let comparison = judge(&looked_at_twice(1, &[slow, canary()]));
    assert_eq!(kinds(&comparison), [AlarmKind::Again]);
    assert_eq!(comparison.worst(), Verdict::Regressed);
}

#[test]
fn an_a_a_arm_that_was_not_looked_at_again_raises_no_alarm_as_it_gives_no_verdict() {
    let drifting = MadeUp { again: 1.06, ..quiet(0) };
    assert_eq!(judge(&paired_of(1, 8, &[drifting])).alarms, []);
}

#[test]
fn a_canary_that_is_found_raises_no_alarm_and_counts_nowhere() {
    let comparison = judge(&looked_at_twice(1, &[quiet(0), canary()]));
    assert_eq!(comparison.alarms, []);
    assert_eq!((comparison.census.cells, comparison.census.counts.regressed), (1, 0));
    assert_eq!(comparison.worst(), Verdict::Equivalent);
    assert!(comparison.findings().findings.iter().all(|f| f.verdict == Verdict::Equivalent));
}

#[test]
fn a_canary_without_its_delay_is_missed() {
    let comparison = judge(&looked_at_twice(1, &[quiet(0), MadeUp { slow_down: 1.0, ..canary() }]));
    assert_eq!(kinds(&comparison), [AlarmKind::CanaryMissed]);
    assert_eq!(comparison.worst(), Verdict::Inconclusive);
    let words = &comparison.alarms[0].words;
    assert!(words.contains("a planted delay of 5 %") && words.contains("equivalent"), "{words}");
}

#[test]
fn a_canary_of_another_size_is_misjudged_from_a_factor_of_two_on() {
    let of = |slow_down| judge(&looked_at_twice(4, &[quiet(0), MadeUp { slow_down, ..canary() }]));
    assert_eq!(kinds(&of(1.2)), [AlarmKind::CanaryMisjudged]);
    assert_eq!(kinds(&of(1.09)), [], "within a factor of two");
}

#[test]
fn a_canary_far_off_whose_interval_holds_the_delay_is_good_enough() {
    let wide = MadeUp { slow_down: 1.12, spread: 0.13, ..canary() };
    let far_off = (0..40).map(|seed| judge(&looked_at_twice(seed, &[quiet(0), wide.clone()])));
    let mut held = far_off.filter(|comparison| {
        let effect = comparison.cells[1].figures[0].new;
        let holds = effect.interval.is_some_and(|(low, high)| low <= 1.05 && 1.05 <= high);
        effect.verdict == Verdict::Regressed && holds && effect.ratio > 1.11
    });
    assert_eq!(kinds(&held.next().expect("some of forty are such")), []);
}

#[test]
fn a_canary_that_could_not_be_measured_is_an_alarm_and_none_at_all_a_warning() {
    let without = |change: fn(&mut Paired)| {
        let mut paired = looked_at_twice(1, &[quiet(0), canary()]);
        change(&mut paired);
        judge(&paired)
    };
    let reason = "no such kernel";
    let unavailable = without(|paired| {
        paired.cells[1].pairs.clear();
        paired.cells[1].state = State::Unavailable(Refusal::new("no such kernel"));
    });
    assert_eq!(kinds(&unavailable), [AlarmKind::CanaryMissed]);
    assert!(unavailable.alarms[0].words.contains(reason));
    let late = without(|paired| paired.cells[1].pairs.clear());
    assert!(late.alarms[0].words.contains("the budget ended before it"));
    let none = without(|paired| paired.cells.truncate(1));
    assert_eq!(kinds(&none), []);
    assert!(none.warnings.iter().any(|w| w.contains("no canary")), "{:?}", none.warnings);
}

#[test]
fn what_a_reader_must_know_is_said() {
    let said = |change: &dyn Fn(&mut Paired), words: &str| {
        let floor = MadeUp { floor: true, slow_down: 1.1, ..quiet(0) };
        let mut paired = looked_at_twice(1, &[floor, canary()]);
        change(&mut paired);
        let comparison = judge(&paired);
        assert!(comparison.warnings.iter().any(|w| w.contains(words)), "{:?}", comparison.warnings);
    };
    said(&|_| {}, "A floor changed (made-0/block ping-pong 64 B cross-core)");
    said(&|p| p.new = p.base.clone(), "nothing can have changed");
    let slower = |p: &mut Paired| p.new.conditions = vec!["scheduling: other, nice 19".into()];
    said(&slower, "Base: as the program that compared. New: scheduling: other, nice 19.");
    said(&|p| p.other_runs = Some(2), "2 other runs of ipcmark measured at the same time");
    said(&|p| p.cells[0].slow_down_permille = Some(50), "slowed down on purpose in some cells (1)");
    said(&|p| p.new.tool.rustc = "rustc 1.95.0".into(), "compiler rustc 1.89.0 and rustc 1.95.0");
    said(&|p| p.outcome = ipcmark_record::Outcome::BudgetSpent, "The budget ended before");
    let debug = |p: &mut Paired| {
        p.base.tool.profile = "debug".into();
        p.new.tool.profile = "debug".into();
    };
    said(&debug, "debug builds");
}
