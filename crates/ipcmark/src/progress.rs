//! Progress of a run: a bar on a terminal, a few lines elsewhere, nothing with `--quiet`.
//!
//! The bar is drawn when something happens and never by a timer: a ticking thread would make the harness fork from a
//! process of two threads, and would disturb what is measured.

use crate::output;
use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ipcmark_harness::session::{Aim, Event, Watch};
use ipcmark_record::{Cell, Invocation, InvocationOutcome, Outcome, Record};
use ipcmark_show::{plural, share, wall};
use ipcmark_view::conditions;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Without a terminal, the shortest time between two lines about rounds that narrow.
const SPARSE: Duration = Duration::from_secs(10);

/// Shows a run's progress on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    look: Look,
    pace: Pace,
    rounds: u32,
    /// True if rounds that narrow follow the pilot.
    adapts: bool,
    aim: Aim,
    /// Number of cells that were wide at the end of the pilot.
    wide_at_first: Option<usize>,
    /// Time of the last line about a round, without a terminal.
    said: Option<Instant>,
    /// Cells whose failure was shown: each is shown once.
    told: HashSet<String>,
}

#[derive(Debug)]
enum Look {
    Bar(ProgressBar),
    Lines,
    Quiet,
}

impl Progress {
    /// `left` is the time to measure for.
    pub(crate) fn new(quiet: bool, left: Option<Duration>) -> Progress {
        let look = if quiet {
            Look::Quiet
        } else if Term::stderr().is_term() {
            Look::Bar(bar())
        } else {
            Look::Lines
        };
        Progress {
            look,
            pace: Pace::new(0, left),
            rounds: 0,
            adapts: false,
            aim: Aim::Pilot,
            wide_at_first: None,
            said: None,
            told: HashSet::new(),
        }
    }

    fn started(&mut self, cells: usize, visits: usize, record: &Record) {
        self.pace = Pace::new(visits, self.pace.budget);
        self.rounds = record.settings.rounds;
        self.adapts = record.settings.rounds_most.is_some();
        let bound = self.pace.budget.map(|b| format!(", at most {}", wall(b))).unwrap_or_default();
        let most = record.settings.rounds_most.map(|most| format!(" to {most}"));
        let known = record.settings.target.filter(|_| self.adapts);
        let known = known.map(|t| format!(", until ± {}", share(t.p50)));
        let text = match cells {
            0 => format!("No cell of the suite {} is left to measure here.", record.suite.name),
            _ => format!(
                "{} of the suite {}, {}{} invocations of each{}{bound}. {}, {} allowed.",
                plural(cells, "cell"),
                record.suite.name,
                self.rounds,
                most.unwrap_or_default(),
                known.unwrap_or_default(),
                record.host.cpu_model,
                plural(record.host.cpus.len(), "CPU"),
            ),
        };
        if matches!(self.look, Look::Quiet) {
            return;
        }
        output::say(&text);
        for sign in conditions(record) {
            output::warn(&format!("{} {}: {}", sign.name, sign.value, sign.detail));
        }
        if let Look::Bar(bar) = &self.look {
            bar.set_length(STEPS as u64);
        }
    }

    fn round_begins(&mut self, aim: Aim) {
        self.aim = aim;
        if let Aim::Narrow { wide, .. } = aim {
            self.wide_at_first.get_or_insert(wide);
        }
    }

    /// Returns the progress, from 0 to 1.
    fn share(&self, visit: usize) -> f64 {
        let spent = self.pace.begun.elapsed().as_secs_f64();
        let (part, whole) = match (self.aim, self.pace.budget, self.wide_at_first) {
            // Narrowing continues while there is time.
            (_, Some(budget), _) if self.adapts => (spent, budget.as_secs_f64()),
            (Aim::Narrow { wide, .. }, _, Some(first)) => {
                (first.saturating_sub(wide) as f64, first as f64)
            }
            _ => (visit as f64, self.pace.visits as f64),
        };
        (part / whole.max(f64::MIN_POSITIVE)).min(1.0)
    }

    /// Returns `round 3 of 9`; `round 12, 31 cells wider than ± 10 %`.
    fn round_in_words(&self, round: u32) -> String {
        match self.aim {
            Aim::Pilot if round < self.rounds => format!("round {} of {}", round + 1, self.rounds),
            Aim::Pilot => format!("round {}", round + 1),
            Aim::Narrow { wide, target } => {
                let wide = plural(wide, "cell");
                format!("round {}, {wide} wider than ± {}", round + 1, share(target))
            }
        }
    }

    fn left(&self, done: usize) -> Option<Duration> {
        match self.aim {
            Aim::Pilot if !self.adapts => self.pace.left(done),
            _ => self.pace.budget.map(|budget| budget.saturating_sub(self.pace.begun.elapsed())),
        }
    }

    fn visiting(&self, cell: &Cell, round: u32, visit: usize) {
        if let Look::Bar(bar) = &self.look {
            let left = self.left(visit).map(|left| format!("{} left  ", wall(left)));
            let round = self.round_in_words(round);
            bar.set_message(format!("{}{round}  {}", left.unwrap_or_default(), cell.key));
            bar.set_position((self.share(visit) * STEPS) as u64);
        }
    }

