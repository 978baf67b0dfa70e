//! Runs experiments, each in a process of its own.

use crate::trial::{DEADLINE, Found, Seen, Trial};
use ipcmark_core::{Error, Names};
use ipcmark_harness::Scratch;
use ipcmark_record::{Refusal, Rule};
use ipcmark_sys::crew::{Crew, Fault, Over};
use ipcmark_sys::process;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Further tries of an experiment whose rule was broken.
const MORE_TRIES: u32 = 2;
/// Room for the result of one experiment, bytes.
const HOME_MAX: usize = 64 << 10;

/// Receives progress, between experiments.
pub trait Watch {
    /// Says that this experiment begins.
    fn begins(&mut self, trial: &Trial);
    /// Says that it has ended.
    fn ended(&mut self, rule: &Rule);
}

/// Runs these experiments and returns their rules in the same order; stops early when a signal asked this process to end
/// ([`process::Interrupts`]). Those that mostly sleep run at the same time as the others. What has not ended at `until` is not tried.
///
/// # Errors
/// When no scratch folder can be made. What goes wrong in an experiment is part of its rule.
pub fn run(
    trials: &[Trial],
    until: Option<Instant>,
    watch: &mut dyn Watch,
) -> ipcmark_harness::Result<Vec<Rule>> {
    let scratch = Scratch::new()?;
    let mut asleep = Vec::new();
    for (place, trial) in trials.iter().enumerate().filter(|(_, trial)| trial.sleeps()) {
        let own = Scratch::new()?;
        let started = start(trial, &own.names());
        asleep.push((place, own, started));
    }
    let mut rules = Vec::with_capacity(trials.len());
    for (place, trial) in trials.iter().enumerate().filter(|(_, trial)| !trial.sleeps()) {
        watch.begins(trial);
        let found = tried(trial, &scratch, until, None);
        if process::is_interrupted() {
            return Ok(in_order(rules));
        }
        rules.push((place, trial.with(found)));
        watch.ended(&rules[rules.len() - 1].1);
    }
    for (place, own, started) in asleep {
        watch.begins(&trials[place]);
        let found = tried(&trials[place], &own, until, Some(started));
        if process::is_interrupted() {
            break;
        }
        rules.push((place, trials[place].with(found)));
        watch.ended(&rules[rules.len() - 1].1);
    }
    Ok(in_order(rules))
}

fn in_order(mut rules: Vec<(usize, Rule)>) -> Vec<Rule> {
    rules.sort_by_key(|(place, _)| *place);
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// Runs one experiment, or ends the one that was `started`; once or twice again if the machine broke the rule, because a
/// busy machine may hide a race. The result also reports what was seen at first.
fn tried(
    trial: &Trial,
    scratch: &Scratch,
    until: Option<Instant>,
    started: Option<Result<Crew, Fault>>,
) -> Result<Found, String> {
    if until.is_some_and(|until| Instant::now() >= until) {
        return Ok(Err(no_time()));
    }
    let mut found = end(started.unwrap_or_else(|| start(trial, &scratch.names())), until)?;
    for _ in 0..MORE_TRIES {
        let Ok(before) = &found else { break };
        if before.is_kept() || process::is_interrupted() {
            break;
        }
        let Ok(Ok(then)) = end(start(trial, &scratch.names()), until) else { break };
        found = Ok(then.after(before));
    }
    Ok(found)
}

/// Content of the parcel.
#[derive(Serialize, Deserialize)]
enum Home {
    Seen(Seen),
    Unavailable(Refusal),
    Failed(String),
}

impl From<Found> for Home {
    fn from(found: Found) -> Home {
        match found {
            Ok(seen) => Home::Seen(seen),
            Err(Error::Unavailable(refusal)) => Home::Unavailable(refusal),
            Err(error) => Home::Failed(error.to_string()),
        }
    }
}

/// Starts one experiment in its own process.
fn start(trial: &Trial, names: &Names) -> Result<Crew, Fault> {
    let mut crew = Crew::new(1, HOME_MAX)?;
    crew.fork(|| Ok(serde_json::to_vec(&Home::from((trial.run)(names)))?))?;
    Ok(crew)
}

/// Waits for an experiment. The error says what kept it from returning a result.
fn end(started: Result<Crew, Fault>, until: Option<Instant>) -> Result<Found, String> {
    let late = Instant::now() + DEADLINE;
    let crew = started.map_err(|fault| fault.what)?;
    let finished = crew.finish_by(until.map_or(late, |until| until.min(late)), until);
    let finished = finished.map_err(|e| e.to_string())?;
    if finished.over == Over::Late {
        if until.is_some_and(|until| until < late) {
            return Ok(Err(no_time()));
        }
        let seconds = DEADLINE.as_secs();
        return Err(format!(
            "the experiment had not ended after {seconds} s: it hangs, or the machine is very busy"
        ));
    }
    let results = finished.results().map_err(|e| format!("the experiment {e}"))?;
    match serde_json::from_slice(&results[0]).map_err(|e| e.to_string())? {
        Home::Seen(seen) => Ok(Ok(seen)),
        Home::Unavailable(refusal) => Ok(Err(Error::Unavailable(refusal))),
        Home::Failed(what) => Err(what),
    }
}

/// Returns the reason for a rule that was not tried because the time was over.
fn no_time() -> Error {
    let refusal = Refusal::new("the time for the rules was over before it was tried");
    Error::Unavailable(refusal.with_remedy("ipcmark rules --into the run's folder"))
}
