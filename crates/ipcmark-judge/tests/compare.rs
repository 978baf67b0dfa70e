//! Comparisons of sample records whose truth is known.

use ipcmark_judge::{
    CAUTION, CellComparison, Comparison, Error, Figure, Metric, Policy, Position, Standing,
    Verdict, across_to_markdown, compare, compare_across_hosts, to_json, to_markdown,
};
use ipcmark_record::{Cell, CellKey, Distance, InvocationOutcome, Record, State, sample};

fn judge(base: &Record, new: &Record) -> Comparison {
    compare(base, new, &Policy::default()).unwrap()
}

fn pipe() -> CellKey {
    sample::key("pipe/block", "ping-pong", 64, "same-core")
}

fn cell_mut<'a>(record: &'a mut Record, key: &CellKey) -> &'a mut Cell {
    record.cells.iter_mut().find(|c| c.key == *key).unwrap()
}

fn find<'a>(comparison: &'a Comparison, key: &CellKey) -> &'a CellComparison {
    comparison.cells.iter().find(|c| c.key == *key).unwrap()
}

fn metric(comparison: &Comparison, key: &CellKey, figure: Figure) -> Metric {
    let cell = find(comparison, key);
    cell.metrics.iter().find(|m| m.figure == figure).unwrap().clone()
}

/// Only these cells, so that noise in the others does not decide.
fn only(seed: u64, invocations: u32, keys: &[CellKey]) -> Record {
    sample::record_of(seed, invocations, |key| keys.contains(key))
}

#[test]
fn a_slower_cell_regresses_and_a_faster_one_improves() {
    let stream = sample::key("shm-ring/spin", "stream", 64, "cross-core");
    let keys = [pipe(), stream.clone()];
    let base = only(1, 12, &keys);
    let mut new = only(2, 12, &keys);
    sample::slow_down(cell_mut(&mut new, &pipe()), 1.3);
    sample::slow_down(cell_mut(&mut new, &stream), 0.7);
    let comparison = judge(&base, &new);
    for (key, figure, truth, verdict) in [
        (&pipe(), Figure::RoundTripP50, 1.3, Verdict::Regressed),
        (&pipe(), Figure::RoundTripP99, 1.3, Verdict::Regressed),
        (&stream, Figure::TimePerMessage, 0.7, Verdict::Improved),
    ] {
        let m = metric(&comparison, key, figure);
        let (low, high) = m.interval.unwrap();
        assert_eq!(m.verdict, verdict, "{m:?}");
        assert!(low <= truth && truth <= high, "{m:?}");
        assert!((m.ratio - m.new_ns / m.base_ns).abs() < 0.05, "{m:?}");
        assert!(m.confidence.unwrap() >= 0.95 && m.why.is_none());
    }
    assert_eq!(comparison.worst(), Verdict::Regressed);
    assert_eq!((comparison.census.regressed, comparison.census.improved), (2, 1));
}

