//! Numbers for people: three significant digits, with their unit.

use std::time::Duration;

/// Replaces a missing number.
pub const NONE: &str = "–";
/// Precedes a figure that rests on too few samples.
pub const FEW: &str = "~ ";
/// Replaces a missing interval, if its absence must be named.
pub const NO_INTERVAL: &str = "no interval";

/// Units of time, with the ns in each.
const TIME: [(f64, &str); 4] = [(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")];
/// Decimal prefixes of rates.
const RATE: [(f64, &str); 5] = [(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")];

/// A kind of value, with its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// ns.
    Time,
    /// Messages or round trips per second.
    MessageRate,
    /// Bytes per second, decimal prefixes.
    ByteRate,
    /// Times as much: `1.87 ×`.
    Factor,
    /// A fraction from 0 to 1, shown in percent.
    Share,
    /// A ratio to an earlier value, shown as a signed percentage: `+4.5 %` for 1.045.
    Change,
}

impl Quantity {
    /// Returns true for quantities that differ by factors, and are drawn on a logarithmic scale.
    #[must_use]
    pub const fn is_logarithmic(self) -> bool {
        !matches!(self, Quantity::Factor | Quantity::Share | Quantity::Change)
    }

    /// Returns the value with its unit: `8.52 µs`, `1.78 M/s`, `450 MB/s`, `+4.5 %`.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            _ if !value.is_finite() => NONE.into(),
            Quantity::Time => scaled(value, &TIME, "", digits),
            Quantity::MessageRate => scaled(value, &RATE, "/s", digits),
            Quantity::ByteRate => scaled(value, &RATE, "B/s", digits),
            Quantity::Factor => format!("{} ×", digits(value)),
            Quantity::Share => percent(100.0 * value),
            Quantity::Change => signed(100.0 * (value - 1.0)),
        }
    }

    /// Returns an interval, each bound with its own unit: `[202 ns, 5.81 ms]`.
    #[must_use]
    pub fn interval(self, (low, high): (f64, f64)) -> String {
        format!("[{}, {}]", self.show(low), self.show(high))
    }

    /// Returns the value and its interval, if it has one: `300 ns [202 ns, 5.81 ms]`.
    #[must_use]
    pub fn estimate(self, value: f64, interval: Option<(f64, f64)>) -> String {
        let value = self.show(value);
        interval.map_or(value.clone(), |ends| format!("{value} {}", self.interval(ends)))
    }

    /// Returns the label of a tick, without trailing zeros: `100 ns`, `2 µs`.
    #[must_use]
    pub fn tick(self, value: f64) -> String {
        match self {
            Quantity::Time => scaled(value, &TIME, "", trimmed),
            Quantity::MessageRate => scaled(value, &RATE, "/s", trimmed),
            Quantity::ByteRate => scaled(value, &RATE, "B/s", trimmed),
            Quantity::Factor => format!("{} ×", trimmed(value)),
            Quantity::Share => format!("{} %", trimmed(100.0 * value)),
            Quantity::Change => self.show(value),
        }
    }
}

/// Returns a time in ns with the unit that suits it: `8.52 µs`.
#[must_use]
pub fn time(ns: f64) -> String {
    Quantity::Time.show(ns)
}

/// Returns a factor: `1.87 ×`.
#[must_use]
pub fn factor(times: f64) -> String {
    Quantity::Factor.show(times)
}

/// Returns a fraction from 0 to 1 in percent: `62.3 %`, `2 %`.
#[must_use]
pub fn share(fraction: f64) -> String {
    Quantity::Share.show(fraction)
}

/// Returns a ratio as a change in percent: `+4.5 %` for 1.045.
#[must_use]
pub fn change(ratio: f64) -> String {
    Quantity::Change.show(ratio)
}

/// Returns a number of bytes: `64 B`, `1 KiB`, `1.5 KiB`, `65,507 B`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        // One decimal at most, and only if it is exact.
        if bytes >> shift > 0 && (u128::from(bytes) * 2).is_multiple_of(1 << shift) {
            let half = if bytes >> (shift - 1) & 1 == 1 { ".5" } else { "" };
            return format!("{}{half} {unit}", count(bytes >> shift));
        }
    }
    format!("{} B", count(bytes))
}

