//! Comparisons of sample records whose truth is known.

use ipcmark_judge::sequential::{CAUTION, Comparison, Position, compare, compare_across_hosts};
use ipcmark_judge::{Error, Figure, Finding, Shares, Unjudged, Verdict, to_json};
use ipcmark_record::{
    Cell, CellKey, Conditions, CpuQuota, Distance, InvocationOutcome, Placement, Record, Refusal,
    State, Workload, sample,
};

fn judge(base: &Record, new: &Record) -> Comparison {
    compare(base, new, &Shares::default()).unwrap()
}

fn pipe() -> CellKey {
    CellKey::new("pipe/block", Workload::PingPong, 64, Placement::SameCore)
}

fn cell_mut<'a>(record: &'a mut Record, key: &CellKey) -> &'a mut Cell {
    record.cells.iter_mut().find(|c| c.key == *key).unwrap()
}

fn unjudged<'a>(comparison: &'a Comparison, key: &CellKey) -> &'a Unjudged {
    comparison.unjudged.iter().find(|cell| cell.key == *key).unwrap()
}

fn figures(comparison: &Comparison, key: &CellKey) -> Vec<Finding> {
    comparison.findings.iter().filter(|found| found.key == *key).cloned().collect()
}

fn finding(comparison: &Comparison, key: &CellKey, figure: Figure) -> Finding {
    figures(comparison, key).into_iter().find(|found| found.figure == figure).unwrap()
}

/// Only these cells, so that noise in the others does not decide.
fn only(seed: u64, invocations: u32, keys: &[CellKey]) -> Record {
    sample::record_of(seed, invocations, |key| keys.contains(key))
}

#[test]
fn figures_whose_intervals_lie_apart_are_suspected() {
    let stream = CellKey::new("shm-ring/spin", Workload::Stream, 64, Placement::CrossCore);
    let keys = [pipe(), stream.clone()];
    let base = only(1, 12, &keys);
    let mut new = only(2, 12, &keys);
    sample::slow_down(cell_mut(&mut new, &pipe()), 1.3);
    sample::slow_down(cell_mut(&mut new, &stream), 0.7);
    let comparison = judge(&base, &new);
    for (key, figure, truth, verdict) in [
        (&pipe(), Figure::RoundTripP50, 1.3, Verdict::SuspectedSlower),
        (&stream, Figure::TimePerMessage, 0.7, Verdict::SuspectedFaster),
    ] {
        let found = finding(&comparison, key, figure);
        let (low, high) = found.interval.unwrap();
        assert_eq!((found.verdict, &found.why), (verdict, &None), "{found:?}");
        assert!(low <= truth && truth <= high, "{found:?}");
        assert!((found.ratio - found.new_ns / found.base_ns).abs() < 1e-12, "{found:?}");
    }
    assert_eq!(comparison.worst(), Verdict::SuspectedSlower);
    assert_eq!(comparison.worst().exit_code(), 1);
    assert!(comparison.census.suspected_slower >= 1 && comparison.census.regressed == 0);
    let text = comparison.document().markdown();
    assert!(text.contains("### Suspected slower") && !text.contains("egressed"), "{text}");
}

#[test]
fn swapped_records_give_the_inverse_ratio() {
    let (base, new) = (sample::record(1, 6), sample::record(2, 6));
    let (there, back) = (judge(&base, &new), judge(&new, &base));
    assert_eq!(there.findings.len(), back.findings.len());
    for (a, b) in there.findings.iter().zip(&back.findings) {
        assert!((a.ratio * b.ratio - 1.0).abs() < 1e-9);
    }
}

#[test]
fn runs_of_one_program_raise_no_suspicion() {
    for seed in 1..3 {
        let comparison = judge(&sample::record(seed, 12), &sample::record(seed + 50, 12));
        let census = comparison.census;
        let suspected = census.suspected_slower + census.suspected_faster;
        assert!(suspected * 50 <= census.figures, "{suspected} of {}", census.figures);
    }
}

#[test]
fn too_few_invocations_are_undecided_and_say_so() {
    let base = only(1, 3, &[pipe()]);
    let mut new = only(2, 3, &[pipe()]);
    sample::slow_down(cell_mut(&mut new, &pipe()), 3.0);
    let comparison = judge(&base, &new);
    let found = finding(&comparison, &pipe(), Figure::RoundTripP50);
    assert_eq!((found.verdict, found.interval), (Verdict::Inconclusive, None));
    assert!(found.why.unwrap().contains("measure more rounds"));
    assert_eq!(comparison.worst().exit_code(), 3);
}

#[test]
fn a_percentile_without_enough_samples_is_not_compared() {
    let slow = CellKey::new("pipe/block", Workload::PingPong, 64, Placement::CrossCore);
    let base = only(1, 6, std::slice::from_ref(&slow));
    let comparison = judge(&base, &base.clone());
    assert_eq!(figures(&comparison, &slow).len(), 1);
}

