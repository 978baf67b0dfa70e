//! What is seen while a run goes on: a bar on a terminal, sparse lines elsewhere, nothing with `--quiet`.
//!
//! The bar is drawn when something happens and never by a timer: a ticking thread would make the harness fork from a
//! process of two threads, and would disturb what is measured.

use crate::output;
use crate::units::{count, wall};
use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ipcmark_harness::session::{Event, Watch};
use ipcmark_record::{Cell, Invocation, InvocationOutcome, Outcome, Record};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Shows a run's progress on standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    look: Look,
    pace: Pace,
    rounds: u32,
    /// Visits done when the last round ended.
    done_before: usize,
    /// Cells whose failure was told: each is told once.
    told: HashSet<String>,
}

#[derive(Debug)]
enum Look {
    Bar(ProgressBar),
    Lines,
    Quiet,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Progress {
        let look = if quiet {
            Look::Quiet
        } else if Term::stderr().is_term() {
            Look::Bar(bar())
        } else {
            Look::Lines
        };
        Progress { look, pace: Pace::new(0, None), rounds: 0, done_before: 0, told: HashSet::new() }
    }

    fn started(&mut self, cells: usize, visits: usize, record: &Record) {
        self.pace = Pace::new(visits, record.settings.budget_s.map(Duration::from_secs_f64));
        self.rounds = record.settings.rounds;
        let bound = self.pace.budget.map(|b| format!(", at most {}", wall(b))).unwrap_or_default();
        let text = format!(
            "Suite {}: {} in {}{bound}. {}, {} CPUs allowed.",
            record.suite.name,
            count(cells, "cell"),
            count(self.rounds as usize, "round"),
            record.host.cpu_model,
            record.host.cpus.len(),
        );
        match &self.look {
            Look::Quiet => {}
            Look::Lines => output::say(&text),
            Look::Bar(bar) => {
                output::say(&text);
                bar.set_length(visits as u64);
            }
        }
    }

    fn visiting(&self, cell: &Cell, round: u32, visit: usize) {
        if let Look::Bar(bar) = &self.look {
            let left = self.pace.left(visit).map(|left| format!("{} left  ", wall(left)));
            bar.set_message(format!(
                "{}round {}/{}  {}",
                left.unwrap_or_default(),
                round + 1,
                self.rounds,
                cell.key
            ));
            bar.set_position(visit as u64);
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
        // A resumed run passes over the rounds it has.
        let made = self.pace.done > self.done_before;
        self.done_before = self.pace.done;
        if let (Look::Lines, true) = (&self.look, made) {
            let left = self.pace.left(self.pace.done).filter(|left| !left.is_zero());
            let left = left.map(|left| format!(", about {} left", wall(left))).unwrap_or_default();
            let spent = wall(self.pace.begun.elapsed());
            output::say(&format!(
                "round {} of {} done after {spent}{left}",
                round + 1,
                self.rounds
            ));
        }
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
            Outcome::BudgetSpent => {
                output::say("The budget of time was spent before the last round.")
            }
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
            Event::Visiting { cell, round, visit } => self.visiting(cell, round, visit),
            Event::Visited { cell, invocation } => self.visited(cell, invocation),
            Event::RoundEnded { round } => self.round_ended(round),
            Event::Ended(outcome) => self.ended(outcome),
        }
    }
}

impl Drop for Progress {
    /// An error on the way must not leave a torn bar above its message.
    fn drop(&mut self) {
        if let Look::Bar(bar) = &self.look {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:16} {percent:>3} %  {wide_msg}");
    // A terminal that redraws takes its CPU time from what is being measured.
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4))
        .with_style(style.expect("the template is a constant").progress_chars("━╸─"))
}

/// How fast visits go, and so how long the rest will take.
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

    /// Time left when `done` visits are behind; never more than the budget leaves. `None` while it is too early to say.
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
