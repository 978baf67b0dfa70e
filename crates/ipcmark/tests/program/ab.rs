//! `ab`: this program against itself, against itself with a setting, and against a program that is not ipcmark.

use crate::desk::{Desk, stderr, stdout};
use ipcmark_record::{InvocationOutcome, Outcome, Paired, Stage};

/// One cell and the canary, as few pairs as may be.
const ONE: [&str; 17] = [
    "ab",
    "--transport",
    "pipe/block",
    "--pattern",
    "ping-pong",
    "--size",
    "64",
    "--placement",
    "same-core",
    "--pairs",
    "2",
    "--confirm",
    "2",
    "--budget",
    "6s",
    "--out",
    "ab",
];

#[test]
fn three_sides_take_turns_and_what_was_measured_can_be_judged_again() {
    let desk = Desk::new();
    let has_pairs = |paired: Paired| paired.cells.iter().all(|cell| cell.pairs.len() > 2);
    let mut assert = desk.ipcmark(&ONE);
    // A busy machine needs longer for as many pairs.
    for budget in ["--budget=20s", "--budget=60s"] {
        if Paired::read(&desk.path("ab/paired.json")).is_ok_and(has_pairs) {
            break;
        }
        std::fs::remove_dir_all(desk.path("ab")).unwrap();
        let flags = ONE.iter().copied().filter(|flag| !["--budget", "6s"].contains(flag));
        assert = desk.ipcmark(&flags.chain([budget]).collect::<Vec<_>>());
    }
    let code = assert.get_output().status.code().unwrap();
    let shown = stdout(&assert);
    assert!(stderr(&assert).lines().last().unwrap().starts_with("Time: "), "{}", stderr(&assert));
    let paired = Paired::read(&desk.path("ab/paired.json")).unwrap();
    // B6: it ends when all is decided, or when the budget is spent, and not before.
    let decided = [Outcome::Complete, Outcome::BudgetSpent].contains(&paired.outcome);
    // A busy machine may leave it open, or even deceive it.
    assert!(decided && [0, 1, 3].contains(&code), "{code}: {:?}", paired.outcome);
    assert!(paired.cells.iter().all(|cell| cell.pairs.len() > 2));
    assert_eq!(
        (paired.base.program.as_str(), &paired.base.tool),
        ("this program", &paired.new.tool)
    );
    let (last, cells) = paired.cells.split_last().unwrap();
    assert!(last.canary && last.slow_down_permille == Some(50) && cells.len() == 1);
    let screened = |cell: &ipcmark_record::PairedCell| {
        cell.pairs.iter().filter(|pair| pair.stage == Stage::Screen).count()
    };
    assert!(paired.cells.iter().all(|cell| screened(cell) == 2));
    for pair in paired.cells.iter().flat_map(|cell| &cell.pairs) {
        let arms = [&pair.base, &pair.new, &pair.again];
        assert!(arms.iter().all(|arm| arm.outcome == InvocationOutcome::Ok), "{pair:?}");
        let mut turns: Vec<_> = arms.iter().flat_map(|a| &a.slices).map(|s| s.turn).collect();
        turns.sort_unstable();
        assert_eq!(turns, (3..15).collect::<Vec<_>>(), "three warm-ups, two laps of six");
        assert!(
            arms.iter().flat_map(|arm| &arm.slices).all(|s| s.values > 0 && s.midmean_ns > 0.0)
        );
    }
    let markdown = std::fs::read_to_string(desk.path("ab/comparison.md")).unwrap();
    assert!(
        markdown.contains("pipe/block") && markdown.contains("Canary: it must be detected"),
        "{markdown}"
    );
    assert!(shown.contains("pipe/block"), "{shown}");
    let again = stdout(&desk.ipcmark(&["ab", "--of", "ab", "--json"]).code(code));
    let written = std::fs::read_to_string(desk.path("ab/comparison.json")).unwrap();
    assert_eq!(again, written);
    let said = stderr(&desk.ipcmark(&ONE).code(2));
    assert!(said.contains("ab holds a comparison already") && said.contains("--of ab"), "{said}");
    desk.assert_clean();
}

#[test]
fn what_the_new_side_alone_cannot_do_is_a_regression() {
    let desk = Desk::new();
    // An empty datagram is refused.
    let empty = ["--new-arg=--transport=udp/block", "--new-arg=--size=0"];
    let shown = stdout(&desk.ipcmark(&[&ONE[..], &empty].concat()).code(1));
    assert!(shown.contains("failed"), "{shown}");
    desk.assert_clean();
}

#[test]
fn a_side_that_is_no_program_to_compare_is_told_before_anything_is_measured() {
    let desk = Desk::new();
    for (side, words) in [
        (&["--new", "/bin/true"][..], "/bin/true"),
        (&["--base", "nothing-here"], "nothing-here cannot be run"),
        (&["--new-arg=--transport=pip/block"], "does not know `ipcmark slices`, or a setting"),
        (&["--new-arg=--colour=red"], "does not know `ipcmark slices`, or a setting"),
        (&["--slow-down", "tcp*=5%"], "matches no round trip"),
        (&["--suite", "quik"], "did you mean 'quick'?"),
        (&["--slice", "1s"], "to decide anything"),
    ] {
        let said = stderr(&desk.ipcmark(&[&ONE[..], side].concat()).code(2));
        assert!(said.contains(words), "{side:?}: {said}");
        assert!(!desk.path("ab").exists(), "{side:?}: nothing was begun");
    }
    desk.assert_clean();
}

/// reliability 14: a side that a signal ended was called no ipcmark, as though the command line were wrong.
#[test]
fn a_side_that_a_signal_ends_is_no_mistake_of_the_user() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let dying = desk.write("dying", "#!/bin/sh\nkill -HUP $$\n");
    std::fs::set_permissions(&dying, std::fs::Permissions::from_mode(0o755)).unwrap();
    let flags = ["ab", "--base", "./dying", "-t", "pipe/block", "--size", "64", "--out", "out"];
    let said = stderr(&desk.ipcmark(&flags).code(4));
    assert!(said.contains("SIGHUP before it measured anything"), "{said}");
}
