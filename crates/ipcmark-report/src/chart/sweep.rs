//! A figure against the parameter that varies: the message size, the rate, the depth, the number of peers.

use super::axis::Axis;
use super::crowd;
use super::lines::{LineChart, Point};
use super::load::has_chart;
use super::panels::{Scale, grey, in_panels};
use super::parts::{is_plain, members, stem};
use super::{Body, Chart, Kind};
use ipcmark_record::Parameter;
use ipcmark_show::{Quantity, bytes, count};
use ipcmark_summary::{Estimate, Figure, Headline, Row};
use ipcmark_view::{Ranking, Setting};

/// The parameter that varies; all others are constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Along {
    Size,
    Rate,
    Depth,
    Peers,
    Gap,
}

impl Along {
    const ALL: [Along; 5] = [Along::Size, Along::Rate, Along::Depth, Along::Peers, Along::Gap];

    fn name(self) -> &'static str {
        match self {
            Along::Size => "message size",
            Along::Rate => "messages sent a second",
            Along::Depth => "depth",
            Along::Peers => "number of peers",
            Along::Gap => "gap before each notification",
        }
    }

    /// Returns `size`, for file names.
    fn word(self) -> &'static str {
        match self {
            Along::Size => "size",
            Along::Rate => "rate",
            Along::Depth => "depth",
            Along::Peers => "peers",
            Along::Gap => "gap",
        }
    }

    fn parameter(self) -> Option<Parameter> {
        match self {
            Along::Size => None,
            Along::Rate => Some(Parameter::Rate),
            Along::Depth => Some(Parameter::Depth),
            Along::Peers => Some(Parameter::Peers),
            Along::Gap => Some(Parameter::Gap),
        }
    }

    /// Returns its value in a setting; `None` if the workload does not use it.
    fn at(self, setting: &Setting) -> Option<u64> {
        match self.parameter() {
            None => Some(setting.size_bytes),
            Some(parameter) => setting.workload.value(parameter).map(u64::from),
        }
    }

    /// Returns the setting without it: the part that all points of one chart share.
    fn without(self, setting: &Setting) -> Setting {
        let mut rest = setting.clone();
        match self.parameter() {
            None => rest.key.size_bytes = 0,
            Some(number) => rest.key.workload = rest.workload.with(number, 0),
        }
        rest
    }

    fn tick(self, value: u64) -> String {
        match self {
            Along::Size => bytes(value),
            Along::Rate => Quantity::MessageRate.tick(value as f64),
            Along::Depth | Along::Peers => count(value),
            Along::Gap => Quantity::Time.tick(value as f64 * 1e3),
        }
    }
}

/// Returns a chart for each parameter that varies, in the order of the rankings.
pub(super) fn sweeps(rankings: &[Ranking]) -> Vec<Chart> {
    let mut charts = Vec::new();
    for along in Along::ALL {
        let mut swept: Vec<Setting> = Vec::new();
        for setting in rankings.iter().map(|r| &r.setting).filter(|s| along.at(s).is_some()) {
            let rest = along.without(setting);
            if !swept.contains(&rest) {
                let same = |r: &&Ranking| {
                    along.at(&r.setting).is_some() && along.without(&r.setting) == rest
                };
                let sweep: Vec<&Ranking> = rankings.iter().filter(same).collect();
                charts.extend(chart(&sweep, along, &rest));
                swept.push(rest);
            }
        }
    }
    charts
}

