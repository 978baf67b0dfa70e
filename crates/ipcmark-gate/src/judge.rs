//! From findings and a policy to an outcome.

use crate::decide::{Weighed, decide};
use crate::{Decision, Item, Level, Note, Outcome, Policy, SCHEMA, Tally, Weight};
use ipcmark_judge::{Findings, Verdict};

/// Judges what a comparison found by a policy.
///
/// What it decides, in this order:
/// 1. A cell that failed on the new side alone fails the gate: no noise makes a cell fail.
/// 2. Where the comparison itself is in doubt (an alarm, a floor that moved) nothing else is believed.
/// 3. Figures that regressed, more than are allowed, fail it; those of two records of different times do so only where the policy
///    trusts them.
/// 4. What could not be told, or is missing, does what the policy says; a comparison that judged nothing never passes.
#[must_use]
pub fn judge(findings: &Findings, policy: &Policy) -> Outcome {
    let figures = findings.findings.iter().map(|finding| Item::of(finding, policy));
    let cells = findings.unjudged.iter().map(|cell| Item::without(cell, policy));
    let items: Vec<Item> = figures.chain(cells).collect();
    let note = |level, text: &String| Note { level, text: text.clone(), line: None };
    let alarms: Vec<String> = findings.alarms.iter().cloned().chain(floor_alarm(&items)).collect();
    let loud = if policy.alarms == Weight::Pass { Level::Notice } else { Level::Warning };
    let mut notes: Vec<Note> = alarms.iter().map(|text| note(loud, text)).collect();
    notes.extend(findings.warnings.iter().map(|text| note(Level::Notice, text)));
    notes.extend(idle_rules(findings, policy));
    let tally = Tally::of(&items);
    let weighed =
        Weighed { items: &items, tally: &tally, alarms: &alarms, paired: findings.paired };
    let (decision, because, levels) = decide(&weighed, policy);
    let mut items = items;
    items.iter_mut().zip(levels).for_each(|(item, level)| item.level = level);
    Outcome {
        schema: SCHEMA.into(),
        decision,
        exit_code: decision.exit_code(),
        because,
        base: findings.base.clone(),
        new: findings.new.clone(),
        paired: findings.paired,
        policy: policy.file.clone(),
        notes,
        tally,
        census: findings.census.clone(),
        items,
    }
}

/// Judges two records of machines that differ, of which nothing can be judged: what is left to decide is what the policy does then.
/// `differences` are the facts that differ.
#[must_use]
pub fn judge_unequal(base: &str, new: &str, differences: &[String], policy: &Policy) -> Outcome {
    let reason = format!(
        "the records come from machines that differ ({}): nothing is judged; `ipcmark compare --across-hosts` holds each against the \
         limits of its own machine",
        differences.join("; ")
    );
    let (decision, level, words) = match policy.unequal_hosts {
        Weight::Fail => (Decision::Inconclusive, Level::Warning, ""),
        Weight::Warn => (Decision::Passed, Level::Warning, "let through by the policy: "),
        Weight::Pass => (Decision::Passed, Level::Notice, "let through by the policy: "),
    };
    Outcome {
        schema: SCHEMA.into(),
        decision,
        exit_code: decision.exit_code(),
        because: vec![format!("{words}{reason}")],
        base: base.into(),
        new: new.into(),
        paired: false,
        policy: policy.file.clone(),
        notes: vec![Note { level, text: reason, line: None }],
        tally: Tally::default(),
        census: String::new(),
        items: Vec::new(),
    }
}

/// The floors talk to nobody: when one changed, what lies beneath all cells did.
fn floor_alarm(items: &[Item]) -> Option<String> {
    let moved: Vec<String> = items
        .iter()
        .filter(|item| item.floor && !item.ignored)
        .filter(|item| {
            let verdict = item.finding.as_ref().map(|f| f.verdict);
            matches!(verdict, Some(Verdict::Regressed | Verdict::Improved))
        })
        .map(|item| format!("{} {}", item.name(), item.change().unwrap_or_default()))
        .collect();
    let more = moved.len().saturating_sub(3);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!moved.is_empty()).then(|| {
        format!(
            "a floor moved, which passes no message between processes ({}{more}): the machine or the harness changed, and every \
             other figure with it",
            moved.iter().take(3).cloned().collect::<Vec<_>>().join("; ")
        )
    })
}

/// A rule about nothing is most likely a slip.
fn idle_rules(findings: &Findings, policy: &Policy) -> Vec<Note> {
    let figures = findings.findings.iter().map(|f| &f.key);
    let keys = figures.chain(findings.unjudged.iter().map(|cell| &cell.key));
    let of = |rule: &&crate::Rule| {
        let named = |key| rule.cells.iter().any(|cells| cells.name(key));
        !keys.clone().any(named)
    };
    let idle = policy.rules.iter().filter(of);
    idle.map(|rule| {
        let words: Vec<String> = rule.cells.iter().map(|c| format!("'{c}'")).collect();
        let slip = rule.cells.first().map(|c| c.slip(keys.clone())).unwrap_or_default();
        Note {
            level: Level::Warning,
            text: format!(
                "the rule about {} is about no cell of this comparison: {slip}",
                words.join(", ")
            ),
            line: Some(rule.line),
        }
    })
    .collect()
}
