//! Rows compared with figures worked out by hand, and with the sample record with one cell of each
//! kind.

use ipcmark_record::{
    Carries, Cell, CellKey, Distance, Encoded, Framing, Histogram, Invocation, InvocationOutcome,
    Placed, Placement, SideReport, State, Unit, Usage, WaitKind, WarmUp, Workload, sample,
};
use ipcmark_summary::{
    Context, Error, PERCENTILES, Pooled, Result, Row, Samples, Status, summarize, summarize_in,
};
use proptest::prelude::*;

/// Returns the row of a cell whose clock has a step of 0 ns.
fn summarize_cell(cell: &Cell) -> Result<Row> {
    ipcmark_summary::summarize_cell(cell, &Context::bare(0.0))
}

fn pooled(cell: &Cell) -> Result<Option<Pooled>> {
    ipcmark_summary::pooled(cell, &Context::bare(0.0))
}

fn packed(values: &[u64], unit: Unit) -> Encoded {
    let mut histogram = Histogram::new(3).unwrap();
    values.iter().for_each(|v| histogram.record(*v).unwrap());
    Encoded::pack(&histogram, unit, 1).unwrap()
}

fn side(side: &str, histogram: Option<Encoded>) -> SideReport {
    SideReport {
        side: side.into(),
        placed: Placed { allowed: vec![0], cpu_before: 0, cpu_after: 0 },
        usage: Usage { user_ns: 100, system_ns: 300, voluntary_switches: 3, ..Usage::default() },
        histogram,
        lag: None,
        peers: Vec::new(),
        lost: None,
        hold: None,
        third_parties: None,
        sizes: Vec::new(),
    }
}

fn invocation(messages: u64, elapsed_ns: u64, sides: Vec<SideReport>) -> Invocation {
    Invocation {
        elapsed_ns,
        messages,
        warm_up: WarmUp { messages: 1, elapsed_ns: 1, steady: true },
        distance: Some(Distance { before_ns: 100.0, after_ns: 110.0 }),
        sides,
        ..Invocation::new(InvocationOutcome::Ok)
    }
}

fn cell(pattern: &str, invocations: Vec<Invocation>) -> Cell {
    Cell {
        key: CellKey::new("pipe/block", pattern.parse().unwrap(), 64, Placement::CrossCore),
        family: "pipe".into(),
        wait: WaitKind::Block,
        framing: Framing::Stream,
        zero_copy: false,
        floor: false,
        carries: Carries::Messages,
        lossy: false,
        works_elsewhere: false,
        group: "latency".into(),
        state: State::Measured,
        capacity: None,
        standing: None,
        system_calls: None,
        cycles: None,
        memory: None,
        deaths: 0,
        invocations,
    }
}

/// Three invocations whose own medians are 100, 300 and 200 ns.
fn three() -> Cell {
    let of = |median: u64| {
        let ns = [median - 10, median, median + 10];
        let sides = vec![
            side("initiator", Some(packed(&ns, Unit::NsPerRoundTrip))),
            side("responder", None),
        ];
        invocation(4, 2_000, sides)
    };
    cell("ping-pong", vec![of(100), of(300), of(200)])
}

#[test]
fn the_estimate_is_the_median_over_invocations_and_not_over_values() {
    let row = summarize_cell(&three()).unwrap();
    let figure = row.figure.unwrap();
    assert_eq!(row.status, Status::Measured);
    assert_eq!(row.invocations, 3);
    assert_eq!(row.messages, 12);
    assert_eq!(figure.percentiles.len(), PERCENTILES.len());
    let p50 = figure.percentiles[0];
    assert_eq!((p50.quantile, p50.ns.value, p50.samples, p50.enough), (0.5, 200.0, 9, false));
    assert_eq!(figure.percentiles[2].ns.value, 210.0, "the median of 110, 310 and 210");
    assert_eq!(figure.max_ns, Some(310.0));
    assert_eq!(figure.messages_per_s.value, 2e6, "4 messages in 2 µs");
    assert_eq!(figure.bytes_per_s.value, 128e6);
    assert_eq!(figure.cpu_ns_per_message.value, 200.0, "two sides of 400 ns over 4 messages");
    assert_eq!(figure.switches_per_message.value, 1.5);
}

