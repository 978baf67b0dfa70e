//! The comparison: rounds of pairs, in two stages, within a budget of time.

use crate::contender::{Contender, Side, ready};
use crate::order::{ARMS, BASE, NEW, order};
use crate::protocol::{Answer, Request};
use crate::slice_len;
use crate::{Error, Result};
use fastrand::Rng;
use ipcmark_harness::host;
use ipcmark_record::{
    Arm, Contender as Told, Integrity, InvocationOutcome, Outcome, PAIRED_SCHEMA, Pair, Paired,
    PairedCell, PairedSettings, Stage, State, SuiteNote, Tool,
};
use ipcmark_sys::baton::Baton;
use ipcmark_sys::clock::Clock;
use ipcmark_sys::process::{self, Interrupts};
use std::time::{Duration, Instant};

/// How long the arms of a pair may take beyond their turns before they count as hung.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of the budget, what the first stage may take.
const SCREEN_SHARE: f64 = 0.6;

/// How to compare.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seeds the order of cells and arms, and the contents of messages.
    pub seed: u64,
    /// Bound on wall time.
    pub budget: Duration,
    /// Pairs of each cell in the first stage, at most.
    pub screen_pairs: u32,
    /// Pairs of each candidate in the second, before any is looked at.
    pub confirm_pairs: u32,
    /// Pairs of a candidate in all, at most, where it stays undecided and time is left.
    pub most_pairs: u32,
    /// Palindromes of a pair: measured turns of each arm are twice as many.
    pub palindromes: u32,
    /// Length of a slice, at least.
    pub slice: Duration,
    /// Upper bound of a warm-up.
    pub warm_up: Duration,
    /// Cells go to the second stage where the p value of their change is at most this: for the record; a [`Judge`] heeds it.
    pub screen_p: f64,
    /// The command line, for the record.
    pub command: Vec<String>,
    /// The build, for the record.
    pub tool: Tool,
    /// The suite's prose, for the record.
    pub suite: SuiteNote,
}

/// Who looks at what was measured so far, and says what to look at again.
pub trait Judge {
    /// Cells that may have changed, after the first stage.
    fn candidates(&self, so_far: &Paired) -> Vec<usize>;
    /// Of those, the ones that are still undecided, the most promising first, when all have had their pairs.
    fn undecided(&self, so_far: &Paired) -> Vec<usize>;
}

