//! What grows with the number of peers and what does not: the figures of peers at a set rate over their number, with a
//! line a transport.
//!
//! Six panels share the numbers: medians and 99th percentiles, of all messages and of the worst peer, the CPUs used, and
//! the memory of the links.

use super::axis::Axis;
use super::lines::{Line, LineChart, PANEL_LINES, Panel, Point};
use super::parts::{members, stem};
use super::{Body, Chart, Kind};
use crate::palette;
use ipcmark_record::{CellKey, Parameter};
use ipcmark_show::{Quantity, count, plain};
use ipcmark_summary::{Estimate, Figure, Row};
use ipcmark_view::{Ranking, Setting};
use std::collections::BTreeSet;

/// Fewest numbers of peers that make a chart, and fewest of one transport that make a line.
const LEAST: (usize, usize) = (3, 2);

/// One panel: its title, and its figure of a row.
struct Shown {
    title: &'static str,
    is_time: bool,
    of: fn(&Row) -> Option<Estimate>,
}

const PANELS: [Shown; 6] = [
    Shown { title: "p50 of all", is_time: true, of: |row| quantile(row, 0.5) },
    Shown {
        title: "p50 of the worst peer",
        is_time: true,
        of: |row| row.figure.as_ref()?.worst_peer.map(|w| w.p50_ns),
    },
    Shown { title: "p99 of all", is_time: true, of: |row| quantile(row, 0.99) },
    Shown {
        title: "p99 of the worst peer",
        is_time: true,
        of: |row| row.figure.as_ref()?.worst_peer.filter(|w| w.enough).map(|w| w.p99_ns),
    },
    Shown {
        title: "CPUs used",
        is_time: false,
        of: |row| row.figure.as_ref().map(Figure::cpus_used),
    },
    Shown {
        title: "memory mapped",
        is_time: false,
        of: |row| {
            let mapped = row.cost.as_ref()?.mapped_bytes.filter(|bytes| *bytes > 0)?;
            Some(Estimate { value: mapped as f64, interval: None, confidence: None })
        },
    },
];
/// The panel whose values are bytes.
const MEMORY: usize = 5;

fn quantile(row: &Row, q: f64) -> Option<Estimate> {
    row.figure.as_ref()?.percentile(q).filter(|p| p.enough).map(|p| p.ns)
}

/// Returns a chart for each setting that was measured with three numbers of peers or more.
pub(super) fn against_peers(rankings: &[Ranking]) -> Vec<Chart> {
    let mut settings: Vec<Setting> = Vec::new();
    for setting in rankings.iter().filter_map(|r| without_peers(&r.setting)) {
        if !settings.contains(&setting) {
            settings.push(setting);
        }
    }
    let of = |setting: &Setting| {
        let here = rankings.iter().filter(|r| without_peers(&r.setting).as_ref() == Some(setting));
        chart(&here.collect::<Vec<_>>(), setting)
    };
    settings.iter().filter_map(of).collect()
}

/// Returns true if a chart against peers shows these rankings: one of their medians alone is not needed then.
pub(super) fn has_chart(sweep: &[&Ranking]) -> bool {
    sweep.iter().any(|r| without_peers(&r.setting).is_some()) && !rows(sweep).is_empty()
}

/// Returns the setting without its peers; `None` if the workload has none, or no rate.
fn without_peers(setting: &Setting) -> Option<Setting> {
    setting.workload.value(Parameter::Rate)?;
    setting.workload.value(Parameter::Peers)?;
    let workload = setting.workload.with(Parameter::Peers, 0);
    let key = CellKey { workload, ..setting.key.clone() };
    Some(Setting { key, ..setting.clone() })
}

fn peers(row: &Row) -> u64 {
    row.key.workload.peers() as u64
}

/// Returns the rows of each transport that has enough for a line, by their peers; none if that is no chart.
fn rows<'a>(sweep: &[&'a Ranking<'a>]) -> Vec<Vec<&'a Row>> {
    let mut all: Vec<Vec<&'a Row>> = Vec::new();
    let drawn = sweep.iter().flat_map(|r| members(r)).filter(|entry| entry.is_drawn());
    for row in drawn.map(|entry| entry.row) {
        match all.iter_mut().find(|of| of[0].key.transport == row.key.transport) {
            Some(of) => of.push(row),
            None => all.push(vec![row]),
        }
    }
    all.retain(|of| of.len() >= LEAST.1);
    let numbers: BTreeSet<u64> = all.iter().flatten().map(|row| peers(row)).collect();
    if numbers.len() < LEAST.0 {
        return Vec::new();
    }
    all.iter_mut().for_each(|of| of.sort_by_key(|row| peers(row)));
    all
}