/// Makes the chart of one parameter; `None` if it has only one value.
fn chart(sweep: &[&Ranking], along: Along, rest: &Setting) -> Option<Chart> {
    if sweep.len() < 2
        || (along == Along::Rate && has_chart(sweep))
        || (along == Along::Peers && crowd::has_chart(sweep))
    {
        return None;
    }
    let mut rows: Vec<&Row> = Vec::new();
    for row in sweep.iter().flat_map(|r| members(r)).map(|e| e.row) {
        if !rows.iter().any(|r| r.key.transport == row.key.transport) {
            rows.push(row);
        }
    }
    let headline = rest.headline();
    let by_bytes = headline == Headline::Rate && along == Along::Size;
    let value = |figure: &Figure| -> Option<Estimate> {
        if by_bytes { Some(figure.bytes_per_s) } else { figure.headline(headline) }
    };
    let curve = |row: &&Row| -> Vec<Point> {
        let point = |r: &&Ranking| {
            let x = along.at(&r.setting)? as f64;
            let entry = members(r).find(|e| e.row.key.transport == row.key.transport);
            // What was lost or not measured leaves a gap: no line goes on through it.
            let of = entry.filter(|e| e.is_drawn()).and_then(|e| value(e.figure));
            let (y, interval) = of.map_or((f64::NAN, None), |of| (of.value, of.interval));
            Some(Point { x, y, interval })
        };
        sweep.iter().filter_map(point).collect()
    };
    // A single point shows no course.
    let is_line = |points: &[Point]| points.iter().filter(|p| p.y.is_finite()).count() > 1;
    let curves = rows.iter().map(curve).collect::<Vec<_>>().into_iter();
    let (rows, curves): (Vec<&Row>, Vec<Vec<Point>>) =
        rows.iter().copied().zip(curves).filter(|(_, points)| is_line(points)).unzip();
    let values = sweep.iter().filter_map(|r| along.at(&r.setting));
    let x = Axis::values(along.name(), values, |v| along.tick(v))?;
    let (measure, quantity) = match headline {
        _ if by_bytes => ("throughput".to_string(), Quantity::ByteRate),
        Headline::Median => (format!("median {}", time(sweep, rest)), rest.quantity()),
        Headline::Rate => ("messages a second".into(), rest.quantity()),
        Headline::SpeedUp => ("speed-up over one process".into(), rest.quantity()),
        Headline::UsefulWork => ("other work".into(), rest.quantity()),
    };
    // The place has no size if that varies, or if there is none.
    let mut place = if along == Along::Size || rest.size_bytes == 0 {
        rest.circumstances()
    } else {
        rest.place()
    };
    if !is_plain(rest.workload) {
        place = format!("{}, {place}", rest.workload);
    }
    let limit = limit(sweep, along, by_bytes, headline);
    let scale = Scale {
        title: &measure,
        quantity,
        more_is_better: headline.more_is_better(),
        limit: &limit,
    };
    let (lines, panels) = in_panels(&rows, curves, &scale, true);
    if panels.is_empty() {
        return None;
    }
    let (kind, head) = match (along, headline) {
        (Along::Size, Headline::Rate) => (Kind::ThroughputBySize, "throughput-by-size".into()),
        (Along::Size, Headline::Median) => (Kind::LatencyBySize, "latency-by-size".into()),
        _ => (Kind::ByLoad, format!("by-{}", along.word())),
    };
    Some(Chart {
        stem: stem(&head, rest, along != Along::Size),
        kind,
        title: format!("{} by {}: {place}", ipcmark_show::capital(&measure), along.name()),
        note: format!(
            "Whiskers: where another run's median is expected (95 %). Colour: how it waits; marker: mechanism. {}{} \
             Each panel has its own vertical scale.",
            grey(rows.len()),
            if limit.is_empty() { "" } else { " Dashed: the least time that the machine allows." }
        ),
        body: Body::Lines(LineChart { x, lines, limit, panels }),
    })
}

/// Returns the limit at each point, which all its cells share. There is none for a share or a factor.
fn limit(sweep: &[&Ranking], along: Along, by_bytes: bool, headline: Headline) -> Vec<Point> {
    let point = |r: &&Ranking| {
        let ns = r.limit()?.limit_ns;
        let y = match headline {
            _ if by_bytes => r.setting.size_bytes as f64 * 1e9 / ns,
            Headline::Rate => 1e9 / ns,
            Headline::Median => ns,
            Headline::SpeedUp | Headline::UsefulWork => return None,
        };
        ns.is_finite().then_some(Point { x: along.at(&r.setting)? as f64, y, interval: None })
    };
    sweep.iter().filter_map(point).collect()
}

