//! Rows of all workloads except ping-pong and stream, from the large sample and from figures worked
//! out by hand.

use ipcmark_record::{
    Cell, ClockBound, ClockCertificate, ClockPair, Headline, Integrity, Overlap, Parameter, Task,
    Unit, Workload, sample,
};
use ipcmark_summary::{Context, Figure, Pooled, Row, Status, summarize_cell};

fn cell(transport: &str, pattern: &str, which: impl Fn(&Cell) -> bool) -> Cell {
    let record = sample::every(1, 6);
    let wanted =
        |c: &&Cell| c.key.transport == transport && c.key.workload.name() == pattern && which(c);
    record.cells.iter().find(wanted).unwrap().clone()
}

fn pooled(cell: &Cell) -> Pooled {
    ipcmark_summary::pooled(cell, &Context::bare(0.0)).unwrap().unwrap()
}

fn row(cell: &Cell) -> (Row, Figure) {
    let row = summarize_cell(cell, &Context::bare(0.0)).unwrap();
    let figure = row.figure.clone().unwrap();
    (row, figure)
}

#[test]
fn the_worst_of_several_peers_at_a_rate_stands_apart_from_all() {
    let eight = |c: &Cell| c.key.workload.value(Parameter::Peers) == Some(8);
    let (_, figure) = row(&cell("pipe/block", "paced-fan-in", eight));
    let worst = figure.worst_peer.unwrap();
    // The sample's senders are each a tenth slower than the receiver's values of all.
    assert!(worst.p50_ns.value > 1.05 * figure.percentile(0.5).unwrap().ns.value, "{worst:?}");
    assert!(worst.p99_ns.value > worst.p50_ns.value && !worst.enough, "{worst:?}");
    // Its receivers have the same times.
    let (row_of_all, figure) = row(&cell("pipe/block", "paced-broadcast", eight));
    assert_eq!(figure.worst_peer.unwrap().p50_ns.value, figure.percentile(0.5).unwrap().ns.value);
    let rate = row_of_all.rate().unwrap();
    assert_eq!(rate.asked_per_s, 8_000.0, "each receiver gets each message");
    assert!(!row_of_all.misses_rate(), "{rate:?}");
    let (_, one) = row(&cell("pipe/block", "paced", |_| true));
    assert!(one.worst_peer.is_none());
}

#[test]
fn every_cell_of_the_large_sample_has_a_row_and_every_measured_one_a_headline() {
    for cell in &sample::every(2, 6).cells {
        let row = summarize_cell(cell, &Context::bare(10.0)).unwrap();
        let Some(figure) = row.figure.filter(|_| row.status == Status::Measured) else { continue };
        let headline = figure.headline(row.key.workload.headline());
        let value = headline.unwrap_or_else(|| panic!("{} has none", row.key)).value;
        assert!(value.is_finite() && value > 0.0, "{}: {value}", row.key);
        assert_eq!(figure.max_ns.is_none(), row.key.is_rate(), "{}", row.key);
        assert!(figure.cpu_ns_per_message.value > 0.0);
        assert!(!row.key.workload.time_of().is_empty() && !row.key.workload.counted().is_empty());
    }
}

#[test]
fn a_paced_latency_is_the_receivers_and_the_lag_the_senders() {
    let on_time =
        cell("pipe/block", "paced", |c| c.key.workload.value(Parameter::Rate) == Some(1_000));
    let (_, figure) = row(&on_time);
    let lag = figure.lag.unwrap();
    assert!(figure.percentile(0.5).unwrap().ns.value > 20.0 * lag.p50_ns.value, "{lag:?}");
    assert!(!lag.sender_too_slow && figure.lost_share.is_none());
    let late =
        cell("udp4/block", "paced", |c| c.key.workload.value(Parameter::Rate) == Some(50_000));
    let (late_row, figure) = row(&late);
    assert!(figure.lag.unwrap().sender_too_slow);
    let share = figure.lost_share.unwrap().value;
    assert!((share - 0.004).abs() < 1e-4, "one in 250 is lost: {share}");
    assert!(late_row.lossy && late_row.status == Status::Measured, "a loss is no failure here");
    // A lag histogram of the receiver is not merged with the latencies.
    let mut mixed = on_time;
    let of = &mut mixed.invocations[2].sides[1].histogram;
    of.as_mut().unwrap().unit = Unit::NsLag;
    assert!(summarize_cell(&mixed, &Context::bare(0.0)).is_err());
}