#[test]
fn swapped_records_give_the_inverse_ratio() {
    let (base, new) = (sample::record(1, 6), sample::record(2, 6));
    let (there, back) = (judge(&base, &new), judge(&new, &base));
    for (a, b) in there.cells.iter().zip(&back.cells) {
        assert_eq!(a.metrics.len(), b.metrics.len());
        for (a, b) in a.metrics.iter().zip(&b.metrics) {
            assert!((a.ratio * b.ratio - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn many_invocations_of_one_program_are_equivalent_and_pass() {
    let base = only(1, 40, &[pipe()]);
    let new = only(2, 40, &[pipe()]);
    let comparison = judge(&base, &new);
    assert_eq!(metric(&comparison, &pipe(), Figure::RoundTripP50).verdict, Verdict::Equivalent);
    assert_eq!(comparison.worst(), Verdict::Equivalent);
    assert!(comparison.worst().is_green());
}

#[test]
fn too_few_invocations_are_inconclusive_and_say_so() {
    let base = only(1, 3, &[pipe()]);
    let mut new = only(2, 3, &[pipe()]);
    sample::slow_down(cell_mut(&mut new, &pipe()), 3.0);
    let comparison = judge(&base, &new);
    let m = metric(&comparison, &pipe(), Figure::RoundTripP50);
    assert_eq!((m.verdict, m.interval), (Verdict::Inconclusive, None));
    assert!(m.why.unwrap().contains("measure more rounds"));
    assert!(!comparison.worst().is_green());
}

#[test]
fn a_percentile_without_enough_samples_is_not_judged_and_the_reader_is_told() {
    let slow = sample::key("pipe/block", "ping-pong", 64, "cross-core");
    let base = only(1, 6, std::slice::from_ref(&slow));
    let comparison = judge(&base, &base.clone());
    let cell = find(&comparison, &slow);
    assert_eq!(cell.metrics.len(), 1);
    assert!(cell.notes.iter().any(|n| n.contains("p99 is not judged")), "{:?}", cell.notes);
    assert!(to_markdown(&comparison).contains("p99 is not judged"));
}

#[test]
fn records_of_two_hosts_are_refused_unless_asked_for() {
    let base = sample::record(1, 2);
    let mut new = sample::record(1, 2);
    new.host.fingerprint = "fedcba9876543210".into();
    new.host.kernel = "6.18.0".into();
    let error = compare(&base, &new, &Policy::default()).unwrap_err();
    let Error::HostsDiffer { differences } = &error else { panic!("{error}") };
    assert_eq!(differences, &["kernel: 6.12.9 in the base, 6.18.0 in the new record"]);
    assert!(error.to_string().contains("--across-hosts"));
    let across = compare_across_hosts(&base, &new).unwrap();
    assert_eq!(&across.differences, differences);
}

#[test]
fn cells_of_one_record_alone_are_rows_by_name() {
    let gone = sample::key("mq/block", "ping-pong", 64, "cross-core");
    let added = sample::key("unix-stream/epoll", "ping-pong", 64, "cross-core");
    let base = only(1, 6, &[pipe(), gone.clone()]);
    let new = only(1, 6, &[pipe(), added.clone()]);
    let comparison = judge(&base, &new);
    assert_eq!(find(&comparison, &gone).standing, Standing::OnlyInBase);
    assert_eq!(find(&comparison, &added).standing, Standing::OnlyInNew);
    assert_eq!(find(&comparison, &added).worst(), None);
    assert_eq!(find(&comparison, &gone).worst(), Some(Verdict::Inconclusive));
    assert!(!comparison.worst().is_green(), "a cell that went missing is no pass");
    let text = to_markdown(&comparison);
    assert!(text.contains("- mq/block ping-pong 64 B cross-core: only in the base"), "{text}");
    assert!(text.contains("1 only in the base; 1 only in the new record."), "{text}");
}

#[test]
fn a_cell_that_fails_in_the_new_record_alone_is_a_regression() {
    let base = only(1, 40, &[pipe()]);
    let mut new = base.clone();
    cell_mut(&mut new, &pipe()).invocations[3].outcome =
        InvocationOutcome::Failed { side: "responder".into(), what: "1 message lost".into() };
    let comparison = judge(&base, &new);
    assert_eq!(
        find(&comparison, &pipe()).standing,
        Standing::NewlyFailed { what: "responder: 1 message lost".into() }
    );
    assert_eq!(find(&comparison, &pipe()).metrics.len(), 2, "the other 39 are judged still");
    assert_eq!(comparison.worst(), Verdict::Regressed);
    // Failed in both, it is nothing new.
    assert_ne!(judge(&new, &new).worst(), Verdict::Regressed);
    // And mended, it is no regression either.
    assert_eq!(find(&judge(&new, &base), &pipe()).standing, Standing::Compared);
}

#[test]
fn a_cell_that_is_no_longer_measured_is_no_pass() {
    let base = only(1, 40, &[pipe(), sample::key("null/none", "stream", 64, "same-core")]);
    let mut new = base.clone();
    let cell = cell_mut(&mut new, &pipe());
    cell.invocations.clear();
    cell.state = State::Unavailable { reason: "no pipes here".into(), remedy: None };
    let comparison = judge(&base, &new);
    let Standing::Lost { why } = &find(&comparison, &pipe()).standing else { panic!() };
    assert_eq!(why, "not available: no pipes here");
    assert_eq!(comparison.worst(), Verdict::Inconclusive);
}

#[test]
fn a_difference_of_less_than_a_step_of_the_clock_is_no_verdict() {
    let ring = sample::key("shm-ring/spin", "ping-pong", 64, "cross-core");
    let with = |step_ns: f64, factor: f64| {
        let mut base = only(1, 40, std::slice::from_ref(&ring));
        base.harness.clock_step_ns = step_ns;
        let mut new = base.clone();
        sample::slow_down(cell_mut(&mut new, &ring), factor);
        metric(&judge(&base, &new), &ring, Figure::RoundTripP50)
    };
    // 240 ns against 248: a fine clock tells, one of 10 ns does not, and neither says that nothing changed.
    assert_eq!(with(0.5, 1.035).verdict, Verdict::Regressed);
    let coarse = with(10.0, 1.035);
    assert_eq!(coarse.verdict, Verdict::Inconclusive);
    assert!(coarse.why.unwrap().contains("clock's step: 10.0 ns"), "{:?}", coarse.interval);
    assert_eq!(with(10.0, 1.0).verdict, Verdict::Inconclusive);
    assert_eq!(with(10.0, 1.3).verdict, Verdict::Regressed, "seven steps are seen");
    let (low, high) = with(1e9, 1.3).interval.unwrap();
    assert!(low > 0.0 && high.is_finite());
}

#[test]
fn a_median_of_few_round_trips_has_figures_and_no_verdict() {
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
    let m = metric(&judge(&base, &new), &pipe(), Figure::RoundTripP50);
    assert_eq!(m.verdict, Verdict::Inconclusive);
    assert!(m.interval.unwrap().0 > 2.5, "the figures stand there all the same");
    assert!(m.why.unwrap().contains("108 round trips; p50 takes 200"));
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
    assert!(warnings[0].starts_with("The measured phase differs as it was made:"), "{warnings:?}");
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
    let Err(Error::HostsDiffer { differences }) = compare(&base, &new, &Policy::default()) else {
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
fn nothing_in_common_is_inconclusive() {
    let base = only(1, 6, &[]);
    assert_eq!(judge(&base, &base).worst(), Verdict::Inconclusive);
}

#[test]
fn cells_of_two_distances_are_not_judged() {
    let ring = sample::key("shm-ring/spin", "ping-pong", 64, "cross-core");
    let base = only(1, 12, std::slice::from_ref(&ring));
    let mut new = base.clone();
    sample::slow_down(cell_mut(&mut new, &ring), 3.0);
    for invocation in &mut cell_mut(&mut new, &ring).invocations {
        let distance = invocation.distance.as_mut().unwrap();
        (distance.before_ns, distance.after_ns) = (350.0, 351.0);
    }
    let comparison = judge(&base, &new);
    let m = metric(&comparison, &ring, Figure::RoundTripP50);
    assert_eq!(m.verdict, Verdict::Inconclusive);
    assert!(m.interval.unwrap().0 > 2.5, "the figures stand there all the same");
    assert!(m.why.unwrap().contains("apart"));
    assert!(find(&comparison, &ring).notes.iter().any(|n| n.contains("distances")));
}

#[test]
fn one_invocation_elsewhere_is_noted_and_judged() {
    let ring = sample::key("shm-ring/spin", "ping-pong", 64, "cross-core");
    let mut base = only(1, 40, std::slice::from_ref(&ring));
    // A clock of 10 ns cannot tell 2 % of 240 ns.
    base.harness.clock_step_ns = 0.5;
    let mut new = base.clone();
    cell_mut(&mut new, &ring).invocations[0].distance.as_mut().unwrap().after_ns = 350.0;
    let comparison = judge(&base, &new);
    assert!(find(&comparison, &ring).notes.iter().any(|n| n.contains("distances")));
    let m = metric(&comparison, &ring, Figure::RoundTripP50);
    assert_eq!(m.verdict, Verdict::Equivalent);
}

#[test]
fn a_floor_that_moved_warns_about_everything_else() {
    let floor = sample::key("null/none", "stream", 64, "same-core");
    let base = only(1, 12, &[floor.clone(), pipe()]);
    let mut new = base.clone();
    new.started = "2025-01-03T03:04:05Z".into();
    assert_eq!(judge(&base, &new).warnings, Vec::<String>::new());
    sample::slow_down(cell_mut(&mut new, &floor), 1.5);
    new.tool.profile = "debug".into();
    let warnings = judge(&base, &new).warnings;
    assert!(warnings.iter().any(|w| w.contains("of the floors changed")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.contains("Cargo profile differs")), "{warnings:?}");
}

#[test]
fn the_census_adds_up_and_both_outputs_carry_the_caution() {
    let (base, mut new) = (sample::record(1, 8), sample::record(2, 8));
    new.cells.truncate(30);
    let comparison = judge(&base, &new);
    let c = comparison.census;
    assert_eq!(c.cells, base.cells.len());
    let by_standing = c.compared + c.newly_failed + c.only_in_base + c.only_in_new + c.lost;
    assert_eq!(by_standing + c.not_measured, c.cells);
    assert_eq!(c.regressed + c.improved + c.equivalent + c.inconclusive, c.figures);
    assert!(c.false_alarms_expected > 0.0 && c.false_alarms_expected < 0.05 * c.figures as f64);
    let text = to_markdown(&comparison);
    assert!(text.contains(CAUTION) && text.contains(&c.line()));
    assert!(CAUTION.contains("62 to 70 %"));
    let json: serde_json::Value = serde_json::from_str(&to_json(&comparison)).unwrap();
    assert_eq!(json["schema"], "ipcmark.comparison/1");
    assert_eq!(json["caution"], CAUTION);
    assert_eq!(json["cells"].as_array().unwrap().len(), c.cells);
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut head = 0;
    for line in text.lines().filter(|l| l.starts_with('|')) {
        if line.starts_with("| cell") {
            head = columns(line);
        }
        assert_eq!(columns(line), head, "every row of a table has its columns: {line}");
    }
    assert!(head > 0);
}

#[test]
fn a_damaged_record_is_refused_by_its_side_and_cell() {
    let base = only(1, 2, &[pipe()]);
    let mut new = base.clone();
    let side = &mut cell_mut(&mut new, &pipe()).invocations[0].sides[0];
    side.histogram.as_mut().unwrap().hdr_v2_deflate = "////".into();
    let error = compare(&base, &new, &Policy::default()).unwrap_err().to_string();
    assert!(error.starts_with("the new record: cell pipe/block ping-pong"), "{error}");
}

#[test]
fn across_machines_cells_stand_beside_their_own_limits_and_no_time_is_told() {
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
    let text = across_to_markdown(&across);
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

#[test]
fn a_comparison_says_what_it_can_and_cannot_carry() {
    let comparison = judge(&sample::record(1, 12), &sample::record(2, 12));
    let text = to_markdown(&comparison);
    assert!(text.contains("It can tell:") && text.contains("It cannot tell:"), "{text}");
    assert!(comparison.carries.cannot.iter().any(|line| line.contains("drift")), "{text}");
}
