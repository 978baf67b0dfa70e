//! Ranks of made-up rows.

use super::*;
use crate::testing::{estimate, row, sending, summary};
use ipcmark_record::{Placement, Workload};

fn ranks<'a>(ranking: &Ranking<'a>) -> Vec<(&'a str, String)> {
    ranking.entries.iter().map(|e| (e.row.key.transport.as_str(), e.rank())).collect()
}

#[test]
fn ranks_are_what_the_intervals_leave_open() {
    let summary = summary(vec![
        row("slow/block", 64, 30.0, Some((29.0, 31.0))),
        row("a/block", 64, 10.0, Some((9.0, 12.0))),
        row("b/block", 64, 11.0, Some((10.0, 13.0))),
        row("none/block", 64, 20.0, None),
    ]);
    let rankings = rankings(&summary);
    let ranking = &rankings[0];
    let expected =
        [("a/block", "1–3"), ("b/block", "1–3"), ("none/block", "–"), ("slow/block", "3–4")];
    assert_eq!(ranks(ranking), expected.map(|(n, p)| (n, p.to_string())));
}

#[test]
fn a_median_of_few_round_trips_takes_no_place() {
    let mut rows = vec![
        row("few/block", 64, 10.0, Some((9.0, 11.0))),
        row("a/block", 64, 20.0, Some((19.0, 21.0))),
        row("b/block", 64, 30.0, Some((29.0, 31.0))),
    ];
    rows[0].figure.as_mut().unwrap().percentiles[0].enough = false;
    let summary = summary(rows);
    let rankings = rankings(&summary);
    let entries = &rankings[0].entries;
    let ranks: Vec<_> = entries.iter().map(Entry::rank).collect();
    assert_eq!(ranks, ["–", "2", "3"], "its interval still says where the others are");
    assert!(entries.iter().all(|e| !e.is_first()));
    assert!(entries[0].value.interval.is_some(), "it is shown all the same");
}

// B1
#[test]
fn a_row_that_lost_messages_has_no_rank() {
    let mut rows = ["lossy/spin", "a/block", "b/block"]
        .map(|name| row(name, 64, 10.0, None))
        .into_iter()
        .zip([9e6, 3e6, 2e6])
        .map(|(mut row, rate)| {
            row.key.workload = Workload::Stream;
            let ends = (rate * 0.99, rate * 1.01);
            row.figure.as_mut().unwrap().messages_per_s = estimate(rate, Some(ends));
            row
        })
        .collect::<Vec<_>>();
    rows[0].integrity.lost = 1;
    let summary = summary(rows);
    let rankings = rankings(&summary);
    let expected = [("a/block", "1"), ("b/block", "2"), ("lossy/spin", "lossy")];
    assert_eq!(ranks(&rankings[0]), expected.map(|(n, p)| (n, p.to_string())));
}

// B4
#[test]
fn a_speed_up_of_more_than_the_cpus_has_no_rank() {
    let record = ipcmark_record::sample::every(1, 6);
    let mut summary = ipcmark_summary::summarize(&record).unwrap();
    let is_task = |row: &&mut Row| row.key.workload.headline() == Headline::SpeedUp;
    let row = summary.rows.iter_mut().find(is_task).unwrap();
    row.figure.as_mut().unwrap().task.as_mut().unwrap().speed_up = estimate(8.06, None);
    row.limit.as_mut().unwrap().times = estimate(0.25, None);
    let impossible = row.key.clone();
    let rankings = rankings(&summary);
    let ranking = rankings.iter().find(|r| r.setting.key == impossible.setting()).unwrap();
    let at = ranking.entries.iter().position(|e| e.row.key == impossible).unwrap();
    assert!(at + 1 == ranking.entries.len() && at > 0, "it stands last");
    assert_eq!(ranking.entries[at].rank(), "–");
}

#[test]
fn a_stream_is_ranked_by_rate_and_a_failed_cell_not_at_all() {
    let mut rows = vec![
        row("a/block", 64, 10.0, None),
        row("b/block", 64, 20.0, None),
        row("c/spin", 64, 1.0, None),
    ];
    for (row, rate) in rows.iter_mut().zip([1e6, 3e6, 9e6]) {
        row.key.workload = Workload::Stream;
        row.figure.as_mut().unwrap().messages_per_s = estimate(rate, None);
    }
    rows[2].status = Status::Failed { what: "lost 3 messages".into() };
    let summary = summary(rows);
    let rankings = rankings(&summary);
    let names: Vec<_> = rankings[0].entries.iter().map(|e| &e.row.key.transport).collect();
    assert_eq!(names, ["b/block", "a/block"]);
}

#[test]
fn a_floor_stands_below_every_placement_and_capacity_of_its_size() {
    let mut floor = row("null/none", 64, 1.0, None);
    (floor.floor, floor.key.placement) = (true, Placement::SameCore);
    let mut wide = row("a/block", 64, 9.0, None);
    wide.key.capacity_bytes = Some(4096);
    let summary = summary(vec![floor, row("a/block", 64, 9.0, None), wide]);
    let floors: Vec<usize> = rankings(&summary).iter().map(|r| r.floors.len()).collect();
    assert_eq!(floors, [1, 1]);
}

#[test]
fn nothing_is_ranked_across_distance_classes() {
    let mut rows: Vec<_> = (0..4)
        .map(|i| {
            row(
                &format!("t{i}/spin"),
                64,
                100.0 + 50.0 * f64::from(i),
                Some((90.0 + 50.0 * f64::from(i), 110.0 + 50.0 * f64::from(i))),
            )
        })
        .collect();
    // The fastest was measured on siblings: that is why.
    rows[0].class = Some(DistanceClass::new(0.0, Some(80.0), 57.0));
    rows[3].class = None;
    let summary = summary(rows);
    let rankings = rankings(&summary);
    let expected = [("t1/spin", "1"), ("t2/spin", "2"), ("t0/spin", "apart"), ("t3/spin", "apart")];
    assert_eq!(ranks(&rankings[0]), expected.map(|(n, p)| (n, p.to_string())));
    assert_eq!(rankings[0].class.unwrap().centre_ns, 112.0);
}

#[test]
fn sizes_ascend_within_the_records_order_of_placements() {
    let mut far = row("a/block", 1024, 1.0, None);
    far.key.placement = Placement::SameCore;
    let summary =
        summary(vec![row("a/block", 1024, 1.0, None), far, row("a/block", 64, 1.0, None)]);
    let places: Vec<_> = rankings(&summary).iter().map(|r| r.setting.place()).collect();
    assert_eq!(places, ["64 B, cross-core", "1 KiB, cross-core", "1 KiB, same-core"]);
}

#[test]
fn a_row_that_dropped_messages_has_no_rank() {
    let mut rows =
        ["a/spin", "b/spin", "c/spin"].map(|name| row(name, 64, 10.0, Some((9.0, 11.0))));
    rows[0].figure.as_mut().unwrap().percentiles[0].ns = estimate(1.0, Some((0.9, 1.1)));
    rows[0].sending = Some(sending(1.0, Some(7)));
    rows[1].sending = Some(sending(1.0, Some(0)));
    let summary = summary(rows.into());
    let rankings = rankings(&summary);
    let mut ranks = ranks(&rankings[0]);
    ranks.sort();
    let expected = [("a/spin", "drops"), ("b/spin", "1–2"), ("c/spin", "1–2")];
    assert_eq!(ranks, expected.map(|(name, rank)| (name, rank.to_string())));
    assert!(rankings[0].entries.iter().all(|e| e.is_drawn() != e.drops()));
}
