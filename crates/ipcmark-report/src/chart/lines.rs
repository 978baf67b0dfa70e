//! Line charts in small multiples: first a panel of all transports with the best of each family in front, then a panel
//! for each family, its own transports in colour. Names stand at the lines' ends.
//!
//! Thirty-five lines in one chart cannot be told apart; eight in front of a grey bundle can. Families lie decades apart
//! and their members within a factor of two, so each family's panel has a scale of its own, and the first panel, on one
//! scale for all, keeps the comparison between families.

use super::axis::Axis;
use super::pen::{self, Drawn, Pen, Picture, Text};
use crate::palette::{self, Colour};
use plotters::prelude::DrawingBackend;

/// One point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub x: f64,
    pub y: f64,
    /// The interval over invocations, where there is one.
    pub interval: Option<(f64, f64)>,
}

/// One transport's line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub name: String,
    pub colour: Colour,
    /// Shape of its markers; `None`: a smooth curve without markers.
    pub marker: Option<usize>,
    pub points: Vec<Point>,
}

/// One family's panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Panel {
    pub title: String,
    /// Which of the chart's lines stand in front.
    pub front: Vec<usize>,
    /// Which stand behind them, in grey.
    pub behind: Vec<usize>,
    /// Its vertical axis.
    pub y: Axis,
}

/// A chart of panels that share their horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LineChart {
    pub title: String,
    pub note: String,
    pub x: Axis,
    pub lines: Vec<Line>,
    /// What the machine allows at best; may be empty. Dashed.
    pub limit: Vec<Point>,
    pub panels: Vec<Panel>,
}

/// Names that stand in one panel at most; a family with more gets a second panel.
pub(crate) const PANEL_LINES: usize = 18;

const COLUMNS: usize = 3;
const WIDTH: f64 = 458.0;
const HEIGHT: f64 = 350.0;
/// The plot within its panel.
const LEFT: f64 = 82.0;
const RIGHT: f64 = 310.0;
const TOP: f64 = 30.0;
/// The middle of the vertical axis' title, which stands upright; the tick labels end at the plot.
const TITLE: f64 = 8.0;
const BOTTOM: f64 = 302.0;
const HEAD: f64 = 62.0;
const SMALL: f64 = 10.0;
/// From one name to the next.
const LEADING: f64 = 12.0;

impl Picture for LineChart {
    fn size(&self) -> (f64, f64) {
        let columns = self.panels.len().clamp(1, COLUMNS);
        let rows = self.panels.len().div_ceil(COLUMNS).max(1);
        ((columns as f64 * WIDTH).max(760.0), HEAD + rows as f64 * HEIGHT)
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn draw<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        pen.text((16.0, 22.0), &self.title, Text::new(16.0, palette::INK).bold())?;
        pen.text((16.0, 44.0), &self.note, Text::new(11.0, palette::MUTED))?;
        for (at, panel) in self.panels.iter().enumerate() {
            let (column, row) = (at % COLUMNS, at / COLUMNS);
            self.panel(panel, &pen.at(column as f64 * WIDTH, HEAD + row as f64 * HEIGHT))?;
        }
        Ok(())
    }
}

/// One panel as a picture of its own, for pages that let them flow.
pub(crate) struct OnePanel<'a>(pub &'a LineChart, pub &'a Panel);

impl Picture for OnePanel<'_> {
    fn size(&self) -> (f64, f64) {
        (WIDTH, HEIGHT)
    }

    fn title(&self) -> String {
        format!("{}: {}", self.0.title, self.1.title)
    }

    fn draw<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB> {
        self.0.panel(self.1, pen)
    }
}

impl LineChart {
    fn panel<DB: DrawingBackend>(&self, panel: &Panel, pen: &Pen<'_, DB>) -> Drawn<DB> {
        pen.text(
            (LEFT, 16.0),
            &pen::fit(&panel.title, 12.0, WIDTH - LEFT),
            Text::new(12.0, palette::INK).bold(),
        )?;
        self.frame(&panel.y, pen)?;
        for line in panel.behind.iter().map(|i| &self.lines[*i]) {
            self.stroke(line, &panel.y, palette::CONTEXT, 1.0, pen)?;
        }
        self.limit(&panel.y, pen)?;
        for line in panel.front.iter().map(|i| &self.lines[*i]) {
            self.front(line, &panel.y, pen)?;
        }
        self.names(panel, pen)
    }

