//! One series over the commits: a dot for each commit with its interval, the levels, and their changes.

use super::bins::{self, Dot};
use crate::Result;
use crate::chart::axis::Axis;
use crate::chart::pen::{self, Pen, Picture, Text};
use crate::chart::plot::{Plot, SMALL};
use crate::chart::sheet;
use crate::html::{Html, html};
use crate::palette::{self, Colour};
use ipcmark_history::{Change, History, Series};
use ipcmark_show::Quantity;
use ipcmark_view::middle;

/// Size of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Across the page: a series that changed.
    Wide,
    /// One of many in a grid.
    Small,
}

/// A series to be drawn.
pub(super) struct SeriesChart<'a> {
    history: &'a History,
    series: &'a Series,
    changes: &'a [Change],
    columns: usize,
    dots: Vec<Dot>,
    y: Axis,
    size: Size,
    plot: Plot,
}

/// Returns the quantity of a series' figure.
pub(super) fn quantity(series: &Series) -> Quantity {
    if series.figure.is_ratio() { Quantity::Factor } else { Quantity::Time }
}

impl<'a> SeriesChart<'a> {
    /// Makes a chart over these stops, `each` of them in one dot; `None` if the series has no points there.
    pub(super) fn of(
        history: &'a History,
        (series, changes): (&'a Series, &'a [Change]),
        columns: &[usize],
        each: usize,
        size: Size,
    ) -> Option<SeriesChart<'a>> {
        let dots = bins::dots(series, changes, columns, each);
        let levels = changes.iter().flat_map(|c| [c.before, c.after]);
        let (low, high) = bins::range(&dots)?;
        let low = levels.clone().fold(low, f64::min);
        let high = levels.fold(high, f64::max);
        let y = Axis::about("", quantity(series), (low, high));
        let plot = match size {
            Size::Wide => Plot { left: 70.0, right: 846.0, top: 62.0, bottom: 222.0 },
            Size::Small => Plot { left: 62.0, right: 392.0, top: 48.0, bottom: 130.0 },
        };
        let columns = columns.len();
        Some(SeriesChart { history, series, changes, columns, dots, y, size, plot })
    }

    fn across(&self, column: f64) -> f64 {
        self.plot.across((column + 0.5) / self.columns as f64)
    }

    /// Returns the height of a value, clamped to the plot.
    fn height(&self, value: f64) -> f64 {
        self.plot.height(self.y.place(value).clamp(0.0, 1.0))
    }

    /// Returns the dots on both sides of a change.
    fn neighbours(&self, change: &Change) -> Option<(&Dot, &Dot)> {
        let at = self.dots.iter().position(|d| d.stops.0 >= change.between.1)?;
        Some((self.dots.get(at.checked_sub(1)?)?, &self.dots[at]))
    }

    /// Returns the chart as an element of a page. With `words`, each dot says what it is when pointed at.
    pub(super) fn inline(&self, words: bool) -> Result<Html> {
        let title = format!("{} over {} commits", self.series.name(), self.columns);
        let mut svg = sheet::inline(&title, self)?;
        if words {
            svg.0.truncate(svg.0.rfind("</svg>").unwrap_or(svg.0.len()));
            svg.push(&self.words());
            svg.push(&html!("</svg>"));
        }
        Ok(svg)
    }

    /// Returns an invisible strip over each dot with its words.
    fn words(&self) -> Html {
        let Plot { left, right, top, bottom } = self.plot;
        let doubled = |x: f64| (2.0 * x).round() as i64;
        let wide = doubled((right - left) / self.dots.len().max(1) as f64).clamp(4, 24);
        let strip = |dot: &Dot| {
            html!(
                "<path d=\"M{x} {top}v{height}\"><title>{word}</title></path>",
                x = doubled(self.across(dot.column)),
                top = doubled(top),
                height = doubled(bottom - top),
                word = self.word(dot),
            )
        };
        html!(
            "<g stroke=\"transparent\" stroke-width=\"{wide}\" pointer-events=\"stroke\">{strips}</g>",
            wide = wide,
            strips = self.dots.iter().map(strip).collect::<Html>(),
        )
    }

    /// Returns `a1b2c3d4e, 2026-01-31: 8.52 µs [8.41 µs, 8.60 µs]`.
    fn word(&self, dot: &Dot) -> String {
        let (first, last) = (&self.history.stops[dot.stops.0], &self.history.stops[dot.stops.1]);
        let what = if dot.stops.0 == dot.stops.1 {
            format!("{}, {}", first.short(), first.day())
        } else {
            format!("{} to {}, {}, {} points", first.short(), last.short(), last.day(), dot.points)
        };
        let show = |value: f64| quantity(self.series).show(value);
        let interval = dot
            .interval
            .map_or_else(String::new, |(low, high)| format!(" [{} to {}]", show(low), show(high)));
        let runs =
            if dot.runs > dot.points { format!(", {} runs", dot.runs) } else { String::new() };
        let hosts: Vec<&str> = match self.series.host {
            Some(_) => Vec::new(),
            None => dot.hosts.iter().map(|h| &*self.history.hosts[*h].words).collect(),
        };
        let on = if hosts.is_empty() { String::new() } else { format!(" on {}", hosts.join("; ")) };
        format!("{what}: {}{interval}{runs}{on}", show(dot.value))
    }
}