    fn visited(&mut self, cell: &Cell, invocation: Option<&Invocation>) {
        self.pace.done += 1;
        let Some(InvocationOutcome::Failed { side, what }) = invocation.map(|i| &i.outcome) else {
            return;
        };
        let key = cell.key.to_string();
        if self.told.contains(&key) {
            return;
        }
        let text = format!("failed: {key}: {side}: {what}");
        self.told.insert(key);
        match &self.look {
            Look::Quiet => {}
            Look::Lines => output::say(&text),
            Look::Bar(bar) => bar.println(text),
        }
    }

    fn round_ended(&mut self, round: u32) {
        let soon = self.aim != Aim::Pilot && self.said.is_some_and(|at| at.elapsed() < SPARSE);
        if !matches!(self.look, Look::Lines) || soon {
            return;
        }
        self.said = Some(Instant::now());
        let left = self.left(self.pace.done).filter(|left| !left.is_zero());
        let about = if self.adapts { "at most" } else { "about" };
        let left = left.map(|left| format!(", {about} {} left", wall(left))).unwrap_or_default();
        let spent = wall(self.pace.begun.elapsed());
        output::say(&format!("{} done after {spent}{left}", self.round_in_words(round)));
    }

    fn ended(&self, outcome: Outcome) {
        if let Look::Bar(bar) = &self.look {
            bar.finish_and_clear();
        }
        if matches!(self.look, Look::Quiet) {
            return;
        }
        match outcome {
            // An error speaks for itself.
            Outcome::Complete | Outcome::Running | Outcome::Stopped => {}
            Outcome::BudgetSpent => output::say(
                "The time budget ran out before each cell had its minimum of invocations.",
            ),
            Outcome::Interrupted => {
                output::say("Interrupted; what was measured until here is kept.")
            }
        }
    }
}

impl Watch for Progress {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Started { cells, visits, record } => self.started(cells, visits, record),
            Event::RoundBegins { aim, .. } => self.round_begins(aim),
            Event::Visiting { cell, round, visit } => self.visiting(cell, round, visit),
            Event::Visited { cell, invocation, .. } => self.visited(cell, invocation),
            Event::RoundEnded { round } => self.round_ended(round),
            Event::Ended(outcome) => self.ended(outcome),
        }
    }
}

impl Drop for Progress {
    /// Clears the bar, so that no torn one is left above an error's message.
    fn drop(&mut self) {
        if let Look::Bar(bar) = &self.look {
            bar.finish_and_clear();
        }
    }
}

/// Number of steps of the bar.
const STEPS: f64 = 1_000.0;

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:16} {percent:>3} %  {wide_msg}");
    // A terminal that redraws takes its CPU time from what is being measured.
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4))
        .with_style(style.expect("the template is a constant").progress_chars("━╸─"))
}

/// The pace of the visits, which predicts the time left.
#[derive(Debug)]
struct Pace {
    begun: Instant,
    visits: usize,
    done: usize,
    budget: Option<Duration>,
}

impl Pace {
    fn new(visits: usize, budget: Option<Duration>) -> Pace {
        Pace { begun: Instant::now(), visits, done: 0, budget }
    }

    /// Returns the time left after `done` visits, at most the rest of the budget; `None` while it is too
    /// early to say.
    fn left(&self, done: usize) -> Option<Duration> {
        left(self.begun.elapsed(), done, self.visits, self.budget)
    }
}

fn left(spent: Duration, done: usize, visits: usize, budget: Option<Duration>) -> Option<Duration> {
    let bound = budget.map(|budget| budget.saturating_sub(spent));
    if done * 50 < visits || done == 0 {
        return bound;
    }
    let rest = spent.mul_f64(visits.saturating_sub(done) as f64 / done as f64);
    Some(bound.map_or(rest, |bound| rest.min(bound)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_told_by_what_it_is_for() {
        let mut progress = Progress::new(true, None);
        (progress.rounds, progress.adapts) = (9, true);
        assert_eq!(progress.round_in_words(2), "round 3 of 9");
        progress.pace = Pace::new(90, None);
        assert_eq!(progress.share(45), 0.5, "the pilot by its visits");
        progress.round_begins(Aim::Narrow { wide: 40, target: 0.1 });
        progress.round_begins(Aim::Narrow { wide: 30, target: 0.1 });
        assert_eq!(progress.round_in_words(11), "round 12, 30 cells wider than ± 10 %");
        assert_eq!(progress.share(120), 0.25, "then by the cells that are known");
        progress.pace = Pace::new(90, Some(Duration::from_secs(3_600)));
        assert!(progress.share(120) < 0.1, "with a budget by the time");
    }

    #[test]
    fn time_left_follows_the_pace_and_never_exceeds_the_budget() {
        let s = Duration::from_secs;
        assert_eq!(left(s(10), 50, 100, None), Some(s(10)));
        assert_eq!(left(s(10), 50, 100, Some(s(15))), Some(s(5)));
        assert_eq!(left(s(10), 50, 100, Some(s(60))), Some(s(10)));
        assert_eq!(left(s(1), 1, 100, None), None, "too early to say");
        assert_eq!(left(s(1), 1, 100, Some(s(60))), Some(s(59)));
        assert_eq!(left(s(20), 1, 1, Some(s(10))), Some(s(0)));
        assert_eq!(left(s(0), 0, 0, None), None);
    }
}
