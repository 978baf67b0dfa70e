//! Parts of a whole as people write them: `10%`, `0.5 %`.

use crate::WordError;

const EXPECTED: &str = "a share such as 2% or 0.5%";

/// Parses a share into a fraction: `2%` is 0.02. It must be from 0.1 % to 100 %.
///
/// # Errors
/// Words that are no such share.
pub fn parse_share(word: &str) -> Result<f64, WordError> {
    let wrong = || WordError::new(word.trim(), EXPECTED);
    let Some(number) = word.trim().strip_suffix('%') else {
        let is_number = word.trim().parse::<f64>().is_ok();
        return Err(if is_number {
            wrong().because(format!("it has no unit: write {}%", word.trim()))
        } else {
            wrong()
        });
    };
    let percent: f64 = number.trim().parse().map_err(|_| wrong())?;
    if !(0.1..=100.0).contains(&percent) {
        return Err(wrong().because("it must be from 0.1% to 100%"));
    }
    Ok(percent / 100.0)
}

/// Parses a percentile into a fraction: `99.9` is 0.999.
///
/// # Errors
/// Words that are no number from 0.001 to 99.9999.
pub fn parse_percentile(word: &str) -> Result<f64, WordError> {
    let word = word.trim();
    let number = word.strip_prefix('p').unwrap_or(word);
    let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    // So 99.9 is the fraction nearest to 0.999, and no other.
    let fraction = format!("{number}e-2").parse().ok().filter(|_| plain);
    fraction
        .filter(|q| (1e-5..=0.999_999).contains(q))
        .ok_or_else(|| WordError::new(word, "a percentile from 0.001 to 99.9999, such as 99.9"))
}

/// Prints a fraction as a share, in the form that [`parse_share`] reads: `2%`, `0.5%`.
#[must_use]
pub fn show_share(fraction: f64) -> String {
    // A hundredth of a percent is finer than anybody asks for, and hides what binary fractions add.
    format!("{}%", (fraction * 1e4).round() / 1e2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(hundredths in 10u32..10_000) {
            let fraction = f64::from(hundredths) / 1e4;
            prop_assert!((parse_share(&show_share(fraction)).unwrap() - fraction).abs() < 1e-9);
        }

        #[test]
        fn no_word_panics(word in "\\PC{0,12}") {
            let _ = parse_share(&word);
        }
    }

    #[test]
    fn a_percentile_is_the_nearest_fraction() {
        let all = ["50", "90", "99", "99.9", "99.99", "p99.5", " 0.1 "].map(parse_percentile);
        let expected = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.995, 0.001];
        assert_eq!(all, expected.map(Ok));
        for word in ["0", "100", "-1", "", "p", "1e1", "NaN", "99.99999", "9.9.9", "50%"] {
            let said = parse_percentile(word).unwrap_err().to_string();
            assert!(said.contains("expected a percentile from"), "{word}: {said}");
        }
    }

    #[test]
    fn each_refusal_says_why() {
        assert_eq!(parse_share(" 2 % "), Ok(0.02));
        for (word, why) in [
            ("2", "it has no unit: write 2%"),
            ("0%", "from 0.1% to 100%"),
            ("200%", "from 0.1% to 100%"),
            ("NaN%", "from 0.1% to 100%"),
            ("narrow", "expected a share"),
            ("", "expected a share"),
        ] {
            let said = parse_share(word).unwrap_err().to_string();
            assert!(said.contains(why), "{word}: {said}");
        }
    }
}