impl Picture for SeriesChart<'_> {
    fn size(&self) -> (f64, f64) {
        match self.size {
            Size::Wide => (860.0, 262.0),
            Size::Small => (400.0, 162.0),
        }
    }

    fn draw(&self, pen: &mut Pen) {
        self.head(pen);
        self.machines(pen);
        self.plot.vertical(&self.y, pen);
        let Plot { left, right, top, bottom } = self.plot;
        pen.line(&[(left, top), (left, bottom), (right, bottom)], palette::MUTED, 0.5);
        for dot in &self.dots {
            let x = self.across(dot.column);
            if let Some((low, high)) = dot.interval {
                let ends = [(x, self.height(low)), (x, self.height(high))];
                pen.line(&ends, palette::CONTEXT, 1.0);
            }
        }
        self.levels(pen);
        let radius = if self.dots.len() > 90 { 1.5 } else { 2.0 };
        for dot in &self.dots {
            let x = self.across(dot.column);
            match self.y.place(dot.value) {
                // A dot beyond the axis is drawn at its edge, as a triangle that points outwards.
                place if place > 1.0 => pen.marker((x, top + 4.0), 2, palette::ASIDE),
                place if place < 0.0 => pen.marker((x, bottom - 4.0), 4, palette::ASIDE),
                _ => pen.dot((x, self.height(dot.value)), radius, palette::DOT),
            }
        }
        self.rules(pen);
    }
}

