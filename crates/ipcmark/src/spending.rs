//! Time of a command: its budget, which counts everything, and what each part took.

use crate::tool;
use ipcmark_harness::session::Session;
use ipcmark_show::wall;
use std::time::{Duration, Instant};

/// Time to write the report of a record without cells, of a cell that was measured, and of one that
/// was not reached, on a quiet machine.
const REPORT: Duration = Duration::from_millis(200);
const REPORT_OF_CELL: Duration = Duration::from_millis(4);
const REPORT_OF_GAP: Duration = Duration::from_micros(20);
/// Time of a debug build for what takes a release build one unit of it.
const DEBUG: f64 = 6.0;
/// Least time in which a cell is measured once.
const VISIT: Duration = Duration::from_millis(20);
/// Most time for the documented rules in a run, and their largest share of a budget.
const RULES: Duration = Duration::from_secs(10);
const RULES_SHARE: u32 = 5;
/// Least time that is worth it for the rules.
const RULES_LEAST: Duration = Duration::from_secs(1);

/// The budget of a command that began when this was made, and the time of its parts so far.
#[derive(Debug)]
pub(crate) struct Spending {
    begun: Instant,
    budget: Option<Duration>,
    /// Time that work takes here, for one unit of it by a release build on a quiet machine.
    slowness: f64,
    /// The end of the latest part.
    latest: Duration,
    parts: Vec<(&'static str, Duration)>,
}

impl Spending {
    pub(crate) fn begin() -> Spending {
        Spending {
            begun: Instant::now(),
            budget: None,
            slowness: if tool::is_debug() { DEBUG } else { 1.0 } * crowd(),
            latest: Duration::ZERO,
            parts: Vec::new(),
        }
    }

    /// Sets the budget, which counts from the beginning of the command.
    pub(crate) fn bound(&mut self, budget: Option<Duration>) {
        self.budget = budget;
    }

    /// Returns the rest of the budget; `None` without one.
    pub(crate) fn left(&self) -> Option<Duration> {
        Some(self.budget?.saturating_sub(self.begun.elapsed()))
    }

    /// Returns the time to measure for, so that a report of this many cells fits too. Measuring gets
    /// a quarter of the rest in any case.
    pub(crate) fn left_to_measure(&self, cells: usize) -> Option<Duration> {
        let left = self.left()?;
        let reached = (left.as_millis() / VISIT.as_millis()).min(cells as u128) as u32;
        let report = REPORT + REPORT_OF_CELL * reached + REPORT_OF_GAP * (cells as u32 - reached);
        let report = report.mul_f64(self.slowness);
        Some(left - report.min(left / 4 * 3))
    }

    /// Returns the time for the documented rules; `None` if the budget is too short for them.
    pub(crate) fn for_rules(&self) -> Option<Duration> {
        let most = self.left().map_or(RULES, |left| RULES.min(left / RULES_SHARE));
        (most >= RULES_LEAST).then_some(most)
    }

    /// Returns the time of the parts so far.
    pub(crate) fn spent(&self) -> Duration {
        self.latest
    }

    /// Notes that a part ends now.
    pub(crate) fn part(&mut self, name: &'static str) {
        let now = self.begun.elapsed();
        self.parts.push((name, now.saturating_sub(self.latest)));
        self.latest = now;
    }

    /// Notes that measuring ends now, and what it spent on limits and counts.
    pub(crate) fn measured(&mut self, session: &Session) {
        let [limits, counting] = session.spent();
        self.part("measuring");
        self.apart("limits", limits);
        self.apart("counting calls", counting);
    }

    /// Notes that some of the latest part was spent on something else.
    fn apart(&mut self, name: &'static str, took: Duration) {
        if let Some((_, whole)) = self.parts.last_mut() {
            *whole = whole.saturating_sub(took);
        }
        let latest = self.parts.len().saturating_sub(1);
        self.parts.insert(latest, (name, took));
    }

    /// Says where the time went: `Time: 23 s (rules 3.1 s, limits 1.0 s, measuring 18 s, report 1.2 s).`
    pub(crate) fn line(&self) -> String {
        let told = |took: &Duration| *took >= Duration::from_millis(50);
        let parts: Vec<_> = self
            .parts
            .iter()
            .filter(|(_, took)| told(took))
            .map(|(name, took)| format!("{name} {}", wall(*took)))
            .collect();
        format!("Time: {} ({}).", wall(self.latest), parts.join(", "))
    }
}

/// Returns the number of processes that share a CPU on average, from 1 to 2: one that has just slept goes
/// first. It is 1 if the kernel does not tell.
fn crowd() -> f64 {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().and_then(|load| load.parse::<f64>().ok()).unwrap_or(0.0);
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    ((load + 1.0) / cpus as f64).clamp(1.0, 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// F2: what passed before the measurement counts.
    #[test]
    fn the_budget_counts_from_the_beginning_and_keeps_time_for_the_report() {
        let mut spending = Spending::begin();
        assert_eq!((spending.left(), spending.left_to_measure(9)), (None, None));
        assert_eq!(spending.for_rules(), Some(RULES));
        spending.begun -= s(30);
        spending.bound(Some(s(40)));
        let left = spending.left().unwrap();
        assert!(left <= s(10) && left > s(5), "{left:?}");
        spending.slowness = 1.0;
        let measuring = spending.left_to_measure(100).unwrap();
        assert!(measuring < left - REPORT_OF_CELL * 100);
        spending.slowness = 3.0;
        assert!(spending.left_to_measure(100).unwrap() < measuring - REPORT_OF_CELL * 100);
        assert!(spending.left_to_measure(1 << 20).unwrap() > s(1), "a quarter");
        assert!(spending.for_rules().unwrap() <= s(2));
        spending.bound(Some(s(33)));
        assert_eq!(spending.for_rules(), None, "a fifth of three seconds");
        spending.bound(Some(s(20)));
        assert_eq!(spending.left(), Some(Duration::ZERO));
    }

    #[test]
    fn the_parts_add_up() {
        let mut spending = Spending::begin();
        spending.begun -= s(3);
        spending.part("rules");
        spending.begun -= s(20);
        spending.part("measuring");
        spending.apart("limits", s(2));
        let sum: Duration = spending.parts.iter().map(|(_, took)| *took).sum();
        assert_eq!(sum, spending.latest);
        let names: Vec<_> = spending.parts.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["rules", "limits", "measuring"]);
        assert!(spending.line().starts_with("Time: 23"), "{}", spending.line());
    }
}
