//! The machine's drift in the intervals of a made-up record, and the context that carries it.

use ipcmark_record::{Cell, Placement, Record, Workload, sample};
use ipcmark_summary::{Context, Estimate, Kind, Row, summarize, summarize_cell, summarize_in};

/// Returns same-core ping-pong of the sample: 6 cells, 24 rounds.
fn steady() -> Record {
    sample::record_of(7, 24, |k| {
        k.workload == Workload::PingPong && k.placement == Placement::SameCore
    })
}

/// Returns the same cells on a machine that is `by` slower in its second half, in all cells alike.
fn drifting(by: f64) -> Record {
    let mut record = steady();
    for cell in &mut record.cells {
        let half = cell.invocations.len() / 2;
        let mut late = Cell { invocations: cell.invocations.split_off(half), ..cell.clone() };
        sample::slow_down(&mut late, 1.0 + by);
        cell.invocations.extend(late.invocations);
    }
    record
}

fn p50(row: &Row) -> Estimate {
    row.figure.as_ref().unwrap().percentiles[0].ns
}

#[test]
fn what_all_cells_do_together_widens_every_interval_of_their_kind() {
    let (quiet, drifted) = (summarize(&steady()).unwrap(), summarize(&drifting(0.3)).unwrap());
    let of = |summary: &ipcmark_summary::Summary| summary.drift[0];
    let (none, much) = (of(&quiet), of(&drifted));
    assert_eq!((none.kind, much.kind), (Kind::SameCoreTime, Kind::SameCoreTime));
    assert!((0.08..0.3).contains(&much.factor_sd), "half at 0 and half at 0.26: {much:?}");
    assert!(none.factor_sd < 0.02 && much.standard_error > 3.0 * none.standard_error);
    for row in drifted.rows.iter().filter(|row| row.figure.is_some()) {
        let (low, high) = p50(row).interval.unwrap();
        let reach = (1.96 * 2f64.sqrt() * much.standard_error).exp();
        let value = p50(row).value;
        assert!(high / value >= reach - 1e-3 && value / low >= reach - 1e-3, "{}", row.key);
    }
}

#[test]
fn the_factor_cancels_in_counts_and_shares() {
    let (quiet, drifted) = (steady(), drifting(0.3));
    let switches = |record: &Record| {
        let summary = summarize(record).unwrap();
        summary.rows.into_iter().find_map(|r| r.figure).unwrap().switches_per_message
    };
    let width = |e: Estimate| e.interval.map(|(low, high)| high - low).unwrap();
    let (quiet, drifted) = (width(switches(&quiet)), width(switches(&drifted)));
    assert!((quiet - drifted).abs() <= 1e-9 + 0.5 * quiet, "{quiet} and {drifted}");
}

#[test]
fn a_context_that_looks_again_is_one_made_anew() {
    let whole = drifting(0.1);
    let mut begun = whole.clone();
    begun.cells.iter_mut().for_each(|cell| cell.invocations.truncate(7));
    let mut context = Context::of(&begun).unwrap();
    context.again(&whole).unwrap();
    assert_eq!(summarize_in(&whole, &context).unwrap(), summarize(&whole).unwrap());
    // A cell that changed after the context was made is read as it is now.
    let mut cell = whole.cells.iter().find(|c| !c.invocations.is_empty()).unwrap().clone();
    let before = p50(&summarize_cell(&cell, &context).unwrap()).value;
    sample::slow_down(&mut cell, 2.0);
    let after = p50(&summarize_cell(&cell, &context).unwrap()).value;
    assert!((after / before - 2.0).abs() < 0.05, "{before} and {after}");
}

#[test]
fn a_short_run_tells_nothing_of_its_drift() {
    let few = sample::record_of(1, 3, |k| k.transport == "pipe/block" && k.size_bytes == 64);
    let summary = summarize(&few).unwrap();
    assert_eq!(summary.drift, []);
    assert_eq!(Context::of(&few).unwrap().drift_of(&few.cells[0]), 0.0);
}
