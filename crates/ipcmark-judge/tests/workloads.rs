//! Comparisons of the workloads beside ping-pong and stream.

use ipcmark_judge::{CellComparison, Figure, Metric, Policy, Verdict, compare};
use ipcmark_record::{Cell, ClockBound, ClockCertificate, ClockPair, Record, sample};

fn only(seed: u64, keep: impl Fn(&Cell) -> bool) -> Record {
    let mut record = sample::every(seed, 12);
    record.cells.retain(keep);
    record
}

fn cells(base: &Record, new: &Record) -> Vec<CellComparison> {
    compare(base, new, &Policy::default()).unwrap().cells
}

#[test]
fn each_workload_is_judged_by_its_own_figure() {
    let base = only(1, |c| !c.invocations.is_empty() && !c.lossy);
    let mut new = base.clone();
    for cell in &mut new.cells {
        sample::slow_down(cell, 1.5);
        for task in cell.invocations.iter_mut().filter_map(|i| i.task.as_mut()) {
            task.parallel_ns = task.parallel_ns * 3 / 2;
        }
    }
    for cell in cells(&base, &new) {
        let expected = match cell.key.pattern.as_str() {
            "stream" | "duplex" | "fan-in" | "fan-out" | "broadcast" => Figure::TimePerMessage,
            "paced" => Figure::OneWayP50,
            "burst" => Figure::BurstP50,
            "scatter-gather" => Figure::TaskTime,
            _ => Figure::RoundTripP50,
        };
        let Some(metric) = cell.metrics.first() else {
            assert_eq!(cell.key.transport, "mq/block", "{} has no figure", cell.key);
            continue;
        };
        assert_eq!(metric.figure, expected, "{}", cell.key);
        assert!((metric.ratio - 1.5).abs() < 0.01, "{}: {}", cell.key, metric.ratio);
        // What the seeds differ by is nothing here; few values, or CPUs that moved, are still no verdict.
        assert!(metric.verdict == Verdict::Regressed || metric.why.is_some(), "{}", cell.key);
    }
}

#[test]
fn cells_of_another_load_are_other_cells() {
    let two = |c: &Cell| c.key.pattern == "fan-in" && c.key.load.peers == Some(2);
    let base = only(1, two);
    let mut new = base.clone();
    new.cells.iter_mut().for_each(|c| c.key.load.peers = Some(3));
    assert_eq!(cells(&base, &new).len(), 2 * base.cells.len());
    assert!(cells(&base, &new).iter().all(|c| c.metrics.is_empty()));
}

#[test]
fn a_sender_that_is_too_slow_gives_no_verdict_and_losses_are_noted() {
    let udp = |c: &Cell| c.key.transport == "udp4/block" && c.key.size_bytes == 64;
    let base = only(1, udp);
    let mut new = base.clone();
    new.cells.iter_mut().for_each(|cell| sample::slow_down(cell, 2.0));
    let cells = cells(&base, &new);
    for cell in &cells {
        // The slower cell sends too little to lose one.
        let slow = cell.key.load.rate_per_s == Some(50_000);
        let lost = cell.notes.iter().any(|n| n.contains("loses 0.40 %"));
        assert_eq!(lost, slow, "{:?}", cell.notes);
        for metric in &cell.metrics {
            let why = metric.why.as_deref().unwrap_or_default();
            assert_eq!(why.contains("sender was too slow in both"), slow, "{}: {why}", cell.key);
        }
    }
    assert!(cells.iter().any(|c| c.metrics.iter().any(|m| m.verdict == Verdict::Regressed)));
}

#[test]
fn a_one_way_time_that_the_clocks_do_not_carry_gives_no_verdict() {
    let paced = |c: &Cell| c.key.transport == "pipe/block" && c.key.pattern == "paced";
    let base = only(1, paced);
    let mut new = only(2, paced);
    for invocation in new.cells.iter_mut().flat_map(|c| &mut c.invocations) {
        for (at, side) in invocation.sides.iter_mut().enumerate() {
            side.placed.allowed = vec![at as u32];
        }
    }
    let bound = ClockBound { at_ns: 0, offset_ns: 0.0, bound_ns: 1e6, exchanges: 4_000 };
    let pair = ClockPair { a: 0, b: 1, bounds: vec![bound] };
    let judged = |new: &Record| {
        let cells = cells(&base, new);
        assert!(cells.iter().any(|c| !c.metrics.is_empty()));
        let told = |m: &Metric| m.why.as_deref().is_some_and(|w| w.contains("no one-way time"));
        let metrics = cells.iter().flat_map(|c| &c.metrics);
        metrics.map(|m| (told(m), m.verdict)).collect::<Vec<_>>()
    };
    assert!(judged(&new).iter().all(|(told, _)| !told));
    new.clock = Some(ClockCertificate { pairs: vec![pair], drift_ppm: None });
    assert!(judged(&new).iter().all(|judged| *judged == (true, Verdict::Inconclusive)));
}
