//! Which charts a record calls for, and what stands in them.

use super::axis::Axis;
use super::bars::{Bar, BarChart};
use super::lines::{LineChart, Point};
use super::panels::{Scale, in_panels};
use super::{Body, Chart, Kind};
use crate::Result;
use crate::palette;
use crate::ranking::{Entry, Ranking, Setting};
use crate::units::{self, Quantity};
use ipcmark_record::Record;
use ipcmark_summary::{Estimate, Figure, Row, pooled};
use std::collections::BTreeSet;

/// What stands before the capacity in a name.
const CAPACITY: &str = "-capacity-";
/// Values that must lie beyond a percentile before it is drawn.
const BEYOND: f64 = 100.0;

/// All charts of a record, in the order of the report.
pub(crate) fn charts(record: &Record, rankings: &[Ranking]) -> Result<Vec<Chart>> {
    let mut charts: Vec<Chart> = rankings.iter().filter_map(ranking).collect();
    for r in rankings.iter().filter(|r| !r.setting.is_rate()) {
        charts.extend(percentiles(record, r)?);
    }
    let mut swept: Vec<Setting> = Vec::new();
    for setting in rankings.iter().map(|r| &r.setting) {
        if swept.iter().any(|s| same_sweep(s, setting)) {
            continue;
        }
        swept.push(setting.clone());
        let sweep: Vec<&Ranking> =
            rankings.iter().filter(|r| same_sweep(&r.setting, setting)).collect();
        charts.extend(if setting.is_rate() {
            by_size(&sweep, Kind::ThroughputBySize, "throughput", Quantity::ByteRate, |_, f| {
                Some(f.bytes_per_s)
            })
        } else {
            by_size(&sweep, Kind::LatencyBySize, "median round trip", Quantity::Time, |s, f| {
                s.headline(f)
            })
        });
    }
    if swept.windows(2).all(|w| w[0].capacity_bytes == w[1].capacity_bytes) {
        // One capacity for all need not stand in every name.
        for chart in &mut charts {
            if let Some(at) = chart.stem.find(CAPACITY) {
                chart.stem.truncate(at);
            }
        }
    }
    name_apart(&mut charts);
    Ok(charts)
}

/// What colours mean, for the page.
pub(crate) fn legend(rankings: &[Ranking]) -> Vec<(String, palette::Colour)> {
    let mut waits: Vec<(String, palette::Colour)> = Vec::new();
    for row in rankings.iter().flat_map(members).map(|e| e.row) {
        let word = if row.floor { "floor (one process)" } else { &row.wait };
        if !waits.iter().any(|(wait, _)| wait == word) {
            waits.push((word.into(), palette::of_wait(&row.wait, row.floor)));
        }
    }
    waits
}

fn same_sweep(a: &Setting, b: &Setting) -> bool {
    (&a.pattern, &a.placement, a.capacity_bytes) == (&b.pattern, &b.placement, b.capacity_bytes)
}

/// Mechanisms first, then floors.
fn members<'a>(ranking: &'a Ranking<'a>) -> impl Iterator<Item = &'a Entry<'a>> {
    ranking.entries.iter().chain(&ranking.floors)
}

fn ranking(ranking: &Ranking) -> Option<Chart> {
    let setting = &ranking.setting;
    let quantity = setting.quantity();
    let ends = ranking.entries.iter().flat_map(|e| {
        let (low, high) = e.value.interval.unwrap_or((e.value.value, e.value.value));
        [low, e.value.value, high]
    });
    let (measure, better, head) = if setting.is_rate() {
        ("messages a second", "more is better", "messages/s")
    } else {
        ("round trip, median", "less is better", "round trip p50")
    };
    let axis = Axis::log(&format!("{measure} (log scale; {better})"), quantity, ends)?;
    let bars = ranking
        .entries
        .iter()
        .map(|entry| Bar {
            name: entry.row.key.transport.clone(),
            colour: palette::of_wait(&entry.row.wait, entry.row.floor),
            value: entry.value.value,
            interval: entry.value.interval,
            hollow: entry.judged().interval.is_none(),
            figure: format!(
                "{}{}",
                if entry.enough { "" } else { units::FEW },
                quantity.estimate(&entry.value)
            ),
            cpu: Quantity::Time.show(entry.figure.cpu_ns_per_message.value),
        })
        .collect();
    let title = ranking_title(setting);
    let note = format!(
        "Dot: median over invocations; whisker: its interval, at least 95 %; hollow dot: no interval (fewer than 6), or too few samples. {}",
        waits_note(ranking.entries.iter())
    );
    let body = Body::Bars(BarChart {
        title: title.clone(),
        note,
        axis,
        heads: [head.into(), "CPU time a message".into()],
        bars,
    });
    Some(Chart { stem: stem("ranking", setting, true), kind: Kind::Ranking, title, body })
}

