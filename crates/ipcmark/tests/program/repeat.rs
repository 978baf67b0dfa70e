//! `repeat`: runs of their own, one after the other, and what is counted over them.

use crate::desk::{Desk, SMALL, record, stderr, stdout};
use ipcmark_record::Outcome;

#[test]
fn runs_lie_in_one_folder_and_are_evaluated_there_and_again() {
    let desk = Desk::new();
    let own = ["--runs", "2", "--seed", "7", "--out", "again", "--measure", "5ms"];
    let assert = desk.ipcmark(&[&["repeat"], &SMALL[..], &own].concat()).success();
    let text = stdout(&assert);
    for part in ["NOTHING WAS JUDGED", "too few invocations"] {
        assert!(text.contains(part), "'{part}' is not in:\n{text}");
    }
    let progress = stderr(&assert);
    assert!(
        progress.contains("run 2 of 2: ") && progress.contains("Runs and evaluation: again"),
        "{progress}"
    );
    assert!(!progress.contains("round 1 of 2"), "a line a run: {progress}");
    let records = ["01", "02"].map(|run| record(&desk.path("again").join(run)));
    assert_eq!(records.each_ref().map(|r| r.settings.seed), [7, 8]);
    assert!(records.iter().all(|r| r.outcome == Outcome::Complete && r.rules.is_empty()));
    assert_eq!(records[0].settings.command[..2], ["ipcmark", "run"]);
    assert!(desk.path("again/02/index.html").is_file());
    let written = std::fs::read_to_string(desk.path("again/agreement.md")).unwrap();
    assert!(written.starts_with("## Do 2 runs agree?\n"), "{written}");
    assert_eq!(stdout(&desk.ipcmark(&["repeat", "--of", "again"]).success()), text);
    let by_name = ["repeat", "--json", "--of", "again/01", "again/02/record.json"];
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&desk.ipcmark(&by_name).success())).unwrap();
    assert_eq!(json["schema"], "ipcmark.agreement/1");
    assert_eq!(json["runs"], 2);
    let flagged = json["flagged"].as_array().unwrap();
    assert!(flagged.iter().any(|f| f["flag"] == "few"), "2 rounds have no interval: {flagged:?}");
    let said = stderr(&desk.ipcmark(&["repeat", "--runs", "2", "--out", "again"]).code(2));
    assert!(said.contains("--of again"), "{said}");
    desk.assert_clean();
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let desk = Desk::new();
    desk.small_run("out");
    let said = stderr(&desk.ipcmark(&["repeat", "--of", "out"]).code(2));
    assert!(said.contains("at least two"), "{said}");
    std::fs::create_dir(desk.path("empty")).unwrap();
    let said = stderr(&desk.ipcmark(&["repeat", "--of", "empty"]).code(2));
    assert!(said.contains("empty holds no record"), "{said}");
    let said = stderr(&desk.ipcmark(&["repeat", "--suite", "quik"]).code(2));
    assert!(said.contains("did you mean 'quick'?"), "{said}");
    let said = stderr(&desk.ipcmark(&["repeat", "--resume", "out"]).code(2));
    assert!(said.contains("--of"), "{said}");
    assert!(!desk.path("reports").exists(), "nothing was begun");
}
