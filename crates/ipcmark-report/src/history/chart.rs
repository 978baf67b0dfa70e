//! One series over the commits: a dot a commit with its interval, the levels, and where they change.

use super::bins::{self, Dot};
use crate::chart::axis::Axis;
use crate::chart::pen::{self, Drawn, Pen, Picture, Text};
use crate::palette::{self, Colour};
use crate::units::Quantity;
use ipcmark_history::{Change, History, Series};
use plotters::prelude::DrawingBackend;

/// How large a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Across the page: a series that changed.
    Wide,
    /// One of many beside each other.
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
}

/// Where a chart's parts lie, logical units.
#[derive(Clone, Copy)]
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

const LABEL: f64 = 10.0;

/// What a figure is, as a quantity.
pub(super) fn quantity(series: &Series) -> Quantity {
    if series.figure.is_ratio() { Quantity::Factor } else { Quantity::Time }
}

/// `+5.2 %`; of a factor that makes more than double `× 2.50`.
pub(super) fn percent(ratio: f64) -> String {
    if (0.5..=2.0).contains(&ratio) {
        format!("{:+.1} %", (ratio - 1.0) * 100.0).replace('-', "−")
    } else {
        format!("× {ratio:.2}")
    }
}

impl<'a> SeriesChart<'a> {
    /// A chart over these stops, `each` of them in one dot; `None` of a series without points there.
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
        Some(SeriesChart { history, series, changes, columns: columns.len(), dots, y, size })
    }

    fn frame(&self) -> Frame {
        match self.size {
            Size::Wide => Frame {
                width: 860.0,
                height: 262.0,
                left: 70.0,
                right: 846.0,
                top: 62.0,
                bottom: 222.0,
            },
            Size::Small => Frame {
                width: 400.0,
                height: 162.0,
                left: 62.0,
                right: 392.0,
                top: 44.0,
                bottom: 130.0,
            },
        }
    }

    fn across(&self, column: f64) -> f64 {
        let Frame { left, right, .. } = self.frame();
        left + (column + 0.5) / self.columns as f64 * (right - left)
    }

    /// The height of a value, held inside the frame.
    fn height(&self, value: f64) -> f64 {
        let Frame { top, bottom, .. } = self.frame();
        bottom - self.y.place(value).clamp(0.0, 1.0) * (bottom - top)
    }

    /// The dots on both sides of a change.
    fn beside(&self, change: &Change) -> Option<(&Dot, &Dot)> {
        let at = self.dots.iter().position(|d| d.stops.0 >= change.between.1)?;
        Some((self.dots.get(at.checked_sub(1)?)?, &self.dots[at]))
    }

    /// The chart as an element of a page, with a word on each dot that shows when pointed at.
    pub(super) fn inline(&self, words: bool) -> crate::Result<String> {
        let svg = pen::inline(&pen::svg(self)?);
        if !words {
            return Ok(svg);
        }
        let body = svg.strip_suffix("</svg>\n").or_else(|| svg.strip_suffix("</svg>"));
        let body = body.unwrap_or(&svg);
        Ok(format!("{body}{}</svg>", self.words()))
    }

    /// A strip over each dot that says what it is.
    fn words(&self) -> String {
        let Frame { left, right, top, bottom, .. } = self.frame();
        let doubled = |x: f64| (2.0 * x).round() as i64;
        let wide = doubled((right - left) / self.dots.len().max(1) as f64).clamp(4, 24);
        let mut text =
            format!("<g stroke=\"transparent\" stroke-width=\"{wide}\" pointer-events=\"stroke\">");
        for dot in &self.dots {
            let (x, y, high) = (self.across(dot.column), top, bottom - top);
            text += &format!(
                "<path d=\"M{} {}v{}\"><title>{}</title></path>",
                doubled(x),
                doubled(y),
                doubled(high),
                pen::escape(&self.word(dot))
            );
        }
        text + "</g>"
    }

    /// `a1b2c3d4e, 2026-01-31: 8.52 µs [8.41, 8.60]`.
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
        let Frame { width, height, .. } = self.frame();
        (width, height)
    }

    fn title(&self) -> String {
        format!("{} over {} commits", self.series.name(), self.columns)
    }

    fn draw<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        self.head(pen)?;
        self.machines(pen)?;
        self.axes(pen)?;
        for dot in &self.dots {
            let x = self.across(dot.column);
            if let Some((low, high)) = dot.interval {
                let ends = [(x, self.height(low)), (x, self.height(high))];
                pen.line(&ends, palette::CONTEXT, 1.0)?;
            }
        }
        self.levels(pen)?;
        let Frame { top, bottom, .. } = self.frame();
        let radius = if self.dots.len() > 90 { 1.5 } else { 2.0 };
        for dot in &self.dots {
            let x = self.across(dot.column);
            match self.y.place(dot.value) {
                // What lies beyond the axis stands at its edge as a triangle that points there.
                place if place > 1.0 => pen.marker((x, top + 4.0), 2, palette::ASIDE, false)?,
                place if place < 0.0 => pen.marker((x, bottom - 4.0), 4, palette::ASIDE, false)?,
                _ => pen.dot((x, self.height(dot.value)), radius, palette::DOT)?,
            }
        }
        self.rules(pen)
    }
}

