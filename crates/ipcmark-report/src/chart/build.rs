//! The charts of a record, and their names.

use super::axis::Axis;
use super::crowd::against_peers;
use super::distances::distances;
use super::lines::{LineChart, Point};
use super::load::against_load;
use super::panels::{Scale, grey, in_panels};
use super::parts::{colours, members, stem};
use super::ranking::ranking;
use super::sweep::sweeps;
use super::tradeoff::trade_offs;
use super::{Body, Chart, Kind};
use crate::Result;
use crate::palette;
use ipcmark_record::{Cell, CellKey, Headline, Record, Timed, Workload};
use ipcmark_show::Quantity;
use ipcmark_summary::{Context, Row, Summary};
use ipcmark_view::Ranking;
use std::collections::{BTreeSet, HashMap};

/// The words before the capacity in a name.
const CAPACITY: &str = "-capacity-";
/// Fewest values beyond a percentile that is drawn.
const BEYOND: f64 = 100.0;
/// Returns true if the whole distribution is drawn: elsewhere it shows the work or the depth.
const fn is_distributed(workload: Workload) -> bool {
    matches!(workload.timed(), Timed::RoundTrip | Timed::OneWay | Timed::PacedRoundTrip)
        && matches!(workload.headline(), Headline::Median)
}

/// The curve of each cell whose whole distribution is drawn.
pub(crate) type Curves = HashMap<CellKey, Vec<Point>>;

/// Returns the context of a record, and its curves.
pub(crate) fn curves(record: &Record) -> Result<(Context, Curves)> {
    let mut curves = Curves::new();
    let wanted = |cell: &Cell| is_distributed(cell.key.workload);
    let context = Context::pooling(record, wanted, |cell, pooled| {
        let values = pooled.histogram.len() as f64;
        let points = quantiles()
            .into_iter()
            .filter(|q| values * (1.0 - q) >= BEYOND)
            .map(|q| Point { x: q, y: pooled.ns_at_quantile(q), interval: None });
        curves.insert(cell.key.clone(), points.collect());
    })?;
    Ok((context, curves))
}

/// Returns all charts of a record, in the order of the report.
pub(crate) fn charts(
    record: &Record,
    curves: &Curves,
    summary: &Summary,
    rankings: &[Ranking],
) -> Vec<Chart> {
    let mut charts: Vec<Chart> = rankings.iter().filter_map(ranking).collect();
    let distributed = rankings.iter().filter(|r| is_distributed(r.setting.workload));
    charts.extend(distributed.filter_map(|r| percentiles(curves, r)));
    charts.extend(sweeps(rankings));
    charts.extend(against_peers(rankings));
    charts.extend(against_load(rankings, &record.knees));
    charts.extend(trade_offs(rankings));
    charts.extend(distances(record, &summary.classes));
    let capacities: BTreeSet<_> = rankings.iter().map(|r| r.setting.capacity_bytes).collect();
    if capacities.len() < 2 {
        // A name needs no capacity if all have the same.
        for chart in &mut charts {
            if let Some(at) = chart.stem.find(CAPACITY) {
                chart.stem.truncate(at);
            }
        }
    }
    name_apart(&mut charts);
    charts
}

/// Returns the meaning of colours, for the page: an entry a colour, with the waits that have it.
pub(crate) fn legend(rankings: &[Ranking]) -> Vec<(String, palette::Colour)> {
    colours(rankings.iter().flat_map(members))
}

/// Returns the quantiles of the curve: the median, then equal steps on the nines axis, four to a nine.
fn quantiles() -> Vec<f64> {
    let steps = (2..=28).map(|i| f64::from(i) * 0.25);
    std::iter::once(0.5).chain(steps.map(|nines| 1.0 - 10f64.powf(-nines))).collect()
}

