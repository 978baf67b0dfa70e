//! The comparison: rounds of pairs, in two stages, within a budget.

use crate::order::{BASE, NEW, SIDES, order};
use crate::program::{Program, Side, ready};
use crate::protocol::{Answer, Request};
use crate::slice_len;
use crate::steps::{Event, Judge, Watch};
use crate::{Error, Result};
use fastrand::Rng;
use ipcmark_harness::host;
use ipcmark_record::{
    Arm as SideRun, Contender as SideNote, Difference, Integrity, InvocationOutcome, Outcome,
    PAIRED_SCHEMA, Pair, Paired, PairedCell, PairedSettings, Refusal, Stage, State, SuiteNote,
    Tool,
};
use ipcmark_sys::baton::Baton;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::crew::Absence;
use ipcmark_sys::presence::Presence;
use ipcmark_sys::process::{self, Interrupts};
use std::time::{Duration, Instant};

/// Time that the sides of a pair may take beyond their turns.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time by which a pair that hangs may pass the budget.
pub(crate) const PAST: Duration = Duration::from_secs(1);
/// Share of the budget for the first stage.
const SCREEN_SHARE: f64 = 0.6;

/// Settings of a comparison.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seed of the order of cells and sides, and of the contents of messages.
    pub seed: u64,
    /// Bound on wall time.
    pub budget: Duration,
    /// Pairs of each cell in the first stage, at most.
    pub screen_pairs: u32,
    /// Pairs of each candidate in the second stage before the first look.
    pub confirm_pairs: u32,
    /// Laps of a pair: each side has two slices in each.
    pub laps: u32,
    /// Smallest length of a slice.
    pub slice: Duration,
    /// Upper bound of a warm-up.
    pub warm_up: Duration,
    /// Largest p value that sends a cell to the second stage: the [`Judge`] uses it, the record holds it.
    pub screen_p: f64,
    /// The command line, for the record.
    pub command: Vec<String>,
    /// The build, for the record.
    pub tool: Tool,
    /// The suite's prose, for the record.
    pub suite: SuiteNote,
}

/// The reason why a stage ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Interrupted,
    BudgetSpent,
}

/// A paired comparison.
#[derive(Debug)]
pub struct Comparison {
    document: Paired,
    sides: [Side; SIDES],
    options: Options,
    relay: Baton,
    random: Rng,
    /// Length of the slices of each cell.
    slices: Vec<Duration>,
    begun: Instant,
    round: u32,
    /// Name of this comparison, that other runs count.
    presence: Presence,
    _interrupts: Interrupts,
}

impl Comparison {
    /// Starts each side's program once, so that a wrong one is refused before anything is measured.
    /// `cells` have no pairs; only pending ones are measured.
    ///
    /// # Errors
    /// A side that is not an ipcmark with this protocol; a machine that refuses what is needed.
    pub fn new(
        base: Side,
        new: Side,
        cells: Vec<PairedCell>,
        options: Options,
    ) -> Result<Comparison> {
        let interrupts = Interrupts::handle()?;
        let begun = Instant::now();
        let relay = Baton::new(SIDES)?;
        let mut sides = [base.clone(), base.clone(), base.clone()];
        sides[NEW] = new.clone();
        let clock = Clock::calibrate();
        let (host, presence) = (host::describe(&clock), Presence::announce());
        let note = |side: &Side, number| -> Result<SideNote> {
            let hello = Program::start(side, number, &relay)?.1;
            let differences = hello.host.map(|own| host.differences(&own)).unwrap_or_default();
            let fact = |Difference { name, new, .. }| format!("{name}: {new}");
            Ok(SideNote {
                program: side.name.clone(),
                tool: hello.tool,
                conditions: differences.into_iter().map(fact).collect(),
                env: side.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
                args: side.args.clone(),
            })
        };
        let document = Paired {
            schema: PAIRED_SCHEMA.into(),
            tool: options.tool.clone(),
            started: jiff::Timestamp::now().to_string(),
            finished: None,
            outcome: Outcome::Running,
            settings: PairedSettings {
                seed: options.seed,
                budget_s: options.budget.as_secs_f64(),
                screen_pairs: options.screen_pairs,
                confirm_pairs: options.confirm_pairs,
                turns: 2 * options.laps,
                slice_ms: options.slice.as_secs_f64() * 1e3,
                screen_p: options.screen_p,
                clock_step_ns: clock.step_ns(),
                command: options.command.clone(),
            },
            suite: options.suite.clone(),
            base: note(&base, BASE)?,
            new: note(&new, NEW)?,
            host,
            other_runs: presence.others(),
            cells,
        };
        let least = options.slice;
        let slices = document.cells.iter().map(|c| slice_len::at_first(&c.key, least)).collect();
        Ok(Comparison {
            random: Rng::with_seed(options.seed),
            document,
            sides,
            options,
            relay,
            slices,
            begun,
            round: 0,
            presence,
            _interrupts: interrupts,
        })
    }

