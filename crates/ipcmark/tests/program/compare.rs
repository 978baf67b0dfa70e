//! `compare`: words, files and exit codes.

use crate::desk::{Desk, record, stderr, stdout};

#[test]
fn one_invocation_decides_nothing_and_that_is_not_green() {
    let desk = Desk::new();
    for out in ["base", "new"] {
        desk.small_run(out);
        // A machine under load has invocations made again: enough, now and then, for an interval.
        let mut short = record(&desk.path(out));
        short.cells.iter_mut().for_each(|cell| cell.invocations.truncate(1));
        desk.write(&format!("{out}/record.json"), &serde_json::to_string(&short).unwrap());
    }
    let flags = ["compare", "base", "new/record.json", "--all", "--markdown", "c.md"];
    let text = stdout(&desk.ipcmark(&flags).code(3));
    assert!(text.contains("different times") && text.contains("pipe/block"), "{text}");
    let markdown = std::fs::read_to_string(desk.path("c.md")).unwrap();
    assert!(markdown.starts_with("## Comparison of two records\n"), "{markdown}");
    let json = stdout(&desk.ipcmark(&["compare", "base", "new", "--json"]).code(3));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["census"]["regressed"], 0);
    assert!(json["findings"].as_array().unwrap().len() >= 4);
    assert_eq!(desk.unread(&["compare", "base", "new"]), (Some(3), String::new()));
}

#[test]
fn records_of_different_machines_are_refused_unless_the_user_insists() {
    let desk = Desk::new();
    desk.small_run("base");
    let text = std::fs::read_to_string(desk.path("base/record.json")).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&text).unwrap();
    other["host"]["fingerprint"] = "0000000000000000".into();
    other["host"]["cpu_model"] = "Another CPU".into();
    desk.write("other.json", &other.to_string());
    let said = stderr(&desk.ipcmark(&["compare", "base", "other.json"]).code(2));
    assert!(said.contains("Another CPU") && said.contains("--across-hosts"), "{said}");
    let text = stdout(&desk.ipcmark(&["compare", "base", "other.json", "--across-hosts"]).code(3));
    assert!(text.contains("Another CPU") && text.contains("gives no verdict"), "{text}");
    assert!(!text.contains(" µs"), "ratios to limits, and no times: {text}");
    let json = stdout(
        &desk.ipcmark(&["compare", "base", "other.json", "--across-hosts", "--json"]).code(3),
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "ipcmark.comparison-to-limits/1");
}