fn percentiles(curves: &Curves, ranking: &Ranking) -> Option<Chart> {
    // A single point is no curve.
    let of = |row: &Row| curves.get(&row.key).filter(|points| points.len() > 1).cloned();
    let drawn = members(ranking).filter_map(|entry| Some((entry.row, of(entry.row)?)));
    let (rows, curves): (Vec<_>, Vec<_>) = drawn.unzip();
    // Floors turn so fast that their curves reach further than any mechanism's; they may leave the chart.
    let mechanisms = rows.iter().zip(&curves).filter(|(row, _)| !row.floor);
    let highest = mechanisms.flat_map(|(_, c)| c).map(|p| p.x).fold(0.9, f64::max);
    let setting = &ranking.setting;
    let of = setting.time_of();
    let what = if of == "round trip" { "Round trips".into() } else { ipcmark_show::capital(&of) };
    let scale = Scale { title: &of, quantity: Quantity::Time, more_is_better: false, limit: &[] };
    let (lines, panels) = in_panels(&rows, curves, &scale, false);
    if panels.is_empty() {
        return None;
    }
    let note = format!(
        "All values of a cell; a line ends where fewer than 100 values lie beyond, and a cell with too few has none. Colour: how it waits. {} Each panel \
         has its own vertical scale.",
        grey(rows.len())
    );
    let x = Axis::nines("percentile", highest);
    let body = Body::Lines(LineChart { x, lines, limit: Vec::new(), panels });
    Some(Chart {
        stem: stem("percentiles", setting, true),
        kind: Kind::Percentiles,
        title: format!("{what} by percentile: {}", setting.place()),
        note,
        body,
    })
}

/// Numbers the charts whose names are alike.
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
    use ipcmark_view::rankings;
    use ipcmark_view::testing::{row, summary};

    #[test]
    fn no_two_charts_share_a_name() {
        let rows = vec![row("a/block", 64, 1.0, None)];
        let summary = summary(rows);
        let mut charts: Vec<Chart> = rankings(&summary).iter().filter_map(ranking).collect();
        charts.push(charts[0].clone());
        name_apart(&mut charts);
        let stems: Vec<&str> = charts.iter().map(|c| c.stem.as_str()).collect();
        assert_eq!(
            stems,
            ["ranking-ping-pong-64B-cross-core", "ranking-ping-pong-64B-cross-core-2"]
        );
    }

    // B3
    #[test]
    fn a_cell_of_few_values_has_no_curve() {
        let mut record = ipcmark_record::sample::record_of(1, 6, |key| {
            ["pipe/block", "shm-ring/spin"].contains(&key.transport.as_str())
                && key.workload == Workload::PingPong
        });
        let drawn = |record: &Record| {
            let (_, curves) = curves(record).unwrap();
            let summary = ipcmark_summary::summarize(record).unwrap();
            let charts = charts(record, &curves, &summary, &rankings(&summary));
            let mut names: Vec<String> = Vec::new();
            for chart in charts.iter().filter(|c| c.kind == Kind::Percentiles) {
                let Body::Lines(lines) = &chart.body else { panic!("lines") };
                assert!(lines.lines.iter().all(|line| line.points.len() > 1), "{}", chart.title);
                names.extend(lines.lines.iter().map(|line| line.name.clone()));
            }
            names
        };
        assert!(drawn(&record).iter().any(|name| name == "pipe/block"));
        let mut few = ipcmark_record::Histogram::new(3).unwrap();
        few.record_n(40_000, 20).unwrap();
        for side in record.cells.iter_mut().filter(|c| c.key.transport == "pipe/block") {
            for side in side.invocations.iter_mut().flat_map(|i| &mut i.sides) {
                let Some(encoded) = &mut side.histogram else { continue };
                let (unit, each) = (encoded.unit, encoded.messages_per_value);
                *encoded = ipcmark_record::Encoded::pack(&few, unit, each).unwrap();
            }
        }
        let names = drawn(&record);
        assert!(!names.is_empty() && names.iter().all(|name| name != "pipe/block"), "{names:?}");
    }

    #[test]
    fn the_percentiles_that_people_name_are_on_the_curve() {
        assert!(quantiles().is_sorted());
        for named in [0.5, 0.9, 0.99, 0.999, 0.9999] {
            assert!(quantiles().iter().any(|q| (q - named).abs() < 1e-9), "{named}");
        }
    }
}
