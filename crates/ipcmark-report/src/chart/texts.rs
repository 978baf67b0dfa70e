//! Tests that no text of a chart is cut, leaves its sheet, or covers another.

use super::font::{SCALE, width_px};
use super::pen::{Pen, Picture, Stroke};
use super::{Chart, charts, curves};
use ipcmark_record::{CellKey, Knee, Record, sample};
use ipcmark_summary::summarize;
use ipcmark_view::rankings;
use plotters::style::text_anchor::HPos;

/// A text, and the box of its letters: left, right, top, bottom.
struct Placed {
    text: String,
    area: [f64; 4],
}

impl Placed {
    fn covers(&self, other: &Placed) -> bool {
        let ([l, r, t, b], [left, right, top, bottom]) = (self.area, other.area);
        l < right && left < r && t < bottom && top < b
    }
}

fn texts(picture: &dyn Picture) -> Vec<Placed> {
    /// Height of letters with their descenders, em, and what rounding to pixels may add.
    const HEIGHT: f64 = 0.9;
    const ROUNDED: f64 = 0.5;
    let mut pen = Pen::default();
    picture.draw(&mut pen);
    let placed = pen.strokes.into_iter().filter_map(|(stroke, _)| {
        let Stroke::Text((x, y), text, look) = stroke else { return None };
        let wide = width_px(&text, look.em, look.bold) / SCALE - ROUNDED;
        let half = HEIGHT * look.em / 2.0 - ROUNDED;
        let from = match look.anchor {
            HPos::Left => 0.0,
            HPos::Center => wide / 2.0,
            HPos::Right => wide,
        };
        let area = match look.upright {
            true => [x - half, x + half, y - from, y - from + wide],
            false => [x - from, x - from + wide, y - half, y + half],
        };
        Some(Placed { text, area })
    });
    placed.filter(|placed| !placed.text.is_empty()).collect()
}

/// Asserts that a picture has texts, and that none is cut, leaves the sheet or covers another.
pub(crate) fn assert_legible(of: &str, picture: &dyn Picture) {
    let (width, height) = picture.size();
    let texts = texts(picture);
    assert!(texts.len() > 5, "{of}");
    for (at, one) in texts.iter().enumerate() {
        let Placed { text, area: [left, right, top, bottom] } = one;
        assert!(!text.contains('…'), "{of}: '{text}' is cut");
        let inside = *left >= 0.0 && *right <= width && *top >= 0.0 && *bottom <= height;
        assert!(inside, "{of}: '{text}' at {:?} of {width} x {height}", one.area);
        let covered = texts[..at].iter().find(|other| one.covers(other));
        assert!(covered.is_none(), "{of}: '{text}' covers '{}'", covered.unwrap().text);
    }
}

fn all(record: &Record) -> Vec<Chart> {
    let ((_, curves), summary) = (curves(record).unwrap(), summarize(record).unwrap());
    charts(record, &curves, &summary, &rankings(&summary))
}

/// Returns the sample with a search for a knee, and each transport's name changed.
fn named(name: impl Fn(&str, &str) -> String) -> Record {
    let mut record = sample::every(1, 6);
    for cell in &mut record.cells {
        let (mechanism, wait) =
            cell.key.transport.split_once('/').unwrap_or((&cell.key.transport, "none"));
        cell.key.transport = name(mechanism, wait);
    }
    let of = record.cells.iter().find(|cell| cell.key.workload.name() == "paced").unwrap();
    let of = CellKey { workload: of.key.workload.with_value(0), ..of.key.clone() };
    let (bound_ns, found) = (1e6, String::new());
    record.knees = vec![Knee { of, bound_ns, rate_per_s: Some(10_000), above_per_s: None, found }];
    record
}

/// Returns many transports of many families, a little apart from each other.
fn crowd() -> Record {
    let mut record = named(|mechanism, wait| format!("{mechanism}/{wait}"));
    let cells = record.cells.clone();
    for copy in 1..4 {
        for cell in &cells {
            let mut cell = cell.clone();
            let (mechanism, wait) = cell.key.transport.split_once('/').unwrap();
            cell.key.transport = format!("{mechanism}-{copy}/{wait}");
            cell.family = format!("{}-{copy}", cell.family);
            sample::slow_down(&mut cell, 1.0 + 0.01 * f64::from(copy));
            record.cells.push(cell);
        }
    }
    record
}

// B13
#[test]
fn no_text_is_cut_leaves_its_sheet_or_covers_another() {
    let long = |mechanism: &str, wait: &str| format!("{mechanism:-<22}-in-order/{wait}");
    let plain = |mechanism: &str, wait: &str| format!("{mechanism}/{wait}");
    for (what, record) in [("plain", named(plain)), ("long", named(long)), ("crowd", crowd())] {
        let charts = all(&record);
        assert!(charts.len() > 10, "{what}: {} charts", charts.len());
        for chart in &charts {
            assert_legible(&format!("{what}: {}", chart.title), chart);
        }
    }
}
