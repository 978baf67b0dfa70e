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
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 186.0;
const RIGHT: f64 = 560.0;
const FIGURE: f64 = 576.0;
const CPU: f64 = 844.0;
const TOP: f64 = 82.0;
const ROW: f64 = 17.0;
const FOOT: f64 = 44.0;

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
            let x = across(tick.at);
            match &tick.label {
                Some(text) if x - pen::width(text, 10.0) / 2.0 > labelled_to + 6.0 => {
                    labelled_to = x + pen::width(text, 10.0) / 2.0;
                    pen.line(&[(x, TOP), (x, bottom + 4.0)], palette::GRID, 1.0)?;
                    pen.text((x, bottom + 13.0), text, small.centred())?;
                }
                _ => pen.line(&[(x, bottom), (x, bottom + 4.0)], palette::MUTED, 0.5)?,
            }
        }
        pen.line(&[(LEFT, bottom), (RIGHT, bottom)], palette::MUTED, 0.5)?;
        pen.text(((LEFT + RIGHT) / 2.0, bottom + 31.0), &self.axis.title, small.centred())?;
        for (at, bar) in self.bars.iter().enumerate() {
            self.bar(bar, TOP + (at as f64 + 0.5) * ROW, pen)?;
        }
        Ok(())
    }
}

impl BarChart {
    fn bar<DB: DrawingBackend>(&self, bar: &Bar, y: f64, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let text = Text::new(10.5, palette::INK);
        pen.text((LEFT - 10.0, y), &pen::fit(&bar.name, 10.5, LEFT - 20.0), text.right())?;
        let at = self.axis.place(bar.value);
        if (0.0..=1.0).contains(&at) {
            pen.line(&[(LEFT, y), (across(at), y)], palette::GRID, 1.0)?;
            if let Some((low, high)) = bar.interval {
                // An end at 0 has no place on a log axis: the whisker then runs to its edge.
                let low = self.axis.place(low).max(0.0);
                let high = self.axis.place(high).clamp(0.0, 1.0);
                let ends = [low, high].map(across);
                pen.line(&[(ends[0], y), (ends[1], y)], bar.colour, 2.0)?;
                // A cap within the dot would only make it look like a square.
                for end in ends.into_iter().filter(|end| (end - across(at)).abs() > 5.0) {
                    pen.line(&[(end, y - 3.5), (end, y + 3.5)], bar.colour, 1.5)?;
                }
            }
            pen.marker((across(at), y), 0, bar.colour, bar.hollow)?;
        }
        pen.text((FIGURE, y), &pen::fit(&bar.figure, 10.5, CPU - FIGURE - 70.0), text)?;
        pen.text((CPU, y), &bar.cpu, Text::new(10.5, palette::MUTED).right())
    }
}

fn across(place: f64) -> f64 {
    LEFT + place * (RIGHT - LEFT)
}
