//! The page of a history.

use super::answer;
use super::chart::{SeriesChart, Size};
use super::tables;
use crate::Result;
use crate::frame::{self, Page, Section, fold, hint, list, table};
use crate::html::{Html, html};
use crate::prose::inline;
use ipcmark_history::{Census, Change, Machine, Scanned, Series, Stop};
use ipcmark_show::{change, plural};
use serde::Serialize;
use std::collections::BTreeSet;

/// Most bytes of all charts of a page together.
const ROOM_BYTES: usize = 8_000_000;
/// Bytes of a dot with its whisker, and of its words.
const DOT_BYTES: usize = 130;
const WORD_BYTES: usize = 140;
/// Fewest dots of a chart, whatever the size of the page; and the most, because more would touch.
const LEAST_DOTS: usize = 40;
const MOST_DOTS: (usize, usize) = (240, 100);
/// Up to this many charts of stable series are open.
const FEW: usize = 12;

/// The number of dots in each chart. With `words`, each says what it is when pointed at.
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
    let room = Room::of(history.series.len() - scanned.too_short.len());
    let mut sections = Vec::new();
    sections.extend(changes(scanned));
    for host in std::iter::once(None).chain((0..history.hosts.len()).map(Some)) {
        sections.extend(charts(scanned, host, room)?);
    }
    sections.push(Section::new("all", "All series", "All series", all(scanned)));
    sections.push(Section::new(
        "method",
        "How to read it",
        "How to read it",
        method(scanned, room),
    ));
    let sentences = list(answer::sentences(scanned).iter().map(|sentence| inline(sentence)));
    let page = Page {
        window: format!("ipcmark history: {title}"),
        title: &format!("{title}: performance over time"),
        lines: vec![span(&history.stops), format!("{}.", scanned.census)],
        lead: Section { class: "answer", ..Section::new("answer", "", "Changes", sentences) }
            .html(),
        sections,
        data: data(scanned),
    };
    Ok(page.render())
}

fn span(stops: &[Stop]) -> String {
    match (stops.first(), stops.last()) {
        (Some(first), Some(last)) => {
            format!("{} ({}) to {} ({})", first.short(), first.day(), last.short(), last.day())
        }
        _ => "nothing was measured yet".into(),
    }
}

fn changes(scanned: &Scanned) -> Option<Section> {
    let changes = scanned.latest_first();
    if changes.is_empty() {
        return None;
    }
    let confirm = |(series, of): &(&Series, &Change)| {
        let command = match scanned.next_step(series, of) {
            Some(command) => html!("<code>{command}</code>", command = command),
            None => {
                html!("no command: a commit is unknown, or was measured with changes in the tree")
            }
        };
        html!(
            "<li>{series}: {change}<br>{command}</li>",
            series = series.name(),
            change = change(of.ratio),
            command = command,
        )
    };
    let commands = html!("<ol>{all}</ol>", all = changes.iter().map(confirm).collect::<Html>());
    let more = hint("one for each change, in the table’s first order");
    let body = html!(
        "<p>A change point shows where to look. It is not a verdict: runs of different days differ by more than their \
         programs. The commands below the table compare the commits on both sides, with both alive at the same time.\
         </p>\n{table}{commands}",
        table = table("sortable changes", "", &tables::changes(scanned, &changes)),
        commands = fold("next", false, "The commands that confirm them", more, commands),
    );
    Some(Section::new("changes", "Changes", "Changes, the latest first", body))
}

