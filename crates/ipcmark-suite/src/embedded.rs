//! The suites that travel inside the program.

use crate::{Result, Suite};

/// Name and text of each embedded suite, shortest run first. The files are in `suites/`.
pub const EMBEDDED: [(&str, &str); 4] = [
    ("quick", include_str!("../suites/quick.toml")),
    ("broadcast-at-a-rate", include_str!("../suites/broadcast-at-a-rate.toml")),
    ("standard", include_str!("../suites/standard.toml")),
    ("full", include_str!("../suites/full.toml")),
];

/// Returns the embedded suite of this name, if there is one.
///
/// # Errors
/// None in a build whose tests pass: they parse each embedded suite.
#[must_use]
pub fn embedded(name: &str) -> Option<Result<Suite>> {
    let (_, text) = EMBEDDED.iter().find(|(known, _)| *known == name)?;
    Some(Suite::parse(text, &format!("embedded suite {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_embedded_suite_parses_and_bears_the_name_of_its_file() {
        for (name, _) in EMBEDDED {
            let suite = embedded(name).unwrap().unwrap();
            assert_eq!(suite.name, name);
            assert!(suite.prose.len() > 200, "{name}: the prose is for strangers");
            for group in &suite.groups {
                assert!(group.prose.len() > 100, "{name}, {}: says why", group.name);
            }
        }
        assert!(embedded("slow").is_none());
    }

    #[test]
    fn quick_has_rounds_enough_for_an_interval_and_ends_in_time() {
        let quick = embedded("quick").unwrap().unwrap();
        assert!(quick.defaults.rounds >= 6);
        assert!(quick.defaults.budget.unwrap().as_secs() <= 90);
    }
}
