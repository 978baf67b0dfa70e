//! Numbers for people: three significant digits, with their unit.

use ipcmark_summary::Estimate;

/// What stands where a number is missing.
pub(crate) const NONE: &str = "–";
/// Stands before a figure on which too few samples stand.
pub(crate) const FEW: &str = "~ ";

/// Units of time, with the ns in each.
const TIME: [(f64, &str); 4] = [(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")];
/// Decimal prefixes of rates.
const RATE: [(f64, &str); 5] = [(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")];

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// ns.
    Time,
    /// Messages or round trips a second.
    MessageRate,
    /// Bytes a second, decimal prefixes.
    ByteRate,
    /// Times as fast.
    Factor,
    /// A share, 0 to 1, shown in percent.
    Share,
}

impl Quantity {
    /// True for what differs by factors, and is drawn so; a share or a speed-up is drawn from zero on.
    pub(crate) fn is_logarithmic(self) -> bool {
        !matches!(self, Quantity::Factor | Quantity::Share)
    }

    /// The divisor and the unit that suit a value after rounding: 999.7 ns is 1.00 µs.
    fn unit(self, value: f64) -> (f64, String) {
        let rounded = round(value.abs());
        let steps: &[(f64, &str)] = match self {
            Quantity::Time => &TIME,
            Quantity::MessageRate | Quantity::ByteRate => &RATE,
            Quantity::Factor => return (1.0, "×".into()),
            Quantity::Share => return (0.01, "%".into()),
        };
        let (factor, prefix) =
            *steps.iter().rev().find(|(factor, _)| rounded >= *factor).unwrap_or(&steps[0]);
        let unit = match self {
            Quantity::MessageRate => format!("{prefix}/s"),
            Quantity::ByteRate => format!("{prefix}B/s"),
            _ => prefix.to_string(),
        };
        (factor, unit)
    }

    /// `8.52 µs`, `1.78 M/s`, `450 MB/s`.
    pub(crate) fn show(self, value: f64) -> String {
        if !value.is_finite() {
            return NONE.into();
        }
        let (factor, unit) = self.unit(value);
        format!("{} {unit}", digits(value / factor))
    }

    /// The interval alone, in the unit and with the decimals that [`Quantity::show`] gives its value: `[8.41, 8.60]`.
    pub(crate) fn interval(self, estimate: &Estimate) -> Option<String> {
        let (low, high) = estimate.interval?;
        let (factor, _) = self.unit(estimate.value);
        let decimals = decimals(estimate.value / factor);
        Some(format!("[{:.decimals$}, {:.decimals$}]", low / factor, high / factor))
    }

    /// The value and its interval: `8.52 µs [8.41, 8.60]`.
    pub(crate) fn estimate(self, estimate: &Estimate) -> String {
        let value = self.show(estimate.value);
        self.interval(estimate).map_or(value.clone(), |interval| format!("{value} {interval}"))
    }

    /// A tick: round values without trailing zeros, `100 ns`, `2 µs`.
    pub(crate) fn tick(self, value: f64) -> String {
        let (factor, unit) = self.unit(value);
        format!("{} {unit}", trimmed(value / factor))
    }
}

/// A message size: `64 B`, `1 KiB`, `1.5 KiB`, `65,507 B`.
pub(crate) fn size(bytes: u64) -> String {
    for (shift, unit) in [(30u32, "GiB"), (20, "MiB"), (10, "KiB")] {
        // One decimal at most, and only where it is exact.
        if bytes >> shift > 0 && (u128::from(bytes) * 2).is_multiple_of(1 << shift) {
            return format!("{} {unit}", trimmed(bytes as f64 / f64::from(1u32 << shift)));
        }
    }
    format!("{} B", count(bytes))
}

/// `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A plain number to three significant digits: `0.00312`, `2.00`.
pub(crate) fn plain(value: f64) -> String {
    if !value.is_finite() {
        NONE.into()
    } else if value != 0.0 && value.abs() < 1e-3 {
        "< 0.001".into()
    } else {
        digits(value)
    }
}

/// A percentile as people name it: `p50`, `p99.99`.
pub(crate) fn percentile(quantile: f64) -> String {
    format!("p{}", trimmed(quantile * 100.0))
}

/// `3 invocations`, `1 invocation`.
pub(crate) fn plural(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// To three significant digits.
fn round(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let step = 10f64.powi(value.abs().log10().floor() as i32 - 2);
    (value / step).round() * step
}

/// Decimals that leave three significant digits.
fn decimals(value: f64) -> usize {
    let rounded = round(value.abs());
    if rounded == 0.0 {
        return 0;
    }
    // The small addend keeps 9.995, rounded to 10, from counting as below 10.
    (2 - (rounded.log10() + 1e-9).floor() as i32).clamp(0, 6) as usize
}

fn digits(value: f64) -> String {
    format!("{value:.*}", decimals(value))
}

/// Up to six decimals, no trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate { value, interval: Some((low, high)), confidence: Some(0.96) }
    }

    #[test]
    fn times_carry_three_digits_and_the_unit_that_suits() {
        let shown: Vec<_> =
            [0.42, 9.996, 88.0, 231.4, 999.7, 8_523.0, 97_400.0, 1_234_000.0, 2.5e9]
                .map(|ns| Quantity::Time.show(ns))
                .into();
        let expected = [
            "0.420 ns", "10.0 ns", "88.0 ns", "231 ns", "1.00 µs", "8.52 µs", "97.4 µs", "1.23 ms",
            "2.50 s",
        ];
        assert_eq!(shown, expected);
        assert_eq!(Quantity::Time.show(f64::NAN), NONE);
        assert_eq!(Quantity::Time.show(0.0), "0 ns");
    }

    #[test]
    fn an_interval_has_the_unit_of_its_value() {
        let e = estimate(1_020.0, 987.0, 1_100.0);
        assert_eq!(Quantity::Time.estimate(&e), "1.02 µs [0.99, 1.10]");
        let none = Estimate { interval: None, confidence: None, ..e };
        assert_eq!(Quantity::Time.estimate(&none), "1.02 µs");
        assert_eq!(Quantity::Time.interval(&none), None);
    }

    #[test]
    fn rates_are_decimal_and_sizes_binary() {
        assert_eq!(Quantity::MessageRate.show(1_776_000.0), "1.78 M/s");
        assert_eq!(Quantity::MessageRate.show(12.3), "12.3 /s");
        assert_eq!(Quantity::ByteRate.show(4.2e9), "4.20 GB/s");
        assert_eq!(Quantity::Factor.estimate(&estimate(1.874, 1.8, 1.9)), "1.87 × [1.80, 1.90]");
        assert_eq!(Quantity::Share.estimate(&estimate(0.6234, 0.61, 0.63)), "62.3 % [61.0, 63.0]");
        assert_eq!(Quantity::Share.tick(0.2), "20 %");
        let sizes: Vec<_> =
            [1, 64, 1000, 1024, 1536, 65_507, 65_536, 1 << 20, 64 << 20, 3 << 30].map(size).into();
        let expected = [
            "1 B", "64 B", "1,000 B", "1 KiB", "1.5 KiB", "65,507 B", "64 KiB", "1 MiB", "64 MiB",
            "3 GiB",
        ];
        assert_eq!(sizes, expected);
    }

    #[test]
    fn small_words() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(percentile(0.5), "p50");
        assert_eq!(percentile(0.9999), "p99.99");
        assert_eq!(plural(1, "invocation"), "1 invocation");
        assert_eq!(Quantity::Time.tick(2_000.0), "2 µs");
        assert_eq!(plain(0.0), "0");
        assert_eq!(plain(0.00001), "< 0.001");
    }
}
