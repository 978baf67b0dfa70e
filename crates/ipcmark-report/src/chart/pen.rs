//! A thin pen over plotters: logical units, our font, our colours; the same strokes as SVG and as PNG.

use crate::palette::{self, Colour};
use crate::{Error, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, register_font};
use std::sync::Once;

/// Pixels (and SVG units, which are whole numbers in plotters) for each logical unit.
const SCALE: f64 = 2.0;
/// What plotters' font sizes are of the em.
const EM: f64 = 1.24;

static REGULAR: &[u8] = include_bytes!("../../fonts/DejaVuSans-subset.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/DejaVuSans-Bold-subset.ttf");
static FONTS: Once = Once::new();

/// Something to draw on a sheet of a certain size.
pub(crate) trait Picture {
    /// Width and height in logical units (CSS pixels).
    fn size(&self) -> (f64, f64);
    /// What a reader who cannot see it is told.
    fn title(&self) -> String;
    /// Draws it.
    fn draw<DB: DrawingBackend>(&self, pen: &Pen<'_, DB>) -> Drawn<DB>;
}

/// What drawing gives.
pub(crate) type Drawn<DB> =
    std::result::Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// How a text stands to its point.
#[derive(Clone, Copy)]
pub(crate) struct Text {
    pub em: f64,
    pub colour: Colour,
    pub bold: bool,
    pub anchor: HPos,
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
    /// Turned, to be read from below.
    pub(crate) const fn upright(self) -> Text {
        Text { upright: true, ..self }
    }
}

/// Draws in logical units, from an origin.
pub(crate) struct Pen<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    origin: (f64, f64),
    /// How far text must be lowered to be centred on its point, in em: plotters centres the box of the glyphs in a bitmap,
    /// and the small letters in an SVG.
    drop_em: f64,
}

impl<'a, DB: DrawingBackend> Pen<'a, DB> {
    /// The same sheet, with the origin moved.
    pub(crate) fn at(&self, x: f64, y: f64) -> Pen<'a, DB> {
        Pen { origin: (self.origin.0 + x, self.origin.1 + y), ..*self }
    }

    fn pixel(&self, (x, y): (f64, f64)) -> (i32, i32) {
        (((self.origin.0 + x) * SCALE).round() as i32, ((self.origin.1 + y) * SCALE).round() as i32)
    }

    pub(crate) fn line(&self, points: &[(f64, f64)], colour: Colour, width: f64) -> Drawn<DB> {
        let mut pixels: Vec<_> = points.iter().map(|p| self.pixel(*p)).collect();
        pixels.dedup();
        if pixels.len() < 2 {
            return Ok(());
        }
        let style = colour.rgb().stroke_width((width * SCALE).round() as u32);
        self.area.draw(&PathElement::new(pixels, style))
    }

    /// A line of dashes, from one point to another.
    pub(crate) fn dashed(
        &self,
        (from, to): ((f64, f64), (f64, f64)),
        colour: Colour,
        width: f64,
    ) -> Drawn<DB> {
        const DASH: f64 = 4.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |way: f64| (from.0 + dx * way / length, from.1 + dy * way / length);
        let mut way = 0.0;
        while way < length {
            self.line(&[at(way), at((way + DASH).min(length))], colour, width)?;
            way += 2.0 * DASH;
        }
        Ok(())
    }

    /// A filled rectangle between two corners.
    pub(crate) fn block(&self, corners: [(f64, f64); 2], colour: Colour) -> Drawn<DB> {
        let corners = corners.map(|corner| self.pixel(corner));
        self.area.draw(&Rectangle::new(corners, colour.rgb().filled()))
    }

    /// A small filled dot of this radius.
    pub(crate) fn dot(&self, at: (f64, f64), radius: f64, colour: Colour) -> Drawn<DB> {
        let radius = (radius * SCALE).round() as i32;
        self.area.draw(&Circle::new(self.pixel(at), radius, colour.rgb().filled()))
    }

    /// A filled marker of one of twelve shapes; hollow ones say "no interval".
    pub(crate) fn marker(
        &self,
        (x, y): (f64, f64),
        shape: usize,
        colour: Colour,
        hollow: bool,
    ) -> Drawn<DB> {
        const R: f64 = 3.2;
        let corners: &[(f64, f64)] = match shape % 12 {
            0 => {
                let radius = (R * SCALE) as i32;
                self.area.draw(&Circle::new(self.pixel((x, y)), radius, colour.rgb().filled()))?;
                return if hollow {
                    let inner = ((R - 1.3) * SCALE) as i32;
                    self.area.draw(&Circle::new(
                        self.pixel((x, y)),
                        inner,
                        palette::PAPER.rgb().filled(),
                    ))
                } else {
                    Ok(())
                };
            }
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
        let at = |by: f64| -> Vec<(i32, i32)> {
            corners.iter().map(|(dx, dy)| self.pixel((x + dx * by, y + dy * by))).collect()
        };
        self.area.draw(&Polygon::new(at(R), colour.rgb().filled()))?;
        if hollow {
            self.area.draw(&Polygon::new(at(R - 1.5), palette::PAPER.rgb().filled()))?;
        }
        Ok(())
    }

    /// A line of text, centred on the height of its point.
    pub(crate) fn text(&self, at: (f64, f64), text: &str, how: Text) -> Drawn<DB> {
        let style = if how.bold { FontStyle::Bold } else { FontStyle::Normal };
        let mut font = FontDesc::new(FontFamily::SansSerif, how.em * EM * SCALE, style);
        if how.upright {
            font = font.transform(FontTransform::Rotate270);
        }
        let colour = how.colour.rgb();
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(how.anchor, VPos::Center));
        let drop = self.drop_em * how.em;
        let at = if how.upright { (at.0 + drop, at.1) } else { (at.0, at.1 + drop) };
        self.area.draw_text(&clean(text), &style, self.pixel(at))
    }
}

