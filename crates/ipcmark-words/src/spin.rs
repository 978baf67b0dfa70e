//! The time for which a hybrid wait spins before it sleeps.

use crate::word::word;
use std::fmt;
use std::str::FromStr;

/// The time for which a hybrid wait spins before it sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpinBudget {
    /// Always this time, µs; 0 sleeps at once.
    Fixed {
        /// Time, µs.
        us: u32,
    },
    /// Time that the transport adapts to earlier waits, by its own rule.
    Adaptive,
}

impl SpinBudget {
    /// Longest fixed budget, µs.
    pub const MOST_US: u32 = 1_000;
    const EXPECTED: &str = "0, a time up to 1ms such as 10us, or adaptive";
}

impl fmt::Display for SpinBudget {
    /// `0`, `10us`, `1ms` or `adaptive`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            SpinBudget::Adaptive => f.pad("adaptive"),
            SpinBudget::Fixed { us: 0 } => f.pad("0"),
            SpinBudget::Fixed { us } if us.is_multiple_of(1_000) => {
                f.pad(&format!("{}ms", us / 1_000))
            }
            SpinBudget::Fixed { us } => f.pad(&format!("{us}us")),
        }
    }
}

impl FromStr for SpinBudget {
    type Err = String;

    fn from_str(word: &str) -> Result<SpinBudget, String> {
        let scaled = |number: &str, scale: u32| number.parse::<u32>().ok()?.checked_mul(scale);
        let us = match word.trim() {
            "adaptive" => return Ok(SpinBudget::Adaptive),
            "0" => Some(0),
            word => match (word.strip_suffix("us"), word.strip_suffix("ms")) {
                (Some(number), _) => scaled(number, 1),
                (None, Some(number)) => scaled(number, 1_000),
                (None, None) => None,
            },
        };
        match us {
            Some(us @ 0..=SpinBudget::MOST_US) => Ok(SpinBudget::Fixed { us }),
            _ => Err(format!("'{word}' is no spin budget; expected {}", SpinBudget::EXPECTED)),
        }
    }
}

word!(@serde SpinBudget);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_budget_is_written_as_it_is_read() {
        for (word, budget) in [
            ("0", SpinBudget::Fixed { us: 0 }),
            ("10us", SpinBudget::Fixed { us: 10 }),
            ("1ms", SpinBudget::Fixed { us: 1_000 }),
            ("adaptive", SpinBudget::Adaptive),
        ] {
            assert_eq!(word.parse::<SpinBudget>().unwrap(), budget);
            assert_eq!(budget.to_string(), word);
        }
        assert_eq!("0us".parse::<SpinBudget>(), "0".parse());
        for word in ["", "10", "2ms", "-1us", "1.5us", "4294967296us", "often", "1001us"] {
            assert!(word.parse::<SpinBudget>().is_err(), "{word}");
        }
    }
}
