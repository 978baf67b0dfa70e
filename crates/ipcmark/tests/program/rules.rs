//! `ipcmark rules`: the rules that each mechanism documents.

use crate::desk::{Desk, stdout};

#[test]
fn a_rule_is_shown_in_words_with_its_calls_and_its_page() {
    let text = stdout(&Desk::new().ipcmark(&["rules", "signal/merge"]).success());
    for word in [
        "1,000 SIGUSR1 sent while blocked: 1 delivered.",
        "kill",
        "signal(7)",
        "1 rule: 1 confirmed",
    ] {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colours outside of a terminal");
}

#[test]
fn the_old_verb_still_works_and_json_has_the_figures() {
    let text = stdout(&Desk::new().ipcmark(&["verify", "--json", "pipe/atomic"]).success());
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rule = &found["rules"][0];
    assert_eq!((&rule["family"], &rule["verdict"]["is"]), (&"pipe".into(), &"shown".into()));
    assert!(rule["figures"].as_object().is_some_and(|figures| !figures.is_empty()), "{rule}");
}

#[test]
fn an_unknown_rule_is_refused_with_the_families_that_exist() {
    let output = Desk::new().ipcmark(&["rules", "sginal"]).code(2);
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(said.contains("signal") && said.contains("pipe"), "{said}");
}

#[test]
fn rules_go_into_the_record_of_a_run_and_into_its_report() {
    let desk = Desk::new();
    let run = [
        "run",
        "--transport",
        "null",
        "--size",
        "64",
        "--fixed",
        "--rounds",
        "1",
        "--measure",
        "2ms",
        "--out",
        "r",
    ];
    desk.ipcmark(&run).success();
    desk.ipcmark(&["rules", "signal/merge", "--into", "r"]).success();
    desk.ipcmark(&["rules", "signal/merge", "--into", "r"]).success();
    let record = ipcmark_record::Record::read(&desk.path("r/record.json")).unwrap();
    assert_eq!(record.rules.len(), 1, "tried twice, kept once");
    let page = std::fs::read_to_string(desk.path("r/index.html")).unwrap();
    assert!(page.contains("1,000 SIGUSR1 sent while blocked: 1 delivered."));
}
