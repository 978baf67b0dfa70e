//! Series over commits: change points that are none, and steps that are found.

use crate::laws::{autoregression, normal};
use fastrand::Rng;
use ipcmark_stats::{ChangePoint, Scan, change_points};

/// Noise of a series while nothing changes, as a factor on each of its points.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Noise {
    /// Independent, with this coefficient of variation.
    White(f64),
    /// Independent, with logarithms of this standard deviation.
    LogNormal(f64),
    /// Each point leans on the one before by the first number; the second is the coefficient of variation.
    Autoregressive(f64, f64),
    /// Independent with the coefficient of variation, and one point in twenty half as much again.
    Spiked(f64),
}

impl Noise {
    pub(crate) fn name(self) -> String {
        let percent = |v: f64| format!("{:.0} %", v * 100.0);
        match self {
            Noise::White(cv) => format!("white, CV {}", percent(cv)),
            Noise::LogNormal(sigma) => format!("log-normal, sigma {}", percent(sigma)),
            Noise::Autoregressive(rho, cv) => format!("autocorrelated {rho}, CV {}", percent(cv)),
            Noise::Spiked(cv) => format!("white, CV {}, 5 % of points at 1.5 times", percent(cv)),
        }
    }

    pub(crate) fn series(self, n: usize, rng: &mut Rng) -> Vec<f64> {
        match self {
            Noise::White(cv) => (0..n).map(|_| 1.0 + cv * normal(rng)).collect(),
            Noise::LogNormal(sigma) => (0..n).map(|_| (sigma * normal(rng)).exp()).collect(),
            Noise::Autoregressive(rho, cv) => {
                autoregression(rng, n, rho).into_iter().map(|v| 1.0 + cv * v).collect()
            }
            Noise::Spiked(cv) => (0..n)
                .map(|_| (1.0 + cv * normal(rng)) * if rng.f64() < 0.05 { 1.5 } else { 1.0 })
                .collect(),
        }
    }
}

/// Returns the change points that one scan finds in series of `n` commits without any, a series.
pub(crate) fn false_points(noise: Noise, n: usize, trials: u32, scan: &Scan) -> f64 {
    let mut rng = Rng::with_seed(scan.seed);
    let found: usize =
        (0..trials).map(|_| change_points(&noise.series(n, &mut rng), scan).len()).sum();
    found as f64 / f64::from(trials)
}

/// Returns the same where the series is scanned after each commit, as CI does: places at which any scan ever saw one, those
/// within 5 points of an earlier one counted once.
pub(crate) fn false_alarms(noise: Noise, n: usize, trials: u32, scan: &Scan) -> f64 {
    let mut rng = Rng::with_seed(scan.seed);
    let mut alarms = 0;
    for _ in 0..trials {
        let series = noise.series(n, &mut rng);
        let mut places: Vec<usize> = Vec::new();
        for commits in scan.least_points..=n {
            for point in change_points(&series[..commits], scan) {
                if places.iter().all(|place| place.abs_diff(point.at) > 5) {
                    places.push(point.at);
                }
            }
        }
        alarms += places.len();
    }
    f64::from(alarms as u32) / f64::from(trials)
}

/// Returns the share of series in which a step to `ratio` times the level after `before` points is found within two points of
/// its place, once `after` points of the new level are there; and the share of those series with another change point near it.
pub(crate) fn found(
    noise: Noise,
    (before, after): (usize, usize),
    ratio: f64,
    trials: u32,
    scan: &Scan,
) -> (f64, f64) {
    let mut rng = Rng::with_seed(scan.seed);
    let (mut hits, mut others) = (0, 0);
    for _ in 0..trials {
        let mut series = noise.series(before + after, &mut rng);
        series[before..].iter_mut().for_each(|v| *v *= ratio);
        let points = change_points(&series, scan);
        let here =
            |c: &&ChangePoint| c.at.abs_diff(before) <= 2 && (c.ratio > 1.0) == (ratio > 1.0);
        hits += u32::from(points.iter().any(|c| here(&c)));
        others += u32::from(points.iter().any(|c| !here(&c)));
    }
    (f64::from(hits) / f64::from(trials), f64::from(others) / f64::from(trials))
}

/// Returns the share of series in which a level of `ratio` times that lasts `length` points, between `around` points on each side,
/// has both its ends found within two points.
pub(crate) fn bump_found(
    noise: Noise,
    (around, length): (usize, usize),
    ratio: f64,
    trials: u32,
    scan: &Scan,
) -> f64 {
    let mut rng = Rng::with_seed(scan.seed);
    let mut hits = 0;
    for _ in 0..trials {
        let mut series = noise.series(2 * around + length, &mut rng);
        series[around..around + length].iter_mut().for_each(|v| *v *= ratio);
        let points = change_points(&series, scan);
        let near = |place: usize| points.iter().any(|c| c.at.abs_diff(place) <= 2);
        hits += u32::from(near(around) && near(around + length));
    }
    f64::from(hits) / f64::from(trials)
}