#[test]
fn what_several_sides_received_is_put_together_and_costs_are_of_all_sides() {
    let fan_out =
        cell("pipe/block", "fan-out", |c| c.key.workload.value(Parameter::Peers) == Some(4));
    let mut one = fan_out.clone();
    for invocation in &mut one.invocations {
        invocation.sides.retain(|s| s.side == "initiator" || s.side == "responder-2");
    }
    let (four, one) = (pooled(&fan_out), pooled(&one));
    assert_eq!(four.histogram.len(), 4 * one.histogram.len());
    let (all, figure) = row(&fan_out);
    assert_eq!(all.links.as_deref(), Some("shared"));
    let (_, lonely) = {
        let mut cell = fan_out.clone();
        cell.invocations.iter_mut().for_each(|i| i.sides.truncate(1));
        row(&cell)
    };
    let ratio = figure.cpu_ns_per_message.value / lonely.cpu_ns_per_message.value;
    assert!((ratio - 5.0).abs() < 1e-6, "one and four: {ratio}");
    // The one receiver times a fan-in.
    let fan_in =
        cell("pipe/block", "fan-in", |c| c.key.workload.value(Parameter::Peers) == Some(4));
    let mut receiver = fan_in.clone();
    for invocation in &mut receiver.invocations {
        invocation.sides.retain(|side| side.side == "responder");
    }
    let of = |cell: &Cell| pooled(cell).histogram.len();
    assert_eq!(of(&fan_in), of(&receiver));
}

#[test]
fn other_work_is_given_per_round_trip_and_as_a_share() {
    let mut cell = cell("pipe/poll", "overlap", |_| true);
    for invocation in &mut cell.invocations {
        (invocation.messages, invocation.elapsed_ns) = (1_000, 10_000_000);
        invocation.overlap = Some(Overlap { pieces: 100_000, piece_ns: 60.0, look_ns: 300.0 });
    }
    let outside = row(&cell).1.overlap.unwrap();
    assert_eq!((outside.work_ns.value, outside.look_ns.value), (6_000.0, 300.0));
    assert!((outside.work_share.value - 0.6).abs() < 1e-9);
    assert_eq!(cell.key.workload.headline(), Headline::UsefulWork);
}

#[test]
fn a_speed_up_is_over_one_process_with_its_interval_and_costs_are_of_one_task() {
    let mut cell = cell("pipe/block", "scatter-gather", |_| true);
    let ways = [1.5, 1.6, 1.7, 1.8, 1.9, 2.0];
    for (invocation, factor) in cell.invocations.iter_mut().zip(ways) {
        let serial_ns = (4e6 * factor) as u64;
        invocation.task =
            Some(Task { input_bytes: 1 << 20, serial_ns, parallel_ns: 4_000_000, runs: 20 });
        for side in &mut invocation.sides {
            (side.usage.user_ns, side.usage.system_ns) = (20_000, 0);
        }
    }
    let (row, figure) = row(&cell);
    let speed_up = figure.task.unwrap().speed_up;
    assert!((speed_up.value - 1.75).abs() < 1e-9 && speed_up.interval == Some((1.5, 2.0)));
    let sides = cell.invocations[0].sides.len() as f64;
    assert_eq!(figure.cpu_ns_per_message.value, 1_000.0 * sides, "20 µs over 20 runs");
    assert_eq!(row.key.workload.counted(), "task");
    // A task that took no time gives no figure.
    cell.invocations.iter_mut().for_each(|i| i.task.as_mut().unwrap().parallel_ns = 0);
    assert_eq!(summarize_cell(&cell, &Context::bare(0.0)).unwrap().figure.unwrap().task, None);
}

#[test]
fn losses_of_the_warm_up_count_against_what_was_sent_in_it() {
    let mut cell = cell("signal/handler", "wake-up", |_| true);
    for invocation in &mut cell.invocations {
        invocation.messages = 80;
        invocation.warm_up.messages = 10;
        invocation.integrity = Integrity { lost: 10, ..Integrity::default() };
    }
    assert!((row(&cell).1.lost_share.unwrap().value - 0.1).abs() < 1e-9);
}

// B1
#[test]
fn losses_are_summed_however_few_invocations_had_them() {
    let mut cell = cell("signal/handler", "wake-up", |_| true);
    let invocations = cell.invocations.len() as u64;
    for (at, invocation) in cell.invocations.iter_mut().enumerate() {
        (invocation.messages, invocation.warm_up.messages) = (100, 0);
        let lost = if at == 0 { 100 * invocations } else { 0 };
        invocation.integrity = Integrity { lost, ..Integrity::default() };
    }
    let (row, figure) = row(&cell);
    assert_eq!(row.integrity.lost, 100 * invocations);
    assert!((figure.lost_share.unwrap().value - 0.5).abs() < 1e-9, "{:?}", figure.lost_share);
    // What was set aside was lost all the same.
    cell.invocations[0].marks.push(ipcmark_record::Mark::Gaps);
    assert!((self::row(&cell).1.lost_share.unwrap().value - 0.5).abs() < 1e-9);
}

