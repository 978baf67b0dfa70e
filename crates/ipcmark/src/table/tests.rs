//! The tables of made-up records, as a user reads them.

use super::*;
use ipcmark_record::sample;
use ipcmark_show::terminal::fits;
use ipcmark_summary::summarize;

fn text(columns: Option<u16>) -> String {
    tables(&summarize(&sample::record(1, 6)).unwrap(), columns)
}

/// Returns the lines of the section whose title begins so.
fn section(text: &str, title: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with(title));
    lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_ranking_goes_from_fast_to_slow_and_floors_are_last() {
    let text = text(None);
    let lines = section(
        &text,
        "ping-pong, 64 B, cross-core, core-to-core latency 114 ns: one message there",
    );
    let place = |name: &str| lines.iter().position(|line| line.contains(name)).unwrap();
    assert!(place("shm-ring/spin") < place("pipe/block"), "{lines:#?}");
    assert!(place("pipe/block") < place("null/none"), "{lines:#?}");
    assert!(lines[place("pipe/block")].contains(" µs]  "), "an interval: {lines:#?}");
}

#[test]
fn a_reason_is_given_once_at_the_end() {
    let text = text(None);
    assert_eq!(text.matches("two spinning sides on one CPU").count(), 1, "{text}");
    let lines = section(&text, "ping-pong, 64 B, same-core");
    assert!(lines.iter().any(|l| l.contains("1 not measured: see ")), "{lines:#?}");
    let lines = section(&text, "Not measured");
    let failed = "mq/block: failed: 6 of 6 invocations failed: ";
    assert!(lines.iter().any(|l| l.contains(failed)), "{lines:#?}");
}

#[test]
fn every_row_of_the_summary_is_in_the_tables() {
    let summary = summarize(&sample::every(1, 6)).unwrap();
    let text = tables(&summary, None);
    let end = section(&text, "Not measured");
    for row in &summary.rows {
        let (mechanism, wait) = row.key.transport.split_once('/').unwrap();
        let there = text.contains(&row.key.transport);
        let braced = end.iter().any(|l| l.contains(&format!("{mechanism}/{{")) && l.contains(wait));
        assert!(there || braced, "{}", row.key);
    }
}

#[test]
fn no_line_is_wider_than_the_terminal_and_notes_are_kept() {
    let summary = summarize(&sample::every(1, 6)).unwrap();
    for columns in [80, 100, 120, 200] {
        let text = tables(&summary, Some(columns));
        let wide: Vec<&str> = text.lines().filter(|line| !fits(line, Some(columns))).collect();
        assert!(wide.is_empty(), "{columns}: {wide:#?}");
        for part in ["p99", "[95 %]", "one channel for all peers", "(0.40 %): not ranked"] {
            assert!(text.contains(part), "{columns}: no '{part}' in {text}");
        }
    }
}

#[test]
fn the_quality_and_the_answer_come_in_a_few_lines() {
    let record = sample::record(1, 8);
    let summary = summarize(&record).unwrap();
    let text = machine(&record, &summary, Some(80)) + &answer(&summary, &record.knees, Some(80));
    assert!(fits(&text, Some(80)), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Measurement quality: ",
        "CPU time taken by other guests 0.62 %",
        "Longest interruption 4.10 ms",
        "Fastest round trip at 64 B",
    ] {
        assert!(words.contains(part), "no '{part}' in {text}");
    }
    assert!(!text.contains('`') && !text.contains('*'), "{text}");
}
