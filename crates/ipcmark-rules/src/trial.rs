//! One rule, and what an experiment found of it.

use ipcmark_core::{Error, Names, Result};
use ipcmark_record::{Refusal, Rule, Verdict};
pub(crate) use ipcmark_show::count as figure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// One rule of one mechanism, and the experiment that shows it.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// The family: `signal`, `pipe` ...
    pub family: &'static str,
    /// The mechanism as people call it: `standard signals`.
    pub mechanism: &'static str,
    /// A short, stable word, unique in its family: `merge`.
    pub name: &'static str,
    /// The rule itself: one sentence, no figures.
    pub rule: &'static str,
    /// The calls that the experiment makes, in order.
    pub calls: &'static [&'static str],
    /// Place where the rule is written: `signal(7)`.
    pub reference: &'static str,
    /// The experiment. It runs in a process of its own, which may fork further; names in [`Names::dir`] are cleared
    /// away after it.
    pub run: fn(&Names) -> Found,
}

/// Result of an experiment. [`Error::Unavailable`] means that it cannot be made here.
pub type Found = Result<Seen>;

/// Outcome of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// True if the machine kept to the rule.
    kept: bool,
    /// Actions and their outcome, with the figures, in words that need no other page.
    words: String,
    /// The figures in the words, by name.
    figures: BTreeMap<String, f64>,
}

impl Seen {
    /// `kept`: whether the machine kept to the rule; `words`: what was done and seen, e.g. "1,000 SIGUSR1 sent while
    /// blocked: 1 delivered."
    pub fn new(kept: bool, words: impl Into<String>) -> Seen {
        Seen { kept, words: words.into(), figures: BTreeMap::new() }
    }

    /// Adds a figure of those in the words; a unit, where it has one, ends the name: `held_bytes`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<f64>) -> Seen {
        self.figures.insert(name.into(), value.into());
        self
    }

    /// Adds a count, like [`with`](Seen::with).
    #[must_use]
    pub fn count(self, name: &str, value: u64) -> Seen {
        self.with(name, value as f64)
    }
}

impl Seen {
    /// Returns true if the machine kept to the rule.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }

    /// Returns the outcome of another try, with the words of the first.
    pub(crate) fn after(mut self, before: &Seen) -> Seen {
        self.words = format!("{} (On a try before it was otherwise: {})", self.words, before.words);
        self
    }
}

impl Trial {
    /// Makes the facts that the rules of one mechanism share; a rule replaces the others, [`run`](Trial::run) among them.
    #[must_use]
    pub const fn of(
        family: &'static str,
        mechanism: &'static str,
        reference: &'static str,
    ) -> Trial {
        let run = |_: &Names| Err(Error::Protocol(String::new()));
        Trial { family, mechanism, name: "", rule: "", calls: &[], reference, run }
    }

    /// Returns `signal/merge`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.family, self.name)
    }

    /// Returns true if the experiment mostly sleeps: it may run next to others, and disturbs none.
    pub(crate) fn sleeps(&self) -> bool {
        SLEEPERS.contains(&self.full_name().as_str())
    }

    /// Returns the rule with what was found of it.
    pub(crate) fn with(&self, found: std::result::Result<Found, String>) -> Rule {
        let (verdict, seen, figures) = match found {
            Ok(Ok(Seen { kept: true, words, figures })) => (Verdict::Shown, words, figures),
            Ok(Ok(Seen { kept: false, words, figures })) => (Verdict::Broken, words, figures),
            Ok(Err(Error::Unavailable(refusal))) => {
                (Verdict::NotTried(refusal), String::new(), BTreeMap::new())
            }
            Ok(Err(error)) => (untried(error.to_string()), String::new(), BTreeMap::new()),
            Err(what) => (untried(what), String::new(), BTreeMap::new()),
        };
        Rule {
            family: self.family.into(),
            mechanism: self.mechanism.into(),
            name: self.name.into(),
            rule: self.rule.into(),
            seen,
            verdict,
            calls: self.calls.iter().map(|&call| call.into()).collect(),
            reference: self.reference.into(),
            figures,
        }
    }
}

fn untried(reason: String) -> Verdict {
    Verdict::NotTried(Refusal::new(reason))
}

/// Rules whose experiments wait for a clock.
const SLEEPERS: [&str; 5] =
    ["signal/alarm", "rpc/at-least-once", "rpc/at-most-once", "rpc/exactly-once", "rpc/record-age"];

/// Time that one experiment may take. Long, because only a hang is to reach it: on a busy machine all take longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Returns the name of an error: `EAGAIN`.
pub(crate) fn name_of(errno: rustix::io::Errno) -> String {
    format!("{:?}", nix::errno::Errno::from_raw(errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_that_sleeps_is_a_rule() {
        assert_eq!(crate::trials().iter().filter(|trial| trial.sleeps()).count(), SLEEPERS.len());
    }

    #[test]
    fn another_try_hides_nothing_of_the_first() {
        let first = Seen::new(false, "None was lost.");
        let then = Seen::new(true, "3 were lost.").after(&first);
        assert!(then.is_kept() && !first.is_kept());
        assert_eq!(then.words, "3 were lost. (On a try before it was otherwise: None was lost.)");
    }
}