/// What happens, for whoever shows progress.
#[derive(Debug)]
pub enum Event<'a> {
    /// A round begins: so many cells.
    Round {
        /// Its stage.
        stage: Stage,
        /// Its number.
        round: u32,
        /// Its cells.
        cells: usize,
    },
    /// A cell is visited.
    Visiting(&'a PairedCell),
    /// Its pair is there, well or not.
    Visited(&'a PairedCell),
    /// The first stage is over, and so many cells go on to the second.
    Screened {
        /// How many.
        candidates: usize,
    },
}

/// Whoever shows progress.
pub trait Watch {
    /// Takes note.
    fn event(&mut self, event: Event<'_>);
}

/// Why a stage ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Interrupted,
    BudgetSpent,
}

/// A comparison, before, while and after it measures.
#[derive(Debug)]
pub struct Duel {
    document: Paired,
    sides: [Side; ARMS],
    options: Options,
    relay: Baton,
    random: Rng,
    /// Of each cell.
    slices: Vec<Duration>,
    begun: Instant,
    round: u32,
    _interrupts: Interrupts,
}

impl Duel {
    /// Starts each side's program once, so that one that cannot be compared is told before anything is measured. `cells` are
    /// without pairs; those whose state is not pending are left alone.
    pub fn new(base: Side, new: Side, cells: Vec<PairedCell>, options: Options) -> Result<Duel> {
        let interrupts = Interrupts::heed()?;
        let begun = Instant::now();
        let relay = Baton::new(ARMS)?;
        let mut sides = [base.clone(), base.clone(), base.clone()];
        sides[NEW] = new.clone();
        let told = |side: &Side, arm| -> Result<Told> {
            Ok(Told {
                program: side.name.clone(),
                tool: Contender::start(side, arm, &relay)?.1.tool,
                env: side.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
                args: side.args.clone(),
            })
        };
        let clock = Clock::calibrate();
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
                turns: 2 * options.palindromes,
                slice_ms: options.slice.as_secs_f64() * 1e3,
                screen_p: options.screen_p,
                clock_step_ns: clock.step_ns(),
                command: options.command.clone(),
            },
            suite: options.suite.clone(),
            host: host::describe(&clock),
            base: told(&base, BASE)?,
            new: told(&new, NEW)?,
            cells,
        };
        let least = options.slice;
        let slices = document.cells.iter().map(|c| slice_len::at_first(&c.key, least)).collect();
        Ok(Duel {
            random: Rng::with_seed(options.seed),
            document,
            sides,
            options,
            relay,
            slices,
            begun,
            round: 0,
            _interrupts: interrupts,
        })
    }

    /// The document.
    #[must_use]
    pub fn into_document(self) -> Paired {
        self.document
    }

    /// Measures both stages.
    ///
    /// # Errors
    /// A side's program that can no longer be started or asked. What was measured stands in the document in each case.
    pub fn run(&mut self, judge: &dyn Judge, watch: &mut dyn Watch) -> Result<()> {
        let ran = self.stages(judge, watch);
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
        let budget = self.options.budget;
        let screen_end = self.begun + budget.mul_f64(SCREEN_SHARE);
        for _ in 0..self.options.screen_pairs {
            let cells = self.open(0..self.document.cells.len());
            match self.round(Stage::Screen, cells, screen_end, watch)? {
                Some(Stop::BudgetSpent) => break,
                Some(stop) => return Ok(Some(stop)),
                None => {}
            }
        }
        let mut candidates = judge.candidates(&self.document);
        watch.event(Event::Screened { candidates: candidates.len() });
        let end = self.begun + budget;
        for made in 0..self.options.most_pairs {
            if made >= self.options.confirm_pairs {
                candidates = judge.undecided(&self.document);
            }
            if candidates.is_empty() {
                break;
            }
            let cells = self.open(candidates.iter().copied());
            if let Some(stop) = self.round(Stage::Confirm, cells, end, watch)? {
                return Ok(Some(stop));
            }
        }
        Ok(None)
    }

    /// Those that can be measured, as far as is known.
    fn open(&self, cells: impl Iterator<Item = usize>) -> Vec<usize> {
        let is_open = |state: &State| matches!(state, State::Pending | State::Measured);
        cells.filter(|&index| is_open(&self.document.cells[index].state)).collect()
    }

    /// One pair of each cell, in an order of its own. The programs are started anew.
    fn round(
        &mut self,
        stage: Stage,
        mut cells: Vec<usize>,
        end: Instant,
        watch: &mut dyn Watch,
    ) -> Result<Option<Stop>> {
        self.random.shuffle(&mut cells);
        watch.event(Event::Round { stage, round: self.round, cells: cells.len() });
        let mut contenders = self.contenders()?;
        for index in cells {
            if process::is_interrupted() {
                return Ok(Some(Stop::Interrupted));
            }
            if Instant::now() >= end {
                return Ok(Some(Stop::BudgetSpent));
            }
            watch.event(Event::Visiting(&self.document.cells[index]));
            if self.visit(stage, index, &mut contenders)? {
                return Ok(Some(Stop::Interrupted));
            }
            watch.event(Event::Visited(&self.document.cells[index]));
        }
        self.round += 1;
        Ok(None)
    }

    fn contenders(&self) -> Result<Vec<Contender>> {
        let sides = self.sides.iter().enumerate();
        sides.map(|(arm, side)| Ok(Contender::start(side, arm, &self.relay)?.0)).collect()
    }

    /// One pair of one cell; true where a signal came meanwhile.
    fn visit(&mut self, stage: Stage, index: usize, contenders: &mut [Contender]) -> Result<bool> {
        let (slice, cell) = (self.slices[index], &self.document.cells[index]);
        let order = order(self.options.palindromes, &mut self.random);
        let request = Request {
            key: cell.key.clone(),
            slice_ns: slice.as_nanos() as u64,
            warm_up_ns: self.options.warm_up.max(slice).as_nanos() as u64,
            deadline_ns: (PATIENCE + slice.max(self.options.warm_up) * order.len() as u32)
                .as_nanos() as u64,
            seed: self.random.u64(..) << 2,
            slow_down_permille: 0,
            order,
        };
        let permille = cell.slow_down_permille.unwrap_or_default();
        let started_ns = self.begun.elapsed().as_nanos() as u64;
        self.relay.reset();
        for (arm, contender) in contenders.iter_mut().enumerate() {
            let slow_down_permille = if arm == NEW { permille } else { 0 };
            contender.ask(&Request { slow_down_permille, ..request.clone() })?;
        }
        self.relay.give(request.order[0], 0)?;
        let heard = self.hear(&request, contenders)?;
        let cell = &mut self.document.cells[index];
        let [base, new, again] = match heard {
            Heard::Interrupt => return Ok(true),
            Heard::Arms(arms) => *arms,
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

    /// Waits for all arms' answers.
    fn hear(&self, request: &Request, contenders: &mut [Contender]) -> Result<Heard> {
        let until = Instant::now() + Duration::from_nanos(request.deadline_ns) + PATIENCE;
        let mut answers: [Option<Answer>; ARMS] = Default::default();
        let cell = request.key.to_string();
        while answers.iter().any(Option::is_none) {
            let open: Vec<usize> =
                (0..contenders.len()).filter(|&arm| answers[arm].is_none()).collect();
            let waiting: Vec<_> = open.iter().map(|&arm| &contenders[arm]).collect();
            let Some(which) = ready(&waiting, until)? else {
                self.relay.stop()?;
                return if process::is_interrupted() {
                    Ok(Heard::Interrupt)
                } else {
                    let program = self.sides[open[0]].name.clone();
                    Err(Error::Lost { program, what: "fell silent".into(), cell })
                };
            };
            let answer = contenders[open[which]].answer(&cell)?;
            let well =
                matches!(&answer, Answer::Made { arm: Arm { outcome: InvocationOutcome::Ok, .. } });
            if !well {
                // The others wait for a turn that it will never hand on.
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
            // What the new side alone refuses has failed there.
            [Ok(base), new, Ok(again)] => {
                let new = new.unwrap_or_else(|state| nothing(words(&state)));
                Heard::Arms(Box::new([base, new, again]))
            }
        })
    }
}

/// What came of a pair of invocations.
enum Heard {
    /// Each arm's, well or not: the base, the new side, the base again.
    Arms(Box<[Arm; ARMS]>),
    /// The base cannot measure this cell.
    Refusal(State),
    /// A signal came meanwhile.
    Interrupt,
}

/// An arm without a slice.
fn nothing(what: String) -> Arm {
    Arm {
        outcome: InvocationOutcome::Failed { side: "supervisor".into(), what },
        integrity: Integrity::default(),
        slices: Vec::new(),
    }
}

fn words(state: &State) -> String {
    match state {
        State::Unavailable { reason, .. } | State::Unsupported { reason } => reason.clone(),
        State::Pending | State::Measured => "could not be measured".into(),
    }
}
