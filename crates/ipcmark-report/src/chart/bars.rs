//! The ranking: a dot and its interval for each transport, best on top, on a log axis, with the figures beside it.

use super::axis::Axis;
use super::pen::{self, Drawn, Pen, Picture, Text};
use crate::palette::{self, Colour};
use plotters::prelude::DrawingBackend;

/// One transport.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    pub name: String,
    pub colour: Colour,
    pub value: f64,
    pub interval: Option<(f64, f64)>,
    /// A hollow dot: no interval, or too few values.
    pub hollow: bool,
    /// The figure in words: `8.52 µs [8.41, 8.60]`.
    pub figure: String,
    /// CPU time a message in words.
    pub cpu: String,
}

/// The whole ranking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BarChart {
    pub title: String,
    pub note: String,
    /// A second line of the note: what of a long ranking is drawn. May be empty.
    pub choice: String,
    pub axis: Axis,
    /// Heads of the two columns of figures.
    pub heads: [String; 2],
    pub bars: Vec<Bar>,
    /// Where the plot begins: see [`room`].
    pub left: f64,
}

const WIDTH: f64 = 860.0;
/// Where the plot begins: names have as much room as the longest needs, within these.
const LEFT: (f64, f64) = (120.0, 250.0);
const RIGHT: f64 = 560.0;
const FIGURE: f64 = 576.0;
const CPU: f64 = 844.0;
const TOP: f64 = 82.0;
const ROW: f64 = 17.0;
const FOOT: f64 = 44.0;

/// The room that the names of these bars need.
pub(crate) fn room(bars: &[Bar]) -> f64 {
    let widest = bars.iter().map(|bar| pen::width(&bar.name, 10.5)).fold(0.0, f64::max);
    (widest + 22.0).clamp(LEFT.0, LEFT.1)
}

impl Picture for BarChart {
    fn size(&self) -> (f64, f64) {
        (WIDTH, TOP + self.bars.len() as f64 * ROW + FOOT)
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        pen.text((16.0, 20.0), &self.title, Text::new(15.0, palette::INK).bold())?;
        pen.text((16.0, 42.0), &self.note, Text::new(10.5, palette::MUTED))?;
        if !self.choice.is_empty() {
            pen.text((16.0, 55.0), &self.choice, Text::new(10.5, palette::MUTED))?;
        }
        let small = Text::new(10.0, palette::MUTED);
        pen.text((FIGURE, TOP - 14.0), &self.heads[0], small)?;
        pen.text((CPU, TOP - 14.0), &self.heads[1], small.right())?;
        let bottom = TOP + self.bars.len() as f64 * ROW;
        let mut labelled_to = f64::NEG_INFINITY;
        for tick in &self.axis.ticks {
            let x = self.across(tick.at);
            match &tick.label {
                Some(text) if x - pen::width(text, 10.0) / 2.0 > labelled_to + 6.0 => {
                    labelled_to = x + pen::width(text, 10.0) / 2.0;
                    pen.line(&[(x, TOP), (x, bottom + 4.0)], palette::GRID, 1.0)?;
                    pen.text((x, bottom + 13.0), text, small.centred())?;
                }
                _ => pen.line(&[(x, bottom), (x, bottom + 4.0)], palette::MUTED, 0.5)?,
            }
        }
        let left = self.left;
        pen.line(&[(left, bottom), (RIGHT, bottom)], palette::MUTED, 0.5)?;
        pen.text(((left + RIGHT) / 2.0, bottom + 31.0), &self.axis.title, small.centred())?;
        for (at, bar) in self.bars.iter().enumerate() {
            self.bar(bar, TOP + (at as f64 + 0.5) * ROW, pen)?;
        }
        Ok(())
    }
}

impl BarChart {
    fn across(&self, place: f64) -> f64 {
        self.left + place * (RIGHT - self.left)
    }

    fn bar<DB: DrawingBackend>(&self, bar: &Bar, y: f64, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let text = Text::new(10.5, palette::INK);
        let left = self.left;
        let (name, em) = pen::fit_name(&bar.name, 10.5, left - 20.0);
        pen.text((left - 10.0, y), &name, Text::new(em, palette::INK).right())?;
        let at = self.axis.place(bar.value);
        if (0.0..=1.0).contains(&at) {
            pen.line(&[(left, y), (self.across(at), y)], palette::GRID, 1.0)?;
            if let Some((low, high)) = bar.interval {
                // An end at 0 has no place on a log axis: the whisker then runs to its edge.
                let low = self.axis.place(low).max(0.0);
                let high = self.axis.place(high).clamp(0.0, 1.0);
                let ends = [low, high].map(|place| self.across(place));
                pen.line(&[(ends[0], y), (ends[1], y)], bar.colour, 2.0)?;
                // A cap within the dot would only make it look like a square.
                for end in ends.into_iter().filter(|end| (end - self.across(at)).abs() > 5.0) {
                    pen.line(&[(end, y - 3.5), (end, y + 3.5)], bar.colour, 1.5)?;
                }
            }
            pen.marker((self.across(at), y), 0, bar.colour, bar.hollow)?;
        }
        pen.text((FIGURE, y), &pen::fit(&bar.figure, 10.5, CPU - FIGURE - 70.0), text)?;
        pen.text((CPU, y), &bar.cpu, Text::new(10.5, palette::MUTED).right())
    }
}
