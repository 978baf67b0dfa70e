//! Every rule on this machine: shown, or with a reason why it could not be tried. `-- signal/` tries one family.
//!
//! The experiments fork, so they run one after the other on the main thread.
#![allow(clippy::print_stderr, reason = "a test may say what it saw")]

use ipcmark_record::{Refusal, Rule, Verdict};
use ipcmark_rules::{Trial, Watch, run, trials};
use libtest_mimic::{Arguments, Completion, Failed, Trial as Case};
use std::collections::HashSet;
use std::time::{Duration, Instant};

struct Quiet;

impl Watch for Quiet {
    fn begins(&mut self, _: &Trial) {}
    fn ended(&mut self, _: &Rule) {}
}

fn shown(trial: Trial) -> Result<Completion, Failed> {
    let rules = run(&[trial], None, &mut Quiet).map_err(|e| e.to_string())?;
    let [rule] = &rules[..] else { return Err(format!("{} rules", rules.len()).into()) };
    match &rule.verdict {
        Verdict::Shown if rule.seen.is_empty() || rule.figures.is_empty() => {
            Err("it was shown without words or figures".into())
        }
        Verdict::Shown => {
            eprintln!("{}", rule.seen);
            Ok(Completion::Completed)
        }
        Verdict::Broken => Err(rule.seen.clone().into()),
        // A remedy means that this machine lacks something; without one, the experiment itself failed.
        Verdict::NotTried(Refusal { reason, remedy: Some(remedy) }) => {
            Ok(Completion::ignored_with(format!("{reason}; {remedy}")))
        }
        Verdict::NotTried(Refusal { reason, remedy: None }) => Err(reason.clone().into()),
    }
}

fn names_are_unique_and_words_are_sentences() -> Result<(), Failed> {
    let mut names = HashSet::new();
    for trial in trials() {
        let name = trial.full_name();
        if !names.insert(name.clone()) {
            return Err(format!("{name} is there twice").into());
        }
        if !trial.rule.ends_with('.') || trial.calls.is_empty() || !trial.reference.contains('(') {
            return Err(format!("{name}: a sentence, its calls and its manual page").into());
        }
    }
    Ok(())
}

/// F2: a rule for which there is no time is not tried, and keeps its place.
fn without_time_no_rule_is_tried() -> Result<(), Failed> {
    let wanted = |trial: &Trial| ["alarm", "record-age", "merge"].contains(&trial.name);
    let few: Vec<Trial> = trials().into_iter().filter(wanted).collect();
    let soon = Instant::now() + Duration::from_millis(1);
    let rules = run(&few, Some(soon), &mut Quiet).map_err(|e| e.to_string())?;
    let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
    if names != ["merge", "alarm", "record-age"] {
        return Err(format!("{names:?}").into());
    }
    // An alarm takes a second.
    match &rules[1].verdict {
        Verdict::NotTried(Refusal { reason, remedy: Some(_) }) if reason.contains("time") => Ok(()),
        verdict => Err(format!("{verdict:?}").into()),
    }
}

/// Those that sleep run together with the others: the result has the order that was asked for.
fn the_order_is_kept() -> Result<(), Failed> {
    let few: Vec<Trial> =
        trials().into_iter().filter(|t| ["alarm", "merge"].contains(&t.name)).collect();
    let backwards: Vec<Trial> = few.into_iter().rev().collect();
    let rules = run(&backwards, None, &mut Quiet).map_err(|e| e.to_string())?;
    let said: Vec<_> = rules.iter().map(|rule| (&*rule.name, &rule.verdict)).collect();
    match said[..] {
        [("alarm", Verdict::Shown), ("merge", Verdict::Shown)] => Ok(()),
        _ => Err(format!("{said:?}").into()),
    }
}

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let mut cases: Vec<Case> = trials()
        .into_iter()
        .map(|trial| Case::ignorable_test(trial.full_name(), move || shown(trial)))
        .collect();
    cases.push(Case::test("names-are-unique-and-words-are-sentences", || {
        names_are_unique_and_words_are_sentences()
    }));
    cases.push(Case::test("without-time-no-rule-is-tried", without_time_no_rule_is_tried));
    cases.push(Case::test("the-order-is-kept", the_order_is_kept));
    libtest_mimic::run(&args, cases).exit();
}
