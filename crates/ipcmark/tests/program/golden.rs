//! Documents that an older build wrote (be5bb88) are read, shown and carried on by this one.
//!
//! `tests/golden/` holds them. The snapshots hold every table that comes out of them, so that a change
//! of wording is seen. Record an intended change with `INSTA_UPDATE=always cargo test -p ipcmark golden`.

use crate::desk::{Desk, stdout};
use ipcmark_record::{Paired, Record};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn path(name: &str) -> String {
    golden(name).to_str().expect("a path in UTF-8").to_owned()
}

/// Copies a golden file onto the desk and returns its new path.
fn on_desk(desk: &Desk, name: &str) -> String {
    let copy = desk.path(name.rsplit('/').next().expect("a name"));
    std::fs::copy(golden(name), &copy).expect("a copy");
    copy.to_str().expect("a path in UTF-8").to_owned()
}

/// Takes out what differs from one place to another: folders, and the version of this build.
fn settled(desk: &Desk, text: &str) -> String {
    let here = desk.path("");
    let here = here.to_str().expect("a path in UTF-8").trim_end_matches('/');
    let folder = path("");
    text.replace(here, "DESK").replace(folder.trim_end_matches('/'), "GOLDEN")
}

fn shown(args: &[&str]) -> String {
    let desk = Desk::new();
    settled(&desk, &stdout(&desk.ipcmark(args)))
}

#[test]
fn a_record_is_written_as_it_was_read() {
    for name in ["record.json", "later.json", "killed/record.json"] {
        let text = std::fs::read_to_string(golden(name)).expect("a golden record");
        let before: Value = serde_json::from_str(&text).expect("JSON");
        let record: Record = serde_json::from_str(&text).expect("a record");
        let after = serde_json::to_value(&record).expect("JSON");
        assert!(before == after, "{name} changes on its way through this build");
    }
}

#[test]
fn a_paired_document_is_written_as_it_was_read() {
    let text = std::fs::read_to_string(golden("paired.json")).expect("a golden document");
    let before: Value = serde_json::from_str(&text).expect("JSON");
    let paired: Paired = serde_json::from_str(&text).expect("a paired document");
    assert!(before == serde_json::to_value(&paired).expect("JSON"), "paired.json changes");
}

#[test]
fn the_tables_of_a_record() {
    let desk = Desk::new();
    let record = on_desk(&desk, "later.json");
    let text = stdout(&desk.ipcmark(&["report", &record, "--table", "--out", "out"]).success());
    insta::assert_snapshot!("record-terminal", settled(&desk, &text));
    let markdown = std::fs::read_to_string(desk.path("out/summary.md")).expect("a summary");
    insta::assert_snapshot!("record-markdown", settled(&desk, &markdown));
    let html = std::fs::read_to_string(desk.path("out/index.html")).expect("a page");
    insta::assert_snapshot!("record-html", tables(&html.replace("<wbr>", "")));
}

/// Returns the text of all tables of a page, a line a row.
fn tables(html: &str) -> String {
    let mut text = String::new();
    for table in html.split("<table").skip(1) {
        let table = table.split("</table>").next().unwrap_or_default();
        for row in table.split("<tr").skip(1) {
            let cells = row.split("<t").skip(1).filter(|c| c.starts_with(['d', 'h']));
            let cells: Vec<_> = cells.map(words).collect();
            text += &format!("{}\n", cells.join(" | "));
        }
        text += "\n";
    }
    text
}

/// Returns the visible words of what follows an opened tag.
fn words(cell: &str) -> String {
    let visible = cell.split('>').skip(1).map(|part| part.split('<').next().unwrap_or_default());
    visible.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_journal_of_a_killed_run() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("killed")).expect("a folder");
    for name in ["record.json", "record.json.journal"] {
        std::fs::copy(golden("killed").join(name), desk.path("killed").join(name)).expect("a copy");
    }
    let text = stdout(&desk.ipcmark(&["report", "killed", "--table"]).success());
    insta::assert_snapshot!("killed-terminal", settled(&desk, &text));
    let alone = Record::read(&golden("killed/record.json")).expect("a record");
    let made = |record: &Record| record.cells.iter().map(|c| c.invocations.len()).sum::<usize>();
    let bare: Record =
        serde_json::from_str(&std::fs::read_to_string(golden("killed/record.json")).unwrap())
            .expect("a record without its journal");
    assert!(made(&alone) > made(&bare), "the journal adds what the record does not have yet");
}

