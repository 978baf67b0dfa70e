//! Series: hosts and distances apart, commits in their order, several runs of one commit as one point.

use ipcmark_history::sample::{cell, lines};
use ipcmark_history::{Figure, History, Line, Series};

const COMMITS: usize = 60;

fn of<'a>(
    history: &'a History,
    cell: &str,
    figure: Figure,
    host: Option<usize>,
) -> Vec<&'a Series> {
    let wanted = |s: &&Series| s.cell == cell && s.figure == figure && s.host == host;
    history.series.iter().filter(wanted).collect()
}

#[test]
fn machines_and_distances_are_kept_apart() {
    let history = History::of(&lines(1, COMMITS, 8));
    assert_eq!((history.hosts.len(), history.stops.len()), (3, COMMITS));
    for series in &history.series {
        assert!(series.points.is_sorted_by(|a, b| a.stop < b.stop), "{}", series.name());
        let hosts = series.points.iter().flat_map(|p| &p.hosts);
        assert!(hosts.into_iter().all(|h| series.host.is_none_or(|host| host == *h)));
    }
    // The host had the CPUs in two places, and the same series is met in both.
    let apart = of(&history, &cell(0), Figure::P50, Some(0));
    let ranges: Vec<&str> = apart.iter().map(|s| s.class.unwrap().reach().name()).collect();
    assert_eq!(ranges, ["under 80 ns", "80 to 200 ns"]);
    assert_eq!(apart.iter().map(|s| s.points.len()).sum::<usize>(), COMMITS);
    assert!(of(&history, &cell(1), Figure::P50, Some(0)).iter().all(|s| s.class.is_none()));
}

#[test]
fn ratios_go_on_across_machines() {
    let history = History::of(&lines(1, COMMITS, 8));
    let ratios = of(&history, &cell(1), Figure::TimesLimit, None);
    assert_eq!(ratios.len(), 1);
    assert_eq!(ratios[0].points.len(), COMMITS);
    assert_eq!(ratios[0].points[0].hosts, [0]);
    assert_eq!(ratios[0].points[COMMITS - 1].hosts, [0, 1, 2]);
    let first_of_hosts = history.series.iter().position(|s| s.host.is_some()).unwrap();
    assert!(history.series[first_of_hosts..].iter().all(|s| s.host.is_some()), "ratios come first");
}

#[test]
fn a_commit_that_was_run_twice_is_one_point() {
    let history = History::of(&lines(1, COMMITS, 8));
    let series = of(&history, &cell(1), Figure::P50, Some(0))[0];
    assert_eq!(series.points.len(), COMMITS);
    let twice: Vec<usize> = series.points.iter().filter(|p| p.runs == 2).map(|p| p.stop).collect();
    assert_eq!(twice, [COMMITS / 2]);
}

#[test]
fn commits_stand_in_the_order_of_their_own_time_and_runs_without_one_in_that_of_the_run() {
    let mut all: Vec<Line> = lines(1, 3, 1).into_iter().take(3).collect();
    let hash = |line: &Line| line.attributes.git_commit.clone().unwrap();
    let (a, b, c) = (hash(&all[0]), hash(&all[1]), hash(&all[2]));
    // An old commit that is run last, as a bisection does, is no new one.
    all[0].run_timestamp += 1_000_000;
    // The commit of the second is unknown, and the time of the third.
    all[1].attributes.git_commit = None;
    all[1].attributes.commit_time = None;
    all[2].attributes.commit_time = None;
    all.reverse();
    let history = History::of(&all);
    let commits: Vec<Option<&str>> = history.stops.iter().map(|s| s.commit.as_deref()).collect();
    assert_eq!(commits, [Some(&*a), None, Some(&*c)], "and not {b}");
    assert!(history.stops[0].of_commit && !history.stops[2].of_commit);
}

#[test]
fn a_figure_of_a_later_version_is_passed_over() {
    let mut all = lines(1, 12, 2);
    let series = History::of(&all).series.len();
    for line in &mut all {
        line.metrics[0].name.push_str(" of tomorrow");
    }
    let fewer = History::of(&all).series;
    assert!(fewer.len() < series && !fewer.is_empty());
}
