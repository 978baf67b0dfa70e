//! Limits of cells: which bound is chosen, from which samples, and that a figure below its bound is
//! reported.

use ipcmark_record::sample;
use ipcmark_record::{Cell, Distance, Limit, LimitKind, LimitSample, Record, SystemCalls};
use ipcmark_record::{CellKey, Placement};
use ipcmark_summary::{AgainstLimit, Bound, Row, summarize};
use std::sync::OnceLock;

/// Distances of the sample's CPUs: nearly always, and once.
const NEAR: Option<Distance> = Some(Distance { before_ns: 114.0, after_ns: 113.0 });
const FAR: Option<Distance> = Some(Distance { before_ns: 350.0, after_ns: 350.0 });

fn limit(
    kind: LimitKind,
    placement: &str,
    size_bytes: Option<u64>,
    samples: &[(f64, Option<Distance>)],
) -> Limit {
    let sample = |&(least_ns, distance)| LimitSample {
        at_ns: 0,
        median_ns: 1.5 * least_ns,
        least_ns,
        distance,
    };
    Limit {
        kind,
        placement: placement.parse().unwrap(),
        size_bytes,
        samples: samples.iter().map(sample).collect(),
    }
}

/// Returns the row of one changed cell of the sample, with these limits.
fn row(cell: &Cell, limits: Vec<Limit>) -> Row {
    let record = Record { cells: vec![cell.clone()], limits, ..all() };
    summarize(&record).unwrap().rows.remove(0)
}

fn against(cell: &Cell, limits: Vec<Limit>) -> AgainstLimit {
    row(cell, limits).limit.expect("a limit applies")
}

/// Returns the sample with 9 invocations per cell, made once because it takes a while.
fn all() -> Record {
    static ALL: OnceLock<Record> = OnceLock::new();
    let made = ALL.get_or_init(|| {
        let mut record = sample::every(1, 9);
        // Each test sets the counted calls itself.
        record.cells.iter_mut().for_each(|cell| cell.system_calls = None);
        record
    });
    made.clone()
}

fn cell(transport: &str, pattern: &str, size: u64, placement: &str) -> Cell {
    let key = CellKey::new(transport, pattern.parse().unwrap(), size, placement.parse().unwrap());
    all().cell(&key).unwrap_or_else(|| panic!("{key} is in the sample")).clone()
}

/// Returns limits of two CPUs: all kinds, at 64 B and 64 KiB.
fn across() -> Vec<Limit> {
    let of = |kind, size, ns| limit(kind, "cross-core", size, &[(ns, NEAR)]);
    vec![
        of(LimitKind::HandOff, None, 110.0),
        of(LimitKind::SharedCopy, Some(64), 10.0),
        of(LimitKind::SharedCopy, Some(65_536), 1_000.0),
        of(LimitKind::WakeUp, None, 3_000.0),
        limit(LimitKind::NullCall, "cross-core", None, &[(100.0, None)]),
        limit(LimitKind::Copy, "cross-core", Some(64), &[(4.0, None)]),
        limit(LimitKind::Copy, "cross-core", Some(1_024), &[(8.0, None)]),
        limit(LimitKind::Copy, "cross-core", Some(65_536), &[(600.0, None)]),
    ]
}

fn chosen(cell: &Cell, limits: Vec<Limit>) -> (Bound, f64) {
    let against = against(cell, limits);
    (against.bound, against.limit_ns)
}

#[test]
fn the_workload_and_the_placement_choose_the_limit() {
    let spin = cell("shm-ring/spin", "ping-pong", 64, "cross-core");
    assert_eq!(chosen(&spin, across()), (Bound::LineOrCopies, 110.0));
    let of = against(&spin, across());
    let words =
        "a cache line there and back, or 2 × 64 B through shared memory if that takes longer";
    assert_eq!(of.words, words);
    assert!(of.times.interval.is_some() && !of.is_below());
    let ns = row(&spin, across()).figure.unwrap().percentile(0.5).unwrap().ns;
    assert!((of.times.value * 110.0 - ns.value).abs() < 1e-6 * ns.value);

    let large = cell("shm-ring/spin", "ping-pong", 65_536, "cross-core");
    assert_eq!(chosen(&large, across()), (Bound::LineOrCopies, 2_000.0), "the copies are longer");
    let stream = cell("shm-ring/spin", "stream", 65_536, "cross-core");
    assert_eq!(chosen(&stream, across()), (Bound::SharedCopies, 1_000.0));
}

