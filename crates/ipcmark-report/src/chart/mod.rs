//! Charts: their pictures, their words, and the names of their files.

pub(crate) mod axis;
mod bars;
mod build;
mod crowd;
mod distances;
mod font;
mod lines;
mod load;
mod panels;
mod parts;
pub(crate) mod pen;
pub(crate) mod plot;
mod ranking;
pub(crate) mod sheet;
mod sweep;
#[cfg(test)]
pub(crate) mod texts;
mod tradeoff;

pub(crate) use build::{charts, curves, legend};
pub(crate) use ranking::ranking_title;

use crate::Result;
use crate::html::Html;
use bars::BarChart;
use distances::DistanceChart;
use lines::{LineChart, OnePanel};
use pen::{Pen, Picture};
use tradeoff::TradeOff;

/// The question that a chart answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Times by percentile, on the nines axis.
    Percentiles,
    /// A median time against message size.
    LatencyBySize,
    /// Throughput against message size.
    ThroughputBySize,
    /// A figure against the rate, the depth or the number of peers.
    ByLoad,
    /// The order of the transports.
    Ranking,
    /// The distance of the CPUs over the run's time.
    Distances,
    /// A median time against its CPU time.
    TradeOff,
}

/// A chart and its name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    /// File name without its ending; letters, digits and `-` only.
    pub stem: String,
    pub kind: Kind,
    pub title: String,
    /// The explanation under the title, in one or two lines.
    pub note: String,
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Lines(LineChart),
    Bars(BarChart),
    Distances(DistanceChart),
    TradeOff(TradeOff),
}

impl Body {
    fn picture(&self) -> &dyn Picture {
        match self {
            Body::Lines(chart) => chart,
            Body::Bars(chart) => chart,
            Body::Distances(chart) => chart,
            Body::TradeOff(chart) => chart,
        }
    }
}

impl Picture for Chart {
    fn size(&self) -> (f64, f64) {
        self.body.picture().size()
    }

    fn draw(&self, pen: &mut Pen) {
        pen.head(&self.title, &self.note, self.size().0);
        self.body.picture().draw(pen);
    }
}

impl Chart {
    /// Returns the whole chart as an SVG document.
    pub(crate) fn svg(&self) -> Result<String> {
        sheet::svg(&self.title, self)
    }

    /// Returns the whole chart as a PNG file, two pixels for each CSS pixel.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        sheet::png(&self.title, self)
    }

    /// Returns the chart in pieces, which a page lets flow: one element a panel, or the whole chart.
    pub(crate) fn pieces(&self) -> Result<Vec<Html>> {
        match &self.body {
            Body::Lines(chart) => {
                let piece = |panel: &lines::Panel| {
                    let title = format!("{}: {}", self.title, panel.title);
                    sheet::inline(&title, &OnePanel(chart, panel))
                };
                chart.panels.iter().map(piece).collect()
            }
            _ => Ok(vec![sheet::inline(&self.title, self)?]),
        }
    }
}
