//! `verify`: the mechanisms' own rules.

use crate::desk::{Desk, stdout};

#[test]
fn verify_shows_a_rule_in_words_with_its_calls_and_its_page() {
    let text = stdout(&Desk::new().ipcmark(&["verify", "signal/merge"]).success());
    for word in
        ["1,000 SIGUSR1 sent while blocked: 1 delivered.", "kill", "signal(7)", "1 rule: 1 shown"]
    {
        assert!(text.contains(word), "'{word}' is not in:\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colours where nobody looks");
}

#[test]
fn verify_as_json_has_the_figures() {
    let text = stdout(&Desk::new().ipcmark(&["verify", "--json", "pipe/atomic"]).success());
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rule = &found["rules"][0];
    assert_eq!((&rule["family"], &rule["verdict"]["is"]), (&"pipe".into(), &"shown".into()));
    assert!(rule["figures"].as_object().is_some_and(|figures| !figures.is_empty()), "{rule}");
}

#[test]
fn a_rule_that_is_not_there_is_told_with_the_families_that_are() {
    let output = Desk::new().ipcmark(&["verify", "sginal"]).code(2);
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
    desk.ipcmark(&["verify", "signal/merge", "--into", "r"]).success();
    desk.ipcmark(&["verify", "signal/merge", "--into", "r"]).success();
    let record = ipcmark_record::Record::read(&desk.path("r/record.json")).unwrap();
    assert_eq!(record.rules.len(), 1, "tried twice, kept once");
    let page = std::fs::read_to_string(desk.path("r/index.html")).unwrap();
    assert!(page.contains("1,000 SIGUSR1 sent while blocked: 1 delivered."));
}
