//! The tables of made-up rows.

use super::*;
use crate::testing::{estimate, row, sending, summary};
use crate::{Ranking, rankings};
use ipcmark_record::{Refusal, Workload, sample};
use ipcmark_show::{NONE, Table, markdown, terminal};
use ipcmark_summary::summarize;

fn at(table: &Table, head: &str) -> usize {
    let heads: Vec<&str> = table.heads.iter().map(|h| h.text.as_str()).collect();
    table
        .heads
        .iter()
        .position(|h| h.text.starts_with(head))
        .unwrap_or_else(|| panic!("no {head} in {heads:?}"))
}

fn cell<'a>(table: &'a Table, row: usize, head: &str) -> &'a Cell {
    &table.rows[row][at(table, head)]
}

#[test]
fn every_workload_fills_its_heads() {
    let summary = summarize(&sample::every(1, 6)).unwrap();
    let mut words = String::new();
    for ranking in rankings(&summary) {
        let table = ranking_table(&ranking);
        assert!(
            table.rows.iter().all(|row| row.len() == table.heads.len()),
            "{:?}",
            ranking.setting
        );
        words += &markdown::table(&table);
    }
    for part in [
        "One-way from intended start p50",
        "8 messages and an answer p50",
        "Round trip, no payload p50",
        "Speed-up",
        "Other work",
        "sender missed its schedule (p99 delay ",
        "RPC",
        "one channel for all peers",
        "one channel per peer",
        "(0.40 %): not ranked",
    ] {
        assert!(words.contains(part), "no '{part}' in {words}");
    }
    let cells = cells_table(&summary.rows);
    assert!(cells.rows.iter().all(|row| row.len() == cells.heads.len()));
}

#[test]
fn percentiles_of_blocks_say_so_and_the_time_of_a_message_is_by_the_rate() {
    let mut stream = row("pipe/block", 64, 500.0, Some((490.0, 510.0)));
    stream.key.workload = Workload::Stream;
    stream.figure.as_mut().unwrap().messages_per_s = estimate(1e6, Some((8e5, 2e6)));
    let cells = cells_table(&[stream.clone()]);
    assert_eq!(cell(&cells, 0, "p99").under, "block", "{cells:?}");
    let more = &cell(&cells, 0, "State").more;
    let time = "Time/message: 1.00 µs [500 ns, 1.25 µs]";
    assert!(more.iter().any(|line| line == time), "{more:?}");
    let summary = summary(vec![stream]);
    let table = ranking_table(&rankings(&summary)[0]);
    assert_eq!(cell(&table, 0, "Time/message").text, "1.00 µs");
    let block = cell(&table, 0, "p50 of 50 µs");
    assert_eq!((block.text.as_str(), block.under.as_str()), ("500 ns", "p99 1.50 µs"));
}

#[test]
fn percentiles_without_enough_samples_are_marked() {
    let cells = cells_table(&[row("pipe/block", 64, 8_500.0, Some((8_400.0, 8_600.0)))]);
    let few = ["p50", "p90", "p99", "p99.9", "p99.99"].map(|head| cell(&cells, 0, head).few);
    assert_eq!(few, [false, false, false, true, true]);
    let p50 = cell(&cells, 0, "p50");
    assert_eq!((p50.text.as_str(), p50.interval.as_str()), ("8.50 µs", "[8.40 µs, 8.60 µs]"));
}

#[test]
fn a_gap_has_its_reason_and_its_remedy() {
    let mut gap = row("mq/block", 64, 1.0, None);
    gap.figure = None;
    let remedy = Some("mount it".into());
    gap.status = Status::Unavailable(Refusal { reason: "no mqueue here".into(), remedy });
    let cells = cells_table(&[gap]);
    let state = cell(&cells, 0, "State");
    let expected = ("not available", "no mqueue here; mount it");
    assert_eq!((state.text.as_str(), state.under.as_str()), expected);
    assert_eq!(cells.rows[0][0].class, "gap");
}

