//! Scans: what a made-up history tells is found, and nothing else.

use ipcmark_history::sample::{Story, cell, lines, story};
use ipcmark_history::{Change, Figure, History, Line, Scanned, Series};
use ipcmark_stats::Scan;

const COMMITS: usize = 60;
const CELLS: usize = 12;

fn scanned(commits: usize) -> Scanned {
    let scan = Scan { permutations: 1_999, ..Scan::default() };
    Scanned::of(History::of(&lines(3, commits, CELLS)), &scan)
}

/// The changes of the longest series of a cell on the first machine.
fn of(scanned: &Scanned, at: usize) -> (&Series, &[Change]) {
    let both = scanned.history.series.iter().zip(&scanned.changes);
    let here = both.filter(|(s, _)| s.cell == cell(at) && s.host == Some(0));
    let (series, changes) = here.max_by_key(|(s, _)| s.points.len()).unwrap();
    (series, changes)
}

#[test]
fn each_story_is_told() {
    let scanned = scanned(COMMITS);
    for at in 0..CELLS {
        let (series, changes) = of(&scanned, at);
        let stops: Vec<usize> = changes.iter().map(|c| c.between.1).collect();
        match story(at) {
            Story::Step | Story::Better => {
                let (stop, ratio) = match story(at) {
                    Story::Step => (COMMITS * 2 / 3, 1.05),
                    _ => (COMMITS * 2 / 5, 0.88),
                };
                let [change] = changes else { panic!("{}: {changes:?}", series.name()) };
                assert!(change.between.1.abs_diff(stop) <= 2, "{}: {stops:?}", series.name());
                let (low, high) = change.interval.unwrap();
                assert!(low < ratio && ratio < high, "{}: {change:?}", series.name());
                assert!(change.worse == (ratio > 1.0) && !change.machines_changed);
            }
            // A drift is no step, and looks like neighbours that are alike: where a step is seen in it, it is for the worse.
            Story::Drift => assert!(changes.iter().all(|c| c.worse), "{}", series.name()),
            Story::Outlier | Story::Gap | Story::None => {
                assert_eq!(changes, [], "{}", series.name());
            }
        }
    }
}

#[test]
fn a_short_series_says_how_many_points_are_missing() {
    let scanned = scanned(COMMITS);
    for (at, series) in scanned.history.series.iter().enumerate() {
        let missing = scanned.least_points.saturating_sub(series.points.len());
        let told = scanned.too_short.iter().find(|short| short.series == at);
        assert_eq!(told.map_or(0, |short| short.missing), missing, "{}", series.name());
    }
    let third = |s: &&Series| s.host == Some(2);
    assert!(scanned.history.series.iter().filter(third).all(|s| s.points.len() < 10));
    let census = scanned.census;
    assert_eq!(census.too_short, scanned.too_short.len());
    let words = census.to_string();
    let all = scanned.history.series.len();
    assert!(
        words.starts_with(&format!("scanned {} of {all} series", all - census.too_short)),
        "{words}"
    );
    assert!(words.contains("of 3 hosts, 115 runs of 60 commits"), "{words}");
}

#[test]
fn changes_of_one_time_are_one_group_and_name_the_next_step() {
    let scanned = scanned(COMMITS);
    let groups = scanned.groups();
    assert!(groups.is_sorted_by(|a, b| a.between.1 > b.between.1));
    let grouped: usize = groups.iter().map(|g| g.changes.len()).sum();
    assert_eq!(grouped, scanned.census.changes);
    // The step is in the absolute figures of a machine, and in the ratio that goes on across machines.
    let step = |g: &&ipcmark_history::Group| g.changes.iter().any(|(s, _)| s.cell == cell(0));
    let group = groups.iter().find(step).unwrap();
    let hosts: Vec<Option<usize>> =
        group.changes.iter().filter(|(s, _)| s.cell == cell(0)).map(|(s, _)| s.host).collect();
    assert!([None, Some(0)].iter().all(|host| hosts.contains(host)), "{hosts:?}");
    let (series, change) = group.changes[0];
    let (base, new) =
        (&scanned.history.stops[change.between.0], &scanned.history.stops[change.between.1]);
    let words: Vec<&str> = series.cell.split(' ').collect();
    let next = scanned.next_step(series, change).unwrap();
    let commits = [base, new].map(|stop| stop.commit.as_deref().unwrap()[..12].to_owned());
    assert_eq!(
        next,
        format!(
            "ipcmark ab --base-rev {} --new-rev {} --transport {} --pattern {} --size {} --placement {}",
            commits[0], commits[1], words[0], words[1], words[2], words[4]
        )
    );
}

