//! Line charts in small multiples: first a panel of all transports with the best of each family in front, then a panel
//! for each family with its own transports in colour. Names are at the ends of the lines.
//!
//! A reader cannot tell thirty-five lines in one chart apart, but eight in front of a grey bundle. Families are decades
//! apart and their members within a factor of two. So each family's panel has a scale of its own, and the first panel,
//! on one scale for all, keeps the comparison between families.

use super::axis::Axis;
use super::pen::{self, Pen, Picture, Place, Text};
use super::plot::{Plot, SMALL};
use crate::palette::{self, Colour};

/// One point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub x: f64,
    pub y: f64,
    /// The interval over invocations, if there is one.
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
    /// The chart's lines in front, by their place.
    pub front: Vec<usize>,
    /// The lines behind them, in grey.
    pub behind: Vec<usize>,
    /// Its vertical axis.
    pub y: Axis,
}

/// A chart of panels that share their horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LineChart {
    pub x: Axis,
    pub lines: Vec<Line>,
    /// The best that the machine allows; may be empty. Dashed.
    pub limit: Vec<Point>,
    pub panels: Vec<Panel>,
}

/// Most names in one panel; a family with more gets a second panel.
pub(crate) const PANEL_LINES: usize = 18;

const COLUMNS: usize = 3;
const WIDTH: f64 = 458.0;
const HEIGHT: f64 = 350.0;
/// The plot within its panel.
const PLOT: Plot = Plot { left: 82.0, right: 310.0, top: 30.0, bottom: 302.0 };
const HEAD: f64 = 62.0;
/// Distance of one name to the next.
pub(super) const LEADING: f64 = 12.0;

impl Picture for LineChart {
    fn size(&self) -> (f64, f64) {
        let columns = self.panels.len().clamp(1, COLUMNS);
        let rows = self.panels.len().div_ceil(COLUMNS).max(1);
        ((columns as f64 * WIDTH).max(760.0), HEAD + rows as f64 * HEIGHT)
    }

    fn draw(&self, pen: &mut Pen) {
        for (at, panel) in self.panels.iter().enumerate() {
            let (column, row) = (at % COLUMNS, at / COLUMNS);
            pen.move_to((column as f64 * WIDTH, HEAD + row as f64 * HEIGHT));
            OnePanel(self, panel).draw(pen);
        }
    }
}

/// One panel as a picture of its own, for pages that let them flow.
pub(crate) struct OnePanel<'a>(pub &'a LineChart, pub &'a Panel);

impl Picture for OnePanel<'_> {
    fn size(&self) -> (f64, f64) {
        (WIDTH, HEIGHT)
    }

    fn draw(&self, pen: &mut Pen) {
        let OnePanel(chart, panel) = self;
        let look = Text::new(12.0, palette::INK).bold();
        let (title, look) = pen::fit_name(&panel.title, look, WIDTH - PLOT.left - 4.0);
        pen.text((PLOT.left, 16.0), &title, look);
        PLOT.axes(&chart.x, &panel.y, pen);
        for line in panel.behind.iter().map(|i| &chart.lines[*i]) {
            self.stroke(line, palette::CONTEXT, 1.0, pen);
        }
        self.limit(pen);
        for line in panel.front.iter().map(|i| &chart.lines[*i]) {
            self.front(line, pen);
        }
        self.names(pen);
    }
}

