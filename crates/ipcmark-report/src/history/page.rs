//! The page of a history.

use super::answer;
use super::chart::{SeriesChart, Size};
use super::tables;
use crate::{Result, frame, markup};
use ipcmark_history::{Census, Change, Machine, Scanned, Series, Stop};
use ipcmark_show::{Quantity, html};
use serde::Serialize;
use std::collections::BTreeSet;

const TEMPLATE: &str = include_str!("../../templates/history.html");

/// What the charts of a page may weigh together.
const ROOM_BYTES: usize = 8_000_000;
/// What a dot with its whisker weighs, and what it says when pointed at.
const DOT_BYTES: usize = 130;
const WORD_BYTES: usize = 140;
/// Dots of a chart at least, whatever the page then weighs; and at most, for more would touch.
const LEAST_DOTS: usize = 40;
const MOST_DOTS: (usize, usize) = (240, 100);
/// So few charts of stable series stand open.
const FEW: usize = 12;

#[derive(Serialize)]
struct View<'a> {
    title: &'a str,
    script_hash: String,
    style_html: String,
    script_html: &'static str,
    data_html: String,
    span: String,
    census: String,
    answer_html: Vec<String>,
    changes_html: String,
    confirm: Vec<Confirm>,
    sections: Vec<Section>,
    series_html: String,
    least_points: usize,
    /// Whether pointing at a dot tells what it is.
    dots_speak: bool,
}

/// A change, and the command that confirms it.
#[derive(Serialize)]
struct Confirm {
    change: String,
    /// Empty if a commit is unknown.
    command: String,
}

/// Series of one machine, or those across machines.
#[derive(Serialize)]
struct Section {
    id: String,
    title: String,
    /// True of the section of ratios.
    across: bool,
    intro: String,
    changed_html: Vec<String>,
    stable_html: Vec<String>,
    stable_open: bool,
    short: usize,
}

/// What stands in the page for programs.
#[derive(Serialize)]
struct Data<'a> {
    schema: &'static str,
    census: &'a Census,
    hosts: &'a [Machine],
    stops: &'a [Stop],
    changes: Vec<DataChange<'a>>,
}

#[derive(Serialize)]
struct DataChange<'a> {
    series: String,
    host: Option<usize>,
    #[serde(flatten)]
    change: &'a Change,
}

/// Version of the data block.
const DATA_SCHEMA: &str = "ipcmark.history-page/1";

/// How many dots each chart has, and whether they speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    wide: usize,
    small: usize,
    words: bool,
}

impl Room {
    fn of(charts: usize) -> Room {
        let each = ROOM_BYTES / charts.max(1);
        let words = each / (DOT_BYTES + WORD_BYTES) >= LEAST_DOTS;
        let dots = each / (DOT_BYTES + if words { WORD_BYTES } else { 0 });
        let (wide, small) = MOST_DOTS;
        Room { wide: dots.clamp(LEAST_DOTS, wide), small: dots.clamp(LEAST_DOTS, small), words }
    }
}

pub(super) fn render(scanned: &Scanned, title: &str) -> Result<String> {
    let history = &scanned.history;
    let charts = history.series.len() - scanned.too_short.len();
    let room = Room::of(charts);
    let mut sections = Vec::new();
    for host in std::iter::once(None).chain((0..history.hosts.len()).map(Some)) {
        sections.extend(section(scanned, host, room)?);
    }
    let changed = scanned.latest_first();
    let view = View {
        title,
        script_hash: frame::script_hash(),
        style_html: frame::style(),
        script_html: frame::SCRIPT,
        data_html: data(scanned),
        span: span(&history.stops),
        census: scanned.census.to_string(),
        answer_html: answer::sentences(scanned).iter().map(|s| markup::inline(s)).collect(),
        changes_html: html::table(&tables::changes(scanned, &changed)),
        confirm: changed.iter().map(|(series, change)| confirm(scanned, series, change)).collect(),
        sections,
        series_html: html::table(&tables::series(scanned)),
        least_points: scanned.least_points,
        dots_speak: room.words,
    };
    frame::fill(TEMPLATE, &view)
}