// F3
#[test]
fn a_rate_that_was_not_reached_has_no_latency() {
    let paced =
        cell("pipe/block", "paced", |c| c.key.workload.value(Parameter::Rate) == Some(1_000));
    let reached = |slower: u64| {
        let mut cell = paced.clone();
        for invocation in &mut cell.invocations {
            // Enough messages that the last one decides nothing.
            invocation.messages *= 100;
            invocation.elapsed_ns *= 100 * slower;
        }
        row(&cell)
    };
    let (row, figure) = reached(1);
    assert!(!row.misses_rate() && figure.percentile(0.5).is_some() && row.flags().is_empty());
    let (row, figure) = reached(2);
    assert!(row.misses_rate() && figure.percentiles.is_empty() && figure.max_ns.is_none());
    assert_eq!(row.flags(), ["rate-not-reached"]);
    assert_eq!(row.limit, None, "what has no latency is no multiple of a limit");
    let rate = row.rate().unwrap();
    assert_eq!(rate.asked_per_s, 1_000.0);
    assert!((rate.reached_per_s / 500.0 - 1.0).abs() < 0.01, "{rate:?}");
    let why = figure.refused.unwrap();
    assert!(why.starts_with("rate not reached: 5") && why.contains("/s of 1000/s asked"), "{why}");
}

/// Two CPUs, and the offset and the bound that were found at the start and at the end, ns.
type Pair = (u32, u32, [(f64, f64); 2]);

fn certificate(pairs: &[Pair]) -> ClockCertificate {
    let bound = |&(offset_ns, bound_ns): &(f64, f64)| ClockBound {
        at_ns: 0,
        offset_ns,
        bound_ns,
        exchanges: 4_000,
    };
    let pair = |(a, b, bounds): &Pair| ClockPair {
        a: *a,
        b: *b,
        bounds: bounds.iter().map(bound).collect(),
    };
    ClockCertificate { pairs: pairs.iter().map(pair).collect(), drift_ppm: None }
}

/// Puts the sides of all invocations on these CPUs.
fn placed(cell: &Cell, allowed: [&[u32]; 2]) -> Cell {
    let mut cell = cell.clone();
    for invocation in &mut cell.invocations {
        for (side, allowed) in invocation.sides.iter_mut().zip(allowed) {
            side.placed.allowed = allowed.to_vec();
        }
    }
    cell
}

#[test]
fn a_one_way_time_is_refused_where_the_clocks_may_differ_by_a_tenth_of_it() {
    let paced =
        cell("pipe/block", "paced", |c| c.key.workload.value(Parameter::Rate) == Some(1_000));
    let (measured, figure) = row(&paced);
    let tenth = figure.percentile(0.5).unwrap().ns.value / 10.0;
    let refused = |cell: &Cell, certificate: Option<&ClockCertificate>| {
        let row = row(cell).0.held_against(certificate, cell);
        let figure = row.figure.unwrap();
        assert_eq!(figure.refused.is_some(), figure.percentiles.is_empty());
        assert_eq!(figure.refused.is_some(), figure.max_ns.is_none());
        assert_eq!(figure.refused.is_some(), figure.headline(Headline::Median).is_none());
        figure.refused
    };
    let apart = placed(&paced, [&[0], &[1]]);
    let near = certificate(&[(0, 1, [(0.0, 0.9 * tenth), (0.2 * tenth, 0.7 * tenth)])]);
    assert_eq!(refused(&apart, Some(&near)), None);
    assert_eq!(refused(&apart, None), None, "old records have none");
    // Their offset sets them apart, and only at the end.
    let far = certificate(&[(0, 1, [(0.0, 0.1 * tenth), (-0.9 * tenth, 0.2 * tenth)])]);
    let why = refused(&apart, Some(&far)).unwrap();
    assert!(why.contains("CPU 0 and CPU 1"), "{why}");
    // One clock measures the sender's lag, and counts need no clock.
    let row = measured.held_against(Some(&far), &apart);
    let figure = row.figure.unwrap();
    assert!(row.status == Status::Measured && figure.lag.is_some());
    assert!(figure.messages_per_s.value > 0.0);
    // One CPU has one clock. Other pairs say nothing about these CPUs.
    assert_eq!(refused(&placed(&paced, [&[1], &[1]]), Some(&far)), None);
    assert_eq!(refused(&placed(&paced, [&[2], &[3]]), Some(&far)), None);
    // Not pinned: any two CPUs, each compared with the first only.
    let free = placed(&paced, [&[0, 1, 2], &[0, 1, 2]]);
    let half = [(0.0, 0.6 * tenth); 2];
    assert_eq!(refused(&free, Some(&certificate(&[(0, 1, half)]))), None);
    let both = certificate(&[(0, 1, half), (0, 2, half)]);
    assert!(refused(&free, Some(&both)).unwrap().contains("not pinned"));
    // A round trip begins and ends with one clock.
    let mut round_trip = apart;
    round_trip.key.workload = Workload::PingPong;
    assert_eq!(refused(&round_trip, Some(&far)), None);
}