#[test]
fn under_six_invocations_there_is_no_interval_and_from_six_on_there_is() {
    let mut cell = three();
    let one = cell.invocations[0].clone();
    cell.invocations.extend([one.clone(), one.clone()]);
    let ns = |cell: &Cell| summarize_cell(cell).unwrap().figure.unwrap().percentiles[0].ns;
    assert_eq!((ns(&cell).interval, ns(&cell).confidence), (None, None));
    cell.invocations.push(one);
    let (low, high) = ns(&cell).interval.unwrap();
    assert!((low - 100.0).abs() < 1e-9 && (high - 300.0).abs() < 1e-9);
    // Two samples of six: another's median misses the span of this one in 168 of 924 orders.
    assert!((ns(&cell).confidence.unwrap() - (1.0 - 168.0 / 924.0)).abs() < 1e-9);
    assert!((ns(&cell).relative_half_width().unwrap() - 1.0).abs() < 1e-9);
}

#[test]
fn a_stream_is_told_by_its_receiver_in_picoseconds() {
    let sides = vec![
        side("initiator", Some(packed(&[9_000], Unit::PsPerMessageBlock))),
        side("responder", Some(packed(&[1_500, 2_500], Unit::PsPerMessageBlock))),
    ];
    let cell = cell("stream", vec![invocation(1_000, 2_000, sides)]);
    let figure = summarize_cell(&cell).unwrap().figure.unwrap();
    assert!((figure.percentiles[0].ns.value - 1.5).abs() < 0.002, "{figure:?}");
    assert_eq!(figure.percentiles[0].samples, 2);
    assert_eq!(figure.max_ns, None, "a block averages the slowest message away");
}

#[test]
fn a_percentile_is_enough_from_a_hundred_values_beyond_it_on() {
    let with = |n: usize| {
        let values: Vec<u64> = (0..n as u64).map(|v| 1_000 + v % 100).collect();
        let sides = vec![side("initiator", Some(packed(&values, Unit::NsPerRoundTrip)))];
        let one = invocation(n as u64, 1_000_000, sides);
        let row = summarize_cell(&cell("ping-pong", vec![one.clone(), one])).unwrap();
        row.figure.unwrap().percentiles.iter().map(|p| p.enough).collect::<Vec<_>>()
    };
    assert_eq!(with(4_999), [true, true, false, false, false], "9,998 values in two invocations");
    assert_eq!(with(5_000), [true, true, true, false, false]);
}

#[test]
fn a_percentile_needs_values_beyond_it_in_the_median_invocation_too() {
    let of = |n: usize| {
        let values: Vec<u64> = (0..n as u64).map(|v| 1_000 + v % 100).collect();
        let sides = vec![side("initiator", Some(packed(&values, Unit::NsPerRoundTrip)))];
        invocation(n as u64, 1_000_000, sides)
    };
    let enough = |invocations| {
        let row = summarize_cell(&cell("ping-pong", invocations)).unwrap();
        row.figure.unwrap().percentiles.iter().map(|p| p.enough).collect::<Vec<_>>()
    };
    // All 111,000 values together are enough for p99.9, but each invocation's own is its largest
    // value.
    assert_eq!(enough(vec![of(555); 200]), [true, true, true, false, false]);
    assert!(!enough(vec![of(499); 200])[2]);
    assert!(enough(vec![of(500); 20])[2]);
    // One long invocation does not help the others.
    assert!(!enough(vec![of(20_000), of(400), of(400)])[2]);
}