/// The width of a text, logical units.
pub(crate) fn width(text: &str, em: f64) -> f64 {
    fonts();
    let font = FontDesc::new(FontFamily::SansSerif, em * EM * SCALE, FontStyle::Normal);
    font.box_size(&clean(text)).map_or(0.0, |(width, _)| f64::from(width) / SCALE)
}

/// Cuts a text that is wider than `room`, and says so with an ellipsis.
pub(crate) fn fit(text: &str, em: f64, room: f64) -> String {
    if width(text, em) <= room {
        return clean(text);
    }
    let mut cut: String = clean(text);
    while !cut.is_empty() && width(&format!("{cut}…"), em) > room {
        cut.pop();
    }
    cut.push('…');
    cut
}

/// A name and its size where `room` is narrow: a little smaller where that is enough, else cut in its middle, because names
/// of transports differ at both ends.
pub(crate) fn fit_name(name: &str, em: f64, room: f64) -> (String, f64) {
    const SMALLER: f64 = 0.85;
    if width(name, em) <= room {
        return (clean(name), em);
    }
    let em = SMALLER * em;
    if width(name, em) <= room {
        return (clean(name), em);
    }
    let letters: Vec<char> = clean(name).chars().collect();
    let cut = |kept: usize| -> String {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let ends = letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]);
        ends.collect()
    };
    let fitting = (0..letters.len()).rev().map(cut).find(|cut| width(cut, em) <= room);
    (fitting.unwrap_or_else(|| "…".into()), em)
}

/// Control characters have no picture, and XML does not allow them. Names of transports come from the record, so they
/// may hold anything, and be of any length.
fn clean(text: &str) -> String {
    text.chars().take(400).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The picture as an SVG document.
pub(crate) fn svg(picture: &impl Picture) -> Result<String> {
    let mut text = String::new();
    let (width, height) = picture.size();
    {
        let backend = SVGBackend::with_string(&mut text, sheet(picture));
        draw(picture, backend, 0.0)?;
    }
    // plotters' own first line has no title and the doubled size; ours shows the picture at its logical size.
    let body = text.split_once('\n').map_or("", |(_, body)| body).replace(" opacity=\"1\"", "");
    let title = escape(&clean(&picture.title()));
    let (w, h) = sheet(picture);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {w} {h}\" \
         role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n{body}"
    ))
}

/// An SVG document of [`svg`] as an element of a page whose style sheet has the rules of [`INLINE`].
pub(crate) fn inline(svg: &str) -> String {
    let spoken = [
        (" xmlns=\"http://www.w3.org/2000/svg\"", ""),
        (" font-family=\"sans-serif\"", ""),
        (" text-anchor=\"start\"", ""),
        ("<polyline fill=\"none\"", "<polyline"),
        (" stroke=\"none\"", ""),
        (" \"/>\n", "\"/>"),
        ("\"/>\n", "\"/>"),
        ("\">\n", "\">"),
        ("\n</text>\n", "</text>"),
    ];
    spoken.iter().fold(svg.to_owned(), |text, (long, short)| text.replace(long, short))
}

/// What [`inline`] leaves to the style sheet.
pub(crate) const INLINE: &str = "svg polyline{fill:none}\n";

/// The picture as a PNG file.
pub(crate) fn png(picture: &impl Picture) -> Result<Vec<u8>> {
    let (width, height) = sheet(picture);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    draw(picture, BitMapBackend::with_buffer(&mut pixels, (width, height)), 0.15)?;
    let failed =
        |e: png::EncodingError| Error::Draw { chart: picture.title(), what: e.to_string() };
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Default);
    // Most rows of a chart repeat the row above.
    encoder.set_filter(png::FilterType::Up);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

fn sheet(picture: &impl Picture) -> (u32, u32) {
    let (width, height) = picture.size();
    ((width * SCALE).round() as u32, (height * SCALE).round() as u32)
}

fn draw<DB: DrawingBackend>(picture: &impl Picture, backend: DB, drop_em: f64) -> Result<()> {
    fonts();
    let area = backend.into_drawing_area();
    let drawn = area
        .fill(&palette::PAPER.rgb())
        .and_then(|()| picture.draw(&Pen { area: &area, origin: (0.0, 0.0), drop_em }))
        .and_then(|()| area.present());
    drawn.map_err(|e| Error::Draw { chart: picture.title(), what: e.to_string() })
}

/// Makes plotters know our font: on a bare machine there is no other.
fn fonts() {
    FONTS.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            // The bytes are ours and a test draws with them, so they are a font.
            let _ = register_font(FontFamily::SansSerif.as_str(), style, bytes);
        }
    });
}

/// Text for XML and HTML, in elements and in attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
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
        let (middle, em) = fit_name(long, 10.0, 0.6 * width(long, 10.0));
        assert!(
            middle.starts_with("rpc") && middle.ends_with("block") && middle.contains('…'),
            "{middle}"
        );
        assert_eq!(fit_name(long, 10.0, 0.9 * width(long, 10.0)), (long.to_string(), em));
        assert_eq!(fit_name("x", 10.0, 100.0), ("x".to_string(), 10.0));
    }
}
