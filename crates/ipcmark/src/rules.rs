//! Documented behaviour on the terminal: the rule, the observation, and the calls behind it.

use crate::output::paint;
use ipcmark_record::{Rule, Verdict};
use ipcmark_show::{Tone, terminal::wrapped};
use ipcmark_view::{families, observed, rules_census, verdict_words};

/// The column in which the words of a rule begin.
const INDENT: usize = 13;

/// Returns all rules, family by family, and their numbers at the end; nothing of none.
pub(crate) fn text(rules: &[Rule], columns: Option<u16>) -> String {
    let mut text = String::new();
    for family in families(rules) {
        text += &format!("{}\n", paint(Tone::Title, family.name));
        text.extend(family.rules.iter().map(|rule| one(rule, columns)));
        text.push('\n');
    }
    text + &census(rules)
}

/// Returns the rules that the machine broke, and the numbers of all. The report has the others.
pub(crate) fn brief(rules: &[Rule], columns: Option<u16>) -> String {
    let broken = rules.iter().filter(|rule| rule.verdict == Verdict::Broken);
    broken.map(|rule| one(rule, columns)).collect::<String>() + &census(rules)
}

fn one(rule: &Rule, columns: Option<u16>) -> String {
    let (word, _, tone) = verdict_words(&rule.verdict);
    let more = " ".repeat(INDENT);
    let line = |first: &str, words: &str| wrapped(first, words, INDENT, columns);
    let first = format!("  {}{}", paint(tone, word), " ".repeat(INDENT - 2 - word.len()));
    let mut text = line(&first, &format!("{}: {}", rule.mechanism, rule.rule));
    text += &line(&more, &observed(rule));
    let calls: String = rule.calls.join(", ") + if rule.calls.is_empty() { "" } else { "; " };
    let calls = line(&more, &format!("{calls}see {} [{}]", rule.reference, rule.name));
    text.extend(calls.lines().map(|line| format!("{}\n", paint(Tone::Dim, line))));
    text
}

fn census(rules: &[Rule]) -> String {
    if rules.is_empty() { String::new() } else { format!("{}.\n", rules_census(rules)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;
    use ipcmark_show::terminal::fits;

    #[test]
    fn each_rule_has_its_observation_its_calls_and_its_page() {
        let rules = sample::every(1, 1).rules;
        let wide = text(&rules, None);
        for part in [
            "  confirmed  standard signals: A standard signal that is pending already",
            "1,000 SIGUSR1 sent while blocked: 1 delivered.",
            "sigprocmask(SIG_BLOCK), kill, sigprocmask(SIG_UNBLOCK); see signal(7) [merge]",
            "  broken     real-time signals",
            "/dev/mqueue is not mounted; mount -t mqueue none /dev/mqueue",
            "3 rules: 1 confirmed, 1 broken, 1 not tried.",
        ] {
            assert!(wide.contains(part), "no '{part}' in\n{wide}");
        }
        for columns in [60, 80] {
            let narrow = text(&rules, Some(columns));
            assert!(fits(&narrow, Some(columns)), "{narrow}");
        }
        assert_eq!(text(&[], None), "");
    }
}
