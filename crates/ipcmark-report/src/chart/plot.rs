//! The rectangle that the axes of a chart span, with grid, ticks, labels and titles.

use super::axis::Axis;
use super::pen::{self, Pen, Place, Text};
use crate::palette;

/// The size of ticks' labels.
pub(crate) const SMALL: f64 = 10.0;
/// The middle of the vertical axis' title, which is upright at the left edge.
pub(super) const TITLE: f64 = 8.0;
/// Distance of a label to the plot.
pub(super) const GAP: f64 = 6.0;

/// The edges of the rectangle, logical units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plot {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Plot {
    /// Returns the x of a place on the horizontal axis.
    pub(crate) fn across(&self, place: f64) -> f64 {
        self.left + place * (self.right - self.left)
    }

    /// Returns the y of a place on the vertical axis.
    pub(crate) fn height(&self, place: f64) -> f64 {
        self.bottom - place * (self.bottom - self.top)
    }

    /// Returns the point with these places on both axes.
    pub(crate) fn at(&self, (x, y): Place) -> Place {
        (self.across(x), self.height(y))
    }

    /// Draws both axes.
    pub(crate) fn axes(&self, x: &Axis, y: &Axis, pen: &mut Pen) {
        self.vertical(y, pen);
        self.horizontal(x, pen);
        let Plot { left, right, top, bottom } = *self;
        pen.line(&[(left, top), (left, bottom), (right, bottom)], palette::MUTED, 0.5);
    }

    /// Draws the vertical axis at the left edge.
    pub(crate) fn vertical(&self, axis: &Axis, pen: &mut Pen) {
        let Plot { left, right, top, bottom } = *self;
        let look = Text::new(SMALL, palette::MUTED);
        for tick in &axis.ticks {
            let y = self.height(tick.at);
            if let Some(label) = &tick.label {
                pen.line(&[(left, y), (right, y)], palette::GRID, 1.0);
                let label = pen::fit(label, SMALL, left - GAP);
                pen.text((left - GAP, y), &label, look.right());
            } else {
                pen.line(&[(left - 3.0, y), (left, y)], palette::MUTED, 0.5);
            }
        }
        if !axis.title.is_empty() {
            let middle = (TITLE, (top + bottom) / 2.0);
            // Above the plot is the head of the chart, below it only ticks at the right.
            let (title, look) = pen::fit_name(&axis.title, look, bottom - top + 20.0);
            pen.text(middle, &title, look.centred().upright());
        }
    }

    /// Draws the horizontal axis at the lower edge. A label without room is left out.
    pub(crate) fn horizontal(&self, axis: &Axis, pen: &mut Pen) {
        let Plot { left, right, top, bottom } = *self;
        let look = Text::new(SMALL, palette::MUTED).centred();
        let mut labelled_to = f64::NEG_INFINITY;
        for tick in &axis.ticks {
            let x = self.across(tick.at);
            pen.line(&[(x, bottom), (x, bottom + 4.0)], palette::MUTED, 0.5);
            let Some(label) = &tick.label else { continue };
            let half = pen::width(label, SMALL) / 2.0;
            if x - half > labelled_to + 6.0 {
                labelled_to = x + half;
                pen.line(&[(x, top), (x, bottom)], palette::GRID, 0.5);
                pen.text((x, bottom + 13.0), label, look);
            }
        }
        let (title, look) = pen::fit_name(&axis.title, look, right);
        pen.text(((left + right) / 2.0, bottom + 30.0), &title, look);
    }
}
