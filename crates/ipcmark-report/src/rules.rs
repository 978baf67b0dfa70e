//! The mechanisms' own rules: what each family was asked, and what this machine showed.

use crate::markup::{code, literal};
use ipcmark_record::{Refusal, Rule, Verdict};
use serde::Serialize;
use std::fmt::Write;

/// What stands there when no rule was tried.
pub(crate) const NONE: &str =
    "This run tried none of the mechanisms' own rules; `ipcmark rules` checks them.";

/// A family's rules, for the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Family {
    pub name: String,
    /// `3 rules: 2 shown, 1 not tried`.
    pub census: String,
    pub rules: Vec<View>,
    /// True when the machine did otherwise somewhere: the page then shows it at once.
    pub open: bool,
}

/// One rule, as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct View {
    pub mechanism: String,
    pub name: String,
    pub rule: String,
    /// What was seen, or why it was not tried.
    pub seen: String,
    pub calls: Vec<String>,
    pub reference: String,
    pub verdict: &'static str,
    /// For the style sheet: `shown`, `broken`, `not-tried`.
    pub class: &'static str,
}

/// All rules by family, in the order of each family's first.
pub(crate) fn families(rules: &[Rule]) -> Vec<Family> {
    let mut families: Vec<(&str, Vec<&Rule>)> = Vec::new();
    for rule in rules {
        match families.iter_mut().find(|(family, _)| *family == rule.family) {
            Some((_, of)) => of.push(rule),
            None => families.push((&rule.family, vec![rule])),
        }
    }
    let family = |(name, rules): (&str, Vec<&Rule>)| Family {
        name: name.into(),
        census: census(&rules),
        open: rules.iter().any(|rule| rule.verdict == Verdict::Broken),
        rules: rules.into_iter().map(view).collect(),
    };
    families.into_iter().map(family).collect()
}

fn view(rule: &Rule) -> View {
    let (verdict, class) = words(&rule.verdict);
    let seen = match &rule.verdict {
        Verdict::NotTried(Refusal { reason, remedy: Some(remedy) }) => {
            format!("{reason}. What would change it: {remedy}")
        }
        Verdict::NotTried(Refusal { reason, remedy: None }) => reason.clone(),
        Verdict::Shown | Verdict::Broken => rule.seen.clone(),
    };
    View {
        mechanism: rule.mechanism.clone(),
        name: rule.name.clone(),
        rule: rule.rule.clone(),
        seen,
        calls: rule.calls.clone(),
        reference: rule.reference.clone(),
        verdict,
        class,
    }
}

fn words(verdict: &Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Shown => ("shown", "shown"),
        Verdict::Broken => ("did otherwise", "broken"),
        Verdict::NotTried(_) => ("not tried", "not-tried"),
    }
}

/// `3 rules: 1 shown, 1 did otherwise, 1 not tried`.
fn census(rules: &[&Rule]) -> String {
    let mut parts: Vec<(&str, usize)> = Vec::new();
    for rule in rules {
        let (word, _) = words(&rule.verdict);
        match parts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, n)) => *n += 1,
            None => parts.push((word, 1)),
        }
    }
    let parts: Vec<String> = parts.iter().map(|(word, n)| format!("{n} {word}")).collect();
    format!("{}: {}", crate::units::plural(rules.len(), "rule"), parts.join(", "))
}

/// The section of the Markdown summary.
pub(crate) fn markdown(out: &mut String, rules: &[Rule]) -> std::fmt::Result {
    writeln!(out, "## The mechanisms' own rules\n")?;
    if rules.is_empty() {
        return writeln!(out, "{NONE}\n");
    }
    for family in families(rules) {
        writeln!(out, "### Rules of {}\n\n{}.\n", literal(&family.name), family.census)?;
        writeln!(out, "| mechanism | rule | seen | verdict | calls | page |")?;
        writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
        for rule in family.rules {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                literal(&rule.mechanism),
                literal(&rule.rule),
                literal(&rule.seen),
                rule.verdict,
                rule.calls.iter().map(|call| code(call)).collect::<Vec<_>>().join(", "),
                code(&rule.reference)
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;

    #[test]
    fn rules_stand_by_family_and_what_was_done_otherwise_is_open() {
        let families = families(&sample::every(1, 1).rules);
        let heads: Vec<_> =
            families.iter().map(|f| (f.name.as_str(), f.census.as_str(), f.open)).collect();
        assert_eq!(
            heads,
            [
                ("signal", "2 rules: 1 shown, 1 did otherwise", true),
                ("mq", "1 rule: 1 not tried", false)
            ]
        );
        let last = &families[1].rules[0];
        assert_eq!(
            last.seen,
            "/dev/mqueue is not mounted. What would change it: mount -t mqueue none /dev/mqueue"
        );
    }

    #[test]
    fn a_hostile_rule_makes_no_column_and_no_tag_in_markdown() {
        let mut rules = sample::every(1, 1).rules;
        rules.truncate(1);
        rules[0].seen = "<script> | x".into();
        rules[0].calls = vec!["a|b`c".into()];
        let mut out = String::new();
        markdown(&mut out, &rules).unwrap();
        let line = out.lines().last().unwrap_or_default();
        let line = if line.is_empty() { out.lines().rev().nth(1).unwrap() } else { line };
        assert!(line.contains("\\<script\\> \\| x") && line.contains("`a¦b'c`"), "{line}");
        assert_eq!(line.replace("\\|", "").matches('|').count(), 7, "{line}");
        let mut none = String::new();
        markdown(&mut none, &[]).unwrap();
        assert!(none.contains("`ipcmark rules` checks them"), "{none}");
    }
}
