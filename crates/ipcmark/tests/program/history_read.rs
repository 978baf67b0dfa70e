//! `ipcmark history` show, scan and page, on a made-up history in a folder.

use crate::desk::{Desk, stderr, stdout};
use assert_cmd::assert::Assert;
use ipcmark_history::sample;
use std::fs;

const COMMITS: usize = 60;

/// A desk with the lines of a made-up history in the default store; records are not needed to read it.
fn desk() -> Desk {
    let desk = Desk::new();
    let lines = desk.path("reports/history/lines/2026/01");
    fs::create_dir_all(&lines).unwrap();
    for line in sample::lines(3, COMMITS, 6) {
        let text = serde_json::to_string(&line).unwrap() + "\n";
        fs::write(lines.join(format!("{}.ndjson", line.run)), text).unwrap();
    }
    desk
}

fn history(desk: &Desk, words: &[&str]) -> Assert {
    let all: Vec<&str> = ["history"].iter().chain(words).copied().collect();
    desk.ipcmark(&all)
}

#[test]
fn a_scan_names_commits_and_the_command_that_confirms_them() {
    let desk = desk();
    let out = stdout(&history(&desk, &["scan", "--cell", "pipe"]).code(0));
    for part in [
        "between ",
        "+5.",
        "confirm it: ipcmark ab --base-rev ",
        "--transport pipe/block",
        "scanned ",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    // Something became slower.
    let json =
        stdout(&history(&desk, &["scan", "--cell", "pipe", "--json", "--exit-code"]).code(1));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "ipcmark.scan/1");
    let changes = json["changes"].as_array().unwrap();
    assert!(changes.iter().all(|c| c["cell"].as_str().unwrap().starts_with("pipe/block")));
    assert!(changes[0]["worse"].as_bool().unwrap() && changes[0]["p"].as_f64().unwrap() <= 0.001);
    let out = stdout(&history(&desk, &["scan", "--last", "2", "--exit-code"]).code(0));
    assert!(out.contains("No change found"), "{out}");
}

#[test]
fn a_line_a_series_and_one_page_for_all() {
    let desk = desk();
    let out = stdout(&history(&desk, &["show", "p50", "!unix*"]).code(0));
    for part in ["Made-up Processor 9000", "last 40 commits", "▁", "needs "] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(!out.contains("unix"), "{out}");
    let out = stdout(&history(&desk, &["page", "--out", "pages/index.html"]).code(0));
    assert!(out.contains("Page: pages/index.html") && out.contains("of 3 hosts"), "{out}");
    let html = fs::read_to_string(desk.path("pages/index.html")).unwrap();
    assert!(html.contains("<h1>made-up: performance over time</h1>") && html.contains("<svg"));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let desk = desk();
    let said = stderr(&history(&desk, &["scan", "--store", "none"]).code(2));
    assert!(said.contains("none holds no runs") && said.contains("ipcmark history add"), "{said}");
    let said = stderr(&history(&desk, &["show", "telepathy"]).code(2));
    assert!(said.contains("'telepathy'") && said.contains("a name is e.g. 'pipe/block"), "{said}");
    let said = stderr(&history(&desk, &["page", "--branch", "try"]).code(2));
    assert!(said.contains("'try'") && said.contains("there are runs of main"), "{said}");
    let said = stderr(&history(&desk, &["page", "--out", "/dev/null/x"]).code(4));
    assert!(said.contains("/dev/null") && said.contains("--out"), "{said}");
}
