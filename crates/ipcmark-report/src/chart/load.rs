//! Latency against load: the median and p99 of an open loop over the rate, with a line a transport, and the knee that a
//! search found.
//!
//! Two panels share the rates, one for the median and one for p99: at the knee the second rises and the first does not.

use super::axis::Axis;
use super::lines::{Line, LineChart, PANEL_LINES, Panel, Point};
use super::parts::{members, stem};
use super::{Body, Chart, Kind};
use crate::palette;
use ipcmark_record::{CellKey, Knee, Parameter};
use ipcmark_show::Quantity;
use ipcmark_summary::{Figure, Row};
use ipcmark_view::{Ranking, Setting};

/// Fewest rates that show a bend.
const LEAST: usize = 3;
/// The panels: name, quantile, and true if the knee is searched on it.
const QUANTILES: [(&str, f64, bool); 2] = [("median", 0.5, false), ("p99", 0.99, true)];

/// The curves of one transport.
struct Curves<'a> {
    row: &'a Row,
    /// One for each of [`QUANTILES`].
    points: [Vec<Point>; 2],
}

/// Returns a chart for each setting in which a transport has three rates or more.
pub(super) fn against_load(rankings: &[Ranking], knees: &[Knee]) -> Vec<Chart> {
    let mut settings: Vec<Setting> = Vec::new();
    for setting in rankings.iter().filter_map(|r| without_rate(&r.setting)) {
        if !settings.contains(&setting) {
            settings.push(setting);
        }
    }
    settings.iter().filter_map(|setting| chart(rankings, setting, knees)).collect()
}

/// Returns true if a chart against load shows these rankings: one of their medians alone is not needed then.
pub(super) fn has_chart(sweep: &[&Ranking]) -> bool {
    sweep.first().is_some_and(|r| r.setting.workload.arrivals().is_some())
        && curves(sweep).next().is_some()
}

/// Returns the setting without its rate; `None` if the workload is not paced.
fn without_rate(setting: &Setting) -> Option<Setting> {
    setting.workload.value(Parameter::Rate)?;
    let key = CellKey { workload: setting.workload.with_value(0), ..setting.key.clone() };
    Some(Setting { key, ..setting.clone() })
}

fn chart(rankings: &[Ranking], setting: &Setting, knees: &[Knee]) -> Option<Chart> {
    let here: Vec<&Ranking> =
        rankings.iter().filter(|r| without_rate(&r.setting).as_ref() == Some(setting)).collect();
    let curves: Vec<Curves<'_>> = curves(&here).collect();
    let drawn = || curves.iter().flat_map(|c| &c.points[0]);
    let rates = drawn().map(|p| p.x as u64);
    let x =
        Axis::values("messages sent a second", rates, |v| Quantity::MessageRate.tick(v as f64))?;
    let knees: Vec<&Knee> = knees.iter().filter(|knee| is_of(knee, setting)).collect();
    let bound_ns = knees.first().map(|knee| knee.bound_ns);
    let mut lines = Vec::new();
    let mut panels = Vec::new();
    for (at, (title, _, is_bound)) in QUANTILES.into_iter().enumerate() {
        let first = lines.len();
        lines.extend(curves.iter().enumerate().map(|(shape, c)| Line {
            name: c.row.key.transport.clone(),
            colour: palette::of_wait(c.row.wait, c.row.floor),
            marker: Some(shape),
            points: c.points[at].clone(),
        }));
        let of_bound = bound_ns.filter(|_| is_bound);
        let values = lines[first..].iter().flat_map(|l| &l.points).map(|p| p.y).chain(of_bound);
        let y = Axis::log(title, Quantity::Time, values);
        let mut marks = Vec::new();
        if let Some(bound) = of_bound {
            let ends = drawn().map(|p| p.x);
            let (low, high) =
                ends.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
            marks.push(lines.len());
            lines.push(mark("bound", vec![(low, bound), (high, bound)]));
            for (knee, c) in knees.iter().flat_map(|k| curves.iter().map(move |c| (k, c))) {
                let rate = knee.rate_per_s.filter(|_| knee.of.transport == c.row.key.transport);
                let point = rate.and_then(|rate| {
                    c.points[at].iter().find(|p| p.x == f64::from(rate) && p.y.is_finite())
                });
                // Down to the rates: the part below the axis is not drawn.
                lines.extend(point.map(|p| mark("knee", vec![(p.x, p.y), (p.x, p.y * 1e-6)])));
            }
        }
        let behind: Vec<usize> = (first + curves.len()..lines.len()).collect();
        let all: Vec<usize> = (first..first + curves.len()).collect();
        let parts = all.len().div_ceil(PANEL_LINES);
        for (number, some) in all.chunks(all.len().div_ceil(parts.max(1)).max(1)).enumerate() {
            let part =
                if parts > 1 { format!(" ({} of {parts})", number + 1) } else { String::new() };
            let front: Vec<usize> = some.iter().copied().chain(marks.iter().copied()).collect();
            let behind = behind.iter().copied().filter(|i| !marks.contains(i)).collect();
            panels.extend(y.clone().map(|y| Panel {
                title: format!("{title}{part}"),
                front,
                behind,
                y,
            }));
        }
    }
    let of = here.first()?.setting.time_of();
    let found = match bound_ns {
        Some(_) => {
            " The level line is the bound of the search for the knee; a grey line marks each knee."
        }
        None => "",
    };
    Some(Chart {
        stem: stem("against-load", setting, true),
        kind: Kind::ByLoad,
        title: format!("{} against load: paced, {}", ipcmark_show::capital(&of), setting.place()),
        note: format!(
            "Whiskers: interval over invocations. Colour: how it waits. p99 only where it has enough values.{found}"
        ),
        body: Body::Lines(LineChart { x, lines, limit: Vec::new(), panels }),
    })
}

