//! The cells of a rule: `pipe/* ping-pong 64`.
//!
//! A cell's name is a row of words, and so is a rule's pattern: a cell matches if each word of the
//! pattern matches one of its own. The order does not matter, and `!` in front excludes. A word needs no
//! axis, because no two axes share a word.

use glob_match::glob_match;
use ipcmark_record::{Arrivals, CellKey, Parameter, WhenFull};
use ipcmark_suite::{Selector, nearest, show_size};
use serde::{Deserialize, Deserializer};

/// A pattern of cells.
#[derive(Debug, Clone)]
pub struct Cells {
    text: String,
    words: Vec<Word>,
}

#[derive(Debug, Clone)]
struct Word {
    takes_away: bool,
    glob: String,
    transports: Selector,
}

impl Cells {
    /// Parses words with spaces between them.
    ///
    /// # Errors
    /// No word, or one that is not a glob.
    pub fn parse(text: &str) -> Result<Cells, String> {
        let words: Vec<Word> = text
            .split_whitespace()
            .map(|word| {
                let (takes_away, glob) =
                    word.strip_prefix('!').map_or((false, word), |w| (true, w));
                let transports = Selector::parse(glob).map_err(|e| e.to_string())?;
                Ok(Word { takes_away, glob: glob.into(), transports })
            })
            .collect::<Result<_, String>>()?;
        if words.is_empty() {
            return Err(
                "names no cells; write words of their names, such as 'pipe/* ping-pong 64', or '*' for all"
                    .into(),
            );
        }
        Ok(Cells { text: text.into(), words })
    }

    /// Returns true if each word matches a part of the cell's name.
    #[must_use]
    pub fn name(&self, key: &CellKey) -> bool {
        let parts = parts(key);
        self.words.iter().all(|word| word.fits(key, &parts) != word.takes_away)
    }

    /// Returns the reason why no key matches: the first word that matches none, and the nearest that
    /// would.
    pub(super) fn slip<'a>(&self, keys: impl Iterator<Item = &'a CellKey> + Clone) -> String {
        let fits_none =
            |word: &&Word| !word.takes_away && !keys.clone().any(|key| word.fits(key, &parts(key)));
        let Some(word) = self.words.iter().find(fits_none) else {
            return "each of its words matches a cell, but no cell has them all".into();
        };
        let mut known: Vec<String> =
            keys.flat_map(|key| parts(key).into_iter().chain([key.transport.clone()])).collect();
        known.sort();
        known.dedup();
        let near = nearest(&word.glob, known.iter().map(String::as_str));
        let near = near.map(|near| format!(" (did you mean '{near}'?)")).unwrap_or_default();
        format!("'{}' matches none of them{near}", word.glob)
    }
}

impl Word {
    fn fits(&self, key: &CellKey, parts: &[String]) -> bool {
        self.transports.names(&key.transport) || parts.iter().any(|p| glob_match(&self.glob, p))
    }
}

/// Returns the words of a cell's name without the transport: `ping-pong`, `64`, `64B`, `cross-core`,
/// `peers=2`, `poisson` ...
fn parts(key: &CellKey) -> Vec<String> {
    let CellKey { workload, size_bytes, mix, placement, capacity_bytes, .. } = key;
    let shown = |bytes: u64| show_size(bytes as usize).replace(' ', "");
    let number = |name, of| workload.value(of).map(|n| format!("{name}={n}"));
    [
        Some(workload.to_string()),
        Some(size_bytes.to_string()),
        Some(shown(*size_bytes)),
        Some(placement.to_string()),
        mix.as_ref().map(|mix| format!("mix={mix}")),
        capacity_bytes.map(|bytes| format!("capacity={}", shown(bytes))),
        number("peers", Parameter::Peers),
        (workload.idle() > 0).then(|| format!("idle={}", workload.idle())),
        number("depth", Parameter::Depth),
        number("rate", Parameter::Rate),
        number("gap", Parameter::Gap).map(|gap| gap + "us"),
        key.neighbours.map(|neighbours| format!("neighbours={neighbours}")),
        key.spin_budget.map(|budget| format!("spin-budget={budget}")),
        workload.arrivals().filter(|a| *a != Arrivals::Constant).map(|a| a.to_string()),
        workload.input().map(|input| format!("input={input}")),
        (key.when_full != WhenFull::Wait).then(|| key.when_full.to_string()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl PartialEq for Cells {
    fn eq(&self, other: &Cells) -> bool {
        self.text == other.text
    }
}

impl std::fmt::Display for Cells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Cells, D::Error> {
        let text = String::deserialize(from)?;
        Cells::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{Placement, Workload};

    fn key() -> CellKey {
        CellKey {
            capacity_bytes: Some(1 << 18),
            ..CellKey::new(
                "unix-stream/block",
                Workload::FanIn { peers: 4 },
                4096,
                Placement::CrossCore,
            )
        }
    }

    #[test]
    fn each_word_has_to_match_a_part_of_the_name() {
        for (text, matches) in [
            ("*", true),
            ("unix-stream", true),
            ("unix*", true),
            ("unix*/block fan-in", true),
            ("fan-in 4096", true),
            ("4KiB cross-core unix-stream", true),
            ("peers=4 capacity=256KiB", true),
            ("!pipe", true),
            ("* !fan-*", false),
            ("unix*/spin", false),
            ("unix* ping-pong", false),
            ("64", false),
        ] {
            assert_eq!(Cells::parse(text).unwrap().name(&key()), matches, "{text}");
        }
    }

    #[test]
    fn a_slip_names_the_nearest_word() {
        let keys = [key()];
        let slip = |text: &str| Cells::parse(text).unwrap().slip(keys.iter());
        assert_eq!(slip("unix* fanin"), "'fanin' matches none of them (did you mean 'fan-in'?)");
        assert!(slip("* !unix*").contains("no cell has them all"));
        assert!(Cells::parse("  ").unwrap_err().contains("'*' for all"));
    }
}
