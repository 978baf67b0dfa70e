//! From findings and a policy to an outcome.

use super::decide::{Weighed, decide};
use super::{Decision, Item, Level, Note, Outcome, Policy, Records, Rule, SCHEMA, Tally, Weight};
use crate::Findings;

/// Judges findings by a policy, in this order:
///
/// 1. A cell that failed on the new side alone fails the gate: no noise causes that.
/// 2. If the comparison itself is doubtful (an alarm, a floor that moved), no figure fails it.
/// 3. More regressed figures than the policy allows fail it. Between records of different times a
///    figure is only suspected, unless the policy trusts them.
/// 4. For undecided figures and missing cells the policy says what happens. A comparison that judged
///    nothing never passes.
#[must_use]
pub fn judge(findings: &Findings, policy: &Policy) -> Outcome {
    let certain = findings.paired || policy.records == Records::Trust;
    let figures = findings.findings.iter().map(|finding| Item::of(finding, policy, certain));
    let cells = findings.unjudged.iter().map(|cell| Item::without(cell, policy));
    let items: Vec<Item> = figures.chain(cells).collect();
    let note = |level, text: &String| Note { level, text: text.clone(), line: None };
    let alarms: Vec<String> = findings.alarms.iter().cloned().chain(floor_alarm(&items)).collect();
    let loud = if policy.alarms == Weight::Pass { Level::Notice } else { Level::Warning };
    let mut notes: Vec<Note> = alarms.iter().map(|text| note(loud, text)).collect();
    notes.extend(findings.warnings.iter().map(|text| note(Level::Notice, text)));
    notes.extend(idle_rules(findings, policy));
    let tally = Tally::of(&items);
    let weighed = Weighed { items: &items, tally: &tally, alarms: &alarms };
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

/// Decides about two records of different machines, which cannot be compared: the policy says what
/// happens then. `differences` are the facts that differ.
#[must_use]
pub fn judge_unequal(base: &str, new: &str, differences: &[String], policy: &Policy) -> Outcome {
    let reason = format!(
        "the records come from different machines ({}), so nothing is judged; `ipcmark compare \
         --across-hosts` compares each with the limits of its own machine",
        differences.join("; ")
    );
    let (decision, level, words) = match policy.unequal_hosts {
        Weight::Fail => (Decision::Inconclusive, Level::Warning, ""),
        Weight::Warn => (Decision::Passed, Level::Warning, "allowed by the policy: "),
        Weight::Pass => (Decision::Passed, Level::Notice, "allowed by the policy: "),
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

/// Returns an alarm if a floor changed: floors pass no message between processes.
fn floor_alarm(items: &[Item]) -> Option<String> {
    let moved: Vec<String> = items
        .iter()
        .filter(|item| item.floor && !item.ignored)
        .filter(|item| item.finding.as_ref().is_some_and(|found| found.verdict.is_change()))
        .map(|item| format!("{} {}", item.name(), item.change().unwrap_or_default()))
        .collect();
    let more = moved.len().saturating_sub(3);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!moved.is_empty()).then(|| {
        format!(
            "a floor moved, which passes no message between processes ({}{more}): the machine or \
             the harness changed, and every other figure with it",
            moved.iter().take(3).cloned().collect::<Vec<_>>().join("; ")
        )
    })
}

/// Returns a note for each rule about nothing, which is probably a mistake.
fn idle_rules(findings: &Findings, policy: &Policy) -> Vec<Note> {
    let figures = findings.findings.iter().map(|f| &f.key);
    let keys = figures.chain(findings.unjudged.iter().map(|cell| &cell.key));
    let of = |rule: &&Rule| {
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
                "the rule about {} matches no cell of this comparison: {slip}",
                words.join(", ")
            ),
            line: Some(rule.line),
        }
    })
    .collect()
}