/// Returns the words for the time, if they are the same at every point.
fn time(sweep: &[&Ranking], rest: &Setting) -> String {
    let first = sweep[0].setting.time_of();
    if sweep.iter().all(|r| r.setting.time_of() == first) { first } else { rest.time_of() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_view::rankings;
    use ipcmark_view::testing::{row, summary};

    #[test]
    fn a_size_sweep_needs_two_sizes_and_each_family_its_panel() {
        let rows = [64, 1024].into_iter().flat_map(|size| {
            ["pipe/block", "unix-stream/block", "unix-dgram/epoll"]
                .map(|n| row(n, size, 10.0, Some((9.0, 11.0))))
        });
        let summary = summary(rows.collect());
        let rankings = rankings(&summary);
        let sweep: Vec<&Ranking> = rankings.iter().collect();
        let rest = Along::Size.without(&sweep[0].setting);
        let of = |sweep: &[&Ranking]| chart(sweep, Along::Size, &rest);
        let chart = of(&sweep).unwrap();
        assert_eq!(chart.title, "Median round trip by message size: cross-core");
        let Body::Lines(lines) = &chart.body else { panic!("a size chart has lines") };
        let titles: Vec<&str> = lines.panels.iter().map(|p| p.title.as_str()).collect();
        assert_eq!(titles, ["all: the best of each family", "pipe", "unix"]);
        assert_eq!(lines.lines.iter().map(|l| l.points.len()).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!(of(&sweep[..1]), None);
    }

    // B3, B1
    #[test]
    fn no_line_goes_where_nothing_was_measured() {
        let sizes = [64, 1024, 4096];
        let mut rows: Vec<Row> = sizes.map(|size| row("whole/block", size, 10.0, None)).into();
        rows.extend([64, 4096].map(|size| row("gap/block", size, 10.0, None)));
        rows.push(row("once/block", 64, 10.0, None));
        let mut lossy = sizes.map(|size| row("lossy/block", size, 10.0, None));
        lossy[2].integrity.lost = 7;
        rows.extend(lossy);
        let summary = summary(rows);
        let charts = sweeps(&rankings(&summary));
        let Body::Lines(chart) = &charts[0].body else { panic!("lines") };
        let points: Vec<(&str, Vec<bool>)> = chart
            .lines
            .iter()
            .map(|l| (l.name.as_str(), l.points.iter().map(|p| p.y.is_finite()).collect()))
            .collect();
        let expected = [
            ("whole/block", vec![true, true, true]),
            ("gap/block", vec![true, false, true]),
            ("lossy/block", vec![true, true, false]),
        ];
        assert_eq!(points, expected);
    }

    #[test]
    fn each_parameter_that_varies_has_its_own_chart() {
        let record = ipcmark_record::sample::every(1, 6);
        let summary = ipcmark_summary::summarize(&record).unwrap();
        let titles: Vec<String> =
            sweeps(&rankings(&summary)).into_iter().map(|c| c.title).collect();
        for title in [
            "Median one-way from intended start by messages sent a second: paced, 64 B, cross-core",
            "Median burst and an answer by depth: burst, 1 KiB, cross-core",
            "Messages a second by number of peers: fan-in, 64 B, cross-core",
            "Speed-up over one process by number of peers: scatter-gather, 64 KiB, cross-core, input sent",
            "Throughput by message size: duplex, cross-core, depth 8",
            "Median round trip by message size: cross-core",
        ] {
            assert!(titles.iter().any(|t| t == title), "no '{title}' in {titles:#?}");
        }
    }
}
