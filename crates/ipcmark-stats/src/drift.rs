//! How far the machine as a whole drifts in a run: what no number of invocations averages away.

use crate::median;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use std::collections::BTreeMap;

/// A window has at least this many observations; twice as many where there are enough for more than the fewest windows.
const A_WINDOW_LEAST: usize = 8;
const A_WINDOW: usize = 16;
const WINDOWS_LEAST: usize = 6;
const WINDOWS_MOST: usize = 40;

/// One figure, when it was measured, and what it is a figure of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Number of the series (the cell) that it belongs to.
    pub series: usize,
    /// Time in seconds after any fixed moment.
    pub at_s: f64,
    /// Natural logarithm of the figure.
    pub log: f64,
}

/// The factor that all series of a run share, which goes up and down with the machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Stretches of the run that it was found from.
    pub windows: usize,
    /// Standard deviation of the log of the factor from window to window, without what the sampling of the windows adds.
    pub factor_sd: f64,
    /// Standard error of the mean of the log of the factor over the run: how far the whole run is off, as one. It is found from
    /// few windows that are alike, and made as much larger as Student's quantile is than the normal one, so that 1.96
    /// of it reach as far as they should.
    pub standard_error: f64,
    /// Correlation of the factor of one window with that of the next.
    pub autocorrelation: f64,
}

/// Returns the drift that `observations` show; `None` where they are too few for 6 windows of 8, or not all finite.
///
/// Each series is taken relative to its own median; what the series of one window then have in common is the factor. A window's
/// observations are dealt to two halves in turn, and the covariance of the halves' medians is the variance of the factor:
/// what either median owes to its own sample is not common to both, so nothing need be known of its law.
///
/// Neighbouring windows are alike, so the mean of a run is worth fewer windows than there are. The factor is taken as a first-order
/// autoregression; its variance and correlation are those whose expected moments, after the run's own mean is taken
/// away, are the moments found. Where windows are few the correlation is drawn towards `EXPECTED`.
///
/// Source: Box, Jenkins and Reinsel, "Time Series Analysis", section 2.1 (variance of a mean); Anderson, "The Statistical
/// Analysis of Time Series" (1971), section 8.3 (moments about the sample mean); Bartlett, "On the Theoretical Specification of
/// Sampling Properties of Autocorrelated Time Series" (1946).
#[must_use]
pub fn drift(observations: &[Observation]) -> Option<Drift> {
    if !observations.iter().all(|o| o.at_s.is_finite() && o.log.is_finite()) {
        return None;
    }
    let residuals = residuals(observations);
    let windows = (residuals.len() / A_WINDOW)
        .clamp(WINDOWS_LEAST, WINDOWS_MOST)
        .min(residuals.len() / A_WINDOW_LEAST);
    if windows < WINDOWS_LEAST {
        return None;
    }
    let halves: Vec<(f64, f64)> = (0..windows)
        .map(|w| {
            let n = residuals.len();
            halves(&residuals[w * n / windows..(w + 1) * n / windows])
        })
        .collect();
    let [c0, c1] = [0, 1].map(|lag| covariance(&halves, lag));
    let rho = correlation(c0, c1, windows);
    let variance = (c0 / kept(rho, windows)[0]).max(0.0);
    Some(Drift {
        windows,
        factor_sd: variance.sqrt(),
        standard_error: (variance * of_the_mean(rho, windows)).sqrt() * student(rho, windows),
        autocorrelation: rho,
    })
}

/// Prior correlation of neighbouring windows, and the number of windows that the prior counts as.
pub(crate) const EXPECTED: f64 = 0.5;
const EXPECTED_WEIGHT: f64 = 6.0;
/// Beyond this the run is too short against the drift to tell a slow factor from a constant one.
const CORRELATION_MOST: f64 = 0.95;

/// Returns each observation less its series' median, in the order of time.
fn residuals(observations: &[Observation]) -> Vec<f64> {
    let mut by_series: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for observation in observations {
        by_series.entry(observation.series).or_default().push(observation.log);
    }
    let medians: BTreeMap<usize, f64> =
        by_series.into_iter().filter_map(|(series, logs)| Some((series, median(&logs)?))).collect();
    let mut in_time = observations.to_vec();
    in_time.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    in_time.iter().map(|o| o.log - medians[&o.series]).collect()
}

/// Returns the medians of every other residual and of those between.
fn halves(window: &[f64]) -> (f64, f64) {
    let half = |from: usize| {
        let own: Vec<f64> = window.iter().skip(from).step_by(2).copied().collect();
        median(&own).expect("a window has several observations")
    };
    (half(0), half(1))
}

/// Returns the autocovariance at `lag` of what the halves have in common, over the number of
/// windows.
fn covariance(halves: &[(f64, f64)], lag: usize) -> f64 {
    let n = halves.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| halves.iter().map(of).sum::<f64>() / n;
    let (first, second) = (mean(|h| h.0), mean(|h| h.1));
    let centred: Vec<(f64, f64)> = halves.iter().map(|h| (h.0 - first, h.1 - second)).collect();
    let product = |(now, then): (&(f64, f64), &(f64, f64))| match lag {
        // Only products of one half and the other are free of the noise of both.
        0 => now.0 * now.1,
        _ => (now.0 + now.1) * (then.0 + then.1) / 4.0,
    };
    centred.iter().zip(&centred[lag..]).map(product).sum::<f64>() / n
}

