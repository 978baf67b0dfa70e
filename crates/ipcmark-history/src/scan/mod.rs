//! Finds changes of level, over all series of a project.
//!
//! A change point shows where to look. It is not a verdict: runs of different days differ by more than
//! their programs. It names a range of commits, and the command that compares both ends side by side.

mod census;
mod group;

pub use census::Census;
pub use group::Group;

use crate::{History, Point, Series};
use ipcmark_stats::{Scan, ratio, scan_all};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Confidence of the interval of a change.
const CONFIDENCE: f64 = 0.95;

/// All that a scan found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scanned {
    /// The series.
    pub history: History,
    /// For each of its series the changes, oldest first.
    pub changes: Vec<Vec<Change>>,
    /// Series that were too short.
    pub too_short: Vec<TooShort>,
    /// Points that a series needs.
    pub least_points: usize,
    /// The counts.
    pub census: Census,
}

/// A series that has too few points to be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TooShort {
    /// Its place in [`History::series`].
    pub series: usize,
    /// Points that it lacks.
    pub missing: usize,
}

/// A change of level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The first point of the new level, a place in [`Series::points`].
    pub at: usize,
    /// The last stop of the old level and the first of the new one, places in [`History::stops`].
    pub between: (usize, usize),
    /// Median of the level before, back to the change before it.
    pub before: f64,
    /// Median of the level after, up to the next change.
    pub after: f64,
    /// After / before, of the typical pair of points (Hodges-Lehmann).
    pub ratio: f64,
    /// Its interval, as though points were independent of each other; absent if there are too few.
    pub interval: Option<(f64, f64)>,
    /// The p value of the split. Series whose best one does not pay for the number of series scanned have no changes at all.
    pub p: f64,
    /// True if the change is for the worse.
    pub worse: bool,
    /// True if the points before and after it come from different machines, which may be the cause.
    pub machines_changed: bool,
    /// Facts under which no run before it and no run after it agree, which may be the cause: `scheduling: other, nice 0 before, fifo,
    /// priority 10 after`.
    pub facts_changed: Vec<String>,
}

impl Scanned {
    /// Scans all series of `history`, and corrects for their number.
    #[must_use]
    pub fn of(history: History, scan: &Scan) -> Scanned {
        let values: Vec<Vec<f64>> = history.series.iter().map(Series::values).collect();
        let slices: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        let found = scan_all(&slices, scan);
        let changes: Vec<Vec<Change>> = history
            .series
            .iter()
            .zip(&found)
            .map(|(series, found)| {
                let ends: Vec<usize> = found.iter().map(|c| c.at).collect();
                let levels = |i: usize| (level_start(&ends, i), ends.get(i + 1).copied());
                let change = |i: usize| change(&history, series, ends[i], levels(i), found[i].p);
                (0..found.len()).map(change).collect()
            })
            .collect();
        let short = |(series, points): (usize, usize)| {
            let missing = scan.least_points.saturating_sub(points);
            (missing > 0).then_some(TooShort { series, missing })
        };
        let too_short: Vec<TooShort> =
            history.series.iter().map(|s| s.points.len()).enumerate().filter_map(short).collect();
        let census = Census::of(&history, &changes, too_short.len());
        Scanned { history, changes, too_short, least_points: scan.least_points, census }
    }

    /// Returns each change with its series, the latest commit first; within a commit the largest change first.
    #[must_use]
    pub fn latest_first(&self) -> Vec<(&Series, &Change)> {
        let mut all: Vec<(&Series, &Change)> = self
            .history
            .series
            .iter()
            .zip(&self.changes)
            .flat_map(|(series, changes)| changes.iter().map(move |change| (series, change)))
            .collect();
        all.sort_by(|(_, a), (_, b)| {
            b.between.1.cmp(&a.between.1).then(group::size(b).total_cmp(&group::size(a)))
        });
        all
    }

    /// Keeps the changes whose new level began within the last `stops` stops of the time line.
    #[must_use]
    pub fn within_last(mut self, stops: usize) -> Scanned {
        let from = self.history.stops.len().saturating_sub(stops);
        for changes in &mut self.changes {
            changes.retain(|change| change.between.1 >= from);
        }
        self.census = Census::of(&self.history, &self.changes, self.too_short.len());
        self
    }

    /// Returns the command that compares the commits on both sides of a change; none if one is unknown.
    #[must_use]
    pub fn next_step<'a>(&'a self, series: &Series, change: &Change) -> Option<String> {
        let commit = |stop: usize| {
            let commit = self.history.stops[stop].commit.as_deref()?;
            // A tree with changes cannot be built again.
            (!commit.ends_with("-dirty")).then_some(commit)
        };
        let (base, new) = (commit(change.between.0)?, commit(change.between.1)?);
        // Transport, workload, size and its unit, placement; then come the parameters.
        let words: Vec<&str> = series.cell.split(' ').take(5).collect();
        let [transport, pattern, size, _, placement] = words[..] else { return None };
        let short = |commit: &'a str| commit.get(..12).unwrap_or(commit);
        Some(format!(
            "ipcmark ab --base-rev {} --new-rev {} --transport {transport} --pattern {pattern} --size {size} \
             --placement {placement}",
            short(base),
            short(new)
        ))
    }
}

/// Returns the start of the level before change `i`.
fn level_start(ends: &[usize], i: usize) -> usize {
    i.checked_sub(1).map_or(0, |previous| ends[previous])
}

fn change(
    history: &History,
    series: &Series,
    at: usize,
    (from, to): (usize, Option<usize>),
    p: f64,
) -> Change {
    let points = &series.points;
    let (old, new) = (&points[from..at], &points[at..to.unwrap_or(points.len())]);
    let values = |points: &[Point]| points.iter().map(|p| p.value).collect::<Vec<f64>>();
    let (old_values, new_values) = (values(old), values(new));
    let median = |values: &[f64]| ipcmark_stats::median(values).unwrap_or(f64::NAN);
    let (before, after) = (median(&old_values), median(&new_values));
    let shift = ratio(&old_values, &new_values, CONFIDENCE);
    let hosts =
        |points: &[Point]| points.iter().flat_map(|p| p.hosts.clone()).collect::<BTreeSet<usize>>();
    Change {
        at,
        between: (points[at - 1].stop, points[at].stop),
        before,
        after,
        ratio: shift.map_or(after / before, |s| s.estimate),
        interval: shift.and_then(|s| s.interval).map(|i| (i.low, i.high)),
        p,
        worse: after > before,
        machines_changed: hosts(old).is_disjoint(&hosts(new)),
        facts_changed: facts_changed(history, old, new),
    }
}

/// Returns the facts of which no value occurs on both sides. A side without any value, of older runs, decides nothing.
fn facts_changed(history: &History, old: &[Point], new: &[Point]) -> Vec<String> {
    type Values<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;
    fn values<'h>(history: &'h History, points: &[Point]) -> Values<'h> {
        let places: BTreeSet<usize> = points.iter().flat_map(|p| p.facts.clone()).collect();
        let mut values = Values::new();
        for (name, value) in places.into_iter().flat_map(|at| &history.facts[at]) {
            values.entry(name).or_default().insert(value);
        }
        values
    }
    let (old, new) = (values(history, old), values(history, new));
    let words = |values: &BTreeSet<&str>| values.iter().copied().collect::<Vec<_>>().join(" or ");
    let both = old.iter().filter_map(|(name, old)| Some((name, old, new.get(name)?)));
    both.filter(|(_, old, new)| old.is_disjoint(new))
        .map(|(name, old, new)| format!("{name}: {} before, {} after", words(old), words(new)))
        .collect()
}
