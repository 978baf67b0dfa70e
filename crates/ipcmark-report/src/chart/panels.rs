//! The panels of a line chart: the lines in front, the lines behind, and the scale.

use super::axis::Axis;
use super::lines::{Line, PANEL_LINES, Panel, Point};
use crate::palette;
use ipcmark_show::Quantity;
use ipcmark_summary::Row;
use ipcmark_view::mechanism;

/// Up to this many lines, all are behind those of a panel; of more, the best of each family.
const CROWD: usize = 40;

/// Returns the meaning of the grey lines.
pub(crate) fn grey(lines: usize) -> &'static str {
    if lines <= CROWD { "Grey: all others." } else { "Grey: the best of each other family." }
}

/// The vertical scale of a chart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale<'a> {
    pub title: &'a str,
    pub quantity: Quantity,
    pub more_is_better: bool,
    /// Limits that the panel of all must show; may be empty.
    pub limit: &'a [Point],
}

/// Makes one line a row, and the panels: first, if there are families to compare, one of all with the best of each in front;
/// then one a family (more if it has very many), floors last.
pub(crate) fn in_panels(
    rows: &[&Row],
    curves: Vec<Vec<Point>>,
    scale: &Scale,
    markers: bool,
) -> (Vec<Line>, Vec<Panel>) {
    let families = families(rows);
    let best: Vec<usize> =
        families.iter().filter_map(|(_, members)| best(members, &curves, scale)).collect();
    // Every line behind every panel would be drawn by the square of their number.
    let behind = |front: &[usize], of_all: bool| -> Vec<usize> {
        let all = 0..rows.len();
        all.filter(|i| !front.contains(i) && (of_all || rows.len() <= CROWD || best.contains(i)))
            .collect()
    };
    let mut panels = Vec::new();
    let panel = |title: String, front: Vec<usize>, of: &[usize]| {
        // Only the lines in front have whiskers that need room.
        let points = of.iter().flat_map(|i| &curves[*i]).map(|p| p.y);
        let whiskers = front
            .iter()
            .flat_map(|i| &curves[*i])
            .filter(|_| markers)
            .filter_map(|p| p.interval)
            .flat_map(|(low, high)| [low, high]);
        let limits = scale.limit.iter().map(|p| p.y).filter(|_| of.len() == rows.len());
        let y = Axis::fit(scale.title, scale.quantity, points.chain(whiskers).chain(limits))?;
        let behind = behind(&front, of.len() == rows.len());
        Some(Panel { y, title, front, behind })
    };
    if families.len() > 1 {
        let all: Vec<usize> = (0..rows.len()).collect();
        panels.extend(panel("all: the best of each family".into(), best.clone(), &all));
    }
    for (family, members) in families {
        let parts = members.len().div_ceil(PANEL_LINES);
        let each = members.len().div_ceil(parts);
        for (at, front) in members.chunks(each).enumerate() {
            let title =
                if parts > 1 { format!("{family} ({} of {parts})", at + 1) } else { family.into() };
            panels.extend(panel(title, front.to_vec(), front));
        }
    }
    let lines = curves
        .into_iter()
        .enumerate()
        .map(|(i, points)| Line {
            name: rows[i].key.transport.clone(),
            colour: palette::of_wait(rows[i].wait, rows[i].floor),
            marker: markers.then(|| shape(rows, i)),
            points,
        })
        .collect();
    (lines, panels)
}

/// Returns families and their rows, in the order of their first rows; floors last.
fn families<'a>(rows: &[&'a Row]) -> Vec<(&'a str, Vec<usize>)> {
    let mut families: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| rows[*i].floor);
    for i in order {
        match families.iter_mut().find(|(name, _)| *name == rows[i].family) {
            Some((_, members)) => members.push(i),
            None => families.push((&rows[i].family, vec![i])),
        }
    }
    families
}