// F1
#[test]
fn what_a_row_happened_to_show_has_no_part_in_its_limit() {
    for (pattern, size) in [("ping-pong", 64), ("stream", 64), ("ping-pong", 65_536)] {
        let pipe = cell("pipe/block", pattern, size, "cross-core");
        let expected = against(&pipe, across());
        let mut seen = pipe.clone();
        for share in [0.0, 0.5, 0.95, 2.0] {
            for invocation in &mut seen.invocations {
                for side in &mut invocation.sides {
                    let slept = invocation.messages as f64 * share;
                    side.usage.voluntary_switches = slept as u64;
                }
            }
            for calls in [None, Some(1), Some(3_000), Some(3_000_000)] {
                seen.system_calls = calls.map(|calls| SystemCalls { messages: 1_000, calls });
                assert_eq!(against(&seen, across()), expected, "{pattern}, {share}, {calls:?}");
            }
        }
        // Another mechanism, in the same table.
        let mut ring = pipe.clone();
        (ring.key.transport, ring.wait) = ("shm-ring/spin".into(), "spin".parse().unwrap());
        assert_eq!(chosen(&ring, across()), chosen(&pipe, across()));
    }
}

// F1
#[test]
fn one_invocation_at_another_distance_moves_no_limit() {
    let spin = cell("shm-ring/spin", "ping-pong", 64, "cross-core");
    let mut moved = spin.clone();
    moved.invocations[0].distance = Some(Distance { before_ns: 60.0, after_ns: 61.0 });
    assert_eq!(chosen(&moved, across()), chosen(&spin, across()));
}

#[test]
fn a_round_trip_tells_the_wake_up_beside_its_limit_and_no_stream_does() {
    let pipe = cell("pipe/block", "ping-pong", 64, "cross-core");
    assert_eq!(against(&pipe, across()).wake_up_ns, Some(3_000.0));
    assert_eq!(chosen(&pipe, across()).1, 110.0, "it bounds nothing");
    let stream = cell("pipe/block", "stream", 64, "cross-core");
    assert_eq!(against(&stream, across()).wake_up_ns, None);
}

// F1
#[test]
fn a_limit_that_was_not_measured_is_absent_and_no_weaker_one() {
    let ping = |size| cell("pipe/block", "ping-pong", size, "cross-core");
    let without = |kind: LimitKind, size| {
        let mut limits = across();
        limits.retain(|l| l.kind != kind || l.size_bytes != size);
        limits
    };
    let copies = without(LimitKind::SharedCopy, Some(65_536));
    assert_eq!(row(&ping(65_536), copies.clone()).limit, None, "the hand-off alone is weaker");
    assert!(row(&ping(64), copies.clone()).limit.is_some());
    let stream = cell("shm-ring/spin", "stream", 65_536, "cross-core");
    assert_eq!(row(&stream, copies).limit, None);
    let one_cpu = cell("pipe/block", "ping-pong", 64, "same-core");
    let copy = vec![limit(LimitKind::Copy, "same-core", Some(64), &[(5.0, None)])];
    assert_eq!(row(&one_cpu, copy).limit, None, "no switch was measured");
}

