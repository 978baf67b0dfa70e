//! Shares, one for each sort of figure: how much of a change matters differs between a median, a
//! tail and a rate.

use crate::{Figure, Quantity};
use ipcmark_suite::parse_share;
use serde::{Deserialize, Deserializer, Serialize};

/// A fraction for each sort of figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shares {
    /// For medians and tasks.
    #[serde(rename = "delta_p50")]
    pub p50: f64,
    /// For 99th percentiles.
    #[serde(rename = "delta_p99")]
    pub p99: f64,
    /// For rates, as times per message.
    #[serde(rename = "delta_throughput")]
    pub rate: f64,
}

impl Default for Shares {
    /// Returns the smallest effects that matter: 2 % on medians and rates, 10 % on 99th percentiles.
    fn default() -> Self {
        Shares { p50: 0.02, p99: 0.10, rate: 0.02 }
    }
}

impl Shares {
    /// Returns the one for this sort.
    #[must_use]
    pub const fn get(&self, quantity: Quantity) -> f64 {
        match quantity {
            Quantity::P50 => self.p50,
            Quantity::P99 => self.p99,
            Quantity::Rate => self.rate,
        }
    }

    /// Multiplies each by `factor`.
    #[must_use]
    pub fn times(&self, factor: f64) -> Shares {
        Shares { p50: self.p50 * factor, p99: self.p99 * factor, rate: self.rate * factor }
    }

    /// Replaces those that `others` name.
    #[must_use]
    pub fn but(&self, others: &SomeShares) -> Shares {
        let or = |other: &Option<Share>, own: f64| other.map_or(own, |share| share.0);
        Shares {
            p50: or(&others.p50, self.p50),
            p99: or(&others.p99, self.p99),
            rate: or(&others.rate, self.rate),
        }
    }
}

/// Fractions for some sorts of figures, as a policy writes them: `{ p50 = "5%" }`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SomeShares {
    p50: Option<Share>,
    p99: Option<Share>,
    rate: Option<Share>,
}

impl SomeShares {
    /// Multiplies each by `factor`.
    #[must_use]
    pub fn times(&self, factor: f64) -> SomeShares {
        let times = |share: Option<Share>| share.map(|Share(share)| Share(share * factor));
        SomeShares { p50: times(self.p50), p99: times(self.p99), rate: times(self.rate) }
    }
}

/// `"5%"` as 0.05.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Share(f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Share, D::Error> {
        let text = String::deserialize(from)?;
        parse_share(&text).map(Share).map_err(serde::de::Error::custom)
    }
}

/// Smallest effects, and the confidence of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Thresholds {
    /// The smallest effects that matter, as fractions.
    #[serde(flatten)]
    pub smallest: Shares,
    /// Confidence of each interval.
    pub confidence: f64,
    /// The odds that a paired comparison calls anything changed where nothing changed, over all
    /// its cells together.
    pub false_changes: f64,
}

impl Default for Thresholds {
    /// Returns the default shares at 95 %, and one false change in a hundred comparisons.
    fn default() -> Self {
        Thresholds { smallest: Shares::default(), confidence: 0.95, false_changes: 0.01 }
    }
}

impl Thresholds {
    /// Returns the smallest effect on a figure that matters, as a fraction.
    #[must_use]
    pub const fn delta(&self, figure: Figure) -> f64 {
        self.smallest.get(figure.quantity())
    }
}
