//! The dots of a chart: one for each commit, or, if the time line is long, one for a few commits in a row.

use ipcmark_history::{Change, Point, Series};
use ipcmark_view::middle;

/// One dot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dot {
    /// Its place on the time line of the chart: the middle of its columns, in columns.
    pub column: f64,
    /// Median of its points.
    pub value: f64,
    /// The range from the lowest lower to the highest upper bound of its points' intervals.
    pub interval: Option<(f64, f64)>,
    /// First and last stop.
    pub stops: (usize, usize),
    /// Number of its points.
    pub points: usize,
    /// Number of their runs.
    pub runs: usize,
    /// Their machines, as places in the history.
    pub hosts: Vec<usize>,
}

/// Returns the dots of a series over `columns` (stops, ascending), `each` columns in one dot; none has points of two levels.
pub(super) fn dots(
    series: &Series,
    changes: &[Change],
    columns: &[usize],
    each: usize,
) -> Vec<Dot> {
    /// Number of the bin and of the level, and the points with their columns.
    type Bin<'a> = ((usize, usize), Vec<(usize, &'a Point)>);
    let mut groups: Vec<Bin> = Vec::new();
    for (at, point) in series.points.iter().enumerate() {
        let Ok(column) = columns.binary_search(&point.stop) else { continue };
        let level = changes.iter().filter(|c| c.at <= at).count();
        let group = (column / each.max(1), level);
        match groups.last_mut() {
            Some((last, points)) if *last == group => points.push((column, point)),
            _ => groups.push((group, vec![(column, point)])),
        }
    }
    groups.into_iter().filter_map(|(_, points)| dot(&points)).collect()
}

fn dot(points: &[(usize, &Point)]) -> Option<Dot> {
    let ((first, old), (last, new)) = (points.first()?, points.last()?);
    let intervals = || points.iter().filter_map(|(_, p)| p.interval);
    let interval = intervals().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let mut hosts: Vec<usize> = points.iter().flat_map(|(_, p)| p.hosts.clone()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    Some(Dot {
        column: (first + last) as f64 / 2.0,
        value: middle(points.iter().map(|(_, p)| p.value).collect())?,
        interval,
        stops: (old.stop, new.stop),
        points: points.len(),
        runs: points.iter().map(|(_, p)| p.runs).sum(),
        hosts,
    })
}

/// Returns the range that a chart must show: all levels, and all dots that are not far outside their neighbours. Otherwise
/// a single run three times as slow would press everything else into a line.
pub(super) fn range(dots: &[Dot]) -> Option<(f64, f64)> {
    /// This many times the width of the middle half away from it is far.
    const FAR: f64 = 4.0;
    /// Narrowest axis, as a share of the values: a narrower one would magnify noise.
    const LEAST: f64 = 0.06;
    let mut values: Vec<f64> = dots.iter().map(|d| d.value).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 - 1.0) * share).round() as usize);
    let (quarter, middle, three) = (*at(0.25)?, *at(0.5)?, *at(0.75)?);
    let reach = FAR * (three - quarter).max(LEAST / FAR * middle);
    let near = |d: &&Dot| (quarter - reach..=three + reach).contains(&d.value);
    let ends = |d: &Dot| {
        let (low, high) = d.interval.unwrap_or((d.value, d.value));
        [low.max(d.value - reach / 2.0), high.min(d.value + reach / 2.0)]
    };
    let ends: Vec<f64> = dots.iter().filter(near).flat_map(ends).collect();
    let low = ends.iter().copied().fold(middle, f64::min);
    let high = ends.iter().copied().fold(middle, f64::max);
    let lacking = (LEAST * middle - (high - low)).max(0.0) / 2.0;
    Some((low - lacking, high + lacking))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_history::{History, Scanned, sample};

    fn scanned() -> Scanned {
        Scanned::of(History::of(&sample::lines(3, 60, 5)), &Default::default())
    }

    #[test]
    fn a_dot_has_all_its_points_and_one_level() {
        let scanned = scanned();
        let columns: Vec<usize> = (0..60).collect();
        for (series, changes) in scanned.history.series.iter().zip(&scanned.changes) {
            let one = dots(series, changes, &columns, 1);
            assert_eq!(one.len(), series.points.len());
            for each in [2, 7] {
                let dots = dots(series, changes, &columns, each);
                assert_eq!(dots.iter().map(|d| d.points).sum::<usize>(), series.points.len());
                assert!(dots.len() <= 60 / each + 1 + changes.len());
                for change in changes {
                    let (old, new) = change.between;
                    let both = |d: &&Dot| d.stops.0 <= old && d.stops.1 >= new;
                    assert_eq!(dots.iter().find(both), None, "{}", series.name());
                }
            }
        }
    }

    #[test]
    fn one_outlier_does_not_press_the_rest_into_a_line() {
        let scanned = scanned();
        let columns: Vec<usize> = (0..60).collect();
        let cell = sample::cell(2);
        let series = scanned.history.series.iter().filter(|s| s.cell == cell && s.host == Some(0));
        let series = series.max_by_key(|s| s.points.len()).unwrap();
        let dots = dots(series, &[], &columns, 1);
        let highest = dots.iter().map(|d| d.value).fold(0.0, f64::max);
        let (low, high) = range(&dots).unwrap();
        assert!(highest > 1.5 * high && high < 1.2 * low, "{low} to {high}, and {highest}");
        assert_eq!(range(&[]), None);
    }
}
