//! What is printed, and what others read.

use super::{canary, judge, looked_at_twice, quiet};
use ipcmark_judge::{Verdict, paired_to_json, paired_to_markdown};
use ipcmark_record::sample::{self, MadeUp};

#[test]
fn alarms_stand_first_then_the_verdict_then_what_changed() {
    let made = [MadeUp { slow_down: 1.1, again: 1.1, ..quiet(0) }, quiet(1), canary()];
    let text = paired_to_markdown(&judge(&looked_at_twice(1, &made)));
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in {text}"));
    let order = [
        "**Alarm.** the base came out",
        "**Regressed, and the comparison is doubtful.** Judged 2 of 2 cells",
        "Smallest slow-down that is found",
        "- base: base/ipcmark (0.1.0)",
        "## Regressed",
        "## All figures",
        "## Canary",
        "## How this was measured",
    ];
    assert!(order.windows(2).all(|two| at(two[0]) < at(two[1])), "{text}");
    assert!(!text.contains("## Improved"), "no empty table");
}

#[test]
fn every_row_has_the_columns_of_its_table() {
    let text = paired_to_markdown(&judge(&sample::paired(1)));
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
        let widths: Vec<usize> = table.lines().map(columns).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
    }
    for words in
        ["Inconclusive: not a pass", "**failed in the new side alone, in 3 pairs", "not reached"]
    {
        assert!(text.contains(words), "no {words} in {text}");
    }
}

#[test]
fn the_findings_hold_every_figure_and_every_cell_that_has_none() {
    let comparison = judge(&sample::paired(1));
    let findings = comparison.findings();
    assert!(findings.paired && findings.alarms.is_empty());
    assert_eq!(findings.findings.len(), comparison.census.figures);
    let cells: std::collections::HashSet<_> = findings.findings.iter().map(|f| &f.key).collect();
    assert_eq!(cells.len() + findings.unjudged.len(), comparison.census.cells);
    let verdicts: Vec<_> = findings.unjudged.iter().map(|cell| cell.verdict).collect();
    let count = |verdict| verdicts.iter().filter(|v| **v == verdict).count();
    assert_eq!(count(Some(Verdict::Regressed)), 1, "the newly failed one");
    assert_eq!(count(Some(Verdict::Inconclusive)), 2, "the moving one and the one not reached");
    assert_eq!(count(None), 2, "failed in both, and not available");
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
    let text = paired_to_json(&judge(&sample::paired(1)));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema"], "ipcmark.paired-comparison/1");
    assert_eq!(value["census"]["cells"], 15);
    assert_eq!(value["cells"].as_array().unwrap().len(), 16);
    assert_eq!(value["cells"][3]["figures"][0]["new"]["verdict"], "regressed");
}
