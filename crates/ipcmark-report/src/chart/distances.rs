//! The distance of the two CPUs at each invocation, over the run's time.
//!
//! On a virtual machine the host moves the CPUs, and every figure of shared memory moves with them. One dot an
//! invocation shows that at a glance; no table does.

use super::axis::Axis;
use super::lines::{LEADING, apart};
use super::pen::{self, Pen, Picture, Text};
use super::plot::{Plot, SMALL};
use super::{Body, Chart, Kind};
use crate::palette;
use ipcmark_record::{Distance, Invocation, Record};
use ipcmark_show::share as percent;
use ipcmark_show::{Quantity, count};
use ipcmark_summary::{Classes, DistanceClass};
use std::collections::BTreeSet;

/// One invocation.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Dot {
    /// Its start, s after the run's start.
    at_s: f64,
    /// The distance before and after its measured phase, ns.
    distance: Distance,
    /// True if it is set aside, or changed its distance on the way.
    aside: bool,
}

/// One distance class, as places on the vertical axis.
#[derive(Debug, Clone, PartialEq)]
struct Band {
    low: f64,
    high: f64,
    /// `57 ns (one core): 92 %`.
    label: String,
}

/// All invocations whose distance is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DistanceChart {
    dots: Vec<Dot>,
    bands: Vec<Band>,
    x: Axis,
    y: Axis,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 268.0;
const PLOT: Plot = Plot { left: 70.0, right: 696.0, top: 58.0, bottom: 222.0 };
/// Margin of a band beyond its dots, as a share of the axis.
const MARGIN: f64 = 0.02;
/// Dots nearer than this to one that is already drawn are not drawn: it hides them.
const GRAIN: f64 = 1.5;

/// Returns the chart; `None` if no distance was measured.
pub(super) fn distances(record: &Record, classes: &Classes) -> Option<Chart> {
    let dot = |i: &Invocation| {
        let distance = i.distance?;
        let aside = !i.marks.is_empty() || distance.has_moved();
        Some(Dot { at_s: i.started_ns as f64 / 1e9, distance, aside })
    };
    let made = record.cells.iter().flat_map(|c| &c.invocations).filter(|i| i.is_ok());
    let dots: Vec<Dot> = made.filter_map(dot).collect();
    let ends = dots.iter().flat_map(|d| [d.distance.before_ns, d.distance.after_ns]);
    let y = Axis::log("cache-line round trip (log scale)", Quantity::Time, ends)?;
    let last_s = dots.iter().map(|d| d.at_s).fold(0.0, f64::max).max(1e-3);
    let x = Axis::from_zero("time since the run began", last_s, seconds);
    let aside = dots.iter().filter(|d| d.aside).count();
    let bands = bands(&dots, classes, &y);
    let note = format!(
        "A dot for each invocation whose distance is known, {} in all; in red with a line from before to after: {} whose distance changed on the way, \
         or that {} set aside.",
        count(dots.len() as u64),
        count(aside as u64),
        if aside == 1 { "is" } else { "are" }
    );
    Some(Chart {
        stem: "distance-over-time".into(),
        kind: Kind::Distances,
        title: "Distance of the two CPUs over the run's time".into(),
        note,
        body: Body::Distances(DistanceChart { dots, bands, x, y }),
    })
}

/// Returns the classes that have dots, each with its share of all dots, as in the measurement quality.
fn bands(dots: &[Dot], classes: &Classes, y: &Axis) -> Vec<Band> {
    let still: Vec<&Dot> = dots.iter().filter(|d| !d.aside).collect();
    let band = |class: &DistanceClass| {
        let here = |d: &&&Dot| classes.of_distance(d.distance) == Some(*class);
        let of = dots.iter().filter(|d| here(&d)).count();
        // As far as its own dots reach: the border of the next class says nothing.
        let ends =
            still.iter().filter(here).flat_map(|d| [d.distance.before_ns, d.distance.after_ns]);
        let places: Vec<f64> = ends.map(|ns| y.place(ns)).collect();
        let low = places.iter().copied().fold(1.0, f64::min) - MARGIN;
        let high = places.iter().copied().fold(0.0, f64::max) + MARGIN;
        let (low, high) = (low.max(0.0), high.min(1.0));
        let share = percent(of as f64 / dots.len() as f64);
        (of > 0 && low < high).then(|| Band { low, high, label: format!("{class}: {share}") })
    };
    classes.all().iter().filter_map(band).collect()
}

