//! The times at which the messages of an open loop are due, and their words.

use crate::word::word;
use std::fmt;
use std::str::FromStr;

/// The times at which the messages of an open loop are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// At random, each independent of the others (a Poisson process): the gaps are exponential,
    /// their mean is the rate's.
    Poisson,
    /// Groups at equal distances: all messages of a group are due at the same instant, and the mean
    /// rate is kept.
    Bursts {
        /// Messages of a group.
        of: u32,
    },
    /// At the times of a trace, again and again, with its sizes; the rate is the trace's mean.
    Replay {
        /// Hash of its times and sizes.
        trace: u32,
    },
}

impl Arrivals {
    /// Messages of a group at least, and at most.
    pub const BURSTS: [u32; 2] = [2, 65_536];

    /// The arrivals that a user names, each once; bursts with a number as an example.
    pub const ALL: [Arrivals; 3] =
        [Arrivals::Constant, Arrivals::Poisson, Arrivals::Bursts { of: 8 }];

    /// Returns the messages that are due at the same instant at least.
    #[must_use]
    pub const fn together(self) -> u32 {
        match self {
            Arrivals::Bursts { of } => of,
            Arrivals::Constant | Arrivals::Poisson | Arrivals::Replay { .. } => 1,
        }
    }
}

impl fmt::Display for Arrivals {
    /// `constant`, `poisson`, `bursts-8`, `replay-0a1b2c3d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Arrivals::Constant => f.pad("constant"),
            Arrivals::Poisson => f.pad("poisson"),
            Arrivals::Bursts { of } => f.pad(&format!("bursts-{of}")),
            Arrivals::Replay { trace } => f.pad(&format!("replay-{trace:08x}")),
        }
    }
}

impl FromStr for Arrivals {
    type Err = String;

    fn from_str(word: &str) -> Result<Arrivals, String> {
        let [least, most] = Arrivals::BURSTS;
        let number = |digits: &str| digits.parse().ok().filter(|of| (least..=most).contains(of));
        let hash = |digits: &str| {
            let hex = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
        };
        match word.split_once('-') {
            None if word == "constant" => Some(Arrivals::Constant),
            None if word == "poisson" => Some(Arrivals::Poisson),
            Some(("bursts", digits)) => number(digits).map(|of| Arrivals::Bursts { of }),
            Some(("replay", digits)) => hash(digits).map(|trace| Arrivals::Replay { trace }),
            _ => None,
        }
        .ok_or_else(|| {
            format!(
                "unknown arrivals '{word}'; known: constant, poisson, bursts-N with N from {least} to {most}, replay-HASH"
            )
        })
    }
}

word!(@serde Arrivals);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_word_is_read_back(of in 2u32..=65_536, trace: u32) {
            for arrivals in [Arrivals::Bursts { of }, Arrivals::Replay { trace }] {
                prop_assert_eq!(arrivals.to_string().parse(), Ok(arrivals));
            }
        }

        #[test]
        fn no_word_panics(word in "(bursts|replay)?-?\\PC{0,9}") {
            if let Ok(arrivals) = word.parse::<Arrivals>() {
                prop_assert_eq!(arrivals.to_string().parse(), Ok(arrivals));
            }
        }
    }

    #[test]
    fn what_is_no_burst_is_refused() {
        for word in ["bursts", "bursts-", "bursts-0", "bursts-1", "bursts-65537", "bursts--8"] {
            let said = word.parse::<Arrivals>().unwrap_err();
            assert!(said.contains("bursts-N with N from 2 to 65536"), "{said}");
        }
        for word in ["replay-1", "replay-+1234567", "replay-123456789", "Poisson"] {
            assert!(word.parse::<Arrivals>().is_err(), "{word}");
        }
        assert_eq!("bursts-8".parse(), Ok(Arrivals::Bursts { of: 8 }));
        assert_eq!(format!("{:>9}", Arrivals::Constant), " constant");
    }
}