#[test]
fn only_the_last_commits_can_be_asked_for() {
    let all = scanned(COMMITS);
    let late = all.clone().within_last(COMMITS / 3 + 3);
    assert!(late.census.changes < all.census.changes && late.census.worse > 0);
    assert!(late.changes.iter().flatten().all(|c| c.between.1 + COMMITS / 3 + 3 >= COMMITS));
    assert_eq!(all.within_last(0).census.changes, 0);
}

#[test]
fn a_change_of_machines_is_not_put_down_to_a_commit() {
    // One machine up to the middle, another one from there on, with another ratio to the limit.
    let mut all = lines(5, 40, 7);
    let first = all[0].attributes.host.clone();
    let second = all.last().unwrap().attributes.host.clone();
    let half = all[0].timestamp + 20 * 5 * 3_600;
    all.retain(|l| l.attributes.host == first);
    for line in &mut all {
        line.metrics.retain(|m| [cell(5), cell(6)].iter().any(|c| c == m.cell()));
    }
    for line in all.iter_mut().filter(|l| l.timestamp >= half) {
        line.attributes.host = second.clone();
        for metric in &mut line.metrics {
            metric.value *= 1.2;
        }
    }
    let scanned = Scanned::of(History::of(&all), &Scan::default());
    let ratios = scanned.latest_first().into_iter().filter(|(s, _)| s.figure == Figure::TimesLimit);
    let ratios: Vec<bool> = ratios.map(|(_, change)| change.machines_changed).collect();
    assert!(!ratios.is_empty() && ratios.iter().all(|changed| *changed), "{ratios:?}");
    assert!(scanned.latest_first().iter().all(|(s, _)| s.host.is_none()), "no machine sees both");
}

// F7
#[test]
fn a_change_of_scheduling_is_told_with_the_change_of_level() {
    let mut all = lines(5, 40, 7);
    let first = all[0].attributes.host.clone();
    let half = all[0].timestamp + 20 * 5 * 3_600;
    all.retain(|l| l.attributes.host == first);
    for (at, line) in all.iter_mut().enumerate() {
        line.metrics.retain(|m| [cell(5), cell(6)].iter().any(|c| c == m.cell()));
        let late = line.timestamp >= half;
        let scheduling = if late { "fifo, priority 10" } else { "other, nice 0" };
        let often = if at % 2 == 0 { "64" } else { "128" };
        for (name, value) in [("scheduling", scheduling), ("RLIMIT_NOFILE", often)] {
            line.facts.insert(name.into(), value.into());
        }
        for metric in line.metrics.iter_mut().filter(|_| late) {
            metric.value *= 1.2;
        }
    }
    let told = |lines: &[Line]| {
        let scanned = Scanned::of(History::of(lines), &Scan::default());
        let groups = scanned.groups();
        let facts = groups.iter().flat_map(|group| group.facts_changed());
        facts.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&all), ["scheduling: other, nice 0 before, fifo, priority 10 after"]);
    // Lines of older builds know no facts.
    for line in all.iter_mut().filter(|line| line.timestamp < half) {
        line.facts.clear();
    }
    assert_eq!(told(&all), [""; 0]);
}
