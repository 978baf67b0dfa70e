//! Shares, one for each sort of figure: how much of a change matters differs between a median, a tail and a rate.

use ipcmark_judge::Figure;
use ipcmark_suite::parse_share;
use serde::{Deserialize, Deserializer, Serialize};

/// A sort of figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// A median time, or the time of a task.
    P50,
    /// A 99th percentile.
    P99,
    /// The time of one message of a rate.
    Rate,
}

impl Quantity {
    /// What sort a figure is of.
    #[must_use]
    pub fn of(figure: Figure) -> Quantity {
        // The comparison's own policy tells them apart; asked with numbers that cannot be mistaken, it says which.
        let probe = ipcmark_judge::Policy {
            delta_p50: 1.0,
            delta_p99: 2.0,
            delta_throughput: 3.0,
            ..ipcmark_judge::Policy::default()
        };
        match figure.delta(&probe) {
            d if d < 1.5 => Quantity::P50,
            d if d < 2.5 => Quantity::P99,
            _ => Quantity::Rate,
        }
    }

    /// `p50`, `p99`, `rate`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Quantity::P50 => "p50",
            Quantity::P99 => "p99",
            Quantity::Rate => "rate",
        }
    }
}

/// A fraction for each sort of figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shares {
    /// For medians.
    pub p50: f64,
    /// For 99th percentiles.
    pub p99: f64,
    /// For rates, as times of a message.
    pub rate: f64,
}

impl Shares {
    /// The one for this sort.
    #[must_use]
    pub const fn get(&self, quantity: Quantity) -> f64 {
        match quantity {
            Quantity::P50 => self.p50,
            Quantity::P99 => self.p99,
            Quantity::Rate => self.rate,
        }
    }

    /// So many times as much.
    #[must_use]
    pub fn times(&self, factor: f64) -> Shares {
        Shares { p50: self.p50 * factor, p99: self.p99 * factor, rate: self.rate * factor }
    }

    /// These, where `others` say nothing else.
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
    /// So many times as much.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_is_of_the_sort_that_the_comparison_judges_it_by() {
        for (figure, quantity) in [
            (Figure::RoundTripP50, Quantity::P50),
            (Figure::TaskTime, Quantity::P50),
            (Figure::BurstP99, Quantity::P99),
            (Figure::OneWayP99, Quantity::P99),
            (Figure::TimePerMessage, Quantity::Rate),
        ] {
            assert_eq!(Quantity::of(figure), quantity, "{figure:?}");
        }
    }
}
