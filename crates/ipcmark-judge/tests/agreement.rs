//! Agreement of made-up runs whose truth is known.

use ipcmark_judge::agreement::{Agreement, Flag, agreement};
use ipcmark_judge::{Error, to_json};
use ipcmark_record::{
    Cell, CellKey, Distance, Limit, LimitKind, LimitSample, Placement, Record, Standing, Workload,
    sample,
};

const RUNS: u64 = 6;

/// Runs of the cells that `keep` says, which differ by chance alone.
fn runs(keep: impl Fn(&CellKey) -> bool) -> Vec<Record> {
    (1..=RUNS).map(|seed| sample::record_of(seed, 9, &keep)).collect()
}

fn small_times(key: &CellKey) -> bool {
    key.workload == Workload::PingPong && key.size_bytes == 64
}

fn judge(records: &[Record]) -> Agreement {
    agreement(records).unwrap()
}

fn each_cell(records: &mut [Record], of: impl Fn(&CellKey) -> bool, change: impl Fn(&mut Cell)) {
    let cells = records.iter_mut().flat_map(|record| &mut record.cells);
    cells.filter(|cell| of(&cell.key)).for_each(change);
}

#[test]
fn runs_that_differ_by_chance_alone_keep_their_word_and_their_order() {
    let found = judge(&runs(|key| key.size_bytes == 64));
    let all = found.containment.all;
    assert!(all.cells > 10 && all.share().unwrap() > 0.9, "{all:?}");
    assert!(found.containment.times.pairs < all.pairs, "rates are judged as well");
    assert!(all.pairs <= all.cells * (RUNS * (RUNS - 1)) as usize, "each run against each other");
    assert!(found.ranking.pairs > 10, "{:?}", found.ranking);
    assert_eq!(found.ranking.kept, found.ranking.pairs, "{:?}", found.ranking.worst);
    assert!(found.warnings.iter().all(|w| w.contains("twice")), "one start: {:?}", found.warnings);
    assert!(found.flagged.iter().any(|f| f.flag == Flag::NotMeasured && f.rows > 0));
}

#[test]
fn a_run_that_is_off_takes_the_share_of_its_pairs_along() {
    let mut records = runs(small_times);
    let before = judge(&records).containment.all;
    each_cell(&mut records[..1], small_times, |cell| sample::slow_down(cell, 3.0));
    let after = judge(&records).containment;
    assert_eq!(after.all.pairs, before.pairs);
    // The one is in 2 of 6 ordered pairs, which do not agree; the others agree as before.
    let lost = before.inside - after.all.inside;
    let most = before.pairs / 3;
    assert!(lost <= most && lost > most * 8 / 10, "{lost} of {most}");
    assert_eq!(after.all.kept, 0);
    assert!(after.cells.iter().all(|cell| cell.spread > 2.5), "{:?}", after.cells);
    let shares: Vec<f64> = after.cells.iter().map(|cell| cell.share()).collect();
    assert!(shares.is_sorted(), "the worst first");
}

#[test]
fn figures_of_two_distance_classes_are_not_held_against_each_other() {
    let cross = |key: &CellKey| small_times(key) && key.placement == Placement::CrossCore;
    let mut records = runs(cross);
    let together = judge(&records).containment.all;
    each_cell(&mut records[..2], cross, |cell| {
        sample::slow_down(cell, 3.0);
        for invocation in &mut cell.invocations {
            invocation.distance = Some(Distance { before_ns: 352.0, after_ns: 347.0 });
        }
    });
    let apart = judge(&records).containment.all;
    assert!(apart.cells > 0 && apart.share().unwrap() > 0.9, "{apart:?}");
    // Of 30 ordered pairs those of 2 and those of 4 are left.
    assert_eq!(apart.pairs * 30, together.pairs * (2 + 12));
}

#[test]
fn what_a_run_flags_is_not_held_against_it() {
    let mut records = runs(small_times);
    let all = judge(&records).containment.all;
    each_cell(&mut records[..1], small_times, |cell| cell.standing = Some(Standing::NotSteady));
    each_cell(&mut records[1..], small_times, |cell| cell.standing = Some(Standing::Wide));
    each_cell(&mut records[2..3], small_times, |cell| cell.standing = Some(Standing::Precise));
    let found = judge(&records);
    // 5 runs are left of 6: 20 ordered pairs of 30; one of them states what it found precise.
    assert_eq!(found.containment.all.pairs * 30, all.pairs * 20);
    assert_eq!(found.containment.precise.pairs * 30, all.pairs * 4);
    let flagged = found.flagged.iter().find(|f| f.flag == Flag::NotSteady).unwrap();
    assert!(flagged.rows >= all.cells, "{:?}", found.flagged);
}

#[test]
fn cells_that_change_places_are_found() {
    let key =
        |transport: &str| CellKey::new(transport, Workload::PingPong, 64, Placement::CrossCore);
    let [pipe, stream] = ["pipe/block", "unix-stream/epoll"].map(key);
    let both = [pipe.clone(), stream.clone()];
    let mut records = runs(|key| both.contains(key));
    assert_eq!(records[0].cells.len(), 2, "the sample has both");
    let steady = judge(&records).ranking;
    assert_eq!((steady.pairs, steady.kept, steady.worst.len()), (1, 1, 0), "{steady:?}");
    assert_eq!(steady.comparisons, 30);
    // In two of the six the slower becomes the faster.
    let median = |record: &Record, key: &CellKey| {
        let cell = record.cells.iter().find(|c| c.key == *key).unwrap();
        cell.invocations[0].elapsed_ns as f64 / cell.invocations[0].messages as f64
    };
    let slower =
        if median(&records[0], &pipe) > median(&records[0], &stream) { &pipe } else { &stream };
    each_cell(&mut records[..2], |key| key == slower, |cell| sample::slow_down(cell, 0.1));
    let changed = judge(&records).ranking;
    assert_eq!((changed.pairs, changed.kept), (1, 0));
    // Two of six agree with each other, and four with each other.
    assert_eq!((changed.comparisons, changed.same), (30, 2 + 12));
    let worst = &changed.worst[0];
    assert_eq!((worst.apart, worst.comparisons, worst.same), (6, 30, 14));
}

