//! The sheet that a picture is drawn on: plotters plays the pen's strokes as SVG and as PNG, in our font.
//!
//! The strokes are recorded first, so that the code of the charts is compiled once and not once a backend.

use super::font::{SCALE, font, fonts};
use super::pen::{Pen, Picture, Stroke, clean, pixel};
use crate::html::Html;
use crate::palette;
use crate::{Error, Result};
use ipcmark_show::html::escape;
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{Pos, VPos};
use plotters::style::{Color, FontTransform, RGBColor, ShapeStyle, TextStyle};

/// Returns the picture as an SVG document. Readers who cannot see it are given its title.
pub(crate) fn svg(title: &str, picture: &dyn Picture) -> Result<String> {
    let mut text = String::new();
    let (width, height) = picture.size();
    let (w, h) = size_px(picture);
    play(title, picture, SVGBackend::with_string(&mut text, (w, h)), 0.0)?;
    // The first line of plotters has no title and the doubled size; ours shows the picture at its logical size.
    let body = text.split_once('\n').map_or("", |(_, body)| body).replace(" opacity=\"1\"", "");
    let title = escape(&clean(title));
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n{body}"
    ))
}

/// Returns the picture as an element of a page whose style sheet has the rules of [`INLINE`].
pub(crate) fn inline(title: &str, picture: &dyn Picture) -> Result<Html> {
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
    let svg = svg(title, picture)?;
    Ok(Html(spoken.iter().fold(svg, |text, (long, short)| text.replace(long, short))))
}

/// The rules that replace what [`inline`] leaves out.
pub(crate) const INLINE: &str = "svg polyline{fill:none}\n";

/// Returns the picture as a PNG file, two pixels for each CSS pixel.
pub(crate) fn png(title: &str, picture: &dyn Picture) -> Result<Vec<u8>> {
    let (width, height) = size_px(picture);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    play(title, picture, BitMapBackend::with_buffer(&mut pixels, (width, height)), 0.15)?;
    let encode = |file: &mut Vec<u8>| {
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Balanced);
        // Most rows of a chart repeat the row above.
        encoder.set_filter(png::Filter::Up);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()
    };
    let mut file = Vec::new();
    encode(&mut file).map_err(|e| failed(title, &e))?;
    Ok(file)
}

fn failed(title: &str, what: &dyn std::error::Error) -> Error {
    Error::Draw { chart: title.into(), what: what.to_string() }
}

fn size_px(picture: &dyn Picture) -> (u32, u32) {
    let (width, height) = picture.size();
    ((width * SCALE).round() as u32, (height * SCALE).round() as u32)
}

/// Draws the picture on a backend. `drop_em` says how far text must be lowered to be centred on its point: plotters
/// centres the box of the glyphs in a bitmap, and the small letters in an SVG.
fn play<B: DrawingBackend>(
    title: &str,
    picture: &dyn Picture,
    mut backend: B,
    drop_em: f64,
) -> Result<()> {
    fonts();
    let mut pen = Pen::default();
    picture.draw(&mut pen);
    let (width, height) = size_px(picture);
    let draw = || {
        let style = |colour: RGBColor, stroke_width| ShapeStyle {
            color: colour.to_rgba(),
            filled: true,
            stroke_width,
        };
        let corner = (width as i32, height as i32);
        backend.draw_rect((0, 0), corner, &style(palette::PAPER.rgb(), 1), true)?;
        for (stroke, colour) in pen.strokes {
            let colour = colour.rgb();
            match stroke {
                Stroke::Line(path, width) => backend.draw_path(path, &style(colour, width))?,
                Stroke::Area(corners) => backend.fill_polygon(corners, &style(colour, 1))?,
                Stroke::Block(a, b) => backend.draw_rect(a, b, &style(colour, 1), true)?,
                Stroke::Dot(at, radius) => {
                    backend.draw_circle(at, radius, &style(colour, 1), true)?;
                }
                Stroke::Text((x, y), text, look) => {
                    let mut font = font(look.em, look.bold);
                    let drop = drop_em * look.em;
                    let mut at = (x, y + drop);
                    if look.upright {
                        font = font.transform(FontTransform::Rotate270);
                        at = (x + drop, y);
                    }
                    let style = TextStyle::from(font)
                        .color(&colour)
                        .pos(Pos::new(look.anchor, VPos::Center));
                    backend.draw_text(&text, &style, pixel(at))?;
                }
            }
        }
        backend.present()
    };
    draw().map_err(|e| failed(title, &e))
}
