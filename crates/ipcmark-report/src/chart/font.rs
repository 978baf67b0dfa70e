//! The font of the charts, which the program brings along, and how wide a text is in it.

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use std::sync::Once;

/// Pixels (and SVG units, which are whole numbers in plotters) for each logical unit.
pub(super) const SCALE: f64 = 2.0;

/// The ratio of plotters' font sizes to the em.
const EM: f64 = 1.24;

static REGULAR: &[u8] = include_bytes!("../../fonts/DejaVuSans-subset.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/DejaVuSans-Bold-subset.ttf");
static FONTS: Once = Once::new();

/// Returns our font.
pub(super) fn font(em: f64, bold: bool) -> FontDesc<'static> {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    FontDesc::new(FontFamily::SansSerif, em * EM * SCALE, style)
}

/// Returns the width of a text, px.
pub(super) fn width_px(text: &str, em: f64, bold: bool) -> f64 {
    fonts();
    font(em, bold).box_size(text).map_or(0.0, |(width, _)| f64::from(width))
}

/// Gives plotters our font: a bare machine has no other.
pub(super) fn fonts() {
    FONTS.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            // The bytes are ours and a test draws with them, so they are a font.
            let _ = register_font(FontFamily::SansSerif.as_str(), style, bytes);
        }
    });
}