#[test]
fn the_text_says_what_was_counted_and_the_json_has_it_all() {
    let mut records = runs(small_times);
    each_cell(&mut records[..1], small_times, |cell| sample::slow_down(cell, 3.0));
    let found = judge(&records);
    let text = found.document().markdown();
    let all = found.containment.all;
    for part in [
        "## Do 6 runs agree?".to_owned(),
        format!("the runs agree in 0 of {} cells", all.cells),
        format!("of {} pairs of runs", all.pairs),
        "### The worst cells".to_owned(),
        "| pipe/block ping-pong 64 B same-core | 6 | ".to_owned(),
        "**Order:** of ".to_owned(),
        "not measured".to_owned(),
        "**Warning:** A record was given twice".to_owned(),
    ] {
        assert!(text.contains(&part), "no '{part}' in\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&to_json(&found)).unwrap();
    assert_eq!(json["schema"], "ipcmark.agreement/1");
    assert_eq!(json["containment"]["all"]["pairs"], all.pairs);
    let cells = json["containment"]["cells"].as_array().unwrap();
    assert!(cells.iter().all(|c| c["key"]["transport"].is_string() && c["spread"].is_f64()));
}

#[test]
fn a_cell_that_beats_its_limit_is_found() {
    let cross = |key: &CellKey| small_times(key) && key.placement == Placement::CrossCore;
    let mut records = runs(cross);
    assert_eq!(judge(&records).limits.below, 0);
    for (run, record) in records.iter_mut().enumerate() {
        // The first run's limit is a second.
        let least_ns = if run == 0 { 1e9 } else { 1.0 };
        let distance = Some(Distance { before_ns: 112.0, after_ns: 112.0 });
        let of = |kind, size_bytes| Limit {
            kind,
            placement: Placement::CrossCore,
            size_bytes,
            samples: vec![LimitSample { at_ns: 0, median_ns: least_ns, least_ns, distance }],
        };
        record.limits = vec![of(LimitKind::HandOff, None), of(LimitKind::SharedCopy, Some(64))];
    }
    let found = judge(&records);
    let limits = &found.limits;
    assert!(limits.below > 0 && limits.below == limits.cells.len(), "{limits:?}");
    assert!(limits.rows >= limits.below * RUNS as usize, "{limits:?}");
    let cell = &limits.cells[0];
    assert_eq!((cell.below, cell.runs as u64), (1, RUNS));
    assert!(cell.times_least < 0.1 && !cell.words.is_empty(), "{cell:?}");
    let text = found.document().markdown();
    assert!(text.contains("| 1 of 6 | ") && text.contains("**Limits:** "), "{text}");
}

/// F1: one unchanged cell had × 0.92 to × 534 of what each row happened to show.
#[test]
fn twelve_runs_of_one_cell_each_have_a_multiple_of_one_limit_within_its_interval() {
    let one = |key: &CellKey| small_times(key) && key.transport == "pipe/block";
    let mut records: Vec<Record> = (1..=12).map(|seed| sample::record_of(seed, 9, one)).collect();
    for (run, record) in records.iter_mut().enumerate() {
        for cell in record.cells.iter_mut().filter(|_| run % 2 == 0) {
            cell.system_calls = None;
        }
    }
    let found = judge(&records).limits;
    let cells = records[0].cells.len();
    assert_eq!((found.rows, found.lacking, found.below), (12 * cells, 0, 0));
    assert_eq!(found.times.pairs, 12 * 11 * cells);
    assert!(found.times.share().unwrap() > 0.9, "{:?}", found.times);
    // One run that is off is in 22 of 132 ordered pairs; one without limits lacks them.
    each_cell(&mut records[..1], one, |cell| sample::slow_down(cell, 3.0));
    records[1].limits.clear();
    let after = judge(&records);
    assert_eq!((after.limits.rows, after.limits.lacking), (11 * cells, cells));
    assert_eq!(after.limits.times.pairs, 11 * 10 * cells);
    assert!(after.limits.times.inside <= 10 * 9 * cells, "{:?}", after.limits.times);
    let text = after.document().markdown();
    let lack =
        format!(", {cells} lack one that another run has, and 0 are faster than theirs. In ");
    assert!(text.contains(&lack) && text.contains("another run's × limit is inside"), "{text}");
}

#[test]
fn one_run_agrees_with_nothing_and_other_machines_are_named() {
    let mut records = runs(small_times);
    assert!(matches!(agreement(&records[..1]), Err(Error::TooFewRuns { runs: 1 })));
    records.truncate(2);
    records[1].host.fingerprint = "another".into();
    records[1].tool.version = "9.9.9".into();
    let warnings = judge(&records).warnings.join(" ");
    assert!(warnings.contains("2 machines") && warnings.contains("2 builds"), "{warnings}");
}
