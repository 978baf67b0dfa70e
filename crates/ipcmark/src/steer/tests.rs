//! Runs that are drawn, not made: a steer asks for rounds, each visit of a round is an invocation
//! whose level is drawn. What it asks for can then be compared with what is known of the cells.

use super::{Adaptive, Fixed, steer};
use fastrand::Rng;
use ipcmark_harness::session::{Aim, Steer, rounds_of};
use ipcmark_record::{
    CellKey, Invocation, Mark, Placement, Record, Standing, Target, Workload, sample,
};

/// Rounds of the pilot, and invocations at most.
const PILOT: u32 = 9;
const MOST: u32 = 40;
/// Length of a visit of the drawn run, ns.
const VISIT_NS: u64 = 20_000_000;

/// A drawn run: one measured cell of the sample, as often as there are levels; cell i scatters by
/// `spread[i]`.
struct Drawn {
    record: Record,
    template: Invocation,
    spread: Vec<f64>,
    rng: Rng,
    now_ns: u64,
    /// The cells of each round.
    rounds: Vec<(Aim, Vec<usize>)>,
    /// Share of the visits whose invocation is marked, cell by cell.
    disturbed: Vec<f64>,
}

impl Drawn {
    fn new(spread: &[f64]) -> Drawn {
        let key = CellKey::new("pipe/block", Workload::PingPong, 64, Placement::SameCore);
        let mut record = sample::record_of(1, 1, |k| *k == key);
        let mut cell = record.cells.remove(0);
        let mut template = cell.invocations.remove(0);
        template.marks.clear();
        let cells = (0..spread.len()).map(|i| {
            let key = CellKey { transport: format!("pipe-{i}/block"), ..key.clone() };
            ipcmark_record::Cell { key, standing: None, ..cell.clone() }
        });
        record.cells = cells.collect();
        record.settings.rounds = PILOT;
        record.settings.rounds_most = Some(MOST);
        record.settings.target = Some(Target { p50: 0.05, p99: 0.9 });
        let disturbed = vec![0.0; spread.len()];
        let rng = Rng::with_seed(7);
        Drawn { record, template, spread: spread.into(), rng, now_ns: 0, rounds: vec![], disturbed }
    }

    /// Follows `steer` for at most `visits` visits; true when it wanted no more.
    fn follow(&mut self, steer: &mut dyn Steer, visits: usize) -> bool {
        let mut made = 0;
        while made < visits {
            let Some(round) = steer.round(&self.record) else { return true };
            assert!(!round.cells.is_empty());
            let number = self.rounds.len() as u32;
            for &cell in &round.cells {
                self.visit(cell, number);
                made += 1;
            }
            self.rounds.push((round.aim, round.cells));
        }
        false
    }

    fn visit(&mut self, index: usize, round: u32) {
        let level = (self.spread[index] * (2.0 * self.rng.f64() - 1.0)).exp();
        let mut one = self.record.cells[index].clone();
        one.invocations =
            vec![Invocation { round, started_ns: self.now_ns, ..self.template.clone() }];
        sample::slow_down(&mut one, level);
        let mut made = one.invocations.remove(0);
        if self.rng.f64() < self.disturbed[index] {
            made.marks.push(Mark::Stolen);
        }
        self.record.cells[index].invocations.push(made);
        self.now_ns += VISIT_NS;
    }

    fn visits(&self, cell: usize) -> usize {
        self.record.cells[cell].invocations.len()
    }
}

#[test]
fn a_pilot_visits_every_cell_and_what_is_left_goes_to_the_wide_ones() {
    // 20 cells that are known after the pilot, 20 that are not.
    let spread: Vec<f64> = (0..40).map(|i| if i < 20 { 0.005 } else { 0.12 }).collect();
    let mut run = Drawn::new(&spread);
    let mut steer = Adaptive::new(&run.record.settings);
    assert_eq!(steer.sure(&run.record), (40, 40 * PILOT as usize));
    assert!(!run.follow(&mut steer, 40 * PILOT as usize + 200));
    let (pilot, narrow) = run.rounds.split_at(PILOT as usize);
    assert!(pilot.iter().all(|(aim, cells)| *aim == Aim::Pilot && cells.len() == 40));
    for (aim, cells) in narrow {
        assert!(matches!(aim, Aim::Narrow { wide, target: 0.05 } if *wide <= 20), "{aim:?}");
        assert!(cells.iter().all(|cell| *cell >= 20), "narrow cells are left alone: {cells:?}");
        let mut once = cells.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), cells.len(), "each at most once a round");
    }
    assert!((0..20).all(|cell| run.visits(cell) == PILOT as usize));
    // They take turns: no wide cell waits while another gets all.
    let extra: Vec<_> = (20..40).map(|cell| run.visits(cell) - PILOT as usize).collect();
    assert!(extra.iter().filter(|n| **n > 0).count() >= 15, "{extra:?}");
}

