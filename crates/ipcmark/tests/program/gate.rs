//! `gate`: policies, files, exit codes, and what a workflow of GitHub Actions reads.

use crate::desk::{Desk, stderr, stdout};
use ipcmark_record::{CellKey, sample};

/// A policy that lets two rounds of four cells pass, which decide nothing.
const LENIENT: &str = "inconclusive = \"warn\"\nrecords = \"trust\"\nregressed-allowed = 99\nalarms = \"warn\"\n\
    [[rule]]\ncells = \"pipe/block ping-pong\"\neffect.p50 = \"3%\"\n";

/// Two records of one machine, too short to decide anything. They are made up: what measures has tests of its own.
fn two_runs() -> Desk {
    let desk = Desk::new();
    for (seed, name) in [(1, "base"), (2, "new")] {
        let small = |key: &CellKey| key.size_bytes == 64 && key.transport != "mq/block";
        std::fs::create_dir(desk.path(name)).unwrap();
        let record = sample::record_of(seed, 2, small);
        desk.write(&format!("{name}/record.json"), &serde_json::to_string(&record).unwrap());
    }
    desk
}

#[test]
fn what_is_undecided_does_not_pass_unless_the_policy_lets_it() {
    let desk = two_runs();
    let text = stdout(&desk.ipcmark(&["gate", "base", "new"]).code(3));
    assert!(
        text.contains("Gate inconclusive") && text.contains("undecided: measure longer"),
        "{text}"
    );
    desk.write("ipcmark-gate.toml", LENIENT);
    let text = stdout(&desk.ipcmark(&["gate", "base", "new"]).code(0));
    assert!(text.contains("Gate passed: allowed by the policy"), "{text}");
    let json = stdout(&desk.ipcmark(&["gate", "base", "new/record.json", "--json"]).code(0));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["decision"], &json["policy"]),
        (&"passed".into(), &"ipcmark-gate.toml".into())
    );
    assert!(json["items"].as_array().unwrap().len() >= 4);
    assert_eq!(desk.unread(&["gate", "base", "new"]).0, Some(0));
}

#[test]
fn a_workflow_gets_annotations_a_summary_and_outputs() {
    let desk = two_runs();
    desk.write("ci.toml", LENIENT);
    desk.write("summary.md", "what an earlier command of the step wrote\n");
    let flags = "gate base new --policy ci.toml --github --junit gate.xml --markdown gate.md";
    let mut command = desk.command();
    command
        .args(flags.split(' '))
        .env("GITHUB_STEP_SUMMARY", desk.path("summary.md"))
        .env("GITHUB_OUTPUT", desk.path("outputs"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let warnings: Vec<&str> = text.lines().filter(|line| line.starts_with("::warning ")).collect();
    assert!((1..=10).contains(&warnings.len()), "{text}");
    let of_the_rule =
        |line: &&&str| line.contains("file=ci.toml,line=5,title=pipe/block ping-pong");
    assert!(warnings.iter().find(of_the_rule).is_some(), "{text}");
    let read = |name: &str| std::fs::read_to_string(desk.path(name)).unwrap();
    let summary = read("summary.md");
    assert!(summary.starts_with("what an earlier command"), "{summary}");
    assert!(summary.contains("## ipcmark gate: passed") && summary.ends_with(&read("gate.md")));
    assert!(read("outputs").starts_with("decision=passed\nexit-code=0\nfigures="));
    assert!(read("gate.xml").contains("<testsuite name=\"ipcmark\""));
}

#[test]
fn the_policy_that_is_printed_is_read_and_a_slip_is_told_before_anything_else() {
    let desk = Desk::new();
    let text = stdout(&desk.ipcmark(&["gate", "--print-policy"]).success());
    desk.write("printed.toml", &text);
    desk.write("slip.toml", "[effects]\np50 = \"2%\"");
    let said = stderr(&desk.ipcmark(&["gate", "none", "none", "--policy", "slip.toml"]).code(2));
    assert!(said.contains("slip.toml:1:") && said.contains("did you mean 'effect'?"), "{said}");
    let said = stderr(&desk.ipcmark(&["gate", "none", "none", "--policy", "printed.toml"]).code(4));
    assert!(said.contains("none"), "{said}");
    let said = stderr(&desk.ipcmark(&["gate", "none", "none", "--policy", "gone.toml"]).code(4));
    assert!(said.contains("--print-policy > gone.toml"), "{said}");
    desk.ipcmark(&["gate"]).code(2);
    desk.write("record.json", "{\"schema\": \"ipcmark.record/1\"}");
    let said = stderr(&desk.ipcmark(&["gate", "record.json"]).code(2));
    assert!(said.contains("not a paired comparison"), "{said}");
}

#[test]
fn records_of_different_machines_are_not_judged() {
    let desk = two_runs();
    let text = std::fs::read_to_string(desk.path("base/record.json")).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&text).unwrap();
    other["host"]["fingerprint"] = "0000000000000000".into();
    other["host"]["cpu_model"] = "Another CPU".into();
    desk.write("other.json", &other.to_string());
    let text = stdout(&desk.ipcmark(&["gate", "base", "other.json"]).code(3));
    assert!(text.contains("Another CPU") && text.contains("nothing is judged"), "{text}");
    desk.write("ipcmark-gate.toml", "unequal-hosts = \"warn\"");
    let text = stdout(&desk.ipcmark(&["gate", "base", "other.json"]).code(0));
    assert!(text.contains("allowed by the policy"), "{text}");
}

#[test]
fn a_paired_comparison_fails_the_gate_where_two_records_would_only_raise_a_suspicion() {
    let desk = Desk::new();
    let paired = sample::paired(1);
    std::fs::create_dir(desk.path("ab")).unwrap();
    paired.write(&desk.path("ab/paired.json")).unwrap();
    let text = stdout(&desk.ipcmark(&["gate", "ab", "--junit", "gate.xml"]).code(1));
    assert!(text.contains("Gate regressed: 1 cell failed on the new side alone"), "{text}");
    assert!(text.contains("fifo/block ping-pong 64 B cross-core"), "{text}");
    let xml = std::fs::read_to_string(desk.path("gate.xml")).unwrap();
    assert!(xml.contains("type=\"regression\"") && xml.contains("type=\"failed\""), "{xml}");
}