impl SeriesChart<'_> {
    fn head<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let series = self.series;
        let apart = series.apart().map_or_else(String::new, |apart| format!(", {apart}"));
        let below = format!("{}{apart}", series.figure);
        let (x, em, room) = match self.size {
            Size::Wide => (16.0, 14.0, 826.0),
            Size::Small => (10.0, 11.0, 382.0),
        };
        let (name, em) = pen::fit_name(&series.cell, em, room);
        let ink = Text::new(em, palette::INK).bold();
        pen.text((x, if self.size == Size::Wide { 18.0 } else { 13.0 }), &name, ink)?;
        let y = if self.size == Size::Wide { 38.0 } else { 29.0 };
        pen.text((x, y), &pen::fit(&below, LABEL, room), Text::new(LABEL, palette::MUTED))
    }

    /// In series across machines: a band behind every other stretch of one set of machines.
    fn machines<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        if self.series.host.is_some() {
            return Ok(());
        }
        let Frame { top, bottom, .. } = self.frame();
        let stretches: Vec<&[Dot]> = self.dots.chunk_by(|a, b| a.hosts == b.hosts).collect();
        for stretch in stretches.iter().skip(1).step_by(2) {
            let (first, last) = (&stretch[0], &stretch[stretch.len() - 1]);
            let ends = (self.across(first.column - 0.5), self.across(last.column + 0.5));
            pen.block([(ends.0, top), (ends.1, bottom)], palette::BAND)?;
        }
        Ok(())
    }

    fn axes<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let Frame { left, right, top, bottom, .. } = self.frame();
        let label = Text::new(LABEL, palette::MUTED);
        for tick in &self.y.ticks {
            let y = bottom - tick.at * (bottom - top);
            pen.line(&[(left, y), (right, y)], palette::GRID, 1.0)?;
            let text = pen::fit(tick.label.as_deref().unwrap_or(""), LABEL, left - 10.0);
            pen.text((left - 6.0, y), &text, label.right())?;
        }
        pen.line(&[(left, top), (left, bottom), (right, bottom)], palette::MUTED, 0.5)
    }

    /// A line at the median of each stretch between changes.
    fn levels<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let (Some(first), Some(last)) = (self.dots.first(), self.dots.last()) else {
            return Ok(());
        };
        let mut from = self.across(first.column - 0.5);
        let mut level = self.changes.first().map_or_else(|| self.only_level(), |c| c.before);
        for change in self.changes {
            let x = self.place_of(change);
            pen.line(&[(from, self.height(level)), (x, self.height(level))], palette::INK, 1.0)?;
            (from, level) = (x, change.after);
        }
        let end = self.across(last.column + 0.5);
        let colour = if self.changes.is_empty() { palette::MUTED } else { palette::INK };
        pen.line(&[(from, self.height(level)), (end, self.height(level))], colour, 1.0)
    }

    fn only_level(&self) -> f64 {
        let mut values = self.series.values();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn place_of(&self, change: &Change) -> f64 {
        let middle = |(a, b): (&Dot, &Dot)| self.across((a.column + b.column) / 2.0);
        self.beside(change).map_or(self.frame().left, middle)
    }

    /// A rule at each change with its size above it; below the commits that begin a level, and those at the ends.
    fn rules<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let Frame { left, right, top, bottom, .. } = self.frame();
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let mut above: Vec<(f64, f64)> = Vec::new();
        for change in self.changes.iter().rev() {
            let x = self.place_of(change);
            let colour = if change.worse { palette::WORSE } else { palette::BETTER };
            pen.dashed(((x, top), (x, bottom)), colour, 1.0)?;
            let label = percent(change.ratio);
            let half = pen::width(&label, LABEL) / 2.0 + 3.0;
            let at = x.clamp(left + half, right - half);
            if free(&above, (at - half, at + half)) {
                above.push((at - half, at + half));
                pen.text((at, top - 8.0), &label, Text::new(LABEL, colour).bold().centred())?;
            }
            self.commit(pen, change.between.1, x, colour, &mut taken)?;
        }
        for dot in [self.dots.last(), self.dots.first()].into_iter().flatten() {
            let x = self.across(dot.column);
            self.commit(pen, dot.stops.1, x, palette::MUTED, &mut taken)?;
        }
        if self.size == Size::Wide {
            for eighth in [4, 2, 6, 1, 3, 5, 7] {
                let at = self.dots.len() * eighth / 8;
                if let Some(dot) = self.dots.get(at) {
                    let x = self.across(dot.column);
                    self.commit(pen, dot.stops.1, x, palette::MUTED, &mut taken)?;
                }
            }
        }
        Ok(())
    }

    /// The commit of a stop below the axis, with its day, where there is room.
    fn commit<DB: DrawingBackend>(
        &self,
        pen: &Pen<'_, DB>,
        stop: usize,
        x: f64,
        colour: Colour,
        taken: &mut Vec<(f64, f64)>,
    ) -> Drawn<DB> {
        let Frame { left, right, bottom, .. } = self.frame();
        let stop = &self.history.stops[stop];
        let known = stop.commit.is_some();
        let lines = [if known { stop.short() } else { "run of".into() }, stop.day()];
        let wide = lines.iter().map(|l| pen::width(l, LABEL)).fold(0.0, f64::max);
        let half = wide / 2.0 + 5.0;
        let at = x.clamp(left + half, (right - half).max(left + half));
        if !free(taken, (at - half, at + half)) {
            return Ok(());
        }
        taken.push((at - half, at + half));
        pen.line(&[(x, bottom), (x, bottom + 4.0)], palette::MUTED, 0.5)?;
        for (line, text) in lines.iter().enumerate() {
            let y = bottom + 12.0 + 13.0 * line as f64;
            pen.text((at, y), text, Text::new(LABEL, colour).centred())?;
        }
        Ok(())
    }
}

fn free(taken: &[(f64, f64)], (from, to): (f64, f64)) -> bool {
    taken.iter().all(|(start, end)| to <= *start || from >= *end)
}
