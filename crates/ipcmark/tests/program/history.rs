//! `history`: words, files and exit codes.

use crate::desk::{Desk, stderr, stdout};
use ipcmark_record::sample;

/// A record of its own minute.
fn record(desk: &Desk, minute: u64) -> String {
    let mut record = sample::record_of(minute, 6, |key| key.size_bytes == 64);
    record.started = format!("2026-03-01T10:{minute:02}:00Z");
    record.finished = Some(format!("2026-03-01T10:{minute:02}:50Z"));
    let name = format!("{minute}.json");
    desk.write(&name, &serde_json::to_string(&record).unwrap());
    name
}

#[test]
fn runs_are_added_once_and_listed_in_order() {
    let desk = Desk::new();
    let (late, early) = (record(&desk, 7), record(&desk, 3));
    let add = ["history", "add", &late, &early, "--commit", "abc", "--attribute", "runner=large"];
    let said = stdout(&desk.ipcmark(&add).success());
    assert_eq!(said.matches("added 2026/03/20260301T10").count(), 2, "{said}");
    let said = stdout(&desk.ipcmark(&["history", "add", &late]).success());
    assert!(said.contains("already; nothing was added"), "{said}");
    let table = stdout(&desk.ipcmark(&["history", "list"]).success());
    assert!(table.contains("reports/history: 2 runs of 1 machine"), "{table}");
    assert!(table.find("T100300Z") < table.find("T100700Z"), "{table}");
    let lines = stdout(&desk.ipcmark(&["history", "list", "--json"]).success());
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["attributes"]["git_commit"], "abc");
    assert_eq!(lines[0]["attributes"]["runner"], "large");
    assert_eq!(lines[0]["metrics"][0]["unit"], "ns");
    assert_eq!(desk.unread(&["history", "list"]), (Some(0), String::new()));
}

#[test]
fn a_bad_line_is_told_and_repaired() {
    let desk = Desk::new();
    let name = record(&desk, 3);
    let store = ["--store", "kept"];
    let history = |words: &[&str]| desk.ipcmark(&[&["history"], words, &store].concat());
    history(&["add", &name]).success();
    let folder = desk.path("kept/lines/2026/03");
    let line = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read(&line).unwrap();
    std::fs::write(&line, &text[..200]).unwrap();
    let said = stderr(&history(&["list"]).success());
    assert!(said.contains("1 line cut short: lines/2026/03/"), "{said}");
    assert!(stdout(&history(&["repair"]).success()).contains("wrote the line of "));
    assert_eq!(stderr(&history(&["list"]).success()), "");
    assert_eq!(std::fs::read(&line).unwrap(), text);
    assert_eq!(stdout(&history(&["repair"]).success()), "nothing to mend\n");
}

#[test]
fn what_has_no_place_in_a_history_is_refused_in_words() {
    let desk = Desk::new();
    let name = record(&desk, 3);
    let text = std::fs::read_to_string(desk.path(&name)).unwrap();
    let mut unended: serde_json::Value = serde_json::from_str(&text).unwrap();
    unended.as_object_mut().unwrap().remove("finished");
    desk.write("unended.json", &unended.to_string());
    for (words, code, part) in [
        (vec!["add", "unended.json"], 2, "ipcmark run --resume"),
        (vec!["add", "none.json"], 4, "No such file"),
        (vec!["add", &name, "--store", "ftp://host/x"], 2, "git:BRANCH"),
        (vec!["add", &name, "--store", "git:history"], 2, "not a git repository"),
        (vec!["add", &name, "--attribute", "large"], 2, "NAME=VALUE"),
    ] {
        let words = [vec!["history"], words].concat();
        let said = stderr(&desk.ipcmark(&words).code(code));
        assert!(said.contains(part), "{words:?}: {said}");
    }
    assert!(!desk.path("reports").exists(), "what was refused leaves nothing");
}
