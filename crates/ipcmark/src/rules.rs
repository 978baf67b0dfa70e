//! The mechanisms' own rules on the terminal: what was tried, what was seen, and whether the machine kept to the rule.

use crate::layout::wrapped;
use crate::units::count;
use console::Style;
use ipcmark_record::{Refusal, Rule, Verdict};
use std::fmt::Write as _;

/// Where the words of a rule begin.
const INDENT: usize = 17;

/// All rules, family by family in the order of their first rule, with a census at the end; nothing of none. Lines are no
/// wider than `columns`; colours only where the terminal has them.
pub(crate) fn text(rules: &[Rule], columns: Option<u16>) -> String {
    let mut families: Vec<(&str, Vec<&Rule>)> = Vec::new();
    for rule in rules {
        match families.iter_mut().find(|(family, _)| *family == rule.family) {
            Some((_, of)) => of.push(rule),
            None => families.push((&rule.family, vec![rule])),
        }
    }
    let mut text = String::new();
    for (family, rules) in families {
        let _ = writeln!(text, "{}", Style::new().bold().apply_to(family));
        for rule in rules {
            text.push_str(&one(rule, columns));
        }
        text.push('\n');
    }
    text + &census(rules)
}

/// What a run says of them: those that the machine broke, and the census. The others stand in the report.
pub(crate) fn brief(rules: &[Rule], columns: Option<u16>) -> String {
    let broken = rules.iter().filter(|rule| rule.verdict == Verdict::Broken);
    broken.map(|rule| one(rule, columns)).collect::<String>() + &census(rules)
}

fn one(rule: &Rule, columns: Option<u16>) -> String {
    let (word, style) = match &rule.verdict {
        Verdict::Shown => ("shown", Style::new().green()),
        Verdict::Broken => ("DID OTHERWISE", Style::new().red().bold()),
        Verdict::NotTried(_) => ("not tried", Style::new().yellow()),
    };
    let first = format!("  {:<15}", style.apply_to(word));
    let more = " ".repeat(INDENT);
    let line = |first: &str, words: &str| wrapped(first, words, INDENT, columns);
    let mut text = line(&first, &format!("{}: {}", rule.mechanism, rule.rule));
    match &rule.verdict {
        Verdict::NotTried(Refusal { reason, remedy }) => {
            let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
            text.push_str(&line(&more, &format!("Why not: {reason}{remedy}")));
        }
        Verdict::Shown | Verdict::Broken => text.push_str(&line(&more, &rule.seen)),
    }
    let mut calls = rule.calls.join(", ");
    if !calls.is_empty() {
        calls.push_str("; ");
    }
    let calls = line(&more, &format!("{calls}see {} [{}]", rule.reference, rule.name));
    for dimmed in calls.lines() {
        let _ = writeln!(text, "{}", Style::new().dim().apply_to(dimmed));
    }
    text
}

/// `3 rules: 1 shown, 1 did otherwise, 1 not tried.`
fn census(rules: &[Rule]) -> String {
    if rules.is_empty() {
        return String::new();
    }
    let number = |test: fn(&Verdict) -> bool| rules.iter().filter(|r| test(&r.verdict)).count();
    let parts = [
        (number(|v| *v == Verdict::Shown), "shown"),
        (number(|v| *v == Verdict::Broken), "did otherwise"),
        (number(|v| matches!(v, Verdict::NotTried(_))), "not tried"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    format!("{}: {}.\n", count(rules.len(), "rule"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::fits;
    use ipcmark_record::sample;

    #[test]
    fn each_rule_is_told_with_what_was_seen_its_calls_and_its_page() {
        let rules = sample::every(1, 1).rules;
        let wide = text(&rules, None);
        for part in [
            "shown          standard signals: A standard signal that is pending already",
            "1,000 SIGUSR1 sent while blocked: 1 delivered.",
            "sigprocmask(SIG_BLOCK), kill, sigprocmask(SIG_UNBLOCK); see signal(7) [merge]",
            "DID OTHERWISE  real-time signals",
            "Why not: /dev/mqueue is not mounted; mount -t mqueue none /dev/mqueue",
            "3 rules: 1 shown, 1 did otherwise, 1 not tried.",
        ] {
            assert!(wide.contains(part), "no '{part}' in\n{wide}");
        }
        assert_eq!(
            wide.matches("\nsignal\n").count() + usize::from(wide.starts_with("signal\n")),
            1
        );
        for columns in [60, 80] {
            let narrow = text(&rules, Some(columns));
            assert!(fits(&narrow, Some(columns)), "{narrow}");
        }
        assert_eq!(text(&[], None), "");
    }
}
