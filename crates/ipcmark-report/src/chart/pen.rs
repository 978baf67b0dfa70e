//! A pen that records its strokes in pixels. plotters plays the same strokes as SVG and as PNG.

use super::font::{SCALE, width_px};
use crate::palette::{self, Colour};
use plotters::style::text_anchor::HPos;

/// A place, in logical units (CSS pixels).
pub(crate) type Place = (f64, f64);
/// A place in pixels.
pub(super) type Pixel = (i32, i32);

/// Something to draw on a sheet.
pub(crate) trait Picture {
    /// Returns width and height in logical units.
    fn size(&self) -> (f64, f64);
    /// Draws it.
    fn draw(&self, pen: &mut Pen);
}

/// The look of a text.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    pub em: f64,
    pub colour: Colour,
    pub bold: bool,
    pub anchor: HPos,
    /// Turned, to be read from below.
    pub upright: bool,
}

impl Text {
    pub(crate) const fn new(em: f64, colour: Colour) -> Text {
        Text { em, colour, bold: false, anchor: HPos::Left, upright: false }
    }
    pub(crate) const fn bold(self) -> Text {
        Text { bold: true, ..self }
    }
    pub(crate) const fn right(self) -> Text {
        Text { anchor: HPos::Right, ..self }
    }
    pub(crate) const fn centred(self) -> Text {
        Text { anchor: HPos::Center, ..self }
    }
    pub(crate) const fn upright(self) -> Text {
        Text { upright: true, ..self }
    }
}

/// One stroke.
pub(super) enum Stroke {
    /// A polyline of this width, px.
    Line(Vec<Pixel>, u32),
    /// A filled polygon.
    Area(Vec<Pixel>),
    /// A filled rectangle from the upper left to the lower right corner.
    Block(Pixel, Pixel),
    /// A filled circle of this radius, px.
    Dot(Pixel, u32),
    /// A line of text, centred on the height of its point.
    Text(Place, String, Text),
}

/// Draws in logical units, from an origin.
#[derive(Default)]
pub(crate) struct Pen {
    pub(super) strokes: Vec<(Stroke, Colour)>,
    origin: Place,
}

impl Pen {
    /// Moves the origin to this place of the sheet.
    pub(crate) fn move_to(&mut self, origin: Place) {
        self.origin = origin;
    }

    fn pixel(&self, (x, y): Place) -> Pixel {
        pixel((self.origin.0 + x, self.origin.1 + y))
    }

    pub(crate) fn line(&mut self, points: &[Place], colour: Colour, width: f64) {
        let mut pixels: Vec<_> = points.iter().map(|p| self.pixel(*p)).collect();
        pixels.dedup();
        if pixels.len() >= 2 {
            self.strokes.push((Stroke::Line(pixels, (width * SCALE).round() as u32), colour));
        }
    }

    /// Draws a line of dashes.
    pub(crate) fn dashed(&mut self, (from, to): (Place, Place), colour: Colour, width: f64) {
        const DASH: f64 = 4.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |way: f64| (from.0 + dx * way / length, from.1 + dy * way / length);
        let mut way = 0.0;
        while way < length {
            self.line(&[at(way), at((way + DASH).min(length))], colour, width);
            way += 2.0 * DASH;
        }
    }

    /// Draws a filled rectangle.
    pub(crate) fn block(&mut self, upper_left: Place, lower_right: Place, colour: Colour) {
        let stroke = Stroke::Block(self.pixel(upper_left), self.pixel(lower_right));
        self.strokes.push((stroke, colour));
    }

    /// Draws a small filled dot of this radius.
    pub(crate) fn dot(&mut self, at: Place, radius: f64, colour: Colour) {
        let stroke = Stroke::Dot(self.pixel(at), (radius * SCALE).round() as u32);
        self.strokes.push((stroke, colour));
    }

    /// Draws a dot as large as a marker. A hollow one says "no interval".
    pub(crate) fn ring(&mut self, at: Place, colour: Colour, hollow: bool) {
        self.dot(at, 3.0, colour);
        if hollow {
            self.dot(at, 1.5, palette::PAPER);
        }
    }

    /// Draws a filled marker of one of twelve shapes.
    pub(crate) fn marker(&mut self, (x, y): Place, shape: usize, colour: Colour) {
        const R: f64 = 3.2;
        let corners: &[Place] = match shape % 12 {
            0 => return self.ring((x, y), colour, false),
            1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            2 => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
            3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
            4 => &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
            6 => &[(-1.2, 0.0), (0.8, -1.1), (0.8, 1.1)],
            7 => &[(1.2, 0.0), (-0.8, -1.1), (-0.8, 1.1)],
            // An hourglass, a bow tie, a hexagon, a bar.
            8 => &[(-1.1, -1.2), (1.1, -1.2), (-1.1, 1.2), (1.1, 1.2)],
            9 => &[(-1.2, -1.1), (1.2, 1.1), (1.2, -1.1), (-1.2, 1.1)],
            10 => {
                &[(-1.2, 0.0), (-0.6, -1.05), (0.6, -1.05), (1.2, 0.0), (0.6, 1.05), (-0.6, 1.05)]
            }
            11 => &[(-1.3, -0.5), (1.3, -0.5), (1.3, 0.5), (-1.3, 0.5)],
            // A cross.
            _ => &[
                (-1.2, -0.4),
                (-0.4, -0.4),
                (-0.4, -1.2),
                (0.4, -1.2),
                (0.4, -0.4),
                (1.2, -0.4),
                (1.2, 0.4),
                (0.4, 0.4),
                (0.4, 1.2),
                (-0.4, 1.2),
                (-0.4, 0.4),
                (-1.2, 0.4),
            ],
        };
        let at = corners.iter().map(|(dx, dy)| self.pixel((x + dx * R, y + dy * R))).collect();
        self.strokes.push((Stroke::Area(at), colour));
    }

