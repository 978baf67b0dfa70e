//! The ranking: a dot and its interval for each transport, best on top, on a log axis, with the figures next to it.

use super::axis::Axis;
use super::pen::{self, Pen, Picture, Text};
use super::plot::{Plot, SMALL};
use crate::palette::{self, Colour};

/// The bar of one transport.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    pub name: String,
    pub colour: Colour,
    pub value: f64,
    pub interval: Option<(f64, f64)>,
    /// A hollow dot: no interval, or too few values.
    pub hollow: bool,
    /// The figure in words: `8.52 µs [8.41 µs, 8.60 µs]`.
    pub figure: String,
    /// CPU time per message in words.
    pub cpu: String,
}

/// The bars of a ranking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BarChart {
    pub axis: Axis,
    /// Heads of the two columns of figures.
    pub heads: [String; 2],
    pub bars: Vec<Bar>,
}

const WIDTH: f64 = 860.0;
/// The least and the most room for names.
const LEFT: (f64, f64) = (120.0, 320.0);
const RIGHT: f64 = 560.0;
const FIGURE: f64 = 576.0;
const CPU: f64 = 844.0;
const TOP: f64 = 82.0;
const ROW: f64 = 17.0;
const TEXT: f64 = 10.5;
const FOOT: f64 = 44.0;

impl Picture for BarChart {
    fn size(&self) -> (f64, f64) {
        (WIDTH, TOP + self.bars.len() as f64 * ROW + FOOT)
    }

    fn draw(&self, pen: &mut Pen) {
        let small = Text::new(SMALL, palette::MUTED);
        let [figure, cpu] = &self.heads;
        let room = CPU - FIGURE - pen::width(cpu, SMALL) - 8.0;
        let (figure, look) = pen::fit_name(figure, small, room);
        pen.text((FIGURE, TOP - 14.0), &figure, look);
        pen.text((CPU, TOP - 14.0), cpu, small.right());
        let widest = self.bars.iter().map(|bar| pen::width(&bar.name, TEXT)).fold(0.0, f64::max);
        let left = (widest + 22.0).clamp(LEFT.0, LEFT.1);
        let bottom = TOP + self.bars.len() as f64 * ROW;
        let plot = Plot { left, right: RIGHT, top: TOP, bottom };
        plot.horizontal(&self.axis, pen);
        pen.line(&[(left, bottom), (RIGHT, bottom)], palette::MUTED, 0.5);
        for (at, bar) in self.bars.iter().enumerate() {
            self.bar(bar, &plot, TOP + (at as f64 + 0.5) * ROW, pen);
        }
    }
}

impl BarChart {
    fn bar(&self, bar: &Bar, plot: &Plot, y: f64, pen: &mut Pen) {
        let ink = Text::new(TEXT, palette::INK);
        let (name, look) = pen::fit_name(&bar.name, ink.right(), plot.left - 14.0);
        pen.text((plot.left - 10.0, y), &name, look);
        let place = self.axis.place(bar.value);
        if (0.0..=1.0).contains(&place) {
            let x = plot.across(place);
            pen.line(&[(plot.left, y), (x, y)], palette::GRID, 1.0);
            if let Some((low, high)) = bar.interval {
                // An end at 0 has no place on a log axis: the whisker then runs to its edge.
                let low = self.axis.place(low).max(0.0);
                let high = self.axis.place(high).clamp(0.0, 1.0);
                let ends = [low, high].map(|place| plot.across(place));
                pen.line(&[(ends[0], y), (ends[1], y)], bar.colour, 2.0);
                // A cap within the dot would only make it look like a square.
                for end in ends.into_iter().filter(|end| (end - x).abs() > 5.0) {
                    pen.line(&[(end, y - 3.5), (end, y + 3.5)], bar.colour, 1.5);
                }
            }
            pen.ring((x, y), bar.colour, bar.hollow);
        }
        let (figure, look) = pen::fit_name(&bar.figure, ink, CPU - FIGURE - 70.0);
        pen.text((FIGURE, y), &figure, look);
        pen.text((CPU, y), &bar.cpu, Text::new(TEXT, palette::MUTED).right());
    }
}
