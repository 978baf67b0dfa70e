//! Findings whose truth is known, and what policies make of them.

use ipcmark_judge::gate::{Decision, Level, Outcome, Policy, judge};
use ipcmark_judge::sequential::compare;
use ipcmark_judge::{
    Figure, Finding, Findings, Shares, Thresholds, Unjudged, Verdict, paired, to_json,
};

use ipcmark_record::{CellKey, InvocationOutcome, Placement, Workload, sample};

fn key(transport: &str) -> CellKey {
    CellKey::new(transport, Workload::PingPong, 64, Placement::CrossCore)
}

fn finding(transport: &str, ratio: f64, half: f64) -> Finding {
    let interval = Some((ratio * (1.0 - half), ratio * (1.0 + half)));
    Finding {
        key: key(transport),
        floor: false,
        figure: Figure::RoundTripP50,
        base_ns: 8_000.0,
        new_ns: 8_000.0 * ratio,
        ratio,
        interval,
        detectable: Some(0.02 + 1.5 * half),
        replicates: 16,
        significant: true,
        delta: 0.02,
        verdict: Verdict::of(interval, 0.02),
        why: None,
    }
}

fn floor(ratio: f64) -> Finding {
    Finding { floor: true, ..finding("null", ratio, 0.005) }
}

fn findings(findings: Vec<Finding>) -> Findings {
    Findings {
        base: "the base".into(),
        new: "the new side".into(),
        paired: true,
        alarms: vec![],
        warnings: vec![],
        findings,
        unjudged: vec![],
        census: "Judged all.".into(),
    }
}

fn policy(text: &str) -> Policy {
    Policy::parse(text, "ipcmark-gate.toml").unwrap()
}

fn decided(found: &Findings, text: &str) -> (Decision, u8, Outcome) {
    let outcome = judge(found, &policy(text));
    (outcome.decision, outcome.exit_code, outcome)
}

const SAME: f64 = 1.001;
const SLOWER: f64 = 1.06;

#[test]
fn a_change_too_small_to_matter_passes_and_a_slow_down_does_not() {
    let same = findings(vec![finding("pipe/block", SAME, 0.005), floor(1.0)]);
    let (decision, code, outcome) = decided(&same, "");
    assert_eq!((decision, code, outcome.because), (Decision::Passed, 0, vec![]));
    let slower =
        findings(vec![finding("fifo/block", SAME, 0.005), finding("pipe/block", SLOWER, 0.005)]);
    let (decision, code, outcome) = decided(&slower, "");
    assert_eq!((decision, code), (Decision::Regressed, 1));
    assert_eq!(outcome.at(Level::Error)[0].key, key("pipe/block"));
    assert_eq!(outcome.because, ["1 figure regressed, and the policy allows 0"]);
    let (decision, .., outcome) = decided(&slower, "regressed-allowed = 1");
    assert_eq!(decision, Decision::Passed);
    assert_eq!(outcome.because, ["allowed by the policy: 1 figure regressed of 1 allowed"]);
    assert_eq!(outcome.at(Level::Warning).len(), 1, "what is allowed is still said");
}

#[test]
fn what_is_undecided_never_passes_silently() {
    let open =
        findings(vec![finding("pipe/block", 1.01, 0.03), finding("fifo/block", SAME, 0.005)]);
    for (text, decision, code, warned) in [
        ("", Decision::Inconclusive, 3, 1),
        ("inconclusive = \"warn\"", Decision::Passed, 0, 1),
        ("inconclusive = \"pass\"", Decision::Passed, 0, 0),
    ] {
        let (is, exit, outcome) = decided(&open, text);
        assert_eq!(
            (is, exit, outcome.at(Level::Warning).len()),
            (decision, code, warned),
            "{text}"
        );
        assert!(!outcome.because.is_empty(), "a pass says what it let through");
        assert!(outcome.document().markdown().contains("1 undecided"));
    }
}

#[test]
fn a_figure_that_would_not_show_a_slow_down_is_not_equivalent() {
    let mut blunt = finding("pipe/block", 1.0, 0.015);
    blunt.detectable = Some(0.08);
    let (decision, _, outcome) = decided(&findings(vec![blunt.clone()]), "");
    assert_eq!(decision, Decision::Inconclusive);
    let why = outcome.items[0].why.as_deref().unwrap();
    assert!(why.contains("8 %") && why.contains("5 %"), "{why}");
    let (decision, ..) = decided(&findings(vec![blunt]), "least-detectable.p50 = \"10%\"");
    assert_eq!(decision, Decision::Passed);
}

#[test]
fn rules_judge_their_cells_by_their_own_effects() {
    let slower =
        findings(vec![finding("pipe/block", SLOWER, 0.005), finding("fifo/block", SAME, 0.005)]);
    let wide = "[[rule]]\ncells = \"pipe\"\neffect.p50 = \"10%\"";
    assert_eq!(decided(&slower, wide).0, Decision::Passed);
    let ignored = "[[rule]]\ncells = \"pipe\"\nignore = true\nbecause = \"unused\"";
    let (decision, _, outcome) = decided(&slower, ignored);
    assert_eq!(
        (decision, outcome.tally.ignored, outcome.tally.counts.figures),
        (Decision::Passed, 1, 1)
    );
    assert!(outcome.document().markdown().contains("Ignored by a rule: 1"));
    let all = "[[rule]]\ncells = \"*\"\nignore = true\nbecause = \"unused\"";
    assert_eq!(decided(&slower, all).0, Decision::Inconclusive, "nothing was judged");
    let slip = "[[rule]]\ncells = \"pipes\"\neffect.p50 = \"10%\"";
    let (.., outcome) = decided(&slower, slip);
    let note = outcome.notes.iter().find(|n| n.level == Level::Warning).unwrap();
    assert!(note.text.contains("no cell") && note.line == Some(1), "{note:?}");
}