    fn frame<DB: DrawingBackend>(&self, y_axis: &Axis, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let label = Text::new(SMALL, palette::MUTED);
        for tick in &y_axis.ticks {
            let y = height(tick.at);
            if let Some(text) = &tick.label {
                pen.line(&[(LEFT, y), (RIGHT, y)], palette::GRID, 1.0)?;
                pen.text((LEFT - 6.0, y), text, label.right())?;
            } else {
                pen.line(&[(LEFT - 3.0, y), (LEFT, y)], palette::MUTED, 0.5)?;
            }
        }
        for tick in &self.x.ticks {
            let x = across(tick.at);
            pen.line(&[(x, BOTTOM), (x, BOTTOM + 4.0)], palette::MUTED, 0.5)?;
            if let Some(text) = &tick.label {
                pen.line(&[(x, TOP), (x, BOTTOM)], palette::GRID, 0.5)?;
                pen.text((x, BOTTOM + 12.0), text, label.centred())?;
            }
        }
        pen.line(&[(LEFT, TOP), (LEFT, BOTTOM), (RIGHT, BOTTOM)], palette::MUTED, 0.5)?;
        let middle = (LEFT + RIGHT) / 2.0;
        pen.text((middle, BOTTOM + 29.0), &self.x.title, label.centred())?;
        pen.text((TITLE, (TOP + BOTTOM) / 2.0), &y_axis.title, label.centred().upright())
    }

    fn limit<DB: DrawingBackend>(&self, y: &Axis, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let places: Vec<(f64, f64)> =
            self.limit.iter().map(|p| (self.x.place(p.x), y.place(p.y))).collect();
        let mut named = false;
        for piece in within(&places) {
            let path: Vec<_> = piece.into_iter().map(|(x, y)| (across(x), height(y))).collect();
            for ends in path.windows(2) {
                pen.dashed((ends[0], ends[1]), palette::INK, 1.0)?;
            }
            if let Some((x, y)) = path.first().filter(|_| !named) {
                let below = if y + 9.0 < BOTTOM { y + 9.0 } else { y - 9.0 };
                pen.text((x + 4.0, below), "limit", Text::new(9.0, palette::MUTED))?;
                named = true;
            }
        }
        Ok(())
    }

    fn front<DB: DrawingBackend>(&self, line: &Line, y: &Axis, pen: &Pen<'_, DB>) -> Drawn<DB> {
        self.stroke(line, y, line.colour, 1.5, pen)?;
        let Some(shape) = line.marker else { return Ok(()) };
        for point in &line.points {
            let x = across(self.x.place(point.x));
            if let Some((low, high)) = point.interval {
                let ends = [low, high].map(|v| (x, height(y.place(v).clamp(0.0, 1.0))));
                if ends[0].1.is_finite() && ends[1].1.is_finite() {
                    pen.line(&ends, line.colour, 1.0)?;
                }
            }
        }
        for at in self.path(line, y) {
            pen.marker(at, shape, line.colour, false)?;
        }
        Ok(())
    }

    /// Names at the lines' ends, moved apart where lines end close to each other, each led to its line.
    fn names<DB: DrawingBackend>(&self, panel: &Panel, pen: &Pen<'_, DB>) -> Drawn<DB> {
        let mut ends: Vec<((f64, f64), &Line)> = panel
            .front
            .iter()
            .map(|i| &self.lines[*i])
            .filter_map(|line| Some((*self.path(line, &panel.y).last()?, line)))
            .collect();
        ends.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
        let wanted: Vec<f64> = ends.iter().map(|((_, y), _)| *y).collect();
        let placed = apart(&wanted, LEADING, TOP, BOTTOM + 8.0);
        for (((x, y), line), name_y) in ends.iter().zip(placed) {
            let from = x + 5.0;
            pen.line(&[(from, *y), (RIGHT + 5.0, *y), (RIGHT + 13.0, name_y)], line.colour, 0.5)?;
            let (name, em) = pen::fit_name(&line.name, SMALL, WIDTH - RIGHT - 17.0);
            pen.text((RIGHT + 15.0, name_y), &name, Text::new(em, palette::INK))?;
        }
        Ok(())
    }

    /// Draws what of a line lies within the panel.
    fn stroke<DB: DrawingBackend>(
        &self,
        line: &Line,
        y: &Axis,
        colour: Colour,
        width: f64,
        pen: &Pen<'_, DB>,
    ) -> Drawn<DB> {
        let places: Vec<(f64, f64)> =
            line.points.iter().map(|p| (self.x.place(p.x), y.place(p.y))).collect();
        for piece in within(&places) {
            let path: Vec<_> = piece.into_iter().map(|(x, y)| (across(x), height(y))).collect();
            pen.line(&path, colour, width)?;
        }
        Ok(())
    }

    /// Where the points of a line lie in a panel; those outside it are left out.
    fn path(&self, line: &Line, y: &Axis) -> Vec<(f64, f64)> {
        line.points
            .iter()
            .map(|p| (self.x.place(p.x), y.place(p.y)))
            .filter(|(x, y)| (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y))
            .map(|(x, y)| (across(x), height(y)))
            .collect()
    }
}