fn confirm(scanned: &Scanned, series: &Series, change: &Change) -> Confirm {
    Confirm {
        change: format!("{}: {}", series.name(), Quantity::Change.show(change.ratio)),
        command: scanned.next_step(series, change).unwrap_or_default(),
    }
}

fn span(stops: &[Stop]) -> String {
    match (stops.first(), stops.last()) {
        (Some(first), Some(last)) => {
            format!("{} ({}) to {} ({})", first.short(), first.day(), last.short(), last.day())
        }
        _ => "nothing was measured yet".into(),
    }
}

/// The charts of one machine; `None` where it has no series.
fn section(scanned: &Scanned, host: Option<usize>, room: Room) -> Result<Option<Section>> {
    let history = &scanned.history;
    let of = || history.series.iter().enumerate().filter(|(_, s)| s.host == host);
    let stops: BTreeSet<usize> = of().flat_map(|(_, s)| &s.points).map(|p| p.stop).collect();
    if stops.is_empty() {
        return Ok(None);
    }
    let columns: Vec<usize> = stops.into_iter().collect();
    let is_short = |at: usize| scanned.too_short.iter().any(|short| short.series == at);
    let (mut changed_html, mut stable_html) = (Vec::new(), Vec::new());
    let each = |dots: usize| columns.len().div_ceil(dots);
    for (at, series) in of().filter(|(at, _)| !is_short(*at)) {
        let changes = scanned.changes[at].as_slice();
        let (size, dots, drawn) = match changes {
            [] => (Size::Small, room.small, &mut stable_html),
            _ => (Size::Wide, room.wide, &mut changed_html),
        };
        let chart = SeriesChart::of(history, (series, changes), &columns, each(dots), size);
        drawn.extend(chart.map(|chart| chart.inline(room.words)).transpose()?);
    }
    let commits = crate::units::plural(columns.len(), "commit");
    let dots = [(&changed_html, room.wide, "that changed"), (&stable_html, room.small, "of a stable series")]
        .into_iter()
        .filter(|(drawn, dots, _)| !drawn.is_empty() && each(*dots) > 1)
        .map(|(_, dots, of)| {
            format!(
                " In a chart {of} a dot stands for up to {} commits that follow each other: their median, and a line over all of \
                 their intervals.",
                each(dots)
            )
        });
    let intro = commits + "." + &dots.collect::<String>();
    Ok(Some(Section {
        id: host.map_or_else(|| "across".into(), |host| format!("machine-{}", host + 1)),
        title: host.map_or_else(|| "Across machines".into(), |host| tables::machine(scanned, host)),
        across: host.is_none(),
        intro,
        short: of().filter(|(at, _)| is_short(*at)).count(),
        stable_open: changed_html.is_empty() && stable_html.len() <= FEW,
        changed_html,
        stable_html,
    }))
}

fn data(scanned: &Scanned) -> String {
    let history = &scanned.history;
    let change = |(series, change): (&ipcmark_history::Series, _)| DataChange {
        series: series.name(),
        host: series.host,
        change,
    };
    frame::data(&Data {
        schema: DATA_SCHEMA,
        census: &scanned.census,
        hosts: &history.hosts,
        stops: &history.stops,
        changes: scanned.latest_first().into_iter().map(|(s, c)| change((s, c))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_charts_have_fewer_dots_and_at_last_no_words() {
        assert_eq!(Room::of(0), Room { wide: 240, small: 100, words: true });
        let usual = Room::of(236);
        assert!(usual.words && usual.small == 100 && usual.wide > 100, "{usual:?}");
        let many = Room::of(1_500);
        assert!(!many.words && many.wide == 41 && many.small == 41, "{many:?}");
    }
}
