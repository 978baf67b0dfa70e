//! From TOML to a [`Policy`], with errors that name the place and the nearest word.

use super::{Cells, Policy, Records, Rule, Weight};
use crate::{Error, Quantity, Result, SomeShares};
use ipcmark_suite::nearest;
use serde::{Deserialize, Deserializer};
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// A policy as it is written: what is left out is as it is built in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Written {
    effect: SomeShares,
    least_detectable: SomeShares,
    inconclusive: Weight,
    failed: Weight,
    missing: Weight,
    alarms: Weight,
    unequal_hosts: Weight,
    records: Records,
    regressed_allowed: usize,
    rule: Vec<Spanned<WrittenRule>>,
}

impl Default for Written {
    fn default() -> Self {
        let policy = Policy::default();
        Written {
            effect: SomeShares::default(),
            least_detectable: SomeShares::default(),
            inconclusive: policy.inconclusive,
            failed: policy.failed,
            missing: policy.missing,
            alarms: policy.alarms,
            unequal_hosts: policy.unequal_hosts,
            records: policy.records,
            regressed_allowed: policy.regressed_allowed,
            rule: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenRule {
    #[serde(deserialize_with = "one_or_several")]
    cells: Vec<Cells>,
    #[serde(default)]
    figures: Vec<Quantity>,
    because: Option<String>,
    #[serde(default)]
    ignore: bool,
    #[serde(default)]
    effect: SomeShares,
    #[serde(default)]
    least_detectable: SomeShares,
    inconclusive: Option<Weight>,
    failed: Option<Weight>,
    missing: Option<Weight>,
}

/// `"pipe/*"` or `["pipe/*", "fifo/*"]`.
fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<Cells>, D::Error> {
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
    /// A file that cannot be read; TOML that is none; a key or a word that is not known, with the nearest that is.
    pub fn read(path: &Path) -> Result<Policy> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::NoPolicy { file: file.clone(), source })?;
        Policy::parse(&text, &file)
    }

    /// Parses a policy; `file` is what errors and annotations call it.
    ///
    /// # Errors
    /// As [`Policy::read`].
    pub fn parse(text: &str, file: &str) -> Result<Policy> {
        let wrong = |span: Range<usize>, what: String| {
            let (line, column) = place(text, span.start);
            Error::Policy { file: file.into(), line, column, what }
        };
        let written: Written = toml::from_str(text)
            .map_err(|e| wrong(e.span().unwrap_or(0..0), with_nearest(e.message())))?;
        let builtin = Policy::default();
        let rules = written.rule.into_iter().map(|rule| {
            let span = rule.span();
            let line = place(text, span.start).0;
            let WrittenRule {
                cells, figures, because, ignore, effect, least_detectable, inconclusive, failed, missing
            } = rule.into_inner();
            if ignore && because.as_deref().unwrap_or("").trim().is_empty() {
                let what = "ignores cells without saying why; add because = \"...\", which lands in every summary";
                return Err(wrong(span, what.into()));
            }
            Ok(Rule {
                line, cells, figures, because, ignore, effect, least_detectable, inconclusive, failed, missing
            })
        });
        Ok(Policy {
            file: Some(file.into()),
            effect: builtin.effect.but(&written.effect),
            least_detectable: written.least_detectable,
            inconclusive: written.inconclusive,
            failed: written.failed,
            missing: written.missing,
            alarms: written.alarms,
            unequal_hosts: written.unequal_hosts,
            records: written.records,
            regressed_allowed: written.regressed_allowed,
            rules: rules.collect::<Result<_>>()?,
        })
    }
}

/// Line and column, from 1, of a byte in a text.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// serde names what is not known, and all that is, in backquotes; the nearest is what a reader wants.
fn with_nearest(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let word = words.next().filter(|_| message.starts_with("unknown"));
    let near = word.and_then(|word| nearest(word, words));
    near.map_or_else(|| message.into(), |near| format!("{message} (did you mean '{near}'?)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shares;
    use ipcmark_record::{Placement, Workload};

    fn said(text: &str) -> String {
        Policy::parse(text, "p.toml").unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_is_the_policy_that_is_built_in() {
        let policy = Policy::parse("", "p.toml").unwrap();
        assert_eq!(policy, Policy { file: Some("p.toml".into()), ..Policy::default() });
    }

    #[test]
    fn a_slip_is_told_with_its_place_and_the_nearest_word() {
        for (text, parts) in [
            ("inconclusiv = \"warn\"", ["p.toml:1:1:", "did you mean 'inconclusive'?"]),
            ("\nalarms = \"wran\"", ["p.toml:2:10:", "did you mean 'warn'?"]),
            ("[effect]\np50 = \"2\"", ["p.toml:2:7:", "write 2%"]),
            ("[effect]\np5 = \"2%\"", ["p.toml:2:1:", "did you mean 'p50'?"]),
            ("[[rule]]\nfigures = [\"p99\"]", ["p.toml:1:1:", "missing field `cells`"]),
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