#[test]
fn records_of_two_hosts_are_refused_unless_asked_for() {
    let base = sample::record(1, 2);
    let mut new = sample::record(1, 2);
    new.host.fingerprint = "fedcba9876543210".into();
    new.host.kernel = "6.18.0".into();
    let error = compare(&base, &new, &Shares::default()).unwrap_err();
    let Error::HostsDiffer { differences } = &error else { panic!("{error}") };
    assert_eq!(differences, &["kernel: 6.12.9 in the base, 6.18.0 in the new record"]);
    assert!(error.to_string().contains("--across-hosts"));
    let across = compare_across_hosts(&base, &new).unwrap();
    assert_eq!(&across.differences, differences);
}

#[test]
fn cells_of_one_record_alone_are_named() {
    let gone = CellKey::new("mq/block", Workload::PingPong, 64, Placement::CrossCore);
    let added = CellKey::new("unix-stream/epoll", Workload::PingPong, 64, Placement::CrossCore);
    let base = only(1, 6, &[pipe(), gone.clone()]);
    let new = only(1, 6, &[pipe(), added.clone()]);
    let comparison = judge(&base, &new);
    assert_eq!(unjudged(&comparison, &gone).verdict, Verdict::Missing);
    assert_eq!(unjudged(&comparison, &added).verdict, Verdict::Absent);
    assert_eq!(comparison.worst().exit_code(), 3, "a missing cell is not a pass");
    let text = comparison.document().markdown();
    assert!(text.contains("- mq/block ping-pong 64 B cross-core: only in the base"), "{text}");
    assert!(text.contains("1 missing; 1 absent."), "{text}");
}

#[test]
fn a_cell_that_fails_in_the_new_record_alone_is_certain() {
    let base = only(1, 40, &[pipe()]);
    let mut new = base.clone();
    cell_mut(&mut new, &pipe()).invocations[3].outcome =
        InvocationOutcome::Failed { side: "responder".into(), what: "1 message lost".into() };
    let comparison = judge(&base, &new);
    let failed = unjudged(&comparison, &pipe());
    assert_eq!((failed.verdict, &*failed.why), (Verdict::Failed, "responder: 1 message lost"));
    assert_eq!(figures(&comparison, &pipe()).len(), 2, "the other 39 are compared still");
    assert_eq!(comparison.worst(), Verdict::Failed);
    // Failed in both, it is nothing new.
    assert_ne!(judge(&new, &new).worst(), Verdict::Failed);
    // And mended, it is not a failure either.
    assert_eq!(judge(&new, &base).unjudged, []);
}

#[test]
fn a_cell_that_is_no_longer_measured_is_not_a_pass() {
    let base = only(
        1,
        40,
        &[pipe(), CellKey::new("null/none", Workload::Stream, 64, Placement::SameCore)],
    );
    let mut new = base.clone();
    let cell = cell_mut(&mut new, &pipe());
    cell.invocations.clear();
    cell.state = State::Unavailable(Refusal::new("no pipes here"));
    let comparison = judge(&base, &new);
    let lost = unjudged(&comparison, &pipe());
    assert_eq!(lost.verdict, Verdict::Missing);
    assert!(lost.why.ends_with("not available: no pipes here"), "{}", lost.why);
    assert_eq!(comparison.worst(), Verdict::Missing);
}

#[test]
fn a_difference_of_less_than_a_clock_step_raises_no_suspicion() {
    let ring = CellKey::new("shm-ring/spin", Workload::PingPong, 64, Placement::CrossCore);
    let with = |step_ns: f64, factor: f64| {
        let mut base = only(1, 40, std::slice::from_ref(&ring));
        base.harness.clock_step_ns = step_ns;
        let mut new = base.clone();
        sample::slow_down(cell_mut(&mut new, &ring), factor);
        finding(&judge(&base, &new), &ring, Figure::RoundTripP50).verdict
    };
    // 240 ns against 259: a fine clock tells, one of 40 ns does not.
    assert_eq!(with(0.5, 1.08), Verdict::SuspectedSlower);
    assert_eq!(with(40.0, 1.08), Verdict::Inconclusive);
    assert_eq!(with(40.0, 1.0), Verdict::Inconclusive);
    assert_eq!(with(10.0, 1.3), Verdict::SuspectedSlower, "seven steps are seen");
}