#[test]
fn no_round_trip_is_known_finer_than_the_clock_steps() {
    let mut cell = three();
    let one = cell.invocations[0].clone();
    cell.invocations = vec![one; 6];
    let row =
        |cell: &Cell, step| ipcmark_summary::summarize_cell(cell, &Context::bare(step)).unwrap();
    let interval = |cell: &Cell, step| row(cell, step).figure.unwrap().percentiles[0].ns.interval;
    assert_eq!(interval(&cell, 0.0), Some((100.0, 100.0)));
    assert_eq!(interval(&cell, 10.0), Some((95.0, 105.0)));
    assert_eq!(interval(&cell, 500.0), Some((0.0, 350.0)), "no time is below zero");
    assert_eq!(interval(&cell, f64::NAN), Some((100.0, 100.0)));
    let figure = row(&cell, 10.0).figure.unwrap();
    assert_eq!(figure.percentiles[0].ns.value, 100.0, "the median stays where it was");
    assert_eq!(figure.messages_per_s, row(&cell, 0.0).figure.unwrap().messages_per_s);
    cell.key.workload = Workload::Stream;
    for invocation in &mut cell.invocations {
        invocation.sides[1].histogram = invocation.sides[0].histogram.clone();
    }
    assert_eq!(interval(&cell, 10.0), Some((100.0, 100.0)), "a block is thousands of steps long");
    // A whole record takes the step from its harness.
    let mut record = sample::record_of(1, 6, |k| k.transport == "shm-ring/spin");
    let widths = |record: &ipcmark_record::Record| {
        let summary = summarize(record).unwrap();
        let figure = summary.rows.into_iter().find_map(|r| r.figure).unwrap();
        let (low, high) = figure.percentiles[0].ns.interval.unwrap();
        high - low
    };
    let with = widths(&record);
    record.harness.clock_step_ns = 0.0;
    assert!((with - widths(&record) - 10.0).abs() < 1e-9);
}

#[test]
fn failed_and_empty_invocations_are_counted_and_stand_behind_no_figure() {
    let mut cell = three();
    cell.invocations[1].outcome =
        InvocationOutcome::Failed { side: "responder".into(), what: "died".into() };
    cell.invocations[1].integrity.lost = 3;
    let row = summarize_cell(&cell).unwrap();
    assert_eq!(row.status, Status::Failed { what: "responder: died".into() });
    assert_eq!((row.invocations, row.failed_invocations), (2, 1));
    assert_eq!(row.integrity.lost, 3);
    assert_eq!(row.figure.unwrap().percentiles[0].ns.value, 150.0);

    cell.invocations[0].messages = 0;
    cell.invocations[2].elapsed_ns = 0;
    let row = summarize_cell(&cell).unwrap();
    assert_eq!((row.invocations, row.failed_invocations), (0, 3));
    assert_eq!(row.figure, None);
    let Status::Failed { what } = row.status else { panic!("{:?}", row.status) };
    assert!(what.contains("not one message"), "{what}");
}

#[test]
fn a_damaged_histogram_is_an_error_that_names_the_cell() {
    let mut cell = three();
    cell.invocations[2].sides[0].histogram.as_mut().unwrap().hdr_v2_deflate.truncate(9);
    let error = summarize_cell(&cell).unwrap_err().to_string();
    for part in ["pipe/block ping-pong 64 B cross-core", "invocation 2", "initiator"] {
        assert!(error.contains(part), "'{error}' says '{part}'");
    }
    assert!(pooled(&cell).is_err());
    // A failed invocation is not read.
    cell.invocations[2].outcome =
        InvocationOutcome::Failed { side: "initiator".into(), what: "died".into() };
    assert!(summarize_cell(&cell).is_ok());
}

#[test]
fn values_of_different_kinds_are_not_put_together() {
    let mut cell = three();
    let histogram = cell.invocations[1].sides[0].histogram.as_mut().unwrap();
    histogram.unit = Unit::PsPerMessageBlock;
    assert!(matches!(summarize_cell(&cell), Err(Error::MixedUnits { invocation: 1, .. })));
}

#[test]
fn a_distance_that_changed_by_more_than_a_third_has_moved() {
    let mut cell = three();
    cell.invocations[1].distance = Some(Distance { before_ns: 112.0, after_ns: 350.0 });
    cell.invocations[2].distance = None;
    let distance = summarize_cell(&cell).unwrap().distance.unwrap();
    assert_eq!((distance.min_ns, distance.max_ns, distance.moved), (100.0, 350.0, 1));
    assert_eq!(distance.median_ns, 168.0, "between 105 and 231");
}

#[test]
fn the_pool_holds_every_value_of_good_invocations() {
    let Pooled { histogram, unit, messages_per_value } = pooled(&three()).unwrap().unwrap();
    assert_eq!((histogram.len(), unit, messages_per_value), (9, Unit::NsPerRoundTrip, 1));
    assert_eq!((histogram.min(), histogram.max()), (90, 310));
    assert!(pooled(&cell("ping-pong", vec![])).unwrap().is_none());
}

