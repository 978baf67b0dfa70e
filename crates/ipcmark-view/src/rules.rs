//! The documented behaviour of each mechanism, as checked on this machine.

use ipcmark_record::{Rule, Verdict};
use ipcmark_show::{Cell, Column, Head, Table, Tone, plural};

/// The sentence for a run that checked no rule.
pub const NO_RULES: &str = "This run checked no documented behaviour; `ipcmark rules` does.";

/// The rules of one family.
#[derive(Debug, Clone)]
pub struct Family<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its rules.
    pub rules: Vec<&'a Rule>,
}

impl Family<'_> {
    /// Returns true if the machine broke a rule.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.rules.iter().any(|rule| rule.verdict == Verdict::Broken)
    }

    /// Returns the table of its rules.
    #[must_use]
    pub fn table(&self) -> Table {
        let long = |text: &str| Head::words(text, "").class("long");
        let columns: [Column<'_, Rule>; 6] = [
            Column::new(Head::words("Result", "").class("verdict"), |rule: &Rule| {
                let (word, class, tone) = verdict_words(&rule.verdict);
                Cell { class, tone, ..Cell::words(word) }
            }),
            Column::new(Head::words("Mechanism", "").class("name"), |rule: &Rule| {
                Cell::words(&rule.mechanism)
            }),
            Column::new(long("Rule"), |rule: &Rule| Cell::words(&rule.rule)),
            Column::new(long("Observed"), |rule: &Rule| Cell::words(observed(rule))),
            Column::new(long("Calls"), |rule: &Rule| Cell::name(rule.calls.join(", "))),
            Column::new(Head::words("See", ""), |rule: &Rule| Cell::words(&rule.reference)),
        ];
        Table::of(&columns, self.rules.iter().copied())
    }
}

/// Returns all rules by family, in the order of each family's first.
#[must_use]
pub fn families(rules: &[Rule]) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for rule in rules {
        match families.iter_mut().find(|family| family.name == rule.family) {
            Some(family) => family.rules.push(rule),
            None => families.push(Family { name: &rule.family, rules: vec![rule] }),
        }
    }
    families
}

/// Returns the word for a verdict, its class in the style sheet, and its colour.
#[must_use]
pub const fn verdict_words(verdict: &Verdict) -> (&'static str, &'static str, Tone) {
    match verdict {
        Verdict::Shown => ("confirmed", "shown", Tone::Good),
        Verdict::Broken => ("broken", "broken", Tone::Bad),
        Verdict::NotTried(_) => ("not tried", "not-tried", Tone::Caution),
    }
}

/// Returns the observation, or the reason why there is none.
#[must_use]
pub fn observed(rule: &Rule) -> String {
    match &rule.verdict {
        Verdict::NotTried(why) => why.to_string(),
        Verdict::Shown | Verdict::Broken => rule.seen.clone(),
    }
}

/// Returns `3 rules: 1 confirmed, 1 broken, 1 not tried`.
#[must_use]
pub fn rules_census<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> String {
    let mut parts: Vec<(&str, usize)> = Vec::new();
    let mut all = 0;
    for rule in rules {
        all += 1;
        let (word, ..) = verdict_words(&rule.verdict);
        match parts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, n)) => *n += 1,
            None => parts.push((word, 1)),
        }
    }
    let parts: Vec<String> = parts.iter().map(|(word, n)| format!("{n} {word}")).collect();
    format!("{}: {}", plural(all, "rule"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;
    use ipcmark_show::markdown;

    #[test]
    fn rules_are_listed_by_family() {
        let rules = sample::every(1, 1).rules;
        let families = families(&rules);
        let heads: Vec<_> = families
            .iter()
            .map(|f| (f.name, rules_census(f.rules.iter().copied()), f.is_broken()))
            .collect();
        let expected = [
            ("signal", "2 rules: 1 confirmed, 1 broken".into(), true),
            ("mq", "1 rule: 1 not tried".into(), false),
        ];
        assert_eq!(heads, expected);
        assert_eq!(
            families[1].table().rows[0][3].text,
            "/dev/mqueue is not mounted; mount -t mqueue none /dev/mqueue"
        );
    }

    #[test]
    fn a_hostile_rule_makes_no_column_and_no_tag_in_markdown() {
        let mut rules = sample::every(1, 1).rules;
        rules.truncate(1);
        rules[0].seen = "<script> | x".into();
        rules[0].calls = vec!["a|b`c".into()];
        let text = markdown::table(&families(&rules)[0].table());
        let line = text.lines().last().unwrap();
        assert!(line.contains("\\<script\\> \\| x") && line.contains("`a¦b'c`"), "{line}");
        assert_eq!(line.replace("\\|", "").matches('|').count(), 7, "{line}");
    }
}