/// The pieces of a polyline that lie within the unit square (Liang and Barsky, "A New Concept and Method for Line
/// Clipping", 1984). A point without a place (NaN) breaks the line.
fn within(points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let ((x, y), (dx, dy)) = (pair[0], (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1));
        let (mut from, mut to) = (0.0f64, 1.0f64);
        for (start, delta) in [(x, dx), (y, dy)] {
            if !delta.is_finite() || (delta == 0.0 && !(0.0..=1.0).contains(&start)) {
                to = -1.0;
            } else if delta != 0.0 {
                let (a, b) = (-start / delta, (1.0 - start) / delta);
                from = from.max(a.min(b));
                to = to.min(a.max(b));
            }
        }
        if from > to {
            continue;
        }
        let at = |t: f64| (x + t * dx, y + t * dy);
        match pieces.last_mut() {
            Some(piece) if from == 0.0 && piece.last() == Some(&pair[0]) => piece.push(at(to)),
            _ => pieces.push(vec![at(from), at(to)]),
        }
        // What goes on exactly where it was stays one piece.
        if to == 1.0
            && let Some(last) = pieces.last_mut().and_then(|p| p.last_mut())
        {
            *last = pair[1];
        }
    }
    pieces
}

fn across(place: f64) -> f64 {
    LEFT + place * (RIGHT - LEFT)
}

fn height(place: f64) -> f64 {
    BOTTOM - place * (BOTTOM - TOP)
}

/// Moves sorted places apart until each is `step` from the next, as near to where they were as a pass down and a pass
/// up give, within `low..=high` as long as they fit.
fn apart(wanted: &[f64], step: f64, low: f64, high: f64) -> Vec<f64> {
    let step = step.min((high - low) / wanted.len().max(2).saturating_sub(1) as f64);
    // Blocks of names that touch each other: (names in it, mean of where they want to begin).
    let mut blocks: Vec<(usize, f64)> = Vec::new();
    for y in wanted {
        blocks.push((1, *y));
        while let [.., (n, a), (m, b)] = blocks[..] {
            if a + n as f64 * step <= b {
                break;
            }
            let joined = (n as f64 * a + m as f64 * (b - n as f64 * step)) / (n + m) as f64;
            blocks.truncate(blocks.len() - 2);
            blocks.push((n + m, joined));
        }
    }
    let mut placed: Vec<f64> =
        blocks.iter().flat_map(|(n, y)| (0..*n).map(move |i| y + i as f64 * step)).collect();
    for i in 0..placed.len() {
        let floor = if i == 0 { low } else { placed[i - 1] + step };
        placed[i] = placed[i].max(floor);
    }
    for i in (0..placed.len()).rev() {
        let ceiling = if i + 1 == placed.len() { high } else { placed[i + 1] - step };
        placed[i] = placed[i].min(ceiling);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_overlap_move_apart_and_stay_inside() {
        let placed = apart(&[50.0, 51.0, 52.0, 200.0], 12.0, 30.0, 260.0);
        assert!(placed.windows(2).all(|w| w[1] - w[0] >= 12.0 - 1e-9), "{placed:?}");
        assert_eq!(placed[3], 200.0, "one that is alone stays where its line ends");
        assert!((placed[1] - 51.0).abs() < 1e-9, "a block stays centred on its lines: {placed:?}");
        let low = apart(&[259.0, 260.0, 260.0], 12.0, 30.0, 260.0);
        assert_eq!(low, [236.0, 248.0, 260.0]);
    }

    #[test]
    fn a_line_is_cut_where_it_leaves_the_panel() {
        let inside = [(0.1, 0.2), (0.5, 0.9), (0.9, 0.4)];
        assert_eq!(within(&inside), [inside.to_vec()]);
        let over = [(0.0, 0.5), (0.5, 1.5), (1.0, 0.5)];
        assert_eq!(within(&over), [vec![(0.0, 0.5), (0.25, 1.0)], vec![(0.75, 1.0), (1.0, 0.5)]]);
        assert_eq!(within(&[(0.0, 2.0), (1.0, 2.0)]), Vec::<Vec<_>>::new());
        assert_eq!(within(&[(0.0, 0.5), (0.2, f64::NAN), (0.4, 0.5), (0.6, 0.5)]).len(), 1);
    }

    #[test]
    fn tick_labels_leave_the_axis_title_alone_in_any_common_font() {
        let title_ends = TITLE + SMALL / 2.0;
        for label in ["500 MB/s", "500 GB/s", "900 ns", "800 ms"] {
            // A page's own sans-serif may be wider than ours.
            let label_starts = LEFT - 6.0 - 1.1 * pen::width(label, SMALL);
            assert!(label_starts > title_ends, "{label} starts at {label_starts}");
        }
    }

    #[test]
    fn more_names_than_fit_are_still_in_order_and_inside() {
        let placed = apart(&[100.0; 40], 12.0, 30.0, 260.0);
        assert!(placed.is_sorted() && placed[0] >= 29.9 && placed[39] <= 260.1, "{placed:?}");
    }
}