#[test]
fn pooling_takes_histograms_of_different_ranges() {
    let mut cell = three();
    let narrow = {
        let mut h = Histogram::new_with_max(1_000, 2).unwrap();
        h.record(500).unwrap();
        Encoded::pack(&h, Unit::NsPerRoundTrip, 1).unwrap()
    };
    cell.invocations[0].sides[0].histogram = Some(narrow);
    cell.invocations[1].sides[0].histogram =
        Some(packed(&[1, 7_000_000_000], Unit::NsPerRoundTrip));
    cell.invocations[2].sides[0].histogram.as_mut().unwrap().messages_per_value = 9;
    let pool = pooled(&cell).unwrap().unwrap();
    assert_eq!((pool.histogram.len(), pool.messages_per_value), (6, 9));
}

#[test]
fn the_sample_comes_out_as_it_was_made() {
    let record = sample::record(3, 6);
    let summary = summarize(&record).unwrap();
    let census = summary.census;
    assert_eq!(census.cells, 42);
    assert_eq!(
        census.measured + census.failed + census.unavailable + census.unsupported + census.pending,
        census.cells
    );
    assert_eq!(
        (census.failed, census.unavailable, census.unsupported, census.pending),
        (2, 2, 6, 1)
    );
    for (row, cell) in summary.rows.iter().zip(&record.cells) {
        assert_eq!(row.key, cell.key);
        let Some(figure) = &row.figure else { continue };
        let p: Vec<f64> = figure.percentiles.iter().map(|p| p.ns.value).collect();
        assert!(p.is_sorted(), "{}: {p:?}", row.key);
        if row.key.workload == Workload::Stream {
            // The time of a message is about the inverse of the rate.
            let product = figure.messages_per_s.value * p[0] / 1e9;
            assert!((0.8..1.2).contains(&product), "{}: {product}", row.key);
        }
    }
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["census"]["failed"], 2);
    assert_eq!(json["rows"][0]["figure"]["percentiles"][2]["quantile"], 0.99);
}

#[test]
fn values_pooled_on_the_way_are_those_pooled_alone_and_change_no_figure() {
    let record = sample::record(1, 8);
    let wanted = |cell: &Cell| cell.key.workload == Workload::PingPong;
    let mut pools = Vec::new();
    let context = Context::pooling(&record, wanted, |cell, pool| {
        pools.push((cell.key.clone(), pool.histogram));
    });
    let (pooling, plain) = (context.unwrap(), Context::of(&record).unwrap());
    let alone = record.cells.iter().filter(|cell| wanted(cell)).filter_map(|cell| {
        let pool = ipcmark_summary::pooled(cell, &plain).unwrap()?;
        Some((cell.key.clone(), pool.histogram))
    });
    assert!(pools.len() > 5 && pools == alone.collect::<Vec<_>>());
    let summary = |context| summarize_in(&record, context).unwrap();
    assert_eq!(summary(&pooling), summary(&plain));
}

proptest! {
    #[test]
    fn pooled_quantiles_lie_between_those_of_the_invocations(
        groups in prop::collection::vec(prop::collection::vec(1u64..1_000_000, 1..40), 1..8),
    ) {
        let invocations = groups
            .iter()
            .map(|ns| {
                let sides = vec![side("initiator", Some(packed(ns, Unit::NsPerRoundTrip)))];
                invocation(ns.len() as u64, 1_000, sides)
            })
            .collect();
        let cell = cell("ping-pong", invocations);
        let pool = pooled(&cell).unwrap().unwrap();
        let samples = Samples::of(&cell, &Context::bare(0.0)).unwrap();
        prop_assert_eq!(pool.histogram.len(), samples.values);
        let medians = samples.percentile_ns(0.5);
        let low = medians.iter().copied().reduce(f64::min).unwrap();
        let high = medians.iter().copied().reduce(f64::max).unwrap();
        let median = pool.ns_at_quantile(0.5);
        prop_assert!(low <= median && median <= high, "{low} <= {median} <= {high}");
    }
}