/// Returns the transports with enough points for a curve.
fn curves<'a>(sweep: &[&'a Ranking<'a>]) -> impl Iterator<Item = Curves<'a>> {
    let mut all: Vec<Curves<'a>> = Vec::new();
    let mut sweep: Vec<&'a Ranking<'a>> = sweep.to_vec();
    sweep.sort_by_key(|r| r.setting.workload.value(Parameter::Rate));
    for ranking in sweep {
        let rate = f64::from(ranking.setting.workload.value(Parameter::Rate).unwrap_or_default());
        for entry in members(ranking) {
            let at = |q| point(entry.figure, q, rate);
            let name = &entry.row.key.transport;
            let place = match all.iter().position(|c| c.row.key.transport == *name) {
                Some(place) => place,
                None => {
                    all.push(Curves { row: entry.row, points: [Vec::new(), Vec::new()] });
                    all.len() - 1
                }
            };
            for (points, (_, q, _)) in all[place].points.iter_mut().zip(QUANTILES) {
                points.push(at(q));
            }
        }
        // A transport without a row at this rate has a gap there.
        for points in all.iter_mut().flat_map(|c| &mut c.points) {
            if points.last().is_some_and(|p| p.x != rate) {
                points.push(Point { x: rate, y: f64::NAN, interval: None });
            }
        }
    }
    let measured = |c: &Curves<'_>| c.points[0].iter().filter(|p| p.y.is_finite()).count();
    all.into_iter().filter(move |c| measured(c) >= LEAST)
}

/// Returns the point of a rate; one without a value, which leaves a gap, if there are too few values or the
/// rate was not reached.
fn point(figure: &Figure, quantile: f64, rate: f64) -> Point {
    let percentile = figure.percentile(quantile).filter(|p| p.enough);
    let (y, interval) = percentile.map_or((f64::NAN, None), |p| (p.ns.value, p.ns.interval));
    Point { x: rate, y, interval }
}

/// Makes a line that does not belong to a transport.
fn mark(name: &str, ends: Vec<(f64, f64)>) -> Line {
    let points = ends.into_iter().map(|(x, y)| Point { x, y, interval: None });
    Line { name: name.into(), colour: palette::ASIDE, marker: None, points: points.collect() }
}

/// Returns true if the knee was searched in this setting.
fn is_of(knee: &Knee, setting: &Setting) -> bool {
    knee.of.setting() == setting.key
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{CellKey, Placement, Workload};
    use ipcmark_view::rankings;
    use ipcmark_view::testing::{row, summary};

    fn paced(name: &str, rate: u32, ns: f64) -> Row {
        let mut row = row(name, 1024, ns, Some((ns * 0.9, ns * 1.1)));
        row.key.workload = Workload::PACED.with_value(rate);
        row.time_of = "one-way from intended start".into();
        row
    }

    fn drawn(rates: &[u32], knees: &[Knee]) -> Vec<Chart> {
        let rows = rates.iter().flat_map(|&rate| {
            ["pipe/block", "shm-ring/spin"].map(|name| paced(name, rate, 1e4 + f64::from(rate)))
        });
        let summary = summary(rows.collect());
        against_load(&rankings(&summary), knees)
    }

    #[test]
    fn three_rates_make_a_chart_and_two_do_not() {
        assert!(drawn(&[1_000, 4_000], &[]).is_empty());
        let charts = drawn(&[16_000, 1_000, 4_000], &[]);
        assert_eq!(charts.len(), 1);
        assert_eq!(
            charts[0].title,
            "One-way from intended start against load: paced, 1 KiB, cross-core"
        );
        let Body::Lines(lines) = &charts[0].body else { panic!("lines") };
        let panels: Vec<_> =
            lines.panels.iter().map(|p| (p.title.as_str(), p.front.len())).collect();
        assert_eq!(panels, [("median", 2), ("p99", 2)]);
        let at: Vec<f64> = lines.lines[0].points.iter().map(|p| p.x).collect();
        assert_eq!(at, [1_000.0, 4_000.0, 16_000.0], "in the order of rates");
        assert!(charts[0].svg().unwrap().contains("shm-ring/spin"));
    }

    #[test]
    fn a_knee_and_its_bound_are_drawn_where_it_was_searched() {
        let knee = |transport: &str, placement| Knee {
            of: CellKey::new(transport, Workload::PACED.with_value(0), 1024, placement),
            bound_ns: 5e4,
            rate_per_s: Some(4_000),
            above_per_s: Some(16_000),
            found: String::new(),
        };
        let count = |knees: &[Knee]| {
            let charts = drawn(&[1_000, 4_000, 16_000], knees);
            let Body::Lines(lines) = &charts[0].body else { panic!("lines") };
            let named = |name: &str| lines.lines.iter().filter(|l| l.name == name).count();
            (named("bound"), named("knee"), lines.panels[1].front.len())
        };
        assert_eq!(count(&[knee("pipe/block", Placement::CrossCore)]), (1, 1, 3));
        assert_eq!(count(&[knee("tcp/block", Placement::CrossCore)]), (1, 0, 3));
        assert_eq!(count(&[knee("pipe/block", Placement::SameCore)]), (0, 0, 2));
    }
}
