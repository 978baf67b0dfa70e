//! A run: cells visited in interleaved rounds, the record kept up to date.
//!
//! There are rounds because a machine drifts: with ten invocations of one cell and then ten of the
//! next, the drift would look like a difference of the cells. Each round visits its cells once, in
//! a new order. A [`Steer`] chooses the cells. If the machine disturbed an invocation, the same
//! round makes it again; only the marks decide this, never the result. The budget is a promise
//! about wall time: the measured phase of each visit is cut to the time that is left for it.

mod cells;
mod counts;
mod machine;
mod neighbours;
mod pace;
mod resume;
mod spec;
mod steer;
mod visit;
mod watch;

use crate::host;
use crate::placement::{self, Cpus};
use crate::{Bench, Entry, Result, Scratch, harness_cost};
pub use cells::new_cells;
use counts::Counts;
use ipcmark_core::{Extent, Plan};
use ipcmark_record::{Host, Invocation, MachineNoise, Mark, Outcome, Record, Rule, SCHEMA, Writer};
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Interrupts};
use machine::Machine;
use neighbours::Crowds;
use pace::Pace;
use spec::entries;
pub use spec::{CellSpec, Options, command_line, plan};
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};
pub use steer::{Aim, Round, Rounds, Steer, is_open, rounds_of};
pub use watch::{Event, Watch};

/// Time by which a visit that hangs may pass the budget.
const PAST: Duration = Duration::from_secs(1);
/// Number of times that a round repeats a marked invocation.
const AGAIN: usize = 2;

/// A run: before, during and after its measurements.
#[derive(Debug)]
pub struct Session {
    /// The transports of the record's cells, by name.
    entries: HashMap<String, &'static Entry>,
    record: Record,
    writer: Option<Writer>,
    clock: Clock,
    scratch: Scratch,
    options: Options,
    /// Looks at the machine between invocations.
    machine: Machine,
    /// Counts that are made once a cell.
    counts: Counts,
    /// Neighbours of the cells.
    crowds: Crowds,
    /// Duration of the resumed run before it stopped, ns.
    before_ns: u64,
    /// Time in which the run was stopped from outside: its budget does not count it.
    absent: Duration,
    /// Handler of signals, kept until the names are removed.
    _interrupts: Interrupts,
}

impl Session {
    /// Describes the machine, measures the harness's own cost, and decides which cells cannot be
    /// measured here and why.
    pub fn new(specs: Vec<CellSpec>, options: Options) -> Result<Session> {
        let interrupts = Interrupts::handle()?;
        if !options.cpus.is_empty() {
            let mut cpus = options.cpus.clone();
            cpus.sort_unstable();
            affinity::pin_to(&cpus)?;
        }
        let scratch = Scratch::new()?;
        let clock = Clock::calibrate();
        let bench = Bench { clock, cpus: Cpus::FREE, neighbours: None };
        let mut host = Host { checkout: options.checkout.clone(), ..host::describe(&clock) };
        host.cpus.sort_by_key(|cpu| options.cpus.iter().position(|id| *id == cpu.id));
        let cells = new_cells(&specs, &host.cpus, options.measure);
        let mut record = Record {
            schema: SCHEMA.into(),
            tool: options.tool.clone(),
            started: jiff::Timestamp::now().to_string(),
            finished: None,
            outcome: Outcome::Running,
            settings: options.settings(),
            suite: options.suite.clone(),
            harness: options.with_raw_cost(harness_cost(&bench, options.floor, &scratch), &clock),
            host,
            resumed: Vec::new(),
            clock: None,
            limits: Vec::new(),
            limit_deaths: 0,
            sharing: Vec::new(),
            noise: None,
            not_counted: Vec::new(),
            rules: Vec::new(),
            knees: Vec::new(),
            cells,
        };
        let counts = Counts::new(options.count, options.budget, &record.cells);
        record.not_counted = counts.lines();
        let machine = Machine::new(clock);
        let noise = |others| MachineNoise { other_runs: Some(others), ..MachineNoise::default() };
        record.noise = machine.other_runs().map(noise);
        Ok(Session {
            entries: entries(&specs).collect(),
            record,
            writer: None,
            clock,
            scratch,
            options,
            counts,
            crowds: Crowds::default(),
            machine,
            before_ns: 0,
            absent: Duration::ZERO,
            _interrupts: interrupts,
        })
    }