/// Returns the charts of one machine, or of the ratios across machines; `None` if there are no series.
fn charts(scanned: &Scanned, host: Option<usize>, room: Room) -> Result<Option<Section>> {
    let history = &scanned.history;
    let of = || history.series.iter().enumerate().filter(|(_, s)| s.host == host);
    let stops: BTreeSet<usize> = of().flat_map(|(_, s)| &s.points).map(|p| p.stop).collect();
    if stops.is_empty() {
        return Ok(None);
    }
    let columns: Vec<usize> = stops.into_iter().collect();
    let is_short = |at: usize| scanned.too_short.iter().any(|short| short.series == at);
    let (mut changed, mut stable) = (Vec::new(), Vec::new());
    let each = |dots: usize| columns.len().div_ceil(dots);
    for (at, series) in of().filter(|(at, _)| !is_short(*at)) {
        let changes = scanned.changes[at].as_slice();
        let (size, dots, drawn) = match changes {
            [] => (Size::Small, room.small, &mut stable),
            _ => (Size::Wide, room.wide, &mut changed),
        };
        let chart = SeriesChart::of(history, (series, changes), &columns, each(dots), size);
        drawn.extend(chart.map(|chart| chart.inline(room.words)).transpose()?);
    }
    let mut intro = match host {
        Some(_) => String::new(),
        None => "Ratios: a figure over its limit, as the same run measured it, or over a pinned reference build. They \
                 continue when another machine replaces one, though not quite at the same level: the background changes \
                 where the machines do. "
            .into(),
    };
    intro += &format!("{}.", plural(columns.len(), "commit"));
    for (drawn, dots, of) in
        [(&changed, room.wide, "that changed"), (&stable, room.small, "of a stable series")]
    {
        if !drawn.is_empty() && each(dots) > 1 {
            intro += &format!(
                " In a chart {of} a dot is the median of up to {} commits in a row, and its line spans all of their \
                 intervals.",
                each(dots)
            );
        }
    }
    let stable_open = changed.is_empty() && stable.len() <= FEW;
    let of_stable = hint(&format!("{} series", stable.len()));
    let wide =
        |chart| html!("<div class=\"scroll wide\" data-chart>{chart}</div>\n", chart = chart);
    let small = |chart| html!("<div data-chart>{chart}</div>", chart = chart);
    let mut body = html!("<p>{intro}</p>\n", intro = intro);
    body.push(&changed.into_iter().map(wide).collect());
    if !stable.is_empty() {
        let charts = stable.into_iter().map(small).collect::<Html>();
        let charts = html!("<div class=\"charts\">{charts}</div>", charts = charts);
        body.push(&fold("stable", stable_open, "Stable", of_stable, charts));
    }
    let short = of().filter(|(at, _)| is_short(*at)).count();
    if short > 0 {
        body.push(&html!(
            "<p class=\"meta\">{short} series with fewer than {least} points have no chart: the table of all series \
             says how many they lack.</p>\n",
            short = short.to_string(),
            least = scanned.least_points.to_string(),
        ));
    }
    let id = host.map_or_else(|| "across".into(), |host| format!("machine-{}", host + 1));
    let title =
        host.map_or_else(|| "Across machines".into(), |host| tables::machine(scanned, host));
    Ok(Some(Section { class: "machine", ..Section::new(&id, &title, &title, body) }))
}

fn all(scanned: &Scanned) -> Html {
    html!(
        "<p class=\"filter\" hidden><label>Filter <input id=\"filter\" type=\"search\" placeholder=\"pipe \
         cross-core p50\"></label></p>\n{table}",
        table = table("sortable", "cells", &tables::series(scanned)),
    )
}

fn method(scanned: &Scanned, room: Room) -> Html {
    let (point, silent) = if room.words {
        (": point at it to read it", Html::default())
    } else {
        (
            "",
            html!(
                "<li>With this number of charts the dots have no words: the table has the newest figures, \
                 <code>ipcmark history list --json</code> all of them.</li>\n"
            ),
        )
    };
    html!(
        include_str!("../../templates/history_method.html"),
        point = point,
        silent = silent,
        least = scanned.least_points.to_string(),
    )
}

/// The page's data for programs.
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

fn data(scanned: &Scanned) -> String {
    let history = &scanned.history;
    frame::data(&Data {
        schema: DATA_SCHEMA,
        census: &scanned.census,
        hosts: &history.hosts,
        stops: &history.stops,
        changes: scanned
            .latest_first()
            .into_iter()
            .map(|(s, change)| DataChange { series: s.name(), host: s.host, change })
            .collect(),
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
