//! A mix of message sizes: how many of each.

use crate::Workload;
use crate::word::word;
use std::fmt;
use std::str::FromStr;

/// Message sizes and their weights, shortest first: each message's size is drawn from them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mix(Vec<(u64, u32)>);

impl Mix {
    /// Sizes of a mix at most: each has a histogram of its own.
    pub const MOST: usize = 16;

    /// Makes a mix of sizes in bytes, each with its weight.
    ///
    /// # Errors
    /// Fewer than two sizes, too many, one that is named twice, a weight of 0.
    pub fn new(mut sizes: Vec<(u64, u32)>) -> Result<Mix, String> {
        sizes.sort_unstable();
        if !(2..=Mix::MOST).contains(&sizes.len()) {
            return Err(format!("a mix has from 2 to {} sizes, not {}", Mix::MOST, sizes.len()));
        }
        if let Some(pair) = sizes.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("{} B is named twice", pair[0].0));
        }
        match sizes.iter().find(|(_, weight)| *weight == 0) {
            Some((bytes, _)) => Err(format!("{bytes} B has weight 0: leave it out")),
            None => Ok(Mix(sizes)),
        }
    }

    /// Returns the sizes in bytes and their weights, shortest first.
    #[must_use]
    pub fn sizes(&self) -> &[(u64, u32)] {
        &self.0
    }

    /// Returns the longest size, bytes.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.0.last().map_or(0, |(bytes, _)| *bytes)
    }

    /// Returns the mean size, bytes.
    #[must_use]
    pub fn mean_bytes(&self) -> f64 {
        let weight: f64 = self.0.iter().map(|(_, weight)| f64::from(*weight)).sum();
        self.0.iter().map(|(bytes, of)| *bytes as f64 * f64::from(*of)).sum::<f64>() / weight
    }
}

impl fmt::Display for Mix {
    /// `64:90,4096:9,65536:1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (bytes, weight)) in self.0.iter().enumerate() {
            write!(f, "{}{bytes}:{weight}", if n > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Mix, String> {
        let one = |word: &str| {
            let (bytes, weight) = word.split_once(':')?;
            Some((bytes.parse().ok()?, weight.parse().ok()?))
        };
        let wrong = || format!("'{text}' is no mix of sizes, such as 64:90,4096:9");
        let sizes = text.split(',').map(one).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
        Mix::new(sizes)
    }
}

word!(@serde Mix);

impl Workload {
    /// Returns true if its messages may have several sizes.
    #[must_use]
    pub const fn takes_sizes(self) -> bool {
        matches!(
            self,
            Workload::PingPong
                | Workload::Stream
                | Workload::Paced { .. }
                | Workload::PacedPingPong { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_mix_is_read_back(sizes in prop::collection::btree_map(0u64..1 << 30, 1u32.., 2..=16)) {
            let sizes: BTreeMap<u64, u32> = sizes;
            let mix = Mix::new(sizes.into_iter().rev().collect()).unwrap();
            prop_assert_eq!(mix.to_string().parse(), Ok(mix.clone()));
            prop_assert!(mix.mean_bytes() <= mix.longest() as f64 && mix.mean_bytes() > 0.0);
            prop_assert!(mix.sizes().is_sorted());
        }

        #[test]
        fn no_text_panics(text in "[0-9:,x]{0,40}") {
            if let Ok(mix) = text.parse::<Mix>() {
                prop_assert_eq!(mix.to_string().parse(), Ok(mix));
            }
        }
    }

    #[test]
    fn what_is_no_mix_is_refused() {
        for (text, why) in [
            ("64:1", "from 2 to 16 sizes, not 1"),
            ("64:1,64:2", "64 B is named twice"),
            ("64:1,65:0", "65 B has weight 0"),
            ("64,65", "no mix of sizes"),
            ("", "no mix of sizes"),
        ] {
            let said = text.parse::<Mix>().unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
        assert_eq!("64:3,256:1".parse::<Mix>().unwrap().mean_bytes(), 112.0);
    }
}