/// The title of a ranking, which is also how the page finds its chart.
pub(crate) fn ranking_title(setting: &Setting) -> String {
    format!("Ranking: {}, {}", setting.pattern, setting.place())
}

/// `Colour: block blue` cannot be said in words; the names do it. Kept short for the picture's second line.
fn waits_note<'a>(entries: impl Iterator<Item = &'a Entry<'a>>) -> String {
    let waits: BTreeSet<&str> = entries.map(|e| e.row.wait.as_str()).collect();
    if waits.len() > 1 { "Colour: how it waits.".into() } else { String::new() }
}

/// Quantiles of the curve: the median, then equal steps on the nines axis, four to a nine.
fn quantiles() -> Vec<f64> {
    let steps = (2..=28).map(|i| f64::from(i) * 0.25);
    std::iter::once(0.5).chain(steps.map(|nines| 1.0 - 10f64.powf(-nines))).collect()
}

fn percentiles(record: &Record, ranking: &Ranking) -> Result<Option<Chart>> {
    let mut rows = Vec::new();
    let mut curves = Vec::new();
    for entry in members(ranking) {
        let Some(cell) = record.cell(&entry.row.key) else { continue };
        let Some(pooled) = pooled(cell)? else { continue };
        let values = pooled.histogram.len() as f64;
        let points: Vec<Point> = quantiles()
            .into_iter()
            .filter(|q| values * (1.0 - q) >= BEYOND || *q <= 0.5)
            .map(|q| Point { x: q, y: pooled.ns_at_quantile(q), interval: None })
            .collect();
        rows.push(entry.row);
        curves.push(points);
    }
    // Floors turn so fast that their curves reach further than any mechanism's; they may leave the chart.
    let mechanisms = rows.iter().zip(&curves).filter(|(row, _)| !row.floor);
    let highest = mechanisms.flat_map(|(_, c)| c).map(|p| p.x).fold(0.9, f64::max);
    let title = format!("Round trips by percentile: {}", ranking.setting.place());
    let scale = Scale { title: "round trip", quantity: Quantity::Time, more_is_better: false };
    let (lines, panels) = in_panels(&rows, curves, &scale, false);
    if panels.is_empty() {
        return Ok(None);
    }
    let body = Body::Lines(LineChart {
        title: title.clone(),
        note: "All values of a cell; a line ends where fewer than 100 values lie beyond. Colour: how it waits. Grey: all \
               others. Each panel has its own vertical scale."
            .into(),
        x: Axis::nines("percentile of round trips", highest),
        lines,
        panels,
    });
    let stem = stem("percentiles", &ranking.setting, true);
    Ok(Some(Chart { stem, kind: Kind::Percentiles, title, body }))
}

/// A figure against message size; none when there is but one size.
fn by_size(
    sweep: &[&Ranking],
    kind: Kind,
    measure: &str,
    quantity: Quantity,
    value: impl Fn(&Setting, &Figure) -> Option<Estimate>,
) -> Option<Chart> {
    let first = sweep.first()?;
    if sweep.len() < 2 {
        return None;
    }
    let mut rows: Vec<&Row> = Vec::new();
    for row in sweep.iter().flat_map(|r| members(r)).map(|e| e.row) {
        if !rows.iter().any(|r| r.key.transport == row.key.transport) {
            rows.push(row);
        }
    }
    let curve = |row: &&Row| -> Vec<Point> {
        sweep
            .iter()
            .filter_map(|r| {
                let entry = members(r).find(|e| e.row.key.transport == row.key.transport)?;
                let estimate = value(&r.setting, entry.figure)?;
                let x = r.setting.size_bytes as f64;
                Some(Point { x, y: estimate.value, interval: estimate.interval })
            })
            .collect()
    };
    let curves: Vec<Vec<Point>> = rows.iter().map(curve).collect();
    let x = Axis::sizes("message size", sweep.iter().map(|r| r.setting.size_bytes))?;
    let setting = &first.setting;
    let capacity = setting.capacity_bytes.map(|c| format!(", capacity {} asked", units::size(c)));
    let place = format!("{}{}", setting.placement, capacity.unwrap_or_default());
    let what = if kind == Kind::ThroughputBySize { "Throughput" } else { "Median round trip" };
    let title = format!("{what} by message size: {place}");
    let more_is_better = kind == Kind::ThroughputBySize;
    let scale = Scale { title: measure, quantity, more_is_better };
    let (lines, panels) = in_panels(&rows, curves, &scale, true);
    if panels.is_empty() {
        return None;
    }
    let body = Body::Lines(LineChart {
        title: title.clone(),
        note: "Whiskers: interval over invocations, at least 95 %. Colour: how it waits; marker: mechanism. Grey: all others. \
               Each panel has its own vertical scale."
            .into(),
        x,
        lines,
        panels,
    });
    let head =
        if kind == Kind::ThroughputBySize { "throughput-by-size" } else { "latency-by-size" };
    Some(Chart { stem: stem(head, setting, false), kind, title, body })
}