#[test]
fn a_doubtful_comparison_decides_nothing_but_failures() {
    let slower = finding("pipe/block", SLOWER, 0.005);
    let mut found = findings(vec![slower.clone(), floor(1.0)]);
    found.alarms = vec!["the A/A arm found a change".into()];
    let (decision, code, outcome) = decided(&found, "");
    assert_eq!((decision, code), (Decision::Inconclusive, 3));
    assert!(outcome.at(Level::Error).is_empty() && outcome.because[0].contains("A/A arm"));
    assert_eq!(decided(&found, "alarms = \"warn\"").0, Decision::Regressed);
    let moved = findings(vec![slower, floor(1.3)]);
    let (decision, _, outcome) = decided(&moved, "");
    assert_eq!(decision, Decision::Inconclusive);
    assert!(outcome.because[0].contains("floor moved"), "{:?}", outcome.because);
    found.unjudged = vec![Unjudged {
        key: key("tcp/block"),
        verdict: Verdict::Failed,
        why: "the responder died".into(),
    }];
    let (decision, _, outcome) = decided(&found, "");
    assert_eq!(decision, Decision::Regressed);
    assert_eq!(outcome.at(Level::Error)[0].call, Verdict::Failed);
}

#[test]
fn a_cell_that_is_gone_does_what_the_policy_says() {
    let mut found = findings(vec![finding("pipe/block", SAME, 0.005)]);
    let cell = |verdict| Unjudged { key: key("tcp/block"), verdict, why: "not reached".into() };
    found.unjudged = vec![cell(Verdict::Absent)];
    assert_eq!(decided(&found, "").0, Decision::Passed, "there was nothing to lose");
    found.unjudged = vec![cell(Verdict::Missing)];
    assert_eq!(decided(&found, "").0, Decision::Inconclusive);
    let (decision, .., outcome) = decided(&found, "missing = \"warn\"");
    assert_eq!((decision, outcome.tally.missing), (Decision::Passed, 1));
    assert!(outcome.because[0].contains("1 cell missing"), "{:?}", outcome.because);
}

#[test]
fn records_of_different_times_raise_a_suspicion_and_no_more() {
    let pipe = CellKey::new("pipe/block", Workload::PingPong, 64, Placement::SameCore);
    let record = |seed| sample::record_of(seed, 40, |key| *key == pipe);
    let (base, mut new) = (record(1), record(2));
    sample::slow_down(&mut new.cells[0], 1.3);
    let found = compare(&base, &new, &Shares::default()).unwrap().findings();
    let (decision, code, outcome) = decided(&found, "");
    assert_eq!((decision, code), (Decision::Inconclusive, 3));
    assert!(outcome.because[0].contains("ipcmark ab"), "{:?}", outcome.because);
    assert_eq!(decided(&found, "records = \"trust\"").0, Decision::Regressed);
    new.cells[0].invocations.iter_mut().for_each(|i| {
        i.outcome = InvocationOutcome::Failed { side: "responder".into(), what: "it died".into() };
    });
    let found = compare(&base, &new, &Shares::default()).unwrap().findings();
    assert_eq!(decided(&found, "").0, Decision::Regressed, "no noise makes a cell fail");
}

#[test]
fn json_has_all_of_it() {
    let slower = findings(vec![finding("pipe/block", SLOWER, 0.005)]);
    let outcome = judge(&slower, &Policy::default());
    let json: serde_json::Value = serde_json::from_str(&to_json(&outcome)).unwrap();
    assert_eq!(json["schema"], "ipcmark.gate/1");
    assert_eq!((&json["decision"], &json["exit_code"]), (&"regressed".into(), &1.into()));
    assert_eq!(json["items"][0]["finding"]["verdict"], "regressed");
}

#[test]
fn a_paired_comparison_is_judged_by_its_figures_and_never_by_its_canary() {
    let paired = sample::paired(1);
    let found = paired::judge(&paired, &Thresholds::default()).findings();
    let (decision, _, outcome) = decided(&found, "failed = \"warn\"");
    assert_eq!(decision, Decision::Regressed);
    let slower: Vec<String> = outcome.at(Level::Error).iter().map(|i| i.key.to_string()).collect();
    assert!(slower.contains(&key("fifo/block").to_string()), "{slower:?}");
    let ring = outcome.items.iter().filter(|i| i.key == key("shm-ring/spin"));
    assert!(ring.filter(|i| i.figure == Some("p50 round trip")).count() <= 1, "one and no canary");
    let lenient =
        "failed = \"warn\"\nregressed-allowed = 9\ninconclusive = \"warn\"\nmissing = \"warn\"";
    assert_eq!(decided(&found, lenient).0, Decision::Passed);
}
