//! The tables of made-up records, read as a user reads them.

use super::*;
use console::measure_text_width;
use ipcmark_record::{Capacity, Placement, Record, Standing, Workload, sample};
use ipcmark_summary::summarize;

fn text(columns: Option<u16>) -> String {
    tables(&summarize(&sample::record(1, 6)).unwrap(), columns)
}

/// The lines of the section whose title begins so.
fn section(text: &str, title: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| !line.starts_with(title));
    lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_ranking_goes_from_fast_to_slow() {
    let text = text(None);
    let lines = section(&text, "ping-pong, 64 B, cross-core");
    let place =
        |name: &str| lines.iter().position(|line| line.trim_start().starts_with(name)).unwrap();
    assert!(place("shm-ring/spin") < place("pipe/block"), "{lines:#?}");
    assert!(
        lines[place("pipe/block")].contains(" .. "),
        "an interval over six invocations: {lines:#?}"
    );
}

#[test]
fn a_reason_that_holds_in_many_tables_is_given_once() {
    let text = text(None);
    assert_eq!(text.matches("two spinning sides on one CPU").count(), 1, "{text}");
    let lines = section(&text, "ping-pong, 64 B, same-core");
    assert!(lines.iter().any(|l| l.contains("1 more without figures")), "{lines:#?}");
    // What holds once stands where it holds.
    let lines = section(&text, "stream, 1 KiB, cross-core");
    assert!(lines.iter().any(|l| l.contains("mq/block: FAILED")), "{lines:#?}");
}

#[test]
fn every_row_of_the_summary_is_in_the_tables() {
    let summary = summarize(&sample::every(1, 6)).unwrap();
    let text = tables(&summary, None);
    let end = section(&text, "No figures:");
    for row in &summary.rows {
        let mut lines = section(&text, &title(&row.key));
        lines.extend(end.clone());
        let said = |line: &String| line.contains(&row.key.transport) || line.contains("  all ");
        assert!(lines.iter().any(said), "{}", row.key);
    }
    let census = census(&summary);
    assert!(census.starts_with(&format!("{} cells: ", summary.rows.len())), "{census}");
}

#[test]
fn each_workload_has_the_heads_and_notes_that_it_calls_for() {
    let text = tables(&summarize(&sample::every(1, 6)).unwrap(), None);
    for (title, parts) in [
        (
            "paced, 64 B, cross-core, 50000/s",
            &["p50 one-way from", "sender's", "sender too slow", "loses 0.40 %"][..],
        ),
        ("burst, 64 B, cross-core, depth 8", &["p50 8 messages", "an answer"]),
        ("wake-up, no payload, cross-core", &["p50 round trip,", "no payload", "eventfd/block"]),
        ("scatter-gather, 64 KiB, cross-core, 2 peers, input sent", &["speed-up", "by one", " ×"]),
        ("overlap, 64 B, cross-core", &["other", "one look", " %", "pipe/poll"]),
        ("fan-in, 64 B, cross-core, 4 peers", &["messages", "one link", "a link a peer"]),
        ("ping-pong, 64 B, cross-core", &["rpc-unix/block", "a call"]),
    ] {
        let lines = section(&text, title).join("\n");
        for part in parts {
            assert!(lines.contains(part), "no '{part}' in {title}: {lines}");
        }
    }
}

#[test]
fn a_hundred_transports_times_five_workloads_do_not_bury_the_figures() {
    let mut summary = summarize(&sample::record(1, 6)).unwrap();
    let model = summary.rows.iter().find(|r| r.figure.is_some() && !r.floor).unwrap().clone();
    summary.rows.clear();
    for pattern in ["ping-pong", "stream", "paced", "burst", "overlap"] {
        for size_bytes in [64, 1024, 65_536] {
            for n in 0..100 {
                let mut row = model.clone();
                row.key = CellKey::new(
                    &format!("m{}/w{}", n / 4, n % 4),
                    pattern.parse().unwrap(),
                    size_bytes,
                    Placement::CrossCore,
                );
                let why = match (pattern, n) {
                    (_, ..40) => Some("it carries no payload: see wake-up"),
                    ("overlap", ..80) => Some("a side that waits like this can do nothing else"),
                    _ => None,
                };
                if let Some(why) = why {
                    row.figure = None;
                    row.status = ipcmark_summary::Status::Unsupported { reason: why.into() };
                }
                summary.rows.push(row);
            }
        }
    }
    let text = tables(&summary, Some(100));
    let reasons = section(&text, "No figures:");
    assert!(reasons.len() < 14, "{reasons:#?}");
    assert_eq!(text.matches("it carries no payload").count(), 1);
    let figures = text.lines().filter(|line| line.starts_with(" m")).count();
    assert_eq!(figures, 3 * (4 * 60 + 20), "each has its line");
    assert!(text.lines().count() < figures + 110, "{}", text.lines().count());
    assert!(fits(&text, Some(100)));
}

#[test]
fn a_narrow_terminal_gets_no_wrapped_lines() {
    let summary = summarize(&sample::every(1, 6)).unwrap();
    for columns in [80, 100, 120] {
        let text = tables(&summary, Some(columns));
        let widest = text.lines().max_by_key(|line| measure_text_width(line)).unwrap();
        assert!(fits(&text, Some(columns)), "{columns}: {widest}\n{text}");
        assert!(text.contains("CPU each") && text.contains("95 % interval"));
    }
}

