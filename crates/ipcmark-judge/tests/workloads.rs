//! Comparisons of all workloads.

use ipcmark_judge::sequential::{Comparison, compare};
use ipcmark_judge::{Figure, Shares, Verdict};
use ipcmark_record::{Cell, ClockBound, ClockCertificate, ClockPair, Parameter, Record, sample};

fn only(seed: u64, keep: impl Fn(&Cell) -> bool) -> Record {
    let mut record = sample::every(seed, 12);
    record.cells.retain(keep);
    record
}

fn judge(base: &Record, new: &Record) -> Comparison {
    compare(base, new, &Shares::default()).unwrap()
}

#[test]
fn each_workload_is_compared_by_its_own_figure() {
    let base = only(1, |c| !c.invocations.is_empty() && !c.lossy);
    let mut new = base.clone();
    for cell in &mut new.cells {
        sample::slow_down(cell, 1.5);
        for task in cell.invocations.iter_mut().filter_map(|i| i.task.as_mut()) {
            task.parallel_ns = task.parallel_ns * 3 / 2;
        }
    }
    let comparison = judge(&base, &new);
    for cell in &base.cells {
        let expected = match cell.key.workload.name() {
            "stream" | "duplex" | "fan-in" | "fan-out" | "broadcast" => Figure::TimePerMessage,
            "paced" | "paced-fan-in" | "paced-fan-out" | "paced-broadcast" => Figure::OneWayP50,
            "paced-ping-pong" | "paced-pairs" => Figure::PacedRoundTripP50,
            "burst" => Figure::BurstP50,
            "scatter-gather" => Figure::TaskTime,
            _ => Figure::RoundTripP50,
        };
        let Some(found) = comparison.findings.iter().find(|found| found.key == cell.key) else {
            let absent = comparison.unjudged.iter().find(|absent| absent.key == cell.key).unwrap();
            assert_eq!(absent.verdict, Verdict::Absent, "{absent:?}");
            continue;
        };
        assert_eq!(found.figure, expected, "{}", cell.key);
        assert!((found.ratio - 1.5).abs() < 0.01, "{}: {}", cell.key, found.ratio);
        // Few values, or CPUs that moved, raise no suspicion.
        assert!(
            found.verdict == Verdict::SuspectedSlower || found.why.is_some(),
            "{}: {found:?}",
            cell.key
        );
    }
}

#[test]
fn cells_of_another_load_are_other_cells() {
    let two = |c: &Cell| {
        c.key.workload.name() == "fan-in" && c.key.workload.value(Parameter::Peers) == Some(2)
    };
    let base = only(1, two);
    let mut new = base.clone();
    new.cells.iter_mut().for_each(|c| c.key.workload = c.key.workload.with_value(3));
    let comparison = judge(&base, &new);
    assert_eq!(comparison.cells, 2 * base.cells.len());
    assert_eq!(comparison.findings, []);
}

#[test]
fn a_sender_that_missed_its_schedule_raises_no_suspicion_and_losses_are_noted() {
    let udp = |c: &Cell| c.key.transport == "udp4/block" && c.key.size_bytes == 64;
    let base = only(1, udp);
    let mut new = base.clone();
    new.cells.iter_mut().for_each(|cell| sample::slow_down(cell, 2.0));
    let comparison = judge(&base, &new);
    for cell in &base.cells {
        // The slower cell sends too little to lose one.
        let slow = cell.key.workload.value(Parameter::Rate) == Some(50_000);
        let lost = comparison
            .notes
            .iter()
            .any(|note| note.key == cell.key && note.text.contains("0.40 % in the base"));
        assert_eq!(lost, slow, "{:?}", comparison.notes);
        for found in comparison.findings.iter().filter(|found| found.key == cell.key) {
            let why = found.why.as_deref().unwrap_or_default();
            let missed = why.contains("sender missed its schedule in both");
            assert_eq!(missed, slow, "{}: {why}", cell.key);
        }
    }
    assert!(comparison.census.suspected_slower > 0);
}

#[test]
fn a_one_way_time_beyond_the_clocks_is_missing() {
    let paced = |c: &Cell| c.key.transport == "pipe/block" && c.key.workload.name() == "paced";
    let base = only(1, paced);
    let mut new = only(2, paced);
    for invocation in new.cells.iter_mut().flat_map(|c| &mut c.invocations) {
        for (at, side) in invocation.sides.iter_mut().enumerate() {
            side.placed.allowed = vec![at as u32];
        }
    }
    let bound = ClockBound { at_ns: 0, offset_ns: 0.0, bound_ns: 1e6, exchanges: 4_000 };
    let pair = ClockPair { a: 0, b: 1, bounds: vec![bound] };
    assert!(!judge(&base, &new).findings.is_empty());
    new.clock = Some(ClockCertificate { pairs: vec![pair], drift_ppm: None });
    let comparison = judge(&base, &new);
    assert_eq!(comparison.findings, []);
    assert!(comparison.unjudged.iter().all(|c| c.verdict == Verdict::Missing));
    assert!(
        comparison.unjudged.iter().any(|c| c.why.contains("one-way")),
        "{:?}",
        comparison.unjudged
    );
}