fn of(rows: Vec<Row>, test: impl Fn(&Ranking<'_>, &Table)) {
    let summary = summary(rows);
    let ranking = &rankings(&summary)[0];
    test(ranking, &ranking_table(ranking));
}

#[test]
fn the_distance_is_a_column_only_if_some_row_differs() {
    let alike =
        || ["a/spin", "b/spin", "c/spin"].map(|name| row(name, 64, 100.0, Some((99.0, 101.0))));
    let has = |table: &Table| table.heads.iter().any(|h| h.text.starts_with("Core-to-core"));
    of(alike().into(), |_, table| assert!(!has(table)));
    let mut rows = alike();
    rows[2].class.as_mut().unwrap().centre_ns = 40.0;
    of(rows.into(), |_, table| {
        assert!(has(table));
        assert_eq!(cell(table, 0, "Rank").text, "1–2");
        assert_eq!(cell(table, 2, "Rank").text, "apart");
        assert!(cell(table, 2, "Notes").text.contains("40 ns: not comparable"));
    });
}

// F3
#[test]
fn a_rate_that_was_not_reached_stands_beside_the_one_asked_and_has_no_latency() {
    let mut record = sample::every(1, 6);
    record.cells.retain(|c| c.key.workload == Workload::PACED && !c.lossy);
    let mut late = record.cells[0].clone();
    late.key.transport = "late/block".into();
    for invocation in &mut late.invocations {
        invocation.messages *= 100;
        invocation.elapsed_ns *= 200;
    }
    record.cells.push(late);
    let summary = summarize(&record).unwrap();
    let rankings = rankings(&summary);
    let late_at = rankings[0].entries.len() - 1;
    let table = ranking_table(&rankings[0]);
    assert_eq!(cell(&table, late_at, "Transport").text, "late/block");
    assert_eq!(cell(&table, late_at, "Rate").text, "500 /s of 1.00 k/s");
    assert_eq!(cell(&table, 0, "Rate").text, "1.00 k/s of 1.00 k/s");
    for head in ["One-way", "p99"] {
        assert_eq!(cell(&table, late_at, head).text, Cell::missing().text);
        assert_ne!(cell(&table, 0, head).text, Cell::missing().text);
    }
    assert_eq!(cell(&table, late_at, "Rank").text, "–");
    assert!(cell(&table, late_at, "Notes").text.starts_with("rate not reached: 500/s of 1000/s"));
}

#[test]
fn a_buffer_that_all_rows_share_is_under_the_table_and_in_no_row() {
    let rows = || {
        ["a/block", "b/block", "c/block"].map(|name| {
            let mut row = row(name, 64, 100.0, Some((99.0, 101.0)));
            row.capacity = Some(ipcmark_record::Capacity { bytes: Some(4096), messages: None });
            row
        })
    };
    let feet = |ranking: &Ranking<'_>| ranking.feet().into_iter().map(|(_, text)| text);
    of(rows().into(), |ranking, table| {
        assert_eq!(feet(ranking).collect::<Vec<_>>(), ["buffer: 4 KiB"]);
        assert!(table.heads.iter().all(|head| head.text != NOTES), "no row differs");
    });
    let mut other = rows();
    other[1].capacity.as_mut().unwrap().bytes = Some(8192);
    of(other.into(), |ranking, table| {
        let said: Vec<_> = feet(ranking).collect();
        assert_eq!(said, ["buffer: 4 KiB, where no note names another"]);
        let notes = [0, 1, 2].map(|row| cell(table, row, NOTES).text.as_str());
        assert_eq!(notes, ["", "buffer: 8 KiB", ""]);
    });
    let mut none = rows();
    none[1].capacity = None;
    of(none.into(), |ranking, table| {
        assert_eq!(feet(ranking).count(), 0, "one has none, so that each must name its own");
        assert_eq!(cell(table, 0, NOTES).text, "buffer: 4 KiB");
    });
}

#[test]
fn a_narrow_terminal_keeps_the_figure_its_interval_p99_and_quality() {
    let mut rows = ["shm-broadcast/hybrid", "rpc-unix-exactly-once/block"]
        .map(|name| row(name, 64, 8_500.0, Some((8_400.0, 8_600.0))));
    for row in &mut rows {
        row.standing = Some(ipcmark_record::Standing::NotSteady);
    }
    of(rows.into(), |_, table| {
        for columns in [80, 100, 120] {
            let text = terminal::table(table, Some(columns), &terminal::plain);
            assert!(terminal::fits(&text, Some(columns)), "{text}");
            for part in ["[8.40 µs, 8.60 µs]", "p99", "not steady"] {
                assert!(text.contains(part), "no '{part}' in {text}");
            }
        }
    });
}

#[test]
fn a_send_says_how_long_it_holds_its_sender_and_how_often_it_waited() {
    let record = sample::record_of(1, 6, |key| key.transport == "pipe/block" && key.is_rate());
    let mut rows = summarize(&record).unwrap().rows;
    rows[0].sending = Some(sending(100.0, None));
    rows[1].sending = Some(sending(50.0, None));
    rows[1].sending.as_mut().unwrap().blocked_share = None;
    let table = &cost_tables(&rows)[0].table;
    let of = |row: usize| {
        let held = cell(table, row, "Send holds");
        let waited = cell(table, row, "Sends that");
        (held.text.as_str(), held.under.as_str(), waited.text.as_str())
    };
    let mut both = [of(0), of(1)];
    both.sort_unstable();
    let expected = [
        ("150 ns", "p50 50.0 ns, longest 5.00 µs", NONE),
        ("300 ns", "p50 100 ns, longest 10.0 µs", "25 %"),
    ];
    assert_eq!(both, expected);
    assert!(markdown::table(table).contains("Send holds sender p99"));
}