#[test]
fn two_records_compared() {
    let (base, new) = (path("record.json"), path("later.json"));
    insta::assert_snapshot!("compare", shown(&["compare", &base, &new]));
    insta::assert_snapshot!("compare-across", shown(&["compare", "--across-hosts", &base, &new]));
    insta::assert_snapshot!("gate-sequential", shown(&["gate", &base, &new]));
}

#[test]
fn a_paired_document_judged_again() {
    let paired = path("paired.json");
    insta::assert_snapshot!("paired-terminal", shown(&["ab", "--of", &paired]));
    let desk = Desk::new();
    let args = ["gate", &paired, "--markdown", "gate.md", "--junit", "gate.xml"];
    let text = stdout(&desk.ipcmark(&args));
    insta::assert_snapshot!("gate-terminal", settled(&desk, &text));
    let read = |name| std::fs::read_to_string(desk.path(name)).expect("a file of the gate");
    insta::assert_snapshot!("gate-markdown", settled(&desk, &read("gate.md")));
    insta::assert_snapshot!("gate-junit", settled(&desk, &read("gate.xml")));
}

#[test]
fn a_history_goes_on() {
    let store = path("history");
    insta::assert_snapshot!("history-list", shown(&["history", "list", "--store", &store]));
    insta::assert_snapshot!("history-show", shown(&["history", "show", "--store", &store]));
    insta::assert_snapshot!("history-scan", shown(&["history", "scan", "--store", &store]));
}

/// Returns the name and the unit of every series of a store.
fn series(desk: &Desk, store: &str) -> Vec<String> {
    let text = stdout(&desk.ipcmark(&["history", "list", "--json", "--store", store]).success());
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let metrics = lines.flat_map(|line| line["metrics"].as_array().expect("metrics").clone());
    let mut found: Vec<_> = metrics.map(|m| format!("{} {}", m["name"], m["unit"])).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_series_keeps_its_keys() {
    let desk = Desk::new();
    let (base, new) = (path("record.json"), path("later.json"));
    desk.ipcmark(&["history", "add", &base, &new, "--store", "store"]).success();
    let (ours, theirs) = (series(&desk, "store"), series(&desk, &path("history")));
    assert!(!theirs.is_empty());
    // Ratios to a limit that each row chose are read, but no new run continues them (F1).
    let times = |found: &[String]| found.iter().filter(|s| s.contains(": times its limit")).count();
    assert!(times(&theirs) > 0 && times(&ours) == 0);
    let rest = |found: Vec<String>| -> Vec<String> {
        found.into_iter().filter(|series| !series.contains(": times ")).collect()
    };
    assert_eq!(rest(ours), rest(theirs), "a new run would start new series");
}

#[test]
fn the_exports_of_a_record() {
    for format in ["csv", "bmf", "openmetrics", "criterion"] {
        let desk = Desk::new();
        let record = on_desk(&desk, "record.json");
        let args = ["export", &record, "--format", format];
        let text = stdout(&desk.ipcmark(&args));
        let head: Vec<&str> = text.lines().take(12).collect();
        insta::assert_snapshot!(format!("export-{format}"), settled(&desk, &head.join("\n")));
    }
}

// F17
#[test]
fn every_verb_reads_the_records_of_a_history() {
    let desk = Desk::new();
    let month = std::path::PathBuf::from(path("history")).join("runs/2026/11");
    let files = std::fs::read_dir(month).expect("runs of November");
    let mut kept: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    kept.sort();
    let [base, new] = &kept[..] else { panic!("two runs: {kept:?}") };
    let (base, new) = (base.to_str().unwrap(), new.to_str().unwrap());
    let report = stdout(&desk.ipcmark(&["report", base]).success());
    assert!(report.contains("-history/index.html"), "{report}");
    for format in ["csv", "cells-csv", "bmf", "history"] {
        let text = stdout(&desk.ipcmark(&["export", base, "--format", format]).success());
        assert!(text.contains("pipe/block ping-pong 64 B"), "{format}: {text}");
    }
    let compared = stdout(&desk.ipcmark(&["compare", base, new]));
    assert!(compared.contains("Suspected slower"), "{compared}");
    let gated = stdout(&desk.ipcmark(&["gate", base, new]));
    assert!(gated.contains("Gate"), "{gated}");
    desk.ipcmark(&["history", "add", base, "--store", "store"]).success();
}