#[test]
fn one_cpu_switches_and_copies() {
    let pipe = cell("pipe/block", "ping-pong", 64, "same-core");
    let of = |kind, size, ns| limit(kind, "same-core", size, &[(ns, None)]);
    let limits = |copy_ns| {
        vec![
            of(LimitKind::Switch, None, 1_000.0),
            of(LimitKind::Copy, Some(64), copy_ns),
            // This one is of another placement than the cell's.
            limit(LimitKind::HandOff, "cross-core", None, &[(9_000.0, NEAR)]),
        ]
    };
    assert_eq!(chosen(&pipe, limits(5.0)), (Bound::SwitchesOrCopies, 1_000.0));
    assert_eq!(chosen(&pipe, limits(600.0)), (Bound::SwitchesOrCopies, 1_200.0));
    let null = cell("null/none", "stream", 64, "same-core");
    assert_eq!(row(&null, limits(5.0)).limit, None, "a floor is a limit itself");
    let wake_up = cell("signal/handler", "wake-up", 0, "cross-core");
    let line = limit(LimitKind::HandOff, "cross-core", None, &[(9.0, NEAR)]);
    let of = against(&wake_up, vec![line]);
    assert_eq!((of.limit_ns, of.words.as_str()), (9.0, "a cache line there and back"));
}

#[test]
fn samples_of_another_class_do_not_count() {
    let spin = cell("shm-ring/spin", "ping-pong", 65_536, "cross-core");
    let record = {
        // A separate class needs a number of invocations in it.
        let mut record = all();
        let mut far = spin.clone();
        far.key.transport = "far/spin".into();
        for invocation in &mut far.invocations {
            invocation.distance = FAR;
        }
        record.cells = vec![spin.clone(), far];
        record
    };
    let limits_of = |samples: &[_]| {
        let mut record = record.clone();
        record.limits = vec![
            limit(LimitKind::HandOff, "cross-core", None, &[(110.0, NEAR), (330.0, FAR)]),
            limit(LimitKind::SharedCopy, "cross-core", Some(65_536), samples),
        ];
        let rows = summarize(&record).unwrap().rows;
        [0, 1].map(|i| rows[i].limit.as_ref().map(|l| l.limit_ns))
    };
    assert_eq!(
        limits_of(&[(900.0, NEAR), (950.0, NEAR), (2_500.0, FAR)]),
        [Some(1_800.0), Some(5_000.0)]
    );
    assert_eq!(limits_of(&[(900.0, NEAR)]), [Some(1_800.0), None], "nearer is weaker");
    assert_eq!(limits_of(&[(2_500.0, FAR)]), [None, Some(5_000.0)]);
}

#[test]
fn a_task_is_bounded_by_its_work_shared_without_loss() {
    let cells = all().cells;
    let scatter = cells.iter().find(|c| c.key.workload.name() == "scatter-gather").unwrap();
    let row = row(scatter, Vec::new());
    let (limit, task) = (row.limit.unwrap(), row.figure.unwrap().task.unwrap());
    assert_eq!(limit.bound, Bound::SharedTask);
    assert!((limit.limit_ns - task.serial_ns.value / 2.0).abs() < 1.0, "{limit:?}");
    assert!((limit.times.value - 2.0 / task.speed_up.value).abs() < 1e-9);
}

#[test]
fn a_figure_below_its_limit_is_said() {
    let spin = cell("shm-ring/spin", "ping-pong", 65_536, "cross-core");
    let mut limits = across();
    for limit in limits.iter_mut().filter(|l| l.size_bytes == Some(65_536)) {
        for sample in &mut limit.samples {
            sample.least_ns *= 1_000.0;
        }
    }
    let against = against(&spin, limits);
    assert!(against.times.value < 1.0 && against.is_below(), "{against:?}");
    let json = serde_json::to_value(&against).unwrap();
    assert_eq!((&json["bound"], &json["limit_ns"]), (&"line-or-copies".into(), &2e6.into()));
}

#[test]
fn every_pattern_of_the_sample_has_a_limit_or_none_by_its_nature() {
    let mut record = all();
    record.limits.extend(across());
    for row in summarize(&record).unwrap().rows.iter().filter(|r| r.figure.is_some()) {
        let bare = row.floor || row.key.placement == Placement::Free;
        let refused = row.figure.as_ref().is_some_and(|f| f.refused.is_some());
        assert!(row.limit.is_some() || bare || refused, "{}", row.key);
    }
}
