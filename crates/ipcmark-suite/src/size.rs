//! Message sizes as people write them: `64`, `1KiB`, `8..64KiB`, `64,1KiB..1MiB*4`.

use crate::WordError;
use ipcmark_words::Mix;

/// The largest message a suite may name, in bytes.
pub const MAX_SIZE: usize = 1 << 30;

const EXPECTED: &str = "a size such as 64, 1KiB, 1.5MiB or 64kB";
/// Units, and the bytes of each.
const UNITS: [(&str, usize); 8] = [
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Parses one size in bytes. Without a unit it is bytes; `KiB`, `MiB`, `GiB` are powers of 1024 and `kB`, `MB`, `GB`
/// powers of 1000. `K`, `KB`, `kb` and the like are refused, because people disagree on them.
///
/// # Errors
/// Words that are no size, 0, parts of a byte, and sizes over [`MAX_SIZE`].
pub fn parse_size(word: &str) -> Result<usize, WordError> {
    let word = word.trim();
    let wrong = || WordError::new(word, EXPECTED);
    let split = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = (&word[..split], word[split..].trim());
    let Some((_, unit_bytes)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
        let letter = match &*unit.to_ascii_uppercase() {
            "K" | "KB" => 'K',
            "M" | "MB" => 'M',
            "G" | "GB" => 'G',
            _ => return Err(wrong()),
        };
        return Err(wrong().because(format!(
            "'{unit}' may mean 1000s or 1024s: write {number}{letter}iB or {number}{}B",
            if letter == 'K' { 'k' } else { letter },
        )));
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let bytes = number * unit_bytes as f64;
    if bytes.fract() != 0.0 {
        return Err(wrong().because("that is not a whole number of bytes"));
    }
    if bytes < 1.0 {
        return Err(wrong().because("a message has at least 1 byte"));
    }
    if bytes > MAX_SIZE as f64 {
        return Err(wrong().because(format!("the largest message is {}", show_size(MAX_SIZE))));
    }
    Ok(bytes as usize)
}

/// Parses sizes: a comma-separated list of sizes, which may be 0, and ranges. `FROM..TO` starts at `FROM`, doubles, and ends with `TO`
/// itself; `FROM..TO*4` multiplies by 4 (or any other factor from 2 on) instead. Sizes named twice count once; the
/// order of first mention is kept.
///
/// # Errors
/// As [`parse_size`]; and ranges that go down.
pub fn parse_sizes(list: &str) -> Result<Vec<usize>, WordError> {
    let mut sizes = Vec::new();
    for word in list.split(',') {
        for size in parse_range(word)? {
            if !sizes.contains(&size) {
                sizes.push(size);
            }
        }
    }
    Ok(sizes)
}

fn parse_range(word: &str) -> Result<Vec<usize>, WordError> {
    let Some((from, to)) = word.split_once("..") else {
        return Ok(vec![parse_size_or_none(word)?]);
    };
    let (to, factor) = match to.split_once('*') {
        None => (to, 2),
        Some((to, factor)) => match factor.trim().parse() {
            Ok(factor @ 2..=1024) => (to, factor),
            _ => {
                return Err(WordError::new(word.trim(), "a range such as 64..64KiB*4")
                    .because("the factor is a whole number from 2 to 1024"));
            }
        },
    };
    let (from, to) = (parse_size(from)?, parse_size(to)?);
    if from > to {
        return Err(WordError::new(word.trim(), "a range such as 64..64KiB").because(format!(
            "it goes down: write {}..{}",
            show_size(to),
            show_size(from)
        )));
    }
    let mut sizes: Vec<usize> =
        std::iter::successors(Some(from), |s| Some(s * factor)).take_while(|s| *s < to).collect();
    sizes.push(to);
    Ok(sizes)
}

/// Parses a mix of sizes and their weights: `64:90,4KiB:9,64KiB:1`.
///
/// # Errors
/// Words that are none; fewer than two sizes, or too many; one that is named twice; a weight of 0.
pub fn parse_mix(list: &str) -> Result<Mix, WordError> {
    let sizes = list.split(',').map(|word| {
        let wrong = || WordError::new(word.trim(), "a size and its weight, such as 64:90");
        let (size, weight) = word.split_once(':').ok_or_else(wrong)?;
        let weight = weight.trim().parse().map_err(|_| wrong())?;
        Ok((parse_size_or_none(size)? as u64, weight))
    });
    let expected = "a mix such as 64:90,4KiB:9,64KiB:1";
    Mix::new(sizes.collect::<Result<_, WordError>>()?)
        .map_err(|why| WordError::new(list.trim(), expected).because(why))
}

/// Parses a size, which may be 0.
pub(crate) fn parse_size_or_none(word: &str) -> Result<usize, WordError> {
    if matches!(word.trim(), "0" | "0B" | "0 B") { Ok(0) } else { parse_size(word) }
}

/// Parses a capacity: `default` (`None`: the mechanism's own), or a size.
///
/// # Errors
/// As [`parse_size`].
pub fn parse_capacity(word: &str) -> Result<Option<usize>, WordError> {
    if word.trim() == "default" {
        return Ok(None);
    }
    parse_size(word)
        .map(Some)
        .map_err(|e| e.expecting("'default', or a size such as 64KiB").near(word, &["default"]))
}

/// Prints a size in the largest binary unit that shows it whole: `64 B`, `1 KiB`, `1000 B`, `1536 KiB`.
/// [`parse_size`] reads it back.
#[must_use]
pub fn show_size(bytes: usize) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(bytes in 1..=MAX_SIZE) {
            prop_assert_eq!(parse_size(&show_size(bytes)).unwrap(), bytes);
            prop_assert_eq!(parse_size(&bytes.to_string()).unwrap(), bytes);
            prop_assert_eq!(parse_size(&show_size(bytes).replace(' ', "")).unwrap(), bytes);
        }

        #[test]
        fn whole_units_are_exact(n in 1usize..1000, unit in 0u32..3) {
            let (name, factor) = [("KiB", 1 << 10), ("kB", 1000), ("MiB", 1 << 20)][unit as usize];
            prop_assert_eq!(parse_size(&format!("{n}{name}")).unwrap(), n * factor);
        }

        #[test]
        fn a_range_rises_by_its_factor_and_holds_both_ends(a in 1..=MAX_SIZE, b in 1..=MAX_SIZE, factor in 2usize..10) {
            let (from, to) = (a.min(b), a.max(b));
            let sizes = parse_sizes(&format!("{from}..{to}*{factor}")).unwrap();
            prop_assert_eq!(*sizes.first().unwrap(), from);
            prop_assert_eq!(*sizes.last().unwrap(), to);
            for (i, pair) in sizes.windows(2).enumerate() {
                let full = pair[0] * factor;
                prop_assert!(pair[1] == full || (i + 2 == sizes.len() && pair[1] < full));
            }
        }

        #[test]
        fn no_word_panics(word in "\\PC{0,12}") {
            let _ = parse_sizes(&word);
        }

        #[test]
        fn a_size_is_within_bounds_or_refused(word in "[0-9.]{1,12} ?([kKMG]i?B)?") {
            let _ = parse_mix(&word);
            if let Ok(size) = parse_size(&word) {
                prop_assert!((1..=MAX_SIZE).contains(&size));
            }
        }
    }

    #[test]
    fn lists_keep_their_order_and_drop_repeats() {
        assert_eq!(parse_sizes("64,1KiB..8KiB,8, 64 B").unwrap(), [64, 1024, 2048, 4096, 8192, 8]);
        assert_eq!(parse_sizes("8..1000*10").unwrap(), [8, 80, 800, 1000]);
        assert_eq!(parse_sizes("5..5").unwrap(), [5]);
        assert_eq!(parse_sizes("0,0B,8").unwrap(), [0, 8], "empty messages");
    }

    #[test]
    fn a_mix_is_sizes_with_weights() {
        let mix = parse_mix("4KiB:9, 64 : 90,0:1").unwrap();
        assert_eq!(mix.sizes(), [(0, 1), (64, 90), (4096, 9)]);
        for (word, why) in [
            ("64:90", "from 2 to 16 sizes, not 1"),
            ("64,4KiB", "a size and its weight"),
            ("64:90,64:1", "named twice"),
            ("64:90,4k:1", "4KiB or 4kB"),
            ("64:90,8:-1", "a size and its weight"),
        ] {
            let said = parse_mix(word).unwrap_err().to_string();
            assert!(said.contains(why), "{word}: {said}");
        }
    }

    #[test]
    fn each_refusal_says_why() {
        for (word, why) in [
            ("64k", "64KiB or 64kB"),
            ("2M", "2MiB or 2MB"),
            // B22: as its relatives
            ("4kb", "4KiB or 4kB"),
            ("4K", "4KiB or 4kB"),
            ("4KB", "4KiB or 4kB"),
            ("1mb", "1MiB or 1MB"),
            ("4kib", "expected a size"),
            ("0..64", "at least 1 byte"),
            ("1.5", "whole number of bytes"),
            ("2GiB", "largest message is 1 GiB"),
            ("many", "expected a size"),
            ("", "expected a size"),
            ("8KiB..1KiB", "write 1 KiB..8 KiB"),
            ("8..64*1", "from 2 to 1024"),
        ] {
            let said = parse_sizes(word).unwrap_err().to_string();
            assert!(said.contains(why), "{word}: {said}");
        }
    }

    #[test]
    fn a_capacity_is_a_size_or_the_mechanisms_own() {
        assert_eq!(parse_capacity("default"), Ok(None));
        assert_eq!(parse_capacity("256KiB"), Ok(Some(262_144)));
        let said = parse_capacity("defualt").unwrap_err().to_string();
        assert!(
            said.contains("'default', or a size") && said.contains("did you mean 'default'?"),
            "{said}"
        );
    }
}