    /// Puts the mechanisms' own rules, found on this machine, into the record.
    #[must_use]
    pub fn with_rules(mut self, rules: Vec<Rule>) -> Session {
        self.record.rules = rules;
        self
    }

    /// Bounds [`run`](Session::run) by the rest of the budget that the record states.
    #[must_use]
    pub fn within(mut self, left: Option<Duration>) -> Session {
        self.options.budget = left;
        self.counts = Counts::new(self.options.count, left, &self.record.cells);
        self
    }

    /// Returns the time that [`run`](Session::run) spent on limits, and on counts.
    #[must_use]
    pub fn spent(&self) -> [Duration; 2] {
        [self.machine.limits_took(), self.counts.spent]
    }

    /// Keeps the record at `path`, with a journal next to it, from now on.
    pub fn keep_at(&mut self, path: &Path) -> Result<()> {
        self.writer = Some(Writer::create(path, &self.record)?);
        Ok(())
    }

    /// Returns the record so far.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Returns the record and ends the session.
    #[must_use]
    pub fn into_record(self) -> Record {
        self.record
    }

    /// Measures until `steer` asks for no more, the budget is spent, or a signal asks for the end;
    /// the record says which. It keeps the results in each case, even if it can no longer write
    /// the record.
    pub fn run(&mut self, steer: &mut dyn Steer, watch: &mut dyn Watch) -> Result<()> {
        let begun = Instant::now();
        let ran = self.rounds(begun, steer, watch);
        self.look_at_last(begun);
        self.record.knees = steer.knees(&self.record);
        let standings = steer.standings(&self.record);
        for (cell, standing) in self.record.cells.iter_mut().zip(standings) {
            cell.standing = standing;
        }
        self.record.outcome = match ran {
            Ok(outcome) => outcome,
            Err(_) => Outcome::Stopped,
        };
        self.record.finished = Some(jiff::Timestamp::now().to_string());
        let kept = self.writer.take().map_or(Ok(()), |writer| writer.finish(&self.record));
        watch.event(Event::Ended(self.record.outcome));
        ran.map(drop)?;
        Ok(kept?)
    }

    /// Returns the rest of the budget; `None` without one.
    fn left(&self, begun: Instant) -> Option<Duration> {
        self.options.budget.map(|budget| budget.saturating_sub(self.spent_since(begun)))
    }

    fn rounds(
        &mut self,
        begun: Instant,
        steer: &mut dyn Steer,
        watch: &mut dyn Watch,
    ) -> Result<Outcome> {
        let mut random = fastrand::Rng::with_seed(self.options.seed);
        let (cells, visits) = steer.sure(&self.record);
        watch.event(Event::Started { cells, visits, record: &self.record });
        let mut pace = Pace::new(self.options.budget, self.options.measure);
        let mut visit = 0;
        for number in self.next_round().. {
            let between = Instant::now();
            self.take_in(steer.more(&self.record))?;
            let sure = steer.sure(&self.record).1;
            let Some(Round { cells: mut order, aim }) = steer.round(&self.record) else { break };
            random.shuffle(&mut order);
            pace.round(sure, order.len());
            if sure == 0 && !pace.holds_round(self.spent_since(begun)) {
                break;
            }
            self.look(begun)?;
            pace.spent_beside(between.elapsed());
            watch.event(Event::RoundBegins { round: number, cells: order.len(), aim });
            match self.round(number, order, (&mut pace, &mut visit), begun, (steer, watch))? {
                None => {}
                // All sure visits were made, so the run is complete.
                Some(Outcome::BudgetSpent) if steer.sure(&self.record).1 == 0 => break,
                Some(outcome) => return Ok(outcome),
            }
            self.counts.round_is_over();
            if let Some(writer) = &mut self.writer {
                writer.checkpoint(&self.record)?;
            }
            watch.event(Event::RoundEnded { round: number });
        }
        Ok(Outcome::Complete)
    }