impl SeriesChart<'_> {
    fn head(&self, pen: &mut Pen) {
        let series = self.series;
        let apart = series.apart().map_or_else(String::new, |apart| format!(", {apart}"));
        let below = format!("{}{apart}", series.figure);
        let (x, em, room, [upper, lower]) = match self.size {
            Size::Wide => (16.0, 14.0, 826.0, [18.0, 38.0]),
            Size::Small => (10.0, 11.0, 382.0, [13.0, 29.0]),
        };
        let look = Text::new(em, palette::INK).bold();
        let (name, look) = pen::fit_name(&series.cell, look, room);
        pen.text((x, upper), &name, look);
        pen.text((x, lower), &pen::fit(&below, SMALL, room), Text::new(SMALL, palette::MUTED));
    }

    /// Draws a band behind every other stretch of one set of machines, in series across machines.
    fn machines(&self, pen: &mut Pen) {
        if self.series.host.is_some() {
            return;
        }
        for stretch in self.dots.chunk_by(|a, b| a.hosts == b.hosts).skip(1).step_by(2) {
            let (first, last) = (&stretch[0], &stretch[stretch.len() - 1]);
            let (from, to) = (self.across(first.column - 0.5), self.across(last.column + 0.5));
            pen.block((from, self.plot.top), (to, self.plot.bottom), palette::BAND);
        }
    }

    /// Draws a line at the median of each stretch between changes.
    fn levels(&self, pen: &mut Pen) {
        let (Some(first), Some(last)) = (self.dots.first(), self.dots.last()) else { return };
        let mut from = self.across(first.column - 0.5);
        let only = || middle(self.series.values()).unwrap_or(f64::NAN);
        let mut level = self.changes.first().map_or_else(only, |c| c.before);
        for change in self.changes {
            let x = self.place_of(change);
            pen.line(&[(from, self.height(level)), (x, self.height(level))], palette::INK, 1.0);
            (from, level) = (x, change.after);
        }
        let end = self.across(last.column + 0.5);
        let colour = if self.changes.is_empty() { palette::MUTED } else { palette::INK };
        pen.line(&[(from, self.height(level)), (end, self.height(level))], colour, 1.0);
    }

    fn place_of(&self, change: &Change) -> f64 {
        let middle = |(a, b): (&Dot, &Dot)| self.across((a.column + b.column) / 2.0);
        self.neighbours(change).map_or(self.plot.left, middle)
    }

    /// Draws a rule at each change with its size above it, and below the axis the commits that begin a level, and
    /// those at the ends.
    fn rules(&self, pen: &mut Pen) {
        let Plot { left, right, top, bottom } = self.plot;
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let mut above: Vec<(f64, f64)> = Vec::new();
        for change in self.changes.iter().rev() {
            let x = self.place_of(change);
            let colour = if change.worse { palette::WORSE } else { palette::BETTER };
            pen.dashed(((x, top), (x, bottom)), colour, 1.0);
            let label = Quantity::Change.show(change.ratio);
            let half = pen::width(&label, SMALL) / 2.0 + 3.0;
            let at = x.clamp(left + half, right - half);
            if take(&mut above, (at - half, at + half)) {
                pen.text((at, top - 8.0), &label, Text::new(SMALL, colour).bold().centred());
            }
            self.commit(pen, change.between.1, x, colour, &mut taken);
        }
        let eighths: &[usize] = if self.size == Size::Wide { &[4, 2, 6, 1, 3, 5, 7] } else { &[] };
        let between = eighths.iter().filter_map(|n| self.dots.get(self.dots.len() * n / 8));
        for dot in self.dots.last().into_iter().chain(self.dots.first()).chain(between) {
            let x = self.across(dot.column);
            self.commit(pen, dot.stops.1, x, palette::MUTED, &mut taken);
        }
    }

    /// Draws the commit of a stop and its day below the axis, if there is room.
    fn commit(
        &self,
        pen: &mut Pen,
        stop: usize,
        x: f64,
        colour: Colour,
        taken: &mut Vec<(f64, f64)>,
    ) {
        let Plot { left, right, bottom, .. } = self.plot;
        let stop = &self.history.stops[stop];
        let known = stop.commit.is_some();
        let lines = [if known { stop.short() } else { "run of".into() }, stop.day()];
        let wide = lines.iter().map(|l| pen::width(l, SMALL)).fold(0.0, f64::max);
        let half = wide / 2.0 + 5.0;
        let at = x.clamp(left + half, (right - half).max(left + half));
        if take(taken, (at - half, at + half)) {
            pen.line(&[(x, bottom), (x, bottom + 4.0)], palette::MUTED, 0.5);
            for (line, text) in lines.iter().enumerate() {
                let y = bottom + 12.0 + 13.0 * line as f64;
                pen.text((at, y), text, Text::new(SMALL, colour).centred());
            }
        }
    }
}

/// Takes a stretch if it is free; returns true if it was.
fn take(taken: &mut Vec<(f64, f64)>, (from, to): (f64, f64)) -> bool {
    let free = taken.iter().all(|(start, end)| to <= *start || from >= *end);
    if free {
        taken.push((from, to));
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::texts::assert_legible;
    use ipcmark_history::{Scanned, sample};

    // B13
    #[test]
    fn no_text_of_a_series_is_cut_leaves_its_chart_or_covers_another() {
        for (commits, cells, before) in
            [(60, 8, ""), (9, 5, ""), (400, 8, "rpc-unix-at-least-once-")]
        {
            let mut lines = sample::lines(3, commits, cells);
            for metric in lines.iter_mut().flat_map(|line| &mut line.metrics) {
                metric.name.insert_str(0, before);
            }
            let Scanned { history, changes, .. } =
                Scanned::of(History::of(&lines), &Default::default());
            let columns: Vec<usize> = (0..history.stops.len()).collect();
            let mut drawn = 0;
            for (series, changes) in history.series.iter().zip(&changes) {
                for (size, dots) in [(Size::Wide, 240), (Size::Small, 100)] {
                    let each = columns.len().div_ceil(dots);
                    let of = SeriesChart::of(&history, (series, changes), &columns, each, size);
                    let Some(chart) = of else { continue };
                    assert_legible(
                        &format!("{size:?}, {commits} commits: {}", series.name()),
                        &chart,
                    );
                    drawn += 1;
                }
            }
            assert!(drawn > cells, "{drawn} charts");
        }
    }
}