    pub(crate) fn text(&mut self, (x, y): Place, text: &str, look: Text) {
        let at = (self.origin.0 + x, self.origin.1 + y);
        self.strokes.push((Stroke::Text(at, clean(text), look), look.colour));
    }

    /// Writes the title of a chart, and its note in two lines below, on a sheet of this width.
    pub(crate) fn head(&mut self, title: &str, note: &str, sheet: f64) {
        const SIZES: [f64; 4] = [10.5, 9.5, 8.5, 7.5];
        let room = sheet - 32.0;
        let (title, look) = fit_name(title, Text::new(15.0, palette::INK).bold(), room);
        self.text((16.0, 20.0), &title, look);
        let mut sizes = SIZES.map(|em| (wrap(note, em, room), em)).into_iter();
        let Some((lines, em)) = sizes.find(|(lines, em)| lines.len() <= 2 || *em == SIZES[3])
        else {
            return;
        };
        for (at, line) in lines.iter().take(2).enumerate() {
            self.text((16.0, 41.0 + 13.0 * at as f64), line, Text::new(em, palette::MUTED));
        }
    }
}

/// Returns the pixel of a place on the sheet.
pub(super) fn pixel((x, y): Place) -> Pixel {
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

/// Returns the width of a text, logical units.
pub(crate) fn width(text: &str, em: f64) -> f64 {
    width_px(&clean(text), em, false) / SCALE
}

/// Parts a text into lines that are no wider than `room`; a word that is wider alone is cut.
pub(crate) fn wrap(text: &str, em: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // A space alone has no box.
    let space = width("a a", em) - width("aa", em);
    for line in text.lines() {
        let mut used = f64::INFINITY;
        for word in line.split_whitespace() {
            let word = fit(word, em, room);
            let more = width(&word, em);
            match lines.last_mut() {
                Some(last) if used + space + more <= room => {
                    last.extend([" ", &word]);
                    used += space + more;
                }
                _ => {
                    lines.push(word);
                    used = more;
                }
            }
        }
    }
    lines
}

/// Cuts a text that is wider than `room` and ends it with an ellipsis.
pub(crate) fn fit(text: &str, em: f64, room: f64) -> String {
    let mut cut = clean(text);
    if width(&cut, em) <= room {
        return cut;
    }
    while !cut.is_empty() && width(&format!("{cut}…"), em) > room {
        cut.pop();
    }
    cut + "…"
}

/// Returns a name and its look where `room` is narrow: smaller if that is enough, else cut in its middle,
/// because names of transports differ at both ends.
pub(crate) fn fit_name(name: &str, look: Text, room: f64) -> (String, Text) {
    const SMALLER: [f64; 3] = [1.0, 0.85, 0.7];
    let width = |text: &str, em| width_px(&clean(text), em, look.bold) / SCALE;
    for factor in SMALLER {
        let em = factor * look.em;
        if width(name, em) <= room {
            return (clean(name), Text { em, ..look });
        }
    }
    let em = SMALLER[2] * look.em;
    let letters: Vec<char> = clean(name).chars().collect();
    let cut = |kept: usize| -> String {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let ends = letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]);
        ends.collect()
    };
    let fitting = (0..letters.len()).rev().map(cut).find(|cut| width(cut, em) <= room);
    (fitting.unwrap_or_else(|| "…".into()), Text { em, ..look })
}

/// Replaces control characters, which have no picture and which XML does not allow, and cuts very long texts: names of
/// transports come from the record, so they may hold anything.
pub(super) fn clean(text: &str) -> String {
    text.chars().take(400).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_fonts_measure_text() {
        assert!(width("8.52 µs – … ≤", 10.0) > width("8.52", 10.0));
        assert!(width("MMMM", 20.0) > 1.9 * width("MMMM", 10.0));
    }

    #[test]
    fn a_long_name_is_cut_and_says_so() {
        let name = "x".repeat(10_000);
        let cut = fit(&name, 10.0, 100.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 100.0, "{cut}");
        assert_eq!(fit("pipe/block", 10.0, 100.0), "pipe/block");
        assert_eq!(clean("a\0b\nc"), "a b c");
        let long = "rpc-unix-at-least-once/block";
        let look = Text::new(10.0, palette::INK);
        let (middle, _) = fit_name(long, look, 0.5 * width(long, 10.0));
        assert!(
            middle.starts_with("rpc") && middle.ends_with("block") && middle.contains('…'),
            "{middle}"
        );
        let (whole, smaller) = fit_name(long, look, 0.9 * width(long, 10.0));
        assert_eq!((whole.as_str(), smaller.em), (long, 8.5));
        assert_eq!(fit_name("x", look, 100.0).1.em, 10.0);
        // B13: the bold letters of a title are wider.
        let room = width(long, 10.0);
        assert!(fit_name(long, look.bold(), room).1.em < 10.0);
    }

    #[test]
    fn a_note_goes_on_in_the_next_line() {
        let lines = wrap("one two three four five\nsix", 10.0, width("one two three", 10.0));
        assert_eq!(lines, ["one two three", "four five", "six"]);
    }
}