#[test]
fn a_run_without_a_budget_ends_at_the_target_or_at_the_most() {
    let mut run = Drawn::new(&[0.005, 0.01, 0.3, 3.0]);
    let mut steer = Adaptive::new(&run.record.settings);
    assert!(run.follow(&mut steer, 10_000), "it ends by itself");
    assert!(run.record.cells.iter().all(|c| c.invocations.len() <= MOST as usize));
    let standings = steer.standings(&run.record);
    assert_eq!(standings[0], Some(Standing::Precise));
    assert_eq!((standings[3], run.visits(3)), (Some(Standing::Wide), MOST as usize));
}

#[test]
fn what_is_set_aside_is_made_good_but_not_for_ever() {
    let mut run = Drawn::new(&[0.005; 10]);
    run.disturbed[3] = 0.25;
    run.disturbed[7] = 1.0;
    let mut steer = Adaptive::new(&run.record.settings);
    assert!(run.follow(&mut steer, 10_000), "it ends by itself");
    let clean = |cell: usize| {
        run.record.cells[cell].invocations.iter().filter(|i| i.marks.is_empty()).count()
    };
    assert_eq!(clean(3), PILOT as usize, "of {}", run.visits(3));
    assert_eq!(run.visits(7), 2 * PILOT as usize, "twice the pilot, and then no more");
    let standings = steer.standings(&run.record);
    assert_eq!((standings[0], standings[7]), (Some(Standing::Precise), Some(Standing::Noisy)));
}

#[test]
fn a_run_that_was_stopped_is_steered_on_as_if_it_had_not_been() {
    let spread: Vec<f64> = (0..12).map(|i| if i < 6 { 0.005 } else { 0.2 }).collect();
    for stop in [30, 12 * PILOT as usize, 12 * PILOT as usize + 40] {
        let mut run = Drawn::new(&spread);
        run.follow(&mut *steer(&run.record.settings.clone()), stop);
        let again = steer(&run.record.settings).round(&run.record);
        let mut same = Adaptive::new(&run.record.settings);
        assert_eq!(again, same.round(&run.record), "by the record alone");
        let missing: u32 =
            run.record.cells.iter().map(|c| PILOT.saturating_sub(rounds_of(c))).sum();
        assert_eq!(same.sure(&run.record).1, missing as usize);
        run.follow(&mut same, 10_000);
        assert!((0..6).all(|cell| run.visits(cell) == PILOT as usize));
        assert!((6..12).all(|cell| run.visits(cell) > PILOT as usize));
    }
}

#[test]
fn fixed_rounds_are_fixed_and_judged_all_the_same() {
    let mut run = Drawn::new(&[0.002, 0.3]);
    run.record.settings.rounds_most = None;
    run.record.settings.target = None;
    let mut fixed = Fixed::new(PILOT);
    assert!(run.follow(&mut fixed, 10_000));
    assert_eq!((run.visits(0), run.visits(1)), (PILOT as usize, PILOT as usize));
    assert_eq!(fixed.standings(&run.record)[1], Some(Standing::Wide));
    assert!(steer(&run.record.settings).round(&run.record).is_none());
    let mut few = Drawn::new(&[0.002]);
    few.follow(&mut Fixed::new(3), 10_000);
    assert_eq!(Fixed::new(3).standings(&few.record), [Some(Standing::Few)]);
}

#[test]
fn a_cell_that_never_settles_says_so() {
    let mut run = Drawn::new(&[0.002]);
    run.template.warm_up.steady = false;
    let mut steer = Adaptive::new(&run.record.settings);
    run.follow(&mut steer, 10_000);
    assert_eq!(steer.standings(&run.record), [Some(Standing::NotSteady)]);
}