fn chart(sweep: &[&Ranking], setting: &Setting) -> Option<Chart> {
    let rows = rows(sweep);
    let numbers = rows.iter().flatten().map(|row| peers(row));
    let x = Axis::values("number of peers", numbers, count)?;
    let (mut lines, mut panels) = (Vec::new(), Vec::new());
    for (at, shown) in PANELS.iter().enumerate() {
        let first = lines.len();
        lines.extend(rows.iter().enumerate().map(|(marker, of)| Line {
            name: of[0].key.transport.clone(),
            colour: palette::of_wait(of[0].wait, of[0].floor),
            marker: Some(marker),
            points: of.iter().map(|row| point(row, shown)).collect(),
        }));
        let values = lines[first..].iter().flat_map(|line| &line.points).map(|p| p.y);
        let y = if shown.is_time {
            Axis::log(shown.title, Quantity::Time, values)
        } else {
            let high = values.filter(|y| y.is_finite()).fold(0.0, f64::max);
            let label =
                |v: f64| if at == MEMORY { format!("{} MB", plain(v / 1e6)) } else { plain(v) };
            (high > 0.0).then(|| Axis::from_zero(shown.title, high, label))
        };
        let all: Vec<usize> = (first..lines.len()).collect();
        let parts = all.len().div_ceil(PANEL_LINES).max(1);
        for (number, front) in all.chunks(all.len().div_ceil(parts).max(1)).enumerate() {
            let part = format!(" ({} of {parts})", number + 1);
            let title = format!("{}{}", shown.title, if parts > 1 { &part } else { "" });
            let (front, behind) = (front.to_vec(), Vec::new());
            panels.extend(y.clone().map(|y| Panel { title, front, behind, y }));
        }
    }
    let of = ipcmark_show::capital(&setting.time_of());
    Some(Chart {
        stem: stem("against-peers", setting, true),
        kind: Kind::ByLoad,
        title: format!("{of} and cost by number of peers: {}, {}", setting.workload, setting.place()),
        note: "What grows with the peers, and what does not. Whiskers: interval over invocations. Colour: how it waits. \
               99th percentiles only where they have enough values."
            .into(),
        body: Body::Lines(LineChart { x, lines, limit: Vec::new(), panels }),
    })
}

/// Returns the point of a row; one without a value leaves a gap.
fn point(row: &Row, shown: &Shown) -> Point {
    let of = (shown.of)(row);
    let (y, interval) = of.map_or((f64::NAN, None), |of| (of.value, of.interval));
    Point { x: peers(row) as f64, y, interval }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::Workload;
    use ipcmark_view::rankings;
    use ipcmark_view::testing::{row, summary};

    fn of(name: &str, peers: u32) -> Row {
        let ns = 1e4 * f64::from(peers);
        let mut row = row(name, 1024, ns, Some((ns * 0.9, ns * 1.1)));
        row.key.workload = Workload::PACED_BROADCAST.with(Parameter::Peers, peers);
        row.time_of = row.key.workload.time_of();
        row
    }

    #[test]
    fn three_numbers_of_peers_make_one_chart_of_all_figures_and_two_do_not() {
        let drawn = |numbers: &[u32]| {
            let names = ["pipe/block", "shm-broadcast/futex"];
            let rows = numbers.iter().flat_map(|n| names.map(|name| of(name, *n)));
            let summary = summary(rows.collect());
            against_peers(&rankings(&summary))
        };
        assert!(drawn(&[1, 8]).is_empty());
        let charts = drawn(&[8, 32, 1]);
        assert_eq!(charts.len(), 1);
        let title = "One-way from intended start and cost by number of peers: paced-broadcast, 1 KiB, cross-core";
        assert!(charts[0].title.starts_with(title), "{}", charts[0].title);
        let Body::Lines(lines) = &charts[0].body else { panic!("lines") };
        assert_eq!(
            (lines.panels[0].title.as_str(), lines.panels[0].front.len()),
            ("p50 of all", 2)
        );
        assert!(lines.panels.iter().any(|panel| panel.title == "CPUs used"));
        let at: Vec<f64> = lines.lines[0].points.iter().map(|p| p.x).collect();
        assert_eq!(at, [1.0, 8.0, 32.0]);
    }
}