#[test]
fn a_median_of_few_round_trips_has_figures_and_raises_no_suspicion() {
    let base = only(1, 12, &[pipe()]);
    let few = |record: &Record| {
        let mut record = record.clone();
        for invocation in &mut cell_mut(&mut record, &pipe()).invocations {
            for side in &mut invocation.sides {
                let Some(encoded) = &mut side.histogram else { continue };
                let median = encoded.unpack().unwrap().value_at_quantile(0.5);
                let mut thin = ipcmark_record::Histogram::new(3).unwrap();
                thin.record_n(median, 9).unwrap();
                *encoded = ipcmark_record::Encoded::pack(&thin, encoded.unit, 1).unwrap();
            }
        }
        record
    };
    let mut new = few(&base);
    sample::slow_down(cell_mut(&mut new, &pipe()), 3.0);
    let found = finding(&judge(&base, &new), &pipe(), Figure::RoundTripP50);
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert!(found.interval.unwrap().0 > 2.0, "the figures are shown");
    assert!(found.why.unwrap().contains("too few samples"));
}

#[test]
fn a_record_against_itself_and_one_that_was_cut_short_are_told() {
    let base = only(1, 12, &[pipe()]);
    let warnings = judge(&base, &base).warnings;
    assert!(warnings[0].starts_with("Both are the same run"), "{warnings:?}");
    let mut short = base.clone();
    short.started = "2025-01-03T03:04:05Z".into();
    for invocation in &mut cell_mut(&mut short, &pipe()).invocations {
        invocation.elapsed_ns /= 5;
        invocation.messages /= 5;
    }
    let warnings = judge(&base, &short).warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("The actual measuring time differs:"), "{warnings:?}");
}

#[test]
fn every_fact_of_the_fingerprint_that_differs_is_named() {
    let base = only(1, 2, &[pipe()]);
    let mut new = base.clone();
    new.host.fingerprint = "fedcba9876543210".into();
    new.host.memory_bytes = 8 << 30;
    new.host.clock = "clock-monotonic".into();
    new.host.cpus[1].core = Some(0);
    new.host.mitigations = [("srso".into(), "Vulnerable".into())].into();
    let Err(Error::HostsDiffer { differences }) = compare(&base, &new, &Shares::default()) else {
        panic!("the hosts differ")
    };
    let expected = [
        "places of the CPUs (core, package, node): 0/0/0 1/0/0 in the base, 0/0/0 0/0/0 in the new record",
        "memory: 4 GiB in the base, 8 GiB in the new record",
        "clock: tsc in the base, clock-monotonic in the new record",
        "mitigation meltdown: Not affected in the base, none in the new record",
        "mitigation srso: none in the base, Vulnerable in the new record",
    ];
    assert_eq!(differences, expected);
}

#[test]
fn nothing_in_common_is_undecided() {
    let base = only(1, 6, &[]);
    assert_eq!(judge(&base, &base).worst(), Verdict::Inconclusive);
}

#[test]
fn cells_of_two_distances_raise_no_suspicion() {
    let ring = CellKey::new("shm-ring/spin", Workload::PingPong, 64, Placement::CrossCore);
    let base = only(1, 12, std::slice::from_ref(&ring));
    let mut new = base.clone();
    sample::slow_down(cell_mut(&mut new, &ring), 3.0);
    for invocation in &mut cell_mut(&mut new, &ring).invocations {
        let distance = invocation.distance.as_mut().unwrap();
        (distance.before_ns, distance.after_ns) = (350.0, 351.0);
    }
    let found = finding(&judge(&base, &new), &ring, Figure::RoundTripP50);
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert!(found.interval.unwrap().0 > 2.0, "the figures are shown");
    assert!(found.why.unwrap().contains("different CPU distances"));
}

#[test]
fn a_floor_that_moved_warns_about_everything_else() {
    let floor = CellKey::new("null/none", Workload::Stream, 64, Placement::SameCore);
    let base = only(1, 12, &[floor.clone(), pipe()]);
    let mut new = base.clone();
    new.started = "2025-01-03T03:04:05Z".into();
    assert_eq!(judge(&base, &new).warnings, Vec::<String>::new());
    sample::slow_down(cell_mut(&mut new, &floor), 1.5);
    new.tool.profile = "debug".into();
    let warnings = judge(&base, &new).warnings;
    assert!(warnings.iter().any(|w| w.contains("of the floors moved")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.contains("Cargo profile differs")), "{warnings:?}");
}