    /// Returns the document.
    #[must_use]
    pub fn into_document(self) -> Paired {
        self.document
    }

    /// Measures both stages.
    ///
    /// # Errors
    /// A side's program that no longer starts or answers. The document keeps what was measured.
    pub fn run(&mut self, judge: &dyn Judge, watch: &mut dyn Watch) -> Result<()> {
        let ran = self.stages(judge, watch);
        self.document.other_runs = self.document.other_runs.max(self.presence.others());
        self.document.finished = Some(jiff::Timestamp::now().to_string());
        self.document.outcome = match &ran {
            Ok(None) => Outcome::Complete,
            Ok(Some(Stop::BudgetSpent)) => Outcome::BudgetSpent,
            Ok(Some(Stop::Interrupted)) => Outcome::Interrupted,
            Err(_) => Outcome::Stopped,
        };
        ran.map(drop)
    }

    fn stages(&mut self, judge: &dyn Judge, watch: &mut dyn Watch) -> Result<Option<Stop>> {
        for _ in 0..self.options.screen_pairs {
            let cells = self.open(0..self.document.cells.len());
            match self.round(Stage::Screen, cells, SCREEN_SHARE, watch)? {
                Some(Stop::BudgetSpent) => break,
                Some(stop) => return Ok(Some(stop)),
                None => {}
            }
        }
        let mut candidates = judge.candidates(&self.document);
        watch.event(Event::Screened { candidates: candidates.len() });
        // B6: what is left of the budget goes to what is undecided, until nothing is.
        loop {
            if candidates.is_empty() {
                candidates = judge.unconfirmed(&self.document);
            }
            let cells = self.open(candidates.iter().copied());
            if cells.is_empty() {
                return Ok(None);
            }
            let before = self.pairs();
            if let Some(stop) = self.round(Stage::Confirm, cells, 1.0, watch)? {
                return Ok(Some(stop));
            }
            if self.pairs() == before {
                return Ok(None);
            }
            candidates = judge.undecided(&self.document);
        }
    }

    /// Returns the number of pairs so far.
    fn pairs(&self) -> usize {
        self.document.cells.iter().map(|cell| cell.pairs.len()).sum()
    }

    /// Returns the cells that can be measured.
    fn open(&self, cells: impl Iterator<Item = usize>) -> Vec<usize> {
        let is_open = |state: &State| matches!(state, State::Pending | State::Measured);
        cells.filter(|&index| is_open(&self.document.cells[index].state)).collect()
    }

    /// Measures one pair of each cell in random order, until this share of the budget is spent. Each round starts the programs again.
    fn round(
        &mut self,
        stage: Stage,
        mut cells: Vec<usize>,
        share: f64,
        watch: &mut dyn Watch,
    ) -> Result<Option<Stop>> {
        self.random.shuffle(&mut cells);
        watch.event(Event::Round { stage, round: self.round, cells: cells.len() });
        self.document.other_runs = self.document.other_runs.max(self.presence.others());
        let mut programs = match self.programs() {
            Err(Error::Interrupted) => return Ok(Some(Stop::Interrupted)),
            programs => programs?,
        };
        for index in cells {
            if process::is_interrupted() {
                return Ok(Some(Stop::Interrupted));
            }
            if self.begun.elapsed() >= self.options.budget.mul_f64(share) {
                return Ok(Some(Stop::BudgetSpent));
            }
            watch.event(Event::Visiting(&self.document.cells[index]));
            match self.visit(stage, index, &mut programs) {
                // A signal to the whole group ended the programs too.
                Ok(true) => return Ok(Some(Stop::Interrupted)),
                Err(_) if process::is_interrupted() => return Ok(Some(Stop::Interrupted)),
                visited => visited.map(drop)?,
            }
            watch.event(Event::Visited(&self.document.cells[index]));
        }
        self.round += 1;
        Ok(None)
    }

    fn programs(&self) -> Result<Vec<Program>> {
        let sides = self.sides.iter().enumerate();
        sides.map(|(number, side)| Ok(Program::start(side, number, &self.relay)?.0)).collect()
    }