impl OnePanel<'_> {
    /// Returns the places of these points on both axes.
    fn places(&self, points: &[Point]) -> Vec<Place> {
        points.iter().map(|p| (self.0.x.place(p.x), self.1.y.place(p.y))).collect()
    }

    /// Returns the stretches of a line that are within the panel.
    fn stretches(&self, points: &[Point]) -> Vec<Vec<Place>> {
        let pieces = within(&self.places(points)).into_iter();
        pieces.map(|piece| piece.into_iter().map(|place| PLOT.at(place)).collect()).collect()
    }

    /// Returns the points of a line that are within the panel.
    fn inside(&self, line: &Line) -> Vec<Place> {
        let inside = |(x, y): &Place| (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y);
        let places = self.places(&line.points).into_iter().filter(inside);
        places.map(|place| PLOT.at(place)).collect()
    }

    fn stroke(&self, line: &Line, colour: Colour, width: f64, pen: &mut Pen) {
        for path in self.stretches(&line.points) {
            pen.line(&path, colour, width);
        }
    }

    fn limit(&self, pen: &mut Pen) {
        let paths = self.stretches(&self.0.limit);
        for ends in paths.iter().flat_map(|path| path.windows(2)) {
            pen.dashed((ends[0], ends[1]), palette::INK, 1.0);
        }
        if let Some((x, y)) = paths.first().and_then(|path| path.first()) {
            let below = if y + 9.0 < PLOT.bottom { y + 9.0 } else { y - 9.0 };
            pen.text((x + 4.0, below), "limit", Text::new(9.0, palette::MUTED));
        }
    }

    fn front(&self, line: &Line, pen: &mut Pen) {
        self.stroke(line, line.colour, 1.5, pen);
        let Some(shape) = line.marker else { return };
        for point in &line.points {
            let x = PLOT.across(self.0.x.place(point.x));
            if let Some((low, high)) = point.interval {
                let height = |v| PLOT.height(self.1.y.place(v).clamp(0.0, 1.0));
                let ends = [low, high].map(|v| (x, height(v)));
                if ends.iter().all(|(_, y)| y.is_finite()) {
                    pen.line(&ends, line.colour, 1.0);
                }
            }
        }
        for at in self.inside(line) {
            pen.marker(at, shape, line.colour);
        }
    }

    /// Draws the names at the lines' ends, moved apart where lines end close to each other. Each is led
    /// to its line by dashes in grey, which no one takes for data.
    fn names(&self, pen: &mut Pen) {
        let placed = self.placed();
        // Very many names are closer to each other than their usual size allows.
        let step = placed.windows(2).map(|two| two[1].at.1 - two[0].at.1).fold(LEADING, f64::min);
        let look = Text::new(SMALL * step / LEADING, palette::INK);
        for Name { line, end, at } in placed {
            let room = WIDTH - at.0 - 2.0;
            let (name, look) = pen::fit_name(&line.name, look, room);
            if (at.1 - end.1).abs() > LEADING / 2.0 {
                pen.dashed(((end.0 + 4.0, end.1), (at.0 - 2.0, at.1)), palette::MUTED, 0.5);
            }
            pen.text(at, &name, Text { colour: line.colour, ..look });
        }
    }

    /// Returns the names of the lines in front: directly behind the last point of each, wherever
    /// in the plot that is.
    fn placed(&self) -> Vec<Name<'_>> {
        let front = self.1.front.iter().map(|i| &self.0.lines[*i]);
        let mut ends: Vec<(Place, &Line)> =
            front.filter_map(|line| Some((*self.inside(line).last()?, line))).collect();
        ends.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
        let wanted: Vec<f64> = ends.iter().map(|((_, y), _)| *y).collect();
        let heights = apart(&wanted, LEADING, PLOT.top, PLOT.bottom + 3.0);
        let mut names = Vec::new();
        for ((end, line), y) in ends.into_iter().zip(heights) {
            // Where a name had to move, it leaves room for what leads to it.
            let room = if (y - end.1).abs() > LEADING / 2.0 { 15.0 } else { 8.0 };
            names.push(Name { line, end, at: (end.0 + room, y) });
        }
        names
    }
}

/// A name at the end of its line.
struct Name<'a> {
    line: &'a Line,
    /// The last point of the line.
    end: Place,
    /// The place of the text.
    at: Place,
}

/// Returns the pieces of a polyline that are within the unit square (Liang and Barsky, "A New Concept and Method for Line
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
        // A line that resumes exactly where it was stays one piece.
        if to == 1.0
            && let Some(last) = pieces.last_mut().and_then(|p| p.last_mut())
        {
            *last = pair[1];
        }
    }
    pieces
}

/// Moves sorted places apart until each is `step` from the next, as near to where they were as a pass down and a pass
/// up give, within `low..=high` as long as they fit.
pub(super) fn apart(wanted: &[f64], step: f64, low: f64, high: f64) -> Vec<f64> {
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
    use super::super::plot;
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

    // B3
    #[test]
    fn a_name_stands_where_its_line_ends() {
        let line = |name: &str, points: &[(f64, f64)]| Line {
            name: name.into(),
            colour: palette::INK,
            marker: Some(0),
            points: points.iter().map(|&(x, y)| Point { x, y, interval: None }).collect(),
        };
        let lines = vec![
            line("early/block", &[(64.0, 10.0), (1024.0, 11.0)]),
            line("whole/block", &[(64.0, 900.0), (1024.0, 950.0), (65_536.0, 990.0)]),
            line("gap/block", &[(64.0, 90.0), (1024.0, f64::NAN), (65_536.0, 99.0)]),
            line("none/block", &[(64.0, f64::NAN)]),
        ];
        let x = Axis::values("size", [64, 1024, 65_536].into_iter(), |v| v.to_string()).unwrap();
        let ends = [10.0, 990.0].into_iter();
        let y = Axis::log("t", ipcmark_show::Quantity::Time, ends).unwrap();
        let panel = Panel { title: String::new(), front: vec![0, 1, 2, 3], behind: vec![], y };
        let chart = LineChart { x, lines, limit: vec![], panels: vec![panel] };
        let panel = OnePanel(&chart, &chart.panels[0]);
        let placed = panel.placed();
        assert_eq!(placed.len(), 3, "what has no point has no name");
        for name in &placed {
            assert!(name.at.0 - name.end.0 <= 15.0, "{} is at its end", name.line.name);
            let ends = PLOT.across(chart.x.place(name.line.points.last().unwrap().x));
            assert!((name.end.0 - ends).abs() < 1e-9, "{}", name.line.name);
        }
        // Nothing is drawn across what was not measured.
        assert_eq!(panel.stretches(&chart.lines[2].points), Vec::<Vec<Place>>::new());
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
        let title_ends = plot::TITLE + SMALL / 2.0;
        for label in ["500 MB/s", "500 GB/s", "900 ns", "800 ms"] {
            // A page's own sans-serif may be wider than ours.
            let label_starts = PLOT.left - plot::GAP - 1.1 * pen::width(label, SMALL);
            assert!(label_starts > title_ends, "{label} starts at {label_starts}");
        }
    }

    #[test]
    fn more_names_than_fit_are_still_in_order_and_inside() {
        let placed = apart(&[100.0; 40], 12.0, 30.0, 260.0);
        assert!(placed.is_sorted() && placed[0] >= 29.9 && placed[39] <= 260.1, "{placed:?}");
    }
}