impl Picture for DistanceChart {
    fn size(&self) -> (f64, f64) {
        (WIDTH, HEIGHT)
    }

    fn draw(&self, pen: &mut Pen) {
        for band in &self.bands {
            let upper_left = (PLOT.left, PLOT.height(band.high) + 1.0);
            pen.block(upper_left, (PLOT.right, PLOT.height(band.low)), palette::BAND);
        }
        PLOT.axes(&self.x, &self.y, pen);
        let place = |dot: &Dot, ns| PLOT.at((self.x.place(dot.at_s), self.y.place(ns)));
        let mut taken = BTreeSet::new();
        for dot in self.dots.iter().filter(|d| !d.aside) {
            let (x, y) = place(dot, (dot.distance.before_ns + dot.distance.after_ns) / 2.0);
            if y.is_finite() && taken.insert(((x / GRAIN) as i64, (y / GRAIN) as i64)) {
                pen.dot((x, y), 1.5, palette::DOT);
            }
        }
        // Last, because no other dot may hide them.
        for dot in self.dots.iter().filter(|d| d.aside) {
            let ends = [dot.distance.before_ns, dot.distance.after_ns].map(|ns| place(dot, ns));
            if ends.iter().all(|(_, y)| y.is_finite()) {
                pen.line(&ends, palette::ASIDE, 0.5);
                pen.dot(ends[1], 2.0, palette::ASIDE);
            }
        }
        let middle = |band: &Band| PLOT.height((band.low + band.high) / 2.0);
        let mut bands: Vec<&Band> = self.bands.iter().collect();
        bands.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
        let wanted: Vec<f64> = bands.iter().map(|band| middle(band)).collect();
        for (band, y) in bands.iter().zip(apart(&wanted, LEADING, PLOT.top, PLOT.bottom)) {
            let look = Text::new(SMALL, palette::INK);
            let (label, look) = pen::fit_name(&band.label, look, WIDTH - PLOT.right - 12.0);
            pen.text((PLOT.right + 8.0, y), &label, look);
        }
    }
}

/// Shows `20 s`, `0.5 s`, and `0 s` instead of `0 ns`.
fn seconds(s: f64) -> String {
    if s == 0.0 { "0 s".into() } else { Quantity::Time.tick(s * 1e9) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{Placement, sample};

    fn drawn(record: &Record) -> Option<Chart> {
        distances(record, &Classes::of(&[record]))
    }

    #[test]
    fn each_invocation_is_a_dot_and_one_that_moved_is_marked() {
        let record = sample::record(1, 8);
        let known = |i: &&Invocation| i.is_ok() && i.distance.is_some();
        let all = record.cells.iter().flat_map(|c| &c.invocations).filter(known).count();
        let chart = drawn(&record).unwrap();
        let Body::Distances(body) = &chart.body else { panic!("a chart of distances") };
        assert_eq!(body.dots.len(), all);
        assert_eq!(body.dots.iter().filter(|d| d.aside).count(), 1);
        let svg = chart.svg().unwrap();
        let labels: Vec<&str> = body.bands.iter().map(|b| b.label.as_str()).collect();
        // B15: the words of the measurement quality.
        let quality = ipcmark_view::noise(&record, &ipcmark_summary::summarize(&record).unwrap());
        let sign = quality.signs.iter().find(|sign| sign.name == "Core-to-core latency").unwrap();
        for label in &labels {
            let (class, share) = label.rsplit_once(": ").unwrap();
            let words = format!("{class} in {share} of invocations");
            assert!(sign.detail.contains(&words), "no '{words}' in {}", sign.detail);
        }
        assert!(labels[0].contains(" ns: "), "{labels:?}");
        assert!(svg.contains("#C44A1C") && svg.contains("time since the run began"), "{svg}");
    }

    #[test]
    fn many_dots_in_one_place_are_one() {
        let mut record = sample::record(1, 8);
        let of = |record: &Record| drawn(record).unwrap().svg().unwrap().len();
        let once = of(&record);
        let twice = record.cells.clone();
        record.cells.extend(twice);
        assert!(of(&record) < once + once / 10, "{} and {once}", of(&record));
    }

    #[test]
    fn a_record_without_distances_has_no_such_chart() {
        let mut record = sample::record(1, 8);
        record.cells.retain(|c| c.key.placement == Placement::SameCore);
        assert_eq!(drawn(&record), None);
    }
}