/// Returns the correlation whose expected moments stand to each other as those found.
fn correlation(c0: f64, c1: f64, windows: usize) -> f64 {
    let found = if c0 > 0.0 {
        let (mut low, mut high) = (0.0, CORRELATION_MOST);
        for _ in 0..30 {
            let middle = f64::midpoint(low, high);
            let [k0, k1] = kept(middle, windows);
            if k1 / k0 < c1 / c0 { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    } else {
        EXPECTED
    };
    let weight = windows as f64;
    (found * weight + EXPECTED * EXPECTED_WEIGHT) / (weight + EXPECTED_WEIGHT)
}

/// Returns how many times as far as the normal law's the 95 % of Student's reach, with the degrees of freedom that a variance
/// from `n` values of such an autoregression has (Bartlett: the sum of the squared correlations divides them).
fn student(rho: f64, n: usize) -> f64 {
    const LEAST: f64 = 3.0;
    const UPPER: f64 = 0.975;
    let freedom = (n as f64 * (1.0 - rho * rho) / (1.0 + rho * rho) - 1.0).max(LEAST);
    let student = StudentsT::new(0.0, 1.0, freedom).expect("above zero");
    student.inverse_cdf(UPPER) / Normal::standard().inverse_cdf(UPPER)
}

/// Returns the variance of the mean of `n` values of a first-order autoregression with variance 1.
fn of_the_mean(rho: f64, n: usize) -> f64 {
    let whole = n as f64;
    let pairs: f64 = (1..n).map(|k| (1.0 - k as f64 / whole) * rho.powi(k as i32)).sum();
    (1.0 + 2.0 * pairs) / whole
}

/// Returns what is expected of the autocovariances at lags 0 and 1 of such values, about their own mean and divided
/// by `n`.
fn kept(rho: f64, n: usize) -> [f64; 2] {
    let whole = n as f64;
    let mean = of_the_mean(rho, n);
    // Sum over t of the covariance of value t with the mean of all, over all t but the last and over all but the first.
    let with_the_mean =
        |t: usize| -> f64 { (0..n).map(|s| rho.powi(t.abs_diff(s) as i32)).sum::<f64>() / whole };
    let ends = with_the_mean(0) + with_the_mean(n - 1);
    let pairs = whole - 1.0;
    let k1 = pairs * rho - (2.0 * whole * mean - ends) + pairs * mean;
    [1.0 - mean, k1 / whole]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_moments_are_those_of_summing_every_pair() {
        for (rho, n) in [(0.0f64, 6), (0.5, 6), (0.8, 17), (0.95, 40)] {
            let correlation = |a: usize, b: usize| rho.powi(a.abs_diff(b) as i32);
            let whole = n as f64;
            let with_mean = |t| (0..n).map(|s| correlation(t, s)).sum::<f64>() / whole;
            let of_mean = (0..n).map(with_mean).sum::<f64>() / whole;
            let about_mean = |a, b| correlation(a, b) - with_mean(a) - with_mean(b) + of_mean;
            let k0 = (0..n).map(|t| about_mean(t, t)).sum::<f64>() / whole;
            let k1 = (1..n).map(|t| about_mean(t - 1, t)).sum::<f64>() / whole;
            let [found0, found1] = kept(rho, n);
            assert!((found0 - k0).abs() < 1e-12 && (found1 - k1).abs() < 1e-12, "{rho} {n}");
            assert!((of_the_mean(rho, n) - of_mean).abs() < 1e-12);
        }
    }

    #[test]
    fn students_share_is_that_of_the_tables() {
        // 95 % two-sided: 2.2281 at 10 degrees of freedom, 3.1824 at 3.
        assert!((student(0.0, 11) - 2.228_139 / 1.959_964).abs() < 1e-4);
        assert!((student(0.9, 6) - 3.182_446 / 1.959_964).abs() < 1e-4);
    }

    /// `count` figures of 5 series, one each second, under a factor that goes up and down every 80 s.
    fn wave(count: usize, height: f64) -> Vec<Observation> {
        let at = |i: usize| {
            let at_s = i as f64;
            let series = i % 5;
            let factor = height * (at_s / 80.0 * std::f64::consts::TAU).sin();
            Observation { series, at_s, log: series as f64 + factor }
        };
        (0..count).map(at).collect()
    }

    #[test]
    fn too_little_is_none_and_order_does_not_matter() {
        assert_eq!(drift(&[]), None);
        assert_eq!(drift(&wave(47, 0.1)), None);
        let found = drift(&wave(48, 0.1)).unwrap();
        assert_eq!(found.windows, 6);
        let mut backwards = wave(48, 0.1);
        backwards.reverse();
        assert_eq!(drift(&backwards), Some(found));
        let mut broken = wave(48, 0.1);
        broken[7].log = f64::NEG_INFINITY;
        assert_eq!(drift(&broken), None);
    }

    #[test]
    fn a_machine_that_does_not_drift_has_none() {
        let found = drift(&wave(200, 0.0)).unwrap();
        assert_eq!((found.factor_sd, found.standard_error), (0.0, 0.0));
        assert!(drift(&wave(200, 0.1)).unwrap().factor_sd > 0.03);
    }
}
