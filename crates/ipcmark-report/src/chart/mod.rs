//! Charts: what is drawn, how, and under which name it lands.

pub(crate) mod axis;
mod bars;
mod build;
mod distances;
mod lines;
mod load;
mod panels;
pub(crate) mod pen;
mod ranking;
mod sweep;
mod tradeoff;

pub(crate) use build::{charts, legend};
pub(crate) use pen::{INLINE, escape};
pub(crate) use ranking::ranking_title;

use crate::Result;
use bars::BarChart;
use distances::DistanceChart;
use lines::{LineChart, OnePanel};
use tradeoff::TradeOff;

/// Which question a chart answers.
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
    /// Who is first.
    Ranking,
    /// Where the CPUs were over the run's time.
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
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Lines(LineChart),
    Bars(BarChart),
    Distances(DistanceChart),
    TradeOff(TradeOff),
}

impl Chart {
    /// The whole chart as an SVG document.
    pub(crate) fn svg(&self) -> Result<String> {
        match &self.body {
            Body::Lines(chart) => pen::svg(chart),
            Body::Bars(chart) => pen::svg(chart),
            Body::Distances(chart) => pen::svg(chart),
            Body::TradeOff(chart) => pen::svg(chart),
        }
    }

    /// The whole chart as a PNG file, two pixels for each CSS pixel.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        match &self.body {
            Body::Lines(chart) => pen::png(chart),
            Body::Bars(chart) => pen::png(chart),
            Body::Distances(chart) => pen::png(chart),
            Body::TradeOff(chart) => pen::png(chart),
        }
    }

    /// The chart in pieces for a page that lets them flow: one SVG a panel, or the one there is. The page's style sheet
    /// says what each of their thousand elements would say again.
    pub(crate) fn pieces(&self) -> Result<Vec<String>> {
        let whole = match &self.body {
            Body::Lines(chart) => {
                let panels = chart.panels.iter().map(|panel| pen::svg(&OnePanel(chart, panel)));
                return panels.map(|piece| Ok(pen::inline(&piece?))).collect();
            }
            Body::Bars(chart) => pen::svg(chart),
            Body::Distances(chart) => pen::svg(chart),
            Body::TradeOff(chart) => pen::svg(chart),
        };
        Ok(vec![pen::inline(&whole?)])
    }

    /// What stands under the title.
    pub(crate) fn note(&self) -> &str {
        match &self.body {
            Body::Lines(chart) => &chart.note,
            Body::Bars(chart) => &chart.note,
            Body::Distances(chart) => &chart.note,
            Body::TradeOff(chart) => &chart.note,
        }
    }
}

/// The words with a capital in front.
pub(crate) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
