//! Drift: whether a run can tell from itself how far it is off as a whole.

use crate::laws::{autoregression, normal};
use fastrand::Rng;
use ipcmark_stats::{Observation, drift, median};

/// A run of interleaved rounds over `cells`, visited in a new order each round, one visit after the other.
pub(crate) struct Machine {
    pub(crate) cells: usize,
    pub(crate) rounds: usize,
    /// The factor all cells share: standard deviation of its logarithm,
    pub(crate) factor_sd: f64,
    /// its correlation over a tenth of the run,
    pub(crate) rho_of_a_tenth: f64,
    /// and the spread of a visit's own logarithm; it has a heavy tail upwards.
    pub(crate) own_sd: f64,
}

impl Machine {
    /// Returns one run: what was seen, and the mean of the factor's logarithm.
    pub(crate) fn run(&self, rng: &mut Rng) -> (Vec<Observation>, f64) {
        let visits = self.cells * self.rounds;
        let rho = self.rho_of_a_tenth.powf(10.0 / visits as f64);
        let factors: Vec<f64> =
            autoregression(rng, visits, rho).into_iter().map(|f| f * self.factor_sd).collect();
        let mut order: Vec<usize> = (0..self.cells).collect();
        let seen = (0..visits).map(|visit| {
            if visit % self.cells == 0 {
                rng.shuffle(&mut order);
            }
            let series = order[visit % self.cells];
            let own = self.own_sd * normal(rng) * if rng.f64() < 0.05 { 4.0 } else { 1.0 };
            let log = series as f64 + factors[visit] + own;
            Observation { series, at_s: visit as f64, log }
        });
        (seen.collect(), factors.iter().sum::<f64>() / visits as f64)
    }
}

/// Returns root mean squares over runs: of the true mean factor, and of the standard error found; and the median of that.
fn truth_and_found(machine: &Machine, seed: u64) -> (f64, f64, f64) {
    const RUNS: usize = 120;
    let mut rng = Rng::with_seed(seed);
    let (mut truths, mut found) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (seen, truth) = machine.run(&mut rng);
        truths.push(truth);
        found.push(drift(&seen).unwrap().standard_error);
    }
    let rms = |values: &[f64]| (values.iter().map(|v| v * v).sum::<f64>() / RUNS as f64).sqrt();
    (rms(&truths), rms(&found), median(&found).unwrap())
}

#[test]
fn the_standard_error_is_right_within_a_factor_of_two() {
    for rho_of_a_tenth in [0.05, 0.25, 0.5, 0.8] {
        for (cells, rounds) in [(20, 9), (60, 9), (60, 30)] {
            let machine = Machine { cells, rounds, factor_sd: 0.057, rho_of_a_tenth, own_sd: 0.05 };
            let (truth, found, middle) = truth_and_found(&machine, rounds as u64);
            let shares = [found / truth, middle / truth];
            assert!(
                shares.iter().all(|share| (0.5..2.0).contains(share)),
                "correlation {rho_of_a_tenth}, {cells} cells, {rounds} rounds: true {truth}, found {found}, median {middle}"
            );
        }
    }
}

#[test]
fn no_drift_is_found_where_there_is_none() {
    for (cells, rounds) in [(10, 9), (60, 9), (60, 30)] {
        let machine = Machine { cells, rounds, factor_sd: 0.0, rho_of_a_tenth: 0.5, own_sd: 0.05 };
        let (_, found, middle) = truth_and_found(&machine, 3);
        // A cell's own median of that many is known to 1.25 x 0.05 / sqrt(rounds): the drift adds little to that.
        let own = 1.25 * machine.own_sd / (rounds as f64).sqrt();
        assert!(
            middle < 0.3 * own && found < own,
            "{cells} x {rounds}: {found} {middle}, own {own}"
        );
    }
}