/// Returns the member with the best line, by the mean of the logarithm over the places that all members have. Otherwise a
/// line that ends early would win by the points that it lacks.
fn best(members: &[usize], curves: &[Vec<Point>], scale: &Scale) -> Option<usize> {
    let drawn = |i: usize| curves[i].iter().filter(|p| p.y.ln().is_finite());
    let members: Vec<usize> =
        members.iter().copied().filter(|i| drawn(*i).next().is_some()).collect();
    let everywhere = |x: f64| members.iter().all(|i| drawn(*i).any(|p| p.x == x));
    let common: Vec<f64> =
        drawn(*members.first()?).map(|p| p.x).filter(|x| everywhere(*x)).collect();
    // Without a place in common, only the longest lines compete.
    let longest = members.iter().map(|i| drawn(*i).count()).max()?;
    let members =
        members.into_iter().filter(|i| !common.is_empty() || drawn(*i).count() == longest);
    let level = |i: usize| {
        let counts = |p: &&Point| common.is_empty() || common.contains(&p.x);
        let logs: Vec<f64> = drawn(i).filter(counts).map(|p| p.y.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        if scale.more_is_better { -mean } else { mean }
    };
    members.min_by(|a, b| level(*a).total_cmp(&level(*b)))
}

/// Returns the marker of a row: the place of its mechanism within its family.
fn shape(rows: &[&Row], i: usize) -> usize {
    let mut seen: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|r| r.family == rows[i].family) {
        let mechanism = mechanism(&row.key.transport);
        if !seen.contains(&mechanism) {
            seen.push(mechanism);
        }
    }
    seen.iter().position(|m| *m == mechanism(&rows[i].key.transport)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_view::testing::row;

    const TIME: Scale =
        Scale { title: "t", quantity: Quantity::Time, more_is_better: false, limit: &[] };

    fn flat(y: f64) -> Vec<Point> {
        [64.0, 1024.0].map(|x| Point { x, y, interval: None }).into()
    }

    #[test]
    fn a_family_of_many_gets_more_panels() {
        let rows: Vec<Row> =
            (0..40).map(|i| row(&format!("shm-{i}/spin"), 64, 1.0, None)).collect();
        let rows: Vec<&Row> = rows.iter().collect();
        let (_, panels) = in_panels(&rows, vec![flat(5.0); 40], &TIME, true);
        assert_eq!(panels.iter().map(|p| p.front.len()).collect::<Vec<_>>(), [14, 14, 12]);
        assert_eq!(panels[0].title, "shm (1 of 3)");
    }

    #[test]
    fn the_best_of_each_family_are_in_front_of_all() {
        let rows = ["pipe/block", "pipe/spin", "mq/block"].map(|n| row(n, 64, 1.0, None));
        let rows: Vec<&Row> = rows.iter().collect();
        let curves = vec![flat(90.0), flat(5.0), flat(80.0)];
        let (_, panels) = in_panels(&rows, curves.clone(), &TIME, true);
        assert_eq!(panels[0].front, [1, 2]);
        let rate = Scale { quantity: Quantity::ByteRate, more_is_better: true, ..TIME };
        assert_eq!(in_panels(&rows, curves, &rate, true).1[0].front, [0, 2]);
    }

    #[test]
    fn a_line_that_ends_early_does_not_win_by_it() {
        let rows = ["shm-a/spin", "shm-b/spin", "pipe/block"].map(|n| row(n, 64, 1.0, None));
        let rows: Vec<&Row> = rows.iter().collect();
        let at = |points: &[(f64, f64)]| -> Vec<Point> {
            points.iter().map(|(x, y)| Point { x: *x, y: *y, interval: None }).collect()
        };
        // The first is worse wherever both are, and lacks the slow end.
        let short = at(&[(64.0, 12.0), (1024.0, 13.0)]);
        let long = at(&[(64.0, 10.0), (1024.0, 11.0), (65_536.0, 900.0)]);
        let pipe = at(&[(64.0, 90.0)]);
        let front = |curves| in_panels(&rows, curves, &TIME, true).1[0].front.clone();
        assert_eq!(front(vec![short.clone(), long.clone(), pipe.clone()]), [1, 2]);
        // A member without any point takes no place from the others.
        assert_eq!(front(vec![Vec::new(), long.clone(), pipe.clone()]), [1, 2]);
        // Nothing in common: the longer line.
        let apart = at(&[(2.0, 1.0)]);
        assert_eq!(front(vec![apart, long, pipe]), [1, 2]);
    }

    #[test]
    fn whiskers_have_room_in_their_panel() {
        let rows = ["pipe/block", "mq/block"].map(|n| row(n, 64, 1.0, None));
        let rows: Vec<&Row> = rows.iter().collect();
        let mut wide = flat(100.0);
        wide[0].interval = Some((3.0, 4_000.0));
        let (_, panels) = in_panels(&rows, vec![wide, flat(90.0)], &TIME, true);
        for panel in panels.iter().filter(|p| p.front.contains(&0)) {
            for end in [3.0, 4_000.0] {
                assert!((0.0..=1.0).contains(&panel.y.place(end)), "{}: {end}", panel.title);
            }
        }
        assert_eq!(panels[1].title, "pipe");
    }

    #[test]
    fn a_family_without_points_has_no_panel() {
        let rows = [row("pipe/block", 64, 1.0, None)];
        let rows: Vec<&Row> = rows.iter().collect();
        assert_eq!(in_panels(&rows, vec![Vec::new()], &TIME, true).1, []);
    }

    #[test]
    fn mechanisms_of_a_family_have_markers_of_their_own() {
        let rows = ["unix-a/block", "unix-a/spin", "unix-b/block"].map(|n| row(n, 64, 1.0, None));
        let rows: Vec<&Row> = rows.iter().collect();
        assert_eq!([0, 1, 2].map(|i| shape(&rows, i)), [0, 0, 1]);
    }
}
