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

/// Runs these experiments one after the other; stops early when a signal asked this process to end
/// ([`process::Interrupts`]).
///
/// # Errors
/// When no scratch folder can be made. What goes wrong in an experiment is part of its rule.
pub fn run(trials: &[Trial], watch: &mut dyn Watch) -> ipcmark_harness::Result<Vec<Rule>> {
    let scratch = Scratch::new()?;
    let mut rules = Vec::with_capacity(trials.len());
    for trial in trials {
        watch.begins(trial);
        let found = tried(trial, &scratch);
        if process::is_interrupted() {
            break;
        }
        let rule = trial.with(found);
        watch.ended(&rule);
        rules.push(rule);
    }
    Ok(rules)
}

/// Runs one experiment; once or twice again if the machine broke the rule, because a busy machine may hide a race. The
/// result also reports what was seen at first.
fn tried(trial: &Trial, scratch: &Scratch) -> std::result::Result<Found, String> {
    let mut found = apart(trial, &scratch.names());
    for _ in 0..MORE_TRIES {
        let Ok(Ok(before)) = &found else { break };
        if before.is_kept() || process::is_interrupted() {
            break;
        }
        let Ok(Ok(then)) = apart(trial, &scratch.names()) else { break };
        found = Ok(Ok(then.after(before)));
    }
    found
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

/// Runs one experiment in its own process. The error says what kept it from returning a result.
fn apart(trial: &Trial, names: &Names) -> std::result::Result<Found, String> {
    let run = || -> std::result::Result<Home, Fault> {
        let mut crew = Crew::new(1, HOME_MAX)?;
        crew.fork(|| Ok(serde_json::to_vec(&Home::from((trial.run)(names)))?))?;
        let finished = crew.finish(Instant::now() + DEADLINE)?;
        if finished.over == Over::Late {
            let seconds = DEADLINE.as_secs();
            return Err(format!("the experiment had not ended after {seconds} s").into());
        }
        let results = finished.results().map_err(|e| format!("the experiment {e}"))?;
        Ok(serde_json::from_slice(&results[0])?)
    };
    match run().map_err(|fault| fault.what)? {
        Home::Seen(seen) => Ok(Ok(seen)),
        Home::Unavailable(refusal) => Ok(Err(Error::Unavailable(refusal))),
        Home::Failed(what) => Err(what),
    }
}
