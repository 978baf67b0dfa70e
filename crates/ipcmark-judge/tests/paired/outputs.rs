//! What is printed, and what others read.

use super::{canary, judge, looked_at_twice, quiet};
use ipcmark_judge::{Terminal, Verdict, to_json};
use ipcmark_record::sample::{self, MadeUp};
use ipcmark_show::terminal;

#[test]
fn the_verdict_comes_first_then_the_alarms_then_what_changed() {
    let made = [MadeUp { slow_down: 1.1, again: 1.1, ..quiet(0) }, quiet(1), canary()];
    let text = judge(&looked_at_twice(1, &made)).document().markdown();
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in {text}"));
    let order = [
        "**Regressed, and the comparison is doubtful:** Judged 2 of 2 cells",
        "Smallest slow-down detected",
        "**Alarm:** self-check failed: the base regressed against itself",
        "### Regressed",
        "<summary>Canary",
        "<summary>How this was measured</summary>\n\nBase: base/ipcmark (0.1.0)",
    ];
    assert!(order.windows(2).all(|two| at(two[0]) < at(two[1])), "{text}");
    assert!(!text.contains("## Improved"), "no empty table");
}

#[test]
fn every_row_has_the_columns_of_its_table() {
    let text = judge(&sample::paired(1)).document().markdown();
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
        let widths: Vec<usize> = table.lines().map(columns).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
    }
    for words in ["### Undecided", "failed on the new side alone, in 3 pairs", "not reached"] {
        assert!(text.contains(words), "no {words} in {text}");
    }
}

#[test]
fn the_findings_hold_every_figure_and_every_cell_that_has_none() {
    let comparison = judge(&sample::paired(1));
    let findings = comparison.findings();
    assert!(findings.paired && findings.alarms.is_empty());
    assert_eq!(findings.findings.len(), comparison.census.counts.figures);
    let cells: std::collections::HashSet<_> = findings.findings.iter().map(|f| &f.key).collect();
    assert_eq!(cells.len() + findings.unjudged.len(), comparison.census.cells);
    let verdicts: Vec<_> = findings.unjudged.iter().map(|cell| cell.verdict).collect();
    let count = |verdict| verdicts.iter().filter(|v| **v == verdict).count();
    assert_eq!(count(Verdict::Failed), 1, "the newly failed one");
    assert_eq!(count(Verdict::Missing), 2, "the moving one and the one not reached");
    assert_eq!(count(Verdict::Absent), 2, "failed in both, and not available");
    assert_eq!(findings.base, "base/ipcmark (0.1.0)");
    for finding in &findings.findings {
        let again = finding.judged_by(finding.delta);
        assert_eq!(
            (again.verdict, &again.why),
            (finding.verdict, &finding.why),
            "by the same delta"
        );
    }
}

#[test]
fn the_json_names_its_schema_and_is_whole() {
    let text = to_json(&judge(&sample::paired(1)));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema"], "ipcmark.paired-comparison/1");
    assert_eq!(value["census"]["cells"], 15);
    assert_eq!(value["cells"].as_array().unwrap().len(), 16);
    assert_eq!(value["cells"][3]["figures"][0]["new"]["verdict"], "regressed");
}

#[test]
fn a_terminal_ends_with_the_verdict_and_a_narrow_one_keeps_reasons() {
    let document = judge(&sample::paired(1)).document();
    let shown = |columns, all| {
        let how = Terminal { columns, all, paint: &terminal::plain, rest: "--all" };
        document.terminal(how)
    };
    let text = shown(None, false);
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in {text}"));
    let order = [
        "Regressed\n",
        "fifo/block ping-pong",
        "Undecided\n",
        "Improved\n",
        "mq/block",
        "udp4/block ping-pong 64 B cross-core: failed on the new side alone",
        "Canary: a known delay of 5 %",
        "Failed: Judged 10 of 15 cells",
    ];
    assert!(order.windows(2).all(|two| at(two[0]) < at(two[1])), "{text}");
    assert!(!text.contains("Equivalent\n") && !text.contains("vsock/block"), "{text}");
    assert!(shown(None, true).contains("vsock/block"));
    for columns in [120, 100, 80] {
        let text = shown(Some(columns), true);
        let wide: Vec<&str> =
            text.lines().filter(|line| !terminal::fits(line, Some(columns))).collect();
        assert!(wide.is_empty(), "{columns}: {wide:#?}");
        assert!(text.contains("× could be unchanged"), "{text}");
    }
}
