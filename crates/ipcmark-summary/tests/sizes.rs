//! Figures by message size, percentiles of one's choice and the rate of a replay, by hand on the sample record.

use ipcmark_record::{
    Arrivals, Encoded, Histogram, OfSize, Record, Replayed, Side, Unit, Workload, sample,
};
use ipcmark_summary::{Context, PERCENTILES, Row, summarize, summarize_cell};

fn packed(values: &[u64], unit: Unit) -> Encoded {
    let mut histogram = Histogram::new(3).unwrap();
    values.iter().for_each(|v| histogram.record(*v).unwrap());
    Encoded::pack(&histogram, unit, 1).unwrap()
}

/// Returns the sample record with a cell of this kind alone.
fn record_of(kind: Workload) -> Record {
    let mut record = sample::every(1, 9);
    record.cells.retain(|cell| cell.key.workload.is_kind(kind) && !cell.floor);
    record.cells.truncate(1);
    assert_eq!(record.cells.len(), 1);
    record
}

fn row_of(record: &Record) -> Row {
    summarize_cell(&record.cells[0], &Context::bare(0.0)).unwrap()
}

#[test]
fn each_size_has_the_median_over_invocations_of_the_side_that_times() {
    let mut record = record_of(Workload::PACED);
    for (at, invocation) in record.cells[0].invocations.iter_mut().enumerate() {
        for side in &mut invocation.sides {
            let times = Side::of_process(&side.side) == Some(Side::Responder);
            // The sender's would mislead.
            let ns = if times { 1_000 + 10 * at as u64 } else { 7 };
            let of = |from_bytes, to_bytes, ns| OfSize {
                from_bytes,
                to_bytes,
                histogram: packed(&[ns; 20], Unit::NsOneWay),
            };
            side.sizes = vec![of(64, 64, ns), of(65, 4096, 2 * ns)];
        }
    }
    let row = row_of(&record);
    let sizes: Vec<_> = row.by_size.iter().map(|of| (of.from_bytes, of.to_bytes)).collect();
    assert_eq!(sizes, [(64, 64), (65, 4096)]);
    let p50: Vec<f64> = row.by_size.iter().map(|of| of.percentiles[0].ns.value).collect();
    let n = row.invocations as f64;
    assert!(n >= 6.0, "{n}");
    for (own, factor) in p50.iter().zip([1.0, 2.0]) {
        // Some invocations of the sample are of another class: the median is of the rest.
        assert!((factor * 1_000.0..factor * 1_100.0).contains(own), "{p50:?}");
    }
    assert_eq!(row.by_size[0].percentiles[0].samples, 20 * row.invocations as u64);
    assert!(!row.by_size[0].percentiles[0].enough, "of 180 values");
    assert!(row_of(&record_of(Workload::PACED)).by_size.is_empty());
}

#[test]
fn percentiles_that_were_asked_for_are_in_order_among_the_usual_ones() {
    let mut record = record_of(Workload::PingPong);
    record.settings.percentiles = vec![0.5, 0.75, 0.99, 0.2, 2.0];
    let summary = summarize(&record).unwrap();
    assert_eq!(summary.percentiles, [0.5, 0.75, 0.99, 0.2], "those that exist");
    let figure = summary.rows[0].figure.as_ref().unwrap();
    let all: Vec<f64> = figure.percentiles.iter().map(|p| p.quantile).collect();
    assert_eq!(all, [&[0.2, 0.5, 0.75][..], &PERCENTILES[1..]].concat());
    let ns: Vec<f64> = figure.percentiles.iter().map(|p| p.ns.value).collect();
    assert!(ns.is_sorted(), "{ns:?}");
    record.settings.percentiles.clear();
    let usual = summarize(&record).unwrap();
    assert_eq!(usual.rows[0].figure.as_ref().unwrap().percentile(0.99), figure.percentile(0.99));
}

#[test]
fn a_part_of_a_trace_is_held_to_the_rate_that_it_has() {
    let mut record = record_of(Workload::PACED);
    let cell = &mut record.cells[0];
    cell.key.workload =
        Workload::PACED.with_value(1_000).with_arrivals(Arrivals::Replay { trace: 7 });
    let span_ns = 100_000_000;
    for invocation in &mut cell.invocations {
        // A tenth of the mean rate: the trace is quiet where the phase was.
        (invocation.messages, invocation.elapsed_ns) = (10, span_ns);
        invocation.replayed = Some(Replayed { due: 10, span_ns });
    }
    let row = row_of(&record);
    assert_eq!(row.rate().map(|rate| rate.asked_per_s.round()), Some(100.0));
    assert!(!row.misses_rate());
    record.cells[0].invocations.iter_mut().for_each(|i| i.replayed.as_mut().unwrap().due = 30);
    assert!(row_of(&record).misses_rate());
}
