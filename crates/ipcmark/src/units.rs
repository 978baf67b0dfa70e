//! Numbers for people: three significant digits and a unit.

use std::time::Duration;

/// A time in ns: `8.51 µs`, `97.2 ns`, `1.20 ms`.
pub(crate) fn time(ns: f64) -> String {
    scaled(ns, &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")], "ns")
}

/// A rate of messages: `1.23 M/s`, `9.87 k/s`, `12.0 /s`.
pub(crate) fn rate(per_s: f64) -> String {
    scaled(per_s, &[(1e9, "G/s"), (1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")], "/s")
}

/// A rate of bytes, powers of 1000: `1.23 GB/s`.
pub(crate) fn bytes_rate(per_s: f64) -> String {
    scaled(per_s, &[(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")], "B/s")
}

/// Times as fast: `1.87 ×`.
pub(crate) fn factor(times: f64) -> String {
    format!("{} ×", three_digits(times))
}

/// A share, 0 to 1: `62.3 %`.
pub(crate) fn share(of_one: f64) -> String {
    format!("{} %", three_digits(of_one * 100.0))
}

/// An interval in the unit of its larger end: `8.40 .. 8.62 µs`.
pub(crate) fn interval((low, high): (f64, f64), show: fn(f64) -> String) -> String {
    let (low, high) = (show(low), show(high));
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} .. {high}"),
        _ => format!("{low} .. {high}"),
    }
}

/// A span of wall time: `4.2 s`, `41 s`, `2 min 5 s`, `3 h 20 min`.
pub(crate) fn wall(duration: Duration) -> String {
    match duration.as_secs() {
        ..10 => format!("{:.1} s", duration.as_secs_f64()),
        s @ 10..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

/// A count with its noun: `1 cell`, `230 cells`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn scaled(value: f64, units: &[(f64, &str)], least: &str) -> String {
    // A value that rounds up to 1000 of its unit belongs to the next one: 999.7 ns is 1.00 µs.
    let unit = units.iter().find(|(factor, _)| value >= factor * 0.9995);
    let (factor, name) = unit.copied().unwrap_or((1.0, least));
    format!("{} {name}", three_digits(value / factor))
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_the_unit_that_fits() {
        for (ns, shown) in [
            (0.0, "0.00 ns"),
            (0.37, "0.37 ns"),
            (9.996, "10.0 ns"),
            (97.24, "97.2 ns"),
            (999.4, "999 ns"),
            (999.7, "1.00 µs"),
            (8_512.0, "8.51 µs"),
            (1_200_000.0, "1.20 ms"),
            (2.5e9, "2.50 s"),
        ] {
            assert_eq!(time(ns), shown);
        }
        assert_eq!(rate(1_234_567.0), "1.23 M/s");
        assert_eq!(bytes_rate(2.0e10), "20.0 GB/s");
        assert_eq!((factor(1.874), share(0.6234)), ("1.87 ×".into(), "62.3 %".into()));
        assert_eq!(interval((0.61, 0.63), share), "61.0 .. 63.0 %");
    }

    #[test]
    fn an_interval_names_its_unit_once_where_it_can() {
        assert_eq!(interval((8_400.0, 8_620.0), time), "8.40 .. 8.62 µs");
        assert_eq!(interval((980.0, 1_020.0), time), "980 ns .. 1.02 µs");
    }

    #[test]
    fn wall_time_has_two_parts_at_most() {
        assert_eq!(wall(Duration::from_millis(4_230)), "4.2 s");
        assert_eq!(wall(Duration::from_millis(41_900)), "41 s");
        assert_eq!(wall(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(wall(Duration::from_secs(12_000)), "3 h 20 min");
        assert_eq!((count(1, "cell"), count(0, "cell")), ("1 cell".into(), "0 cells".into()));
    }
}
