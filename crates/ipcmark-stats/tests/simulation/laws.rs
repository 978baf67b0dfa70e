//! Laws that values are drawn from, and how often something happens with them.

use fastrand::Rng;
use std::f64::consts::{PI, TAU};

pub(crate) const TRIALS: u32 = 3_000;

pub(crate) fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (TAU * rng.f64()).cos()
}

pub(crate) fn log_normal(rng: &mut Rng) -> f64 {
    (0.8 * normal(rng)).exp() - 1.0
}

/// Draws from Cauchy's law: no mean, no variance.
pub(crate) fn heavy_tailed(rng: &mut Rng) -> f64 {
    (PI * (rng.f64() - 0.5)).tan()
}

/// Times around `median` whose logarithms spread by 10 %, and one in ten of which is far too long.
pub(crate) fn times(rng: &mut Rng, n: usize, median: f64) -> Vec<f64> {
    let stall = |rng: &mut Rng| if rng.f64() < 0.1 { 1.0 + 2.0 * rng.f64() } else { 1.0 };
    (0..n).map(|_| median * (0.1 * normal(rng)).exp() * stall(rng)).collect()
}

/// Returns the share of trials in which `happens`.
pub(crate) fn share(seed: u64, mut happens: impl FnMut(&mut Rng) -> bool) -> f64 {
    let mut rng = Rng::with_seed(seed);
    let times = (0..TRIALS).filter(|_| happens(&mut rng)).count();
    times as f64 / f64::from(TRIALS)
}

/// Returns four standard errors of a share that is truly `p`.
pub(crate) fn slack(p: f64) -> f64 {
    4.0 * (p * (1.0 - p) / f64::from(TRIALS)).sqrt()
}

/// `n` values of a first-order autoregression with standard deviation 1: each is `rho` times the one before, and chance.
pub(crate) fn autoregression(rng: &mut Rng, n: usize, rho: f64) -> Vec<f64> {
    let mut now = normal(rng);
    let mut next = || {
        let value = now;
        now = rho * now + (1.0 - rho * rho).sqrt() * normal(rng);
        value
    };
    (0..n).map(|_| next()).collect()
}