/// A file name from words that may be anything: `ranking-ping-pong-64B-cross-core`.
fn stem(head: &str, setting: &Setting, with_size: bool) -> String {
    let mut words = vec![head.to_string()];
    if head == "ranking" {
        words.push(plain(&setting.pattern));
    }
    if with_size {
        words.push(plain(&units::size(setting.size_bytes).replace([' ', ','], "")));
    }
    words.push(plain(&setting.placement));
    words.extend(
        setting
            .capacity_bytes
            .map(|c| format!("capacity-{}", plain(&units::size(c).replace([' ', ','], "")))),
    );
    words.join("-")
}

/// Letters, digits and `-`, 40 at most: no word of a record can name a folder.
fn plain(word: &str) -> String {
    word.chars().take(40).map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Two charts whose names came out alike get a number.
fn name_apart(charts: &mut [Chart]) {
    let mut taken = BTreeSet::new();
    for chart in charts {
        let stem = chart.stem.clone();
        let mut n = 2;
        while !taken.insert(chart.stem.clone()) {
            chart.stem = format!("{stem}-{n}");
            n += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::rankings;
    use crate::testing::{row, summary};

    #[test]
    fn a_hostile_placement_names_no_folder_and_no_two_charts_share_a_name() {
        let mut rows = vec![row("a/block", 64, 1.0, None), row("a/block", 64, 1.0, None)];
        rows[0].key.placement = "../../etc".into();
        rows[1].key.placement = "..\\..\\etc".into();
        let summary = summary(rows);
        let mut charts: Vec<Chart> = rankings(&summary).iter().filter_map(ranking).collect();
        name_apart(&mut charts);
        let stems: Vec<&str> = charts.iter().map(|c| c.stem.as_str()).collect();
        assert_eq!(stems, ["ranking-ping-pong-64B-------etc", "ranking-ping-pong-64B-------etc-2"]);
    }

    #[test]
    fn a_size_sweep_needs_two_sizes_and_each_family_its_panel() {
        let rows = [64, 1024].into_iter().flat_map(|size| {
            ["pipe/block", "unix-stream/block", "unix-dgram/epoll"]
                .map(|n| row(n, size, 10.0, Some((9.0, 11.0))))
        });
        let summary = summary(rows.collect());
        let rankings = rankings(&summary);
        let sweep: Vec<&Ranking> = rankings.iter().collect();
        let value = |s: &Setting, f: &Figure| s.headline(f);
        let chart = by_size(&sweep, Kind::LatencyBySize, "t", Quantity::Time, value).unwrap();
        let Body::Lines(lines) = &chart.body else { panic!("a size chart has lines") };
        let titles: Vec<&str> = lines.panels.iter().map(|p| p.title.as_str()).collect();
        assert_eq!(titles, ["all: the best of each family", "pipe", "unix"]);
        assert_eq!(lines.lines.iter().map(|l| l.points.len()).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!(by_size(&sweep[..1], Kind::LatencyBySize, "t", Quantity::Time, value), None);
    }

    #[test]
    fn the_percentiles_that_people_name_are_on_the_curve() {
        assert!(quantiles().is_sorted());
        for named in [0.5, 0.9, 0.99, 0.999, 0.9999] {
            assert!(quantiles().iter().any(|q| (q - named).abs() < 1e-9), "{named}");
        }
    }
}
