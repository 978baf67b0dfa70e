//! The sample records are what they say: repeatable, of every kind of cell, and slowed down on request.

use ipcmark_record::{Cell, CellKey, Placement, Refusal, State, Workload, sample};

#[test]
fn the_same_seed_gives_the_same_record_and_another_gives_another() {
    assert_eq!(sample::record(7, 3), sample::record(7, 3));
    assert_ne!(sample::record(7, 3).cells, sample::record(8, 3).cells);
}

#[test]
fn a_cell_is_the_same_in_whatever_company() {
    let key = CellKey::new("mq/block", Workload::Stream, 64, Placement::CrossCore);
    let alone = sample::record_of(7, 3, |k| *k == key);
    assert_eq!(alone.cells.len(), 1);
    assert_eq!(alone.cell(&key), sample::record(7, 3).cell(&key));
}

#[test]
fn every_kind_of_cell_is_there() {
    let record = sample::record(1, 6);
    assert_eq!(record.cells.len(), 42);
    let has = |test: &dyn Fn(&ipcmark_record::Cell) -> bool| record.cells.iter().any(test);
    assert!(has(&|c| c.state == State::Pending));
    assert!(has(&|c| matches!(c.state, State::Unavailable(Refusal { remedy: Some(_), .. }))));
    assert!(has(&|c| matches!(c.state, State::Unsupported { .. })));
    assert!(has(&|c| c.floor && c.invocations.len() == 6 && c.invocations[0].sides.len() == 1));
    assert!(has(&|c| !c.invocations.is_empty() && c.invocations.iter().all(|i| !i.is_ok())));
    assert!(has(&|c| c.invocations.iter().filter(|i| !i.is_ok()).count() == 1));
}

#[test]
fn a_slowed_cell_has_longer_times_and_the_same_counts() {
    let mut record = sample::record(1, 2);
    let key = CellKey::new("pipe/block", Workload::PingPong, 64, Placement::CrossCore);
    let cell = record.cells.iter_mut().find(|c| c.key == key).unwrap();
    let before = cell.clone();
    sample::slow_down(cell, 1.5);
    for (slow, fast) in cell.invocations.iter().zip(&before.invocations) {
        let median = |i: &ipcmark_record::Invocation| {
            let histogram = i.sides[0].histogram.as_ref().unwrap().unpack().unwrap();
            (histogram.len(), histogram.value_at_quantile(0.5) as f64)
        };
        let ((slow_n, slow_ns), (fast_n, fast_ns)) = (median(slow), median(fast));
        assert_eq!(slow_n, fast_n);
        assert!((slow_ns / fast_ns - 1.5).abs() < 0.003, "{slow_ns} / {fast_ns}");
        assert!((slow.elapsed_ns as f64 / fast.elapsed_ns as f64 - 1.5).abs() < 1e-6);
    }
}

#[test]
fn every_pattern_and_every_field_of_it_is_in_the_large_sample() {
    let record = sample::every(1, 2);
    assert_eq!(record, sample::every(1, 2));
    let plain = sample::record(1, 2);
    assert_eq!(record.cells[..plain.cells.len()], plain.cells);
    for pattern in [
        "ping-pong",
        "stream",
        "paced",
        "burst",
        "duplex",
        "fan-in",
        "fan-out",
        "broadcast",
        "paced-fan-in",
        "paced-fan-out",
        "paced-broadcast",
        "paced-pairs",
        "scatter-gather",
        "overlap",
        "wake-up",
    ] {
        let measured =
            |c: &&Cell| c.key.workload.name() == pattern && !c.floor && !c.invocations.is_empty();
        let cell = record.cells.iter().find(measured).unwrap_or_else(|| panic!("no {pattern}"));
        let one = &cell.invocations[0];
        assert_eq!(one.overlap.is_some(), pattern == "overlap");
        assert_eq!(one.task.is_some(), pattern == "scatter-gather");
        assert_eq!(one.links.is_some(), pattern.starts_with("fan"));
        assert_eq!(one.sides.len(), cell.key.workload.processes(), "{pattern}");
    }
    assert!(record.cells.iter().any(|c| c.lossy && c.invocations[0].integrity.lost > 0));
    assert_eq!(record.rules.len(), 3);
    let text = serde_json::to_string(&record).unwrap();
    let read = ipcmark_record::Record::parse(&text, "sample").unwrap();
    assert_eq!(read.cells.len(), record.cells.len());
    assert_eq!(read.rules, record.rules);
}
