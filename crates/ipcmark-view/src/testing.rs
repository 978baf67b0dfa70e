//! Rows and summaries for tests.

use ipcmark_record::{
    Carries, CellKey, Framing, Integrity, KnownBy, Placement, WaitKind, Workload,
};
use ipcmark_summary::{
    Census, DistanceClass, DistanceRange, Dropped, Estimate, Figure, PERCENTILES, Percentile, Row,
    Sending, Status, Summary,
};

/// Returns an estimate with this interval.
#[must_use]
pub fn estimate(value: f64, interval: Option<(f64, f64)>) -> Estimate {
    Estimate { value, interval, confidence: interval.map(|_| 0.96) }
}

/// Returns a measured ping-pong row across cores; `ns` is its p50.
#[must_use]
pub fn row(name: &str, size_bytes: u64, ns: f64, interval: Option<(f64, f64)>) -> Row {
    let (mechanism, wait) = name.split_once('/').unwrap_or((name, "block"));
    let percentiles = PERCENTILES
        .iter()
        .enumerate()
        .map(|(i, quantile)| {
            let factor = 1.0 + i as f64;
            let interval = interval.map(|(low, high)| (low * factor, high * factor));
            Percentile {
                quantile: *quantile,
                ns: estimate(ns * factor, interval),
                samples: 50_000,
                enough: i < 3,
            }
        })
        .collect();
    Row {
        key: CellKey::new(name, Workload::PingPong, size_bytes, Placement::CrossCore),
        family: mechanism.split('-').next().unwrap_or(mechanism).into(),
        wait: wait.parse().unwrap_or(WaitKind::Block),
        framing: Framing::Stream,
        floor: false,
        time_of: "round trip".into(),
        counted: "round trip",
        carries: Carries::Messages,
        lossy: false,
        works_elsewhere: false,
        links: None,
        group: "latency".into(),
        status: Status::Measured,
        capacity: None,
        invocations: if interval.is_some() { 8 } else { 3 },
        made_invocations: if interval.is_some() { 8 } else { 3 },
        failed_invocations: 0,
        unsteady_invocations: 0,
        throttled_invocations: 0,
        set_aside: 0,
        disturbed: false,
        messages: 50_000,
        by_schedule: false,
        class: Some(DistanceClass::new(80.0, Some(200.0), 112.0)),
        cost: None,
        sending: None,
        limit: None,
        replayed_per_s: None,
        by_size: Vec::new(),
        others: Vec::new(),
        standing: None,
        figure: Some(Figure {
            refused: None,
            percentiles,
            max_ns: Some(ns * 100.0),
            messages_per_s: estimate(1e9 / ns, interval.map(|(low, high)| (1e9 / high, 1e9 / low))),
            bytes_per_s: estimate(size_bytes as f64 * 1e9 / ns, None),
            cpu_ns_per_message: estimate(
                ns * 0.8,
                interval.map(|(low, high)| (low * 0.8, high * 0.8)),
            ),
            switches_per_message: estimate(2.0, None),
            lost_share: None,
            lag: None,
            worst_peer: None,
            overlap: None,
            task: None,
        }),
        distance: Some(DistanceRange { min_ns: 100.0, median_ns: 112.0, max_ns: 130.0, moved: 0 }),
        integrity: Integrity::default(),
    }
}

/// Returns sends that hold their sender for `ns` (p50), of which a quarter waited; `dropped` messages of
/// 1,000 were dropped.
#[must_use]
pub fn sending(ns: f64, dropped: Option<u64>) -> Sending {
    let held = |(at, &quantile): (usize, &f64)| Percentile {
        quantile,
        ns: estimate(ns * (1.0 + at as f64), None),
        samples: 10_000,
        enough: at < 3,
    };
    Sending {
        held: PERCENTILES.iter().enumerate().map(held).collect(),
        held_max_ns: ns * 100.0,
        blocked_share: Some(estimate(0.25, None)),
        blocked_known_by: Some(KnownBy::Sleep),
        dropped: dropped.map(|messages| Dropped { messages, share: messages as f64 / 1e3 }),
    }
}

/// Returns a summary of these rows.
#[must_use]
pub fn summary(rows: Vec<Row>) -> Summary {
    let census = Census::of(&rows);
    Summary { rows, census, ..Summary::default() }
}