    /// Visits each of `cells`, and again those whose invocation was marked. Returns the outcome if
    /// the run ends here.
    fn round(
        &mut self,
        number: u32,
        mut cells: Vec<usize>,
        (pace, visit): (&mut Pace, &mut usize),
        begun: Instant,
        (steer, watch): (&dyn Steer, &mut dyn Watch),
    ) -> Result<Option<Outcome>> {
        for again in 0..=AGAIN {
            let mut marked = Vec::new();
            for index in cells {
                if process::is_interrupted() {
                    return Ok(Some(Outcome::Interrupted));
                }
                let spoken_for = self.spent_since(begun) + self.counts.reserve();
                let measure = match again {
                    0 => pace.next(spoken_for),
                    _ => pace.spare(spoken_for),
                };
                let Some(measure) = measure else {
                    return Ok((again == 0).then_some(Outcome::BudgetSpent));
                };
                let phase = steer.phase(&self.record, index);
                let measure = phase.map_or(measure, |phase| phase.min(measure));
                let cell = &self.record.cells[index];
                watch.event(Event::Visiting { cell, round: number, visit: *visit });
                let had = cell.invocations.len();
                let (visit_begun, absent) = (Instant::now(), self.absent);
                let ended = self.visit(index, number, measure, begun, watch)?;
                let newest = self.record.cells[index].invocations.get(had);
                // The time of a hang, or of a stop, says nothing about the cost of visits.
                if newest.is_none_or(Invocation::is_ok) && self.absent == absent {
                    pace.spent(visit_begun.elapsed(), measure);
                }
                // A quota is there at the next try, too.
                let passes = |mark: &Mark| *mark != Mark::Throttled;
                if newest.is_some_and(|i| i.marks.iter().any(passes)) {
                    marked.push(index);
                }
                *visit += 1;
                if ended.is_some() {
                    return Ok(ended);
                }
                if self.count(index, number, measure)? {
                    return Ok(Some(Outcome::Interrupted));
                }
            }
            cells = marked;
        }
        Ok(None)
    }

    /// Returns the time that counts against the budget.
    fn spent_since(&self, begun: Instant) -> Duration {
        begun.elapsed().saturating_sub(self.absent)
    }

    /// Returns the transport of a cell.
    fn entry(&self, index: usize) -> &'static Entry {
        self.entries[&self.record.cells[index].key.transport]
    }

    /// Returns the number of the next round. A resumed run continues to count.
    fn next_round(&self) -> u32 {
        let made = self.record.cells.iter().flat_map(|cell| &cell.invocations);
        made.map(|i| i.round + 1).max().unwrap_or_default()
    }

    /// Returns the plan of one invocation of one cell, and its CPUs.
    fn plan(
        &self,
        index: usize,
        round: u32,
        measure: Duration,
        patience: Duration,
    ) -> (Plan, Bench) {
        let key = &self.record.cells[index].key;
        let cpus = placement::choose(key.placement, &self.record.host.cpus).unwrap_or(Cpus::FREE);
        let warm_up = self.options.warm_up.min(measure);
        let plan = Plan {
            check_all: self.options.check_all,
            extent: Extent::Time(measure),
            warm_up,
            deadline: warm_up + measure + patience,
            seed: self.options.seed.wrapping_add((u64::from(round) << 32) | index as u64) << 2,
            ..spec::plan(key, self.options.trace.as_ref(), self.scratch.names())
        };
        (plan, Bench { clock: self.clock, cpus, neighbours: None })
    }
}
