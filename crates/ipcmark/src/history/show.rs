//! `ipcmark history show`: a line per series, on the terminal.

use super::read;
use super::read_args::ShowArgs;
use super::scan::quantity;
use crate::exit::Exit;
use crate::output;
use anyhow::Result;
use console::Style;
use ipcmark_history::{Change, Scanned, Series, Store};
use ipcmark_show::terminal::{self, wrapped};
use ipcmark_show::{Cell, Head, Table, change as percent, plural};
use std::collections::BTreeSet;

/// Newest commits that a line shows, and the width below which it shows fewer.
const SHOWN: usize = 40;
const SHOWN_NARROW: usize = 16;
const NARROW: u16 = 130;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Mark of a commit without a figure.
const NOTHING: char = '·';
/// Smallest span of a line as a share of its median: less would magnify noise.
const LEAST_SPAN: f64 = 0.06;

/// Shows.
///
/// # Errors
/// Those of [`read::runs`] and [`read::scanned`].
pub(super) fn show(store: &dyn Store, args: &ShowArgs) -> Result<Exit> {
    let runs = read::runs(store, &args.series)?;
    let globs: Vec<String> = args.globs.iter().chain(&args.series.cell).cloned().collect();
    let scanned = read::scanned(&runs, &globs)?;
    output::print(&text(&scanned, output::columns()))?;
    Ok(Exit::Ok)
}

/// Returns a table per machine, those across machines first.
fn text(scanned: &Scanned, columns: Option<u16>) -> String {
    let history = &scanned.history;
    let shown = if columns.is_some_and(|n| n < NARROW) { SHOWN_NARROW } else { SHOWN };
    let mut text = String::new();
    for host in std::iter::once(None).chain((0..history.hosts.len()).map(Some)) {
        let of = || history.series.iter().zip(&scanned.changes).filter(|(s, _)| s.host == host);
        let stops: BTreeSet<usize> = of().flat_map(|(s, _)| &s.points).map(|p| p.stop).collect();
        let stops: Vec<usize> = stops.into_iter().collect();
        let newest = &stops[stops.len().saturating_sub(shown)..];
        let (Some(oldest), Some(last)) = (newest.first(), newest.last()) else { continue };
        let words = host.map_or("across machines", |host| &history.hosts[host].words);
        let (oldest, last) = (&history.stops[*oldest], &history.stops[*last]);
        let span = format!("{} to {}, {}", oldest.short(), last.short(), last.day());
        text += &format!("{}, {span}\n", Style::new().bold().apply_to(words));
        let heads = vec![
            Head::words("series", ""),
            Head::words(format!("last {}", plural(newest.len(), "commit")), "").spare(3),
            Head::number("last", ""),
            Head::number("vs last 10", "").spare(2),
            Head::words("changes", "").spare(4),
        ];
        let rows = of().map(|(series, changes)| row(scanned, series, changes, newest).to_vec());
        let table = Table { heads, rows: rows.collect() };
        text += &terminal::table(&table, columns, &output::paint);
        text += "\n";
    }
    let census = format!(
        "vs last 10: the newest over the median of the ten before it; not a test. {}.",
        scanned.census
    );
    text + &wrapped("", &census, 0, columns)
}

fn row(scanned: &Scanned, series: &Series, changes: &[Change], stops: &[usize]) -> [Cell; 5] {
    let latest = series.latest();
    let lacking = scanned.least_points.saturating_sub(series.points.len());
    let change = |c: &Change| {
        format!("{} at {}", percent(c.ratio), scanned.history.stops[c.between.1].short())
    };
    let changes = match changes {
        [] if lacking > 0 => format!("needs {}", plural(lacking, "more run")),
        [] => "none".into(),
        [only] => change(only),
        [before @ .., newest] => format!("{}, {} before", change(newest), before.len()),
    };
    let apart = series.class.map_or_else(String::new, |class| match series.host {
        Some(_) => format!(" @ {:.0} ns", class.centre_ns),
        None => format!(" @ {}", class.reach()),
    });
    let last = latest.map_or_else(Cell::missing, |l| {
        Cell::estimate(quantity(series), l.point.value, l.point.interval)
    });
    let before = latest.and_then(|l| l.against_ten);
    [
        format!("{}, {}{apart}", series.title(), series.figure).into(),
        sparkline(series, stops).into(),
        last,
        before.map_or_else(Cell::missing, |ratio| percent(ratio).into()),
        changes.into(),
    ]
}

/// Draws the series at these stops, a bar each. Outliers are cut off, or they would flatten the rest.
fn sparkline(series: &Series, stops: &[usize]) -> String {
    let at = |stop: usize| {
        series.points.binary_search_by_key(&stop, |p| p.stop).ok().map(|i| series.points[i].value)
    };
    let mut values: Vec<f64> = stops.iter().filter_map(|stop| at(*stop)).collect();
    values.sort_by(f64::total_cmp);
    let share = |share: f64| values.get(((values.len() as f64 - 1.0) * share).round() as usize);
    let (Some(low), Some(middle), Some(high)) = (share(0.05), share(0.5), share(0.95)) else {
        return NOTHING.to_string().repeat(stops.len());
    };
    let span = (high - low).max(LEAST_SPAN * middle);
    let bottom = (high + low - span) / 2.0;
    let bar = |value: f64| BARS[((value - bottom) / span * 7.0).round().clamp(0.0, 7.0) as usize];
    stops.iter().map(|stop| at(*stop).map_or(NOTHING, bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_history::{History, Point, sample};

    #[test]
    fn a_line_shows_steps_and_gaps_and_no_noise() {
        let point = |stop: usize, value| Point {
            stop,
            value,
            interval: None,
            runs: 1,
            hosts: vec![0],
            facts: vec![0],
        };
        let mut series = History::of(&sample::lines(1, 2, 1)).series.remove(0);
        series.points = [100.0, 101.0, 100.0, 120.0, 120.0]
            .iter()
            .enumerate()
            .map(|(i, v)| point(2 * i, *v))
            .collect();
        assert_eq!(sparkline(&series, &[0, 2, 3, 4, 6, 8]), "▁▁·▁██");
        series.points = (0..40)
            .map(|i| point(i, if i == 7 { 900.0 } else { 100.0 + (i % 2) as f64 }))
            .collect();
        let line = sparkline(&series, &(0..12).collect::<Vec<usize>>());
        assert!(line.chars().enumerate().all(|(i, bar)| (bar == '█') == (i == 7)), "{line}");
        series.points.clear();
        assert_eq!(sparkline(&series, &[1, 2]), "··");
    }

    #[test]
    fn machines_have_tables_of_their_own() {
        let scanned = Scanned::of(History::of(&sample::lines(3, 60, 6)), &Default::default());
        let text = text(&scanned, None);
        assert!(text.starts_with("across machines, "), "{text}");
        for words in
            ["Made-up Processor 9000, kernel 6.12.9", "Made-up Server", "needs ", " at ", "@ 57 ns"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        let narrow = super::text(&scanned, Some(100));
        assert!(narrow.lines().all(|line| line.chars().count() <= 100), "{narrow}");
    }
}