#[test]
fn a_link_that_holds_something_else_than_was_asked_says_so() {
    let mut summary = summarize(&sample::record(1, 6)).unwrap();
    let row = summary.rows.iter_mut().find(|row| row.figure.is_some()).unwrap();
    row.key.capacity_bytes = Some(262_144);
    row.capacity = Some(Capacity { bytes: Some(640), messages: Some(10) });
    let title = title(&row.key);
    assert!(title.ends_with(" 256 KiB asked each way"), "{title}");
    let name = row.key.transport.clone();
    for columns in [None, Some(80), Some(100)] {
        let text = tables(&summary, columns);
        let lines = section(&text, &title);
        let said = lines.iter().any(|l| l.contains(&name) && l.contains("holds 640 B"));
        assert!(said, "{columns:?}: {lines:#?}");
    }
}

#[test]
fn a_narrow_terminal_still_gets_the_notes() {
    let mut summary = summarize(&sample::record(1, 6)).unwrap();
    for row in &mut summary.rows {
        row.unsteady_invocations = 2;
    }
    let measured = summary.rows.iter().find(|row| row.figure.is_some()).unwrap();
    for columns in [80, 100] {
        let text = tables(&summary, Some(columns));
        let lines = section(&text, &title(&measured.key));
        assert!(lines.iter().any(|l| l.contains("2 of 6 not steady")), "{lines:#?}");
    }
}

#[test]
fn numbers_that_few_samples_carry_stand_in_parentheses() {
    let text = tables(&summarize(&sample::record(1, 1)).unwrap(), None);
    assert!(text.contains("no interval") && text.contains("in parentheses:"), "{text}");
    assert_eq!(dim_parentheses("a (b) c (d"), "a (b) c (d", "no escape codes without a terminal");
}

/// The sample with 12 invocations, in which one cell was measured at two distances.
fn moving() -> (Record, Summary) {
    let record = sample::every(1, 12);
    let summary = summarize(&record).unwrap();
    (record, summary)
}

#[test]
fn rows_of_one_class_share_a_heading_and_a_row_of_another_goes_below_them() {
    let (_, mut summary) = moving();
    let title = "ping-pong, 1.0 KiB, cross-core";
    let key = CellKey::new("unix-stream/epoll", Workload::PingPong, 1024, Placement::CrossCore);
    let title = super::title(&key).split(", default").next().unwrap_or(title).to_owned();
    let text = tables(&summary, None);
    let lines = section(&text, &title);
    assert!(lines[0].ends_with(", 113 ns (one cache)"), "{lines:#?}");
    assert!(lines.iter().any(|l| l.contains("at 350 ns 1")), "its figure elsewhere: {lines:#?}");
    // The same, had its row been of the other class: the fastest of all, and no rival of the others.
    let row = summary.rows.iter_mut().find(|row| row.key == key).unwrap();
    let other = row.others.remove(0);
    (row.class, row.figure) = (Some(other.class), Some(other.figure));
    row.figure.as_mut().unwrap().percentiles[0].ns.value = 1.0;
    let text = tables(&summary, None);
    let lines = section(&text, &title);
    assert!(lines[0].ends_with("capacity") && lines[1].contains("CPUs apart"), "{lines:#?}");
    let ranked: Vec<&String> = lines.iter().filter(|line| line.contains(" ns  ")).collect();
    let last = ranked.last().unwrap();
    assert!(last.contains("unix-stream/epoll") && last.contains("350 ns"), "{lines:#?}");
    assert!(ranked[0].contains("113 ns"), "{lines:#?}");
}

#[test]
fn a_flag_stands_beside_its_interval_and_is_explained_once() {
    let (_, mut summary) = moving();
    for row in &mut summary.rows {
        row.standing = row.figure.as_ref().map(|_| Standing::Precise);
    }
    assert!(!tables(&summary, None).contains("flag"), "nothing to say, no column");
    let key = CellKey::new("pipe/block", Workload::PingPong, 64, Placement::CrossCore);
    let row = summary.rows.iter_mut().find(|row| row.key == key).unwrap();
    row.standing = Some(Standing::NotSteady);
    for columns in [None, Some(80), Some(100)] {
        let text = tables(&summary, columns);
        let lines = section(&text, "ping-pong, 64 B, cross-core");
        assert!(lines[1].contains("flag") || lines[2].contains("flag"), "{lines:#?}");
        let pipe = lines.iter().find(|line| line.contains("pipe/block")).unwrap();
        assert!(pipe.contains("  not steady  "), "{lines:#?}");
        assert_eq!(text.matches("(not steady: over a third").count(), 1);
        assert!(!text.contains("(wide:"), "only what stands there is explained");
        assert!(fits(&text, columns), "{columns:?}: {text}");
    }
    let census = census(&{
        let mut summary = summary;
        summary.census = ipcmark_summary::Census::of(&summary.rows);
        summary
    });
    assert!(census.contains(" precise, 1 not steady."), "{census}");
}

#[test]
fn the_machine_is_told_above_the_tables() {
    let (mut record, summary) = moving();
    for columns in [None, Some(80)] {
        let text = machine(&record, &summary, columns);
        let flat = text.replace("\n  ", " ");
        for part in [
            "Noise: steal 0.62 %, 56 gaps over 5 µs a second, longest 4.10 ms; ",
            " of invocations set aside",
            "Distances: 113 ns (one cache) in 9",
            "350 ns (far) in ",
            "; figures are of 113 ns (one cache) where no other is named",
            "Clocks: CPU 0 and CPU 1 read at most 36.0 ns apart",
        ] {
            assert!(flat.contains(part), "no '{part}' in {flat}");
        }
        assert!(fits(&text, columns), "{text}");
    }
    // Clocks matter where a figure stands on two of them, and nothing is said that was not heard.
    record.noise = None;
    record.cells.retain(|cell| cell.key.placement == Placement::SameCore);
    let summary = summarize(&record).unwrap();
    let text = machine(&record, &summary, None);
    assert!(!text.contains("Clocks:") && !text.contains("steal") && !text.contains("Distances:"));
}
