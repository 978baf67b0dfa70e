//! What is counted over several comparisons of a program with itself.

use super::{canary, judge, looked_at_twice, quiet};
use ipcmark_judge::Verdict;
use ipcmark_judge::paired::Trials;
use ipcmark_record::sample::MadeUp;

#[test]
fn what_is_false_what_is_found_and_what_could_be_is_counted() {
    let slowed = MadeUp { slow_down: 1.05, ..quiet(1) };
    let made = |wrong: bool| {
        let first = MadeUp { slow_down: if wrong { 1.12 } else { 1.0 }, ..quiet(0) };
        vec![first, slowed.clone(), quiet(2), canary()]
    };
    let comparisons: Vec<_> = [(1, false), (2, true), (3, false)]
        .map(|(seed, wrong)| {
            let mut paired = looked_at_twice(seed, &made(wrong));
            paired.cells[1].slow_down_permille = Some(50);
            judge(&paired)
        })
        .into();
    let trials = Trials::of(&comparisons).unwrap();
    assert_eq!((trials.comparisons, trials.cells, trials.figures), (3, 3, 6));
    assert_eq!((trials.with_false_changes, trials.false_changes.len()), (1, 1));
    let [wrong] = &trials.false_changes[..] else { unreachable!() };
    assert_eq!(
        (wrong.comparison, &wrong.key, wrong.verdict),
        (2, &quiet(0).key, Verdict::Regressed)
    );
    assert_eq!((trials.again_alarms, trials.canaries_found), (0, 3));
    let [found] = &trials.slowed[..] else { panic!("{:?}", trials.slowed) };
    assert_eq!((&found.key, found.permille, found.found, found.of), (&slowed.key, 50, 3, 3));
    let (low, middle, high) = found.ratios.unwrap();
    assert!(1.03 < low && low <= middle && middle <= high && high < 1.07, "{found:?}");
    assert_eq!(trials.detectable.len(), 3);
    let markdown = trials.document().markdown();
    for part in [
        "1 of 3 comparisons called something changed that is not: 1 of 6 figures",
        "3 of 3 detected the canary",
        "- comparison 2, made-0/block",
        "| 5 % | 3 of 3 |",
    ] {
        assert!(markdown.contains(part), "'{part}' is not in:\n{markdown}");
    }
    assert_eq!(Trials::of(&[]), None);
}

#[test]
fn a_canary_that_is_not_found_is_counted_as_missed() {
    let silent = MadeUp { slow_down: 1.0, ..canary() };
    let trials = Trials::of(&[judge(&looked_at_twice(1, &[quiet(0), silent]))]).unwrap();
    assert_eq!((trials.canaries_found, trials.with_false_changes), (0, 0));
}
