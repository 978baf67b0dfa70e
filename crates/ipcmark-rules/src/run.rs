//! Runs experiments, each in a process of its own.

use crate::trial::{DEADLINE, Found, Seen, Trial};
use ipcmark_core::{Error, Names, Result};
use ipcmark_harness::Scratch;
use ipcmark_record::Rule;
use ipcmark_sys::process::{self, Exit};
use ipcmark_sys::shared::Parcel;
use serde::{Deserialize, Serialize};

/// How often an experiment is made again.
const MORE_TRIES: u32 = 2;
/// Room for what one experiment brings home, bytes.
const HOME_MAX: usize = 64 << 10;

/// Is told what happens. Called between experiments.
pub trait Watch {
    /// This experiment begins.
    fn begins(&mut self, trial: &Trial);
    /// It has ended.
    fn ended(&mut self, rule: &Rule);
}

/// Runs these experiments one after the other; stops early when a signal asked this process to end
/// ([`process::Interrupts`]).
///
/// # Errors
/// When no scratch folder can be made. What goes wrong in an experiment is part of its rule.
pub fn verify(trials: &[Trial], watch: &mut dyn Watch) -> ipcmark_harness::Result<Vec<Rule>> {
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

/// Runs one experiment; once or twice more where the machine did otherwise, because a race that does not show itself
/// once, on a busy machine, is no proof of anything. What was seen at first is told all the same.
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

/// What comes home in the parcel.
#[derive(Serialize, Deserialize)]
enum Home {
    Seen(Seen),
    Unavailable { reason: String, remedy: Option<String> },
    Failed(String),
}

impl From<Found> for Home {
    fn from(found: Found) -> Home {
        match found {
            Ok(seen) => Home::Seen(seen),
            Err(Error::Unavailable { reason, remedy }) => Home::Unavailable { reason, remedy },
            Err(error) => Home::Failed(error.to_string()),
        }
    }
}

/// Runs one experiment in a child; the words are of what kept it from bringing anything home.
fn apart(trial: &Trial, names: &Names) -> std::result::Result<Found, String> {
    let run = || -> Result<std::result::Result<Found, String>> {
        let parcel = Parcel::new(HOME_MAX)?;
        let mut child = process::fork(|| {
            // What a panic says goes to the parent as an exit status, not to the terminal.
            std::panic::set_hook(Box::new(|_| {}));
            let home = Home::from((trial.run)(names));
            let sent = serde_json::to_vec(&home).is_ok_and(|text| parcel.put(&text).is_ok());
            i32::from(!sent)
        })?;
        let exit = child.wait(DEADLINE)?;
        let home = parcel.get().and_then(|text| serde_json::from_slice(&text).ok());
        Ok(match (home, exit) {
            (Some(Home::Seen(seen)), _) => Ok(Ok(seen)),
            (Some(Home::Unavailable { reason, remedy }), _) => {
                Ok(Err(Error::Unavailable { reason, remedy }))
            }
            (Some(Home::Failed(what)), _) => Err(what),
            (None, None) => Err(format!("it had not ended after {} s", DEADLINE.as_secs())),
            (None, Some(Exit::Code(process::PANICKED))) => Err("the experiment panicked".into()),
            (None, Some(exit)) => Err(format!("the experiment {exit}")),
        })
    };
    run().unwrap_or_else(|error| Err(error.to_string()))
}
