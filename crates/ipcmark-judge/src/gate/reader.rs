//! From TOML to a [`Policy`].

use super::{Cells, Policy, Rule};
use crate::{Error, Result, Shares, SomeShares};
use ipcmark_suite::{line_and_column, read_toml, table_at, wrong};
use serde::{Deserialize, Deserializer};
use std::path::Path;
use toml::Spanned;

/// Reads the effects that differ from the built-in ones.
pub(super) fn effect<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Shares, D::Error> {
    Ok(Shares::default().but(&SomeShares::deserialize(from)?))
}

/// Reads rules; their lines are bytes until [`Policy::parse`] counts them.
pub(super) fn rules<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Vec<Rule>, D::Error> {
    let rules: Vec<Spanned<Rule>> = Vec::deserialize(from)?;
    let at = |rule: Spanned<Rule>| Rule { line: rule.span().start, ..rule.into_inner() };
    Ok(rules.into_iter().map(at).collect())
}

/// Reads `"pipe/*"` or `["pipe/*", "fifo/*"]`.
pub(super) fn one_or_several<'de, D: Deserializer<'de>>(
    from: D,
) -> std::result::Result<Vec<Cells>, D::Error> {
    struct OneOrSeveral;
    impl<'de> serde::de::Visitor<'de> for OneOrSeveral {
        type Value = Vec<Cells>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("words of cells' names, or a list of such: \"pipe/* ping-pong\"")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Vec<Cells>, E> {
            Cells::parse(text).map(|cells| vec![cells]).map_err(E::custom)
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut list: A,
        ) -> std::result::Result<Vec<Cells>, A::Error> {
            let mut all = Vec::new();
            while let Some(cells) = list.next_element()? {
                all.push(cells);
            }
            if all.is_empty() {
                return Err(serde::de::Error::custom("the list names no cells"));
            }
            Ok(all)
        }
    }
    from.deserialize_any(OneOrSeveral)
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// A file that cannot be read, and everything that [`Policy::parse`] refuses.
    pub fn read(path: &Path) -> Result<Policy> {
        let file = path.display().to_string();
        let text = ipcmark_record::read_text(path)
            .map_err(|source| Error::NoPolicy { file: file.clone(), source })?;
        Policy::parse(&text, &file)
    }

    /// Parses a policy; `file` is its name in errors and annotations.
    ///
    /// # Errors
    /// Text that is not TOML, an unknown key or word, a rule that ignores cells without a reason.
    pub fn parse(text: &str, file: &str) -> Result<Policy> {
        let mut policy: Policy = read_toml(text, file)?;
        for rule in &mut policy.rules {
            let at = rule.line;
            if rule.ignore && rule.because.as_deref().unwrap_or("").trim().is_empty() {
                let what = "missing; a rule that ignores cells says why, in every summary";
                let key = format!("{}because", table_at(text, at));
                return Err(wrong(text, file, at, Some(key), what.into()).into());
            }
            rule.line = line_and_column(text, at).0;
        }
        Ok(Policy { file: Some(file.into()), ..policy })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Quantity;
    use crate::gate::Weight;
    use ipcmark_record::{Placement, Workload};

    fn said(text: &str) -> String {
        Policy::parse(text, "p.toml").unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_the_built_in_policy() {
        let policy = Policy::parse("", "p.toml").unwrap();
        assert_eq!(policy, Policy { file: Some("p.toml".into()), ..Policy::default() });
    }

    #[test]
    fn a_mistake_is_named_with_its_place_and_the_nearest_word() {
        for (text, parts) in [
            ("inconclusiv = \"warn\"", ["p.toml:1:1:", "did you mean 'inconclusive'?"]),
            ("\nalarms = \"wran\"", ["p.toml:2:10:", "did you mean 'warn'?"]),
            ("[effect]\np50 = \"2\"", ["p.toml:2:7:", "write 2%"]),
            ("[effect]\np5 = \"2%\"", ["p.toml:2:1:", "did you mean 'p50'?"]),
            ("[[rule]]\nfigures = [\"p99\"]", ["p.toml:1:1:", "`rule 1: cells`: missing"]),
            ("[[rule]]\ncells = \"\"", ["p.toml:2:9:", "'*' for all"]),
            ("[[rule]]\ncells = []", ["p.toml:2:9:", "names no cells"]),
            ("[[rule]]\ncells = 3", ["p.toml:2:9:", "words of cells' names"]),
            ("a = 1\n\n[[rule", ["p.toml:3:", ""]),
            ("\n[[rule]]\ncells = \"pipe\"\nignore = true", ["p.toml:2:1:", "because"]),
            ("records = \"trusted\"", ["p.toml:1:11:", "did you mean 'trust'?"]),
        ] {
            let said = said(text);
            assert!(parts.iter().all(|part| said.contains(part)), "{text:?}: {said}");
        }
    }

    #[test]
    fn the_last_rule_about_a_figure_counts_and_keeps_its_line() {
        let text = "inconclusive = \"warn\"\n\
            [[rule]]\ncells = [\"pipe/* ping-pong\", \"fifo\"]\neffect = { p50 = \"5%\" }\nleast-detectable.p50 = \"9%\"\n\
            # between\n[[rule]]\ncells = \"*\"\nfigures = [\"p99\"]\ninconclusive = \"pass\"\n";
        let policy = Policy::parse(text, "p.toml").unwrap();
        let pipe =
            ipcmark_record::CellKey::new("pipe/block", Workload::PingPong, 64, Placement::SameCore);
        let p50 = policy.of(&pipe, Some(Quantity::P50));
        assert_eq!((p50.line, p50.effect.p50, p50.least_detectable.p50), (Some(2), 0.05, 0.09));
        assert_eq!((p50.inconclusive, p50.effect.rate), (Weight::Warn, 0.02));
        let p99 = policy.of(&pipe, Some(Quantity::P99));
        assert_eq!((p99.line, p99.inconclusive), (Some(7), Weight::Pass));
        let tcp =
            ipcmark_record::CellKey::new("tcp/block", Workload::PingPong, 64, Placement::SameCore);
        assert_eq!(policy.of(&tcp, Some(Quantity::P50)).line, None);
        assert_eq!(policy.of(&pipe, None).line, Some(2), "a cell without figures");
    }

    #[test]
    fn shares_are_those_that_are_written() {
        let policy = Policy::parse("[effect]\nrate = \"3.5 %\"", "p").unwrap();
        assert_eq!(policy.effect, Shares { rate: 0.035, ..Policy::default().effect });
    }
}
