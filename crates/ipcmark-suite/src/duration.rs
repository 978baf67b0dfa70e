//! Durations as people write them: `50ms`, `1.5s`, `2m`, `1h 30m`.

use crate::WordError;
use jiff::SignedDuration;
use std::time::Duration;

const EXPECTED: &str = "a duration such as 50ms, 1.5s or 2m";

/// Parses a duration; a unit is required, and it must be longer than nothing and at most 7 days.
///
/// # Errors
/// Words that are no such duration.
pub fn parse_duration(word: &str) -> Result<Duration, WordError> {
    let wrong = || WordError::new(word.trim(), EXPECTED);
    if !word.is_empty() && word.trim().chars().all(|c| c.is_ascii_digit() || c == '.') {
        return Err(
            wrong().because(format!("it has no unit: write {0}us, {0}ms or {0}s", word.trim()))
        );
    }
    let duration: SignedDuration = word.trim().parse().map_err(|_| wrong())?;
    if duration <= SignedDuration::ZERO {
        return Err(wrong().because("it must be longer than nothing"));
    }
    if duration > SignedDuration::from_hours(7 * 24) {
        return Err(wrong().because("it must be at most 7 days"));
    }
    Ok(duration.unsigned_abs())
}

/// Parses a duration that may be nothing: `0s`.
///
/// # Errors
/// As [`parse_duration`].
pub fn parse_duration_or_none(word: &str) -> Result<Duration, WordError> {
    match word.trim() {
        "0" | "0s" | "0ms" | "0us" => Ok(Duration::ZERO),
        word => parse_duration(word),
    }
}

/// Prints a duration in the form [`parse_duration`] reads, exactly: `50ms`, `1m 10s`, `1s 500ms`.
#[must_use]
pub fn show_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let units: [(&str, u128); 6] = [
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    let mut rest = nanos;
    let mut words = Vec::new();
    for (name, size) in units {
        if rest >= size {
            words.push(format!("{}{name}", rest / size));
            rest %= size;
        }
    }
    if words.is_empty() { "0s".into() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(nanos in 1u64..600_000_000_000_000) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&show_duration(duration)).unwrap(), duration);
        }

        #[test]
        fn no_word_panics(word in "\\PC{0,12}") {
            let _ = parse_duration(&word);
        }
    }

    #[test]
    fn units_are_read_and_required() {
        assert_eq!(parse_duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration(" 2m "), Ok(Duration::from_secs(120)));
        for (word, why) in [
            ("50", "50ms or 50s"),
            ("0s", "longer than nothing"),
            ("-1s", "longer than nothing"),
            ("1000h", "at most 7 days"),
            ("soon", "expected a duration"),
            ("", "expected a duration"),
        ] {
            let said = parse_duration(word).unwrap_err().to_string();
            assert!(said.contains(why), "{word}: {said}");
        }
    }

    /// M2
    #[test]
    fn nothing_is_a_duration_where_it_may_be() {
        for word in ["0", "0s", "0ms", " 0s "] {
            assert_eq!(parse_duration_or_none(word), Ok(Duration::ZERO), "{word}");
            assert!(parse_duration(word).is_err(), "{word}");
        }
        assert_eq!(parse_duration_or_none("5ms"), Ok(Duration::from_millis(5)));
    }
}
