//! Counts that are made once a cell, in separate invocations. They come after the cell's first good
//! invocation, so that only cells that work are counted. A tenth of the budget is set aside for
//! them.

use crate::{Bench, Counted, Entry};
use ipcmark_core::{Extent, Plan};
use ipcmark_record::{Cell, CellKey, Invocation, Record, State};
use ipcmark_sys::counters::{self, Modes};
use ipcmark_sys::energy::Meter;
use std::time::{Duration, Instant};

/// Largest part of a budget that counting may take: one in this many.
const SHARE: u32 = 10;
/// Time to set aside for each cell that has not been counted.
const EACH: Duration = Duration::from_millis(20);
/// Most time for one cell, beyond its warm-up, so that a hang ends soon.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest warm-up. It maps pages and makes connections; counts need no more.
const WARM_UP: Duration = Duration::from_millis(2);
/// The phase in which cycles are counted.
const MEASURE: Duration = Duration::from_millis(5);
/// Number of failures of one kind, without a success, that show that this machine does not allow it.
const ENOUGH: usize = 3;

/// One reason, and the cells that met it.
#[derive(Debug)]
struct Failure {
    reason: String,
    first: CellKey,
    cells: usize,
}

/// State of the counting, with the failures so far.
#[derive(Debug)]
pub(super) struct Counts {
    wanted: bool,
    /// Time for counting; `None` without a budget.
    share: Option<Duration>,
    pub(super) spent: Duration,
    /// Largest number of cells that are still to be counted.
    left: u32,
    tried: Vec<bool>,
    counted: usize,
    /// Modes whose cycles can be counted here, or the reason why none can.
    cycles: Result<Modes, String>,
    /// The reason why the machine does not tell its energy.
    energy: Option<String>,
    failures: Vec<Failure>,
    /// Cells left out because the share was spent.
    too_many: usize,
}

impl Counts {
    pub(super) fn new(wanted: bool, budget: Option<Duration>, cells: &[Cell]) -> Counts {
        let open = |cell: &&Cell| {
            matches!(cell.state, State::Pending | State::Measured) && cell.system_calls.is_none()
        };
        Counts {
            wanted,
            share: budget.map(|budget| budget / SHARE),
            spent: Duration::ZERO,
            left: if wanted { cells.iter().filter(open).count() as u32 } else { 0 },
            tried: vec![false; cells.len()],
            counted: 0,
            cycles: if wanted { counters::here() } else { Err(String::new()) },
            energy: Meter::here().err().filter(|_| wanted),
            failures: Vec::new(),
            too_many: 0,
        }
    }

    /// Returns the part of the budget to keep for cells that have not been counted.
    pub(super) fn reserve(&self) -> Duration {
        let Some(share) = self.share else { return Duration::ZERO };
        share.saturating_sub(self.spent).min(EACH * self.left)
    }

    /// Stops to keep time for cells that were not counted in the first round.
    pub(super) fn round_is_over(&mut self) {
        self.left = 0;
    }

    /// Returns true if a cell has not been counted yet and can be, because it has just ended well.
    pub(super) fn wants(&self, index: usize, cell: &Cell) -> bool {
        let open = self.wanted && cell.system_calls.is_none() && !self.tried[index];
        let hopeless = self.is_hopeless() && self.cycles.is_err();
        open && !hopeless && cell.invocations.last().is_some_and(Invocation::is_ok)
    }

    /// Counts a cell that [`Counts::wants`] accepts. Returns true if a signal asked for the end.
    pub(super) fn visit(
        &mut self,
        (index, entry): (usize, &Entry),
        record: &mut Record,
        plan: &Plan,
        bench: &Bench,
    ) -> bool {
        let cell = &mut record.cells[index];
        self.tried[index] = true;
        self.left = self.left.saturating_sub(1);
        let left = self.share.map(|share| share.saturating_sub(self.spent));
        if left.is_some_and(|left| left.is_zero()) {
            self.too_many += 1;
            self.tell(record);
            return false;
        }
        let begun = Instant::now();
        let warm_up = WARM_UP.min(plan.warm_up);
        let patience = left.unwrap_or(PATIENCE).clamp(PATIENCE / 4, PATIENCE);
        let deadline = warm_up + patience;
        let latest = left.map(|_| deadline + MEASURE);
        let plan = Plan { warm_up, deadline, latest, ..plan.clone() };
        if let (Ok(modes), None) = (&self.cycles, cell.cycles) {
            let extent = Extent::Time(MEASURE);
            let plan = Plan { extent, deadline: plan.deadline + MEASURE, ..plan.clone() };
            match entry.count_cycles(&plan, bench, *modes) {
                Counted::Cycles(cycles) => cell.cycles = Some(cycles),
                Counted::Interrupted => return true,
                _ => {}
            }
        }
        let counted = if self.is_hopeless() { Counted::Nothing } else { entry.count(&plan, bench) };
        self.spent += begun.elapsed();
        match counted {
            Counted::Calls(calls, memory) => {
                self.counted += 1;
                (cell.system_calls, cell.memory) = (Some(calls), memory);
            }
            Counted::Nothing | Counted::Cycles(_) => {}
            Counted::Not(reason) => {
                match self.failures.iter_mut().find(|failure| failure.reason == reason) {
                    Some(failure) => failure.cells += 1,
                    None => {
                        let first = cell.key.clone();
                        self.failures.push(Failure { reason, first, cells: 1 });
                    }
                }
                self.tell(record);
            }
            Counted::Interrupted => return true,
        }
        false
    }

    /// Returns true if every count failed, and one reason came again and again.
    fn is_hopeless(&self) -> bool {
        self.counted == 0 && self.failures.iter().any(|failure| failure.cells >= ENOUGH)
    }

    /// Puts the lines into the record. Those of the limits stay.
    fn tell(&self, record: &mut Record) {
        record.not_counted.retain(|line| line.starts_with("limits"));
        record.not_counted.splice(..0, self.lines());
    }

    /// Returns a line for each count that failed, with the reason.
    pub(super) fn lines(&self) -> Vec<String> {
        let energy = self.energy.as_ref().map(|why| format!("energy: not measured: {why}"));
        let cycles = self.cycles_line().into_iter().chain(energy);
        if self.is_hopeless() {
            let reason = self.failures.iter().max_by_key(|failure| failure.cells);
            let reason = reason.map(|failure| failure.reason.as_str()).unwrap_or_default();
            let calls = format!("system calls: not available here: {reason}");
            return cycles.chain([calls]).collect();
        }
        let failed = self.failures.iter().map(|Failure { reason, first, cells }| match cells {
            1 => format!("system calls of {first}: {reason}"),
            n => format!("system calls of {n} cells, {first} the first: {reason}"),
        });
        let too_many = (self.too_many > 0).then(|| {
            let cells = if self.too_many == 1 {
                "1 cell".into()
            } else {
                format!("{} cells", self.too_many)
            };
            format!(
                "system calls of {cells}: the tenth of the budget that counting may take was spent"
            )
        });
        cycles.chain(failed).chain(too_many).collect()
    }

    fn cycles_line(&self) -> Option<String> {
        match &self.cycles {
            _ if !self.wanted => None,
            Ok(Modes::UserAndKernel) => None,
            Ok(Modes::User) => Some(
                "cycles and instructions of the kernel: kernel.perf_event_paranoid allows only those of the program"
                    .into(),
            ),
            Err(reason) => {
                Some(format!("cycles and instructions: not available here: {reason}"))
            }
        }
    }
}