/// Returns a count with its thousands apart: `1,234,567`.
#[must_use]
pub fn count(n: u64) -> String {
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

/// Returns a count with its noun: `1 gap`, `3,000 gaps`, `2 switches`, `2 retries`.
#[must_use]
pub fn plural(n: usize, noun: &str) -> String {
    let number = count(n as u64);
    let stem = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match stem {
        _ if n == 1 || noun.ends_with("series") => format!("{number} {noun}"),
        Some(stem) => format!("{number} {stem}ies"),
        None if ["s", "x", "ch", "sh"].iter().any(|end| noun.ends_with(end)) => {
            format!("{number} {noun}es")
        }
        None => format!("{number} {noun}s"),
    }
}

/// Returns words with a capital in front.
#[must_use]
pub fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Returns a number without a unit, to three significant digits: `0.00312`, `2.00`.
#[must_use]
pub fn plain(value: f64) -> String {
    match value {
        v if !v.is_finite() => NONE.into(),
        v if v != 0.0 && v.abs() < 1e-3 => "< 0.001".into(),
        v => digits(v),
    }
}

/// Returns the usual name of a percentile: `p50`, `p99.99`.
#[must_use]
pub fn percentile(quantile: f64) -> String {
    format!("p{}", trimmed(quantile * 100.0))
}

/// Returns a span of wall time in at most two parts: `4.2 s`, `41 s`, `2 min 5 s`, `3 h 20 min`.
#[must_use]
pub fn wall(duration: Duration) -> String {
    match duration.as_secs() {
        ..10 if duration.as_millis() < 9_950 => format!("{:.1} s", duration.as_secs_f64()),
        s @ ..60 => format!("{} s", s.max(10)),
        s @ 60..3600 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

/// Returns the value in the first unit in which it stays below 1000 after rounding: 999.7 ns is
/// 1.00 µs.
fn scaled(value: f64, steps: &[(f64, &str)], unit: &str, shown: fn(f64) -> String) -> String {
    let mut text = String::new();
    for (factor, prefix) in steps {
        text = shown(value / factor);
        let small = text.parse().is_ok_and(|shown: f64| shown.abs() < 1000.0);
        text.extend([" ", prefix, unit]);
        if small {
            break;
        }
    }
    text
}

/// Returns three significant digits.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    // The exponent after rounding to three digits: that of 9.996 is 1.
    let rounded = format!("{value:.2e}");
    let exponent = rounded.split_once('e').and_then(|(_, e)| e.parse::<i32>().ok()).unwrap_or(0);
    format!("{value:.*}", (2 - exponent).clamp(0, 6) as usize)
}

/// Returns at most six decimals, no trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// Returns a percentage: one decimal, two below 1 %, none for whole numbers.
fn percent(percent: f64) -> String {
    match percent.abs() {
        p if (p - p.round()).abs() < 1e-9 => format!("{percent:.0} %"),
        p if p < 0.01 => "< 0.01 %".into(),
        p if p < 0.995 => format!("{percent:.2} %"),
        p if p < 99.95 => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// Returns a signed percentage with one decimal.
fn signed(percent: f64) -> String {
    match percent.abs() {
        p if p < 0.05 => "0.0 %".into(),
        p if p < 999.95 => format!("{percent:+.1} %"),
        _ => format!("{percent:+.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_number_reaches_the_next_unit(ns in 1e-2..9.9e11f64) {
            let shown = time(ns);
            let (number, unit) = shown.split_once(' ').unwrap();
            let number: f64 = number.parse().unwrap();
            prop_assert!(number < 1000.0, "{}", shown);
            let (factor, _) = TIME.iter().find(|(_, name)| *name == unit).unwrap();
            prop_assert!((number * factor / ns - 1.0).abs() < 0.0051, "{} of {}", shown, ns);
            prop_assert!(unit == "ns" || number >= 1.0, "{}", shown);
        }

        #[test]
        fn what_rounds_up_to_a_thousand_carries(part in 999.5..999.9999f64, step in 0usize..3) {
            prop_assert_eq!(time(part * TIME[step].0), format!("1.00 {}", TIME[step + 1].1));
            prop_assert_eq!(Quantity::MessageRate.show(part * RATE[step].0), format!("1.00 {}/s", RATE[step + 1].1));
        }

        #[test]
        fn each_bound_has_its_own_unit(low in 0.1..1e10f64, times in 1.0..1e5f64) {
            let shown = Quantity::Time.interval((low, low * times));
            prop_assert_eq!(shown, format!("[{}, {}]", time(low), time(low * times)));
        }
    }

    #[test]
    fn times_have_three_digits_and_the_unit_that_suits() {
        for (ns, shown) in [
            (0.0, "0 ns"),
            (0.42, "0.420 ns"),
            (9.996, "10.0 ns"),
            (231.4, "231 ns"),
            (999.4, "999 ns"),
            (999.7, "1.00 µs"),
            (8_523.0, "8.52 µs"),
            (999_960.0, "1.00 ms"),
            (2.5e9, "2.50 s"),
            (-8_523.0, "-8.52 µs"),
            (f64::NAN, NONE),
        ] {
            assert_eq!(time(ns), shown);
        }
    }

    #[test]
    fn an_interval_has_one_spelling() {
        let ends = Some((202.0, 5.811e6));
        assert_eq!(Quantity::Time.estimate(300.0, ends), "300 ns [202 ns, 5.81 ms]");
        let ends = Some((1.039, 1.049));
        assert_eq!(Quantity::Change.estimate(1.045, ends), "+4.5 % [+3.9 %, +4.9 %]");
        assert_eq!(Quantity::Factor.estimate(1.874, Some((1.8, 1.9))), "1.87 × [1.80 ×, 1.90 ×]");
        assert_eq!(Quantity::Share.estimate(0.6234, Some((0.61, 0.63))), "62.3 % [61 %, 63 %]");
        assert_eq!(Quantity::Time.estimate(300.0, None), "300 ns");
    }

    #[test]
    fn rates_are_decimal_and_sizes_binary() {
        let rates = [12.3, 1_776_000.0].map(|rate| Quantity::MessageRate.show(rate));
        assert_eq!(rates, ["12.3 /s", "1.78 M/s"]);
        assert_eq!(Quantity::ByteRate.show(4.2e9), "4.20 GB/s");
        for (n, shown) in [
            (0, "0 B"),
            (1000, "1,000 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (65_507, "65,507 B"),
            (64 << 20, "64 MiB"),
            (3 << 30, "3 GiB"),
            (u64::MAX, "18,446,744,073,709,551,615 B"),
        ] {
            assert_eq!(bytes(n), shown);
        }
    }

    #[test]
    fn percentages() {
        let shares = [0.0, 0.00001, 0.0062, 0.062, 0.02, 0.623, 0.9996, 1.07];
        let shown = ["0 %", "< 0.01 %", "0.62 %", "6.2 %", "2 %", "62.3 %", "100 %", "107 %"];
        assert_eq!(shares.map(share), shown.map(String::from));
        let changes = [0.9, 1.0, 0.9999, 1.052, 3.656, 40.0].map(change);
        let shown = ["-10.0 %", "0.0 %", "0.0 %", "+5.2 %", "+265.6 %", "+3900 %"];
        assert_eq!(changes, shown.map(String::from));
    }

    #[test]
    fn nouns_and_small_words() {
        let nouns =
            ["gap", "switch", "class", "retry", "key", "series"].map(|noun| plural(2, noun));
        assert_eq!(nouns, ["2 gaps", "2 switches", "2 classes", "2 retries", "2 keys", "2 series"]);
        assert_eq!(
            (plural(1, "gap"), plural(1234, "pair")),
            ("1 gap".into(), "1,234 pairs".into())
        );
        assert_eq!((percentile(0.5), percentile(0.9999)), ("p50".into(), "p99.99".into()));
        assert_eq!(
            (Quantity::Time.tick(2e3), Quantity::Share.tick(0.2)),
            ("2 µs".into(), "20 %".into())
        );
        assert_eq!(
            (plain(0.0), plain(0.00001), plain(2.0)),
            ("0".into(), "< 0.001".into(), "2.00".into())
        );
    }

    #[test]
    fn wall_time_has_two_parts_at_most() {
        let shown =
            [4_230, 9_990, 41_900, 125_000, 12_000_000].map(|ms| wall(Duration::from_millis(ms)));
        assert_eq!(shown, ["4.2 s", "10 s", "41 s", "2 min 5 s", "3 h 20 min"]);
    }
}