#[test]
fn the_census_adds_up_and_both_outputs_carry_the_caution() {
    let (base, mut new) = (sample::record(1, 8), sample::record(2, 8));
    new.cells.truncate(30);
    sample::slow_down(&mut new.cells[0], 1.5);
    let comparison = judge(&base, &new);
    let mut keys: Vec<&CellKey> = comparison.findings.iter().map(|found| &found.key).collect();
    keys.extend(comparison.unjudged.iter().map(|cell| &cell.key));
    keys.sort_unstable();
    keys.dedup();
    assert_eq!((keys.len(), comparison.cells), (base.cells.len(), base.cells.len()));
    assert_eq!(comparison.census.figures, comparison.findings.len());
    let text = comparison.document().markdown();
    assert!(text.contains("so nothing here is a verdict") && text.contains(&comparison.line()));
    let json: serde_json::Value = serde_json::from_str(&to_json(&comparison)).unwrap();
    assert_eq!(
        (&json["schema"], &json["caution"]),
        (&"ipcmark.comparison/2".into(), &CAUTION.into())
    );
    assert_eq!(json["findings"].as_array().unwrap().len(), comparison.findings.len());
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
        let widths: Vec<usize> = table.lines().map(columns).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
    }
}

#[test]
fn a_damaged_record_is_refused_by_its_side_and_cell() {
    let base = only(1, 2, &[pipe()]);
    let mut new = base.clone();
    let side = &mut cell_mut(&mut new, &pipe()).invocations[0].sides[0];
    side.histogram.as_mut().unwrap().hdr_v2_deflate = "////".into();
    let error = compare(&base, &new, &Shares::default()).unwrap_err().to_string();
    assert!(error.starts_with("the new record: cell pipe/block ping-pong"), "{error}");
}

#[test]
fn across_machines_cells_are_compared_with_their_own_limits_and_no_time_is_shown() {
    let base = sample::record(1, 12);
    let mut new = sample::record(2, 12);
    new.host.fingerprint = "fedcba9876543210".into();
    // A machine that is three times as slow in all: no cell is farther from its limit for that.
    let farther =
        |d: &mut Distance| (d.before_ns, d.after_ns) = (3.0 * d.before_ns, 3.0 * d.after_ns);
    for cell in &mut new.cells {
        sample::slow_down(cell, 3.0);
        cell.invocations.iter_mut().filter_map(|i| i.distance.as_mut()).for_each(farther);
    }
    new.limits.iter_mut().for_each(|limit| {
        for sample in &mut limit.samples {
            (sample.median_ns, sample.least_ns) = (3.0 * sample.median_ns, 3.0 * sample.least_ns);
            sample.distance.iter_mut().for_each(farther);
        }
    });
    let across = compare_across_hosts(&base, &new).unwrap();
    assert!(across.cells.len() > 3, "{}", across.cells.len());
    let far = across.cells.iter().filter(|c| c.position == Position::Farther).count();
    assert_eq!(far, 0, "{:?}", across.cells);
    let text = across.document().markdown();
    assert!(text.contains("gives no verdict") && !text.contains(" µs"), "{text}");
    assert_eq!(across.cells.len() + across.not_comparable.len(), base.cells.len());
    // One cell alone is slower: that one is farther.
    let key = across.cells.iter().find(|c| c.interval.is_some()).unwrap().key.clone();
    sample::slow_down(cell_mut(&mut new, &key), 2.0);
    let again = compare_across_hosts(&base, &new).unwrap();
    let moved: Vec<_> = again.cells.iter().filter(|c| c.position == Position::Farther).collect();
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert_eq!(moved[0].key, key);
}

// F6, F7
#[test]
fn records_under_other_conditions_say_in_which_they_differ() {
    let with = |change: &dyn Fn(&mut Conditions)| {
        let mut record = sample::record(1, 9);
        let mut conditions =
            Conditions { policy: Some("other".into()), nice: Some(0), ..Conditions::default() };
        change(&mut conditions);
        record.host.conditions = Some(conditions);
        record
    };
    let base = with(&|_| ());
    let mut real_time = with(&|c| (c.policy, c.priority) = (Some("fifo".into()), Some(10)));
    real_time.noise.as_mut().unwrap().other_runs = Some(2);
    let mut alone = base.clone();
    alone.noise.as_mut().unwrap().other_runs = Some(0);
    let compared = compare(&alone, &real_time, &Shares::default()).unwrap();
    let warnings = compared.findings().warnings;
    for part in [
        "Scheduling: other, nice 0 in the base, fifo, priority 10 in the new record.",
        "Other runs of ipcmark at the same time: 0 in the base, 2 in the new record.",
    ] {
        assert!(warnings.iter().any(|w| w.contains(part)), "{warnings:?}");
    }
    let quota = CpuQuota { quota_us: 20_000, period_us: 100_000 };
    let throttled = with(&|c| c.cpu_quota = Some(quota));
    let error = compare(&base, &throttled, &Shares::default()).unwrap_err();
    let Error::HostsDiffer { differences } = &error else { panic!("{error}") };
    assert!(
        differences[0].starts_with("CPU quota: none recorded in the base, 20.0 ms in each 100 ms")
    );
    let across = compare_across_hosts(&alone, &real_time).unwrap();
    assert_eq!(across.differences.len(), 2, "{:?}", across.differences);
}