    /// Measures one pair of one cell; returns true after a signal.
    fn visit(&mut self, stage: Stage, index: usize, programs: &mut [Program]) -> Result<bool> {
        let (slice, cell) = (self.slices[index], &self.document.cells[index]);
        let order = order(self.options.laps, &mut self.random);
        let left = self.options.budget.saturating_sub(self.begun.elapsed());
        let patience = PATIENCE.min(left.max(PAST));
        let request = Request {
            key: cell.key.clone(),
            slice_ns: slice.as_nanos() as u64,
            warm_up_ns: self.options.warm_up.max(slice).as_nanos() as u64,
            deadline_ns: (patience + slice.max(self.options.warm_up) * order.len() as u32)
                .as_nanos() as u64,
            seed: self.random.u64(..) << 2,
            slow_down_permille: 0,
            order,
        };
        let permille = cell.slow_down_permille.unwrap_or_default();
        let started_ns = self.begun.elapsed().as_nanos() as u64;
        self.relay.reset();
        for (number, program) in programs.iter_mut().enumerate() {
            let slow_down_permille = if number == NEW { permille } else { 0 };
            program.ask(&Request { slow_down_permille, ..request.clone() })?;
        }
        self.relay.give(request.order[0], 0)?;
        let mut absence = Absence::default();
        let heard = self.hear(&request, programs, &mut absence)?;
        if !absence.total().is_zero() && !matches!(heard, Heard::Interrupt) {
            // All were stopped, some slices with a message under way: the pair is made again. The budget does not count it.
            self.begun += absence.total();
            return self.visit(stage, index, programs);
        }
        // With less patience than others had, a late end does not prove a hang.
        let is_late = patience < PATIENCE && self.begun.elapsed() >= self.options.budget;
        let cell = &mut self.document.cells[index];
        let [base, new, again] = match heard {
            Heard::Interrupt => return Ok(true),
            Heard::Sides(sides) if is_late && sides.iter().any(has_failed) => return Ok(false),
            Heard::Sides(sides) => *sides,
            Heard::Refusal(state) => {
                if cell.pairs.is_empty() {
                    cell.state = state;
                }
                return Ok(false);
            }
        };
        cell.state = State::Measured;
        self.slices[index] = slice_len::after(slice, &base.slices, self.options.slice);
        cell.pairs.push(Pair { stage, round: self.round, started_ns, base, new, again });
        Ok(false)
    }

    /// Waits for the answers of all sides.
    fn hear(
        &self,
        request: &Request,
        programs: &mut [Program],
        absence: &mut Absence,
    ) -> Result<Heard> {
        let until = Instant::now() + Duration::from_nanos(request.deadline_ns) + PATIENCE;
        let mut answers: [Option<Answer>; SIDES] = Default::default();
        let cell = request.key.to_string();
        while answers.iter().any(Option::is_none) {
            let open: Vec<usize> =
                (0..programs.len()).filter(|&number| answers[number].is_none()).collect();
            let waiting: Vec<_> = open.iter().map(|&number| &programs[number]).collect();
            let Some(which) = ready(&waiting, until, absence)? else {
                self.relay.stop()?;
                return if process::is_interrupted() {
                    Ok(Heard::Interrupt)
                } else {
                    let program = self.sides[open[0]].name.clone();
                    Err(Error::Lost { program, what: "did not answer".into(), cell })
                };
            };
            let answer = programs[open[which]].answer(&cell)?;
            let well = matches!(
                &answer,
                Answer::Made { arm: SideRun { outcome: InvocationOutcome::Ok, .. } }
            );
            if !well {
                // The others wait for a turn that it never passes on.
                self.relay.stop()?;
            }
            answers[open[which]] = Some(answer);
        }
        let made = answers.map(|answer| match answer.expect("all have answered") {
            Answer::Made { arm } => Ok(arm),
            Answer::Refused { state } => Err(state),
        });
        Ok(match made {
            [Err(state), ..] | [.., Err(state)] => Heard::Refusal(state),
            // A cell that the new side alone refuses failed there.
            [Ok(base), new, Ok(again)] => {
                let new = new.unwrap_or_else(|state| nothing(words(&state)));
                Heard::Sides(Box::new([base, new, again]))
            }
        })
    }
}

/// The result of a pair of invocations.
enum Heard {
    /// The base, the new side, the base again; each may have failed.
    Sides(Box<[SideRun; SIDES]>),
    /// The base cannot measure this cell.
    Refusal(State),
    /// A signal came.
    Interrupt,
}

fn has_failed(side: &SideRun) -> bool {
    side.outcome != InvocationOutcome::Ok
}

/// Returns a failed side without slices.
fn nothing(what: String) -> SideRun {
    SideRun {
        outcome: InvocationOutcome::Failed { side: "supervisor".into(), what },
        integrity: Integrity::default(),
        slices: Vec::new(),
    }
}

fn words(state: &State) -> String {
    match state {
        State::Unavailable(Refusal { reason, .. }) | State::Unsupported { reason } => {
            reason.clone()
        }
        State::Pending | State::Measured => "could not be measured".into(),
    }
}
