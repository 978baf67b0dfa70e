//! A suite of paired comparisons: what two stages call, and what they invent.

use crate::laws::normal;
use fastrand::Rng;
use ipcmark_stats::{holm, pseudo_median, signed_rank_p, smallest_detectable};

/// Smallest effect worth a word, a fraction.
pub(crate) const DELTA: f64 = 0.02;
pub(crate) const CONFIDENCE: f64 = 0.95;
pub(crate) const POWER: f64 = 0.8;

/// Spread of the log ratios of pairs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// Standard deviation of most of them.
    pub(crate) deviation: f64,
    /// The share of them that spreads three times as far.
    pub(crate) wild: f64,
    /// Skew to the slow side, 0 for none: sigma of a centred log-normal law.
    pub(crate) skew: f64,
}

impl Spread {
    pub(crate) const fn normal(deviation: f64) -> Spread {
        Spread { deviation, wild: 0.0, skew: 0.0 }
    }

    pub(crate) fn name(&self) -> String {
        let tail = match (self.wild > 0.0, self.skew > 0.0) {
            (true, _) => format!(", {:.0} % of pairs at three times that", self.wild * 100.0),
            (_, true) => ", skewed".into(),
            _ => String::new(),
        };
        format!("SD {:.0} %{tail}", self.deviation * 100.0)
    }

    fn value(&self, rng: &mut Rng) -> f64 {
        let far = if rng.f64() < self.wild { 3.0 } else { 1.0 };
        let unit = if self.skew > 0.0 {
            // The median of the law is 0 and its standard deviation 1.
            let square = self.skew.powi(2);
            let deviation = ((square.exp() - 1.0) * square.exp()).sqrt();
            ((self.skew * normal(rng)).exp() - 1.0) / deviation
        } else {
            normal(rng)
        };
        self.deviation * far * unit
    }

    pub(crate) fn values(&self, n: usize, shift: f64, rng: &mut Rng) -> Vec<f64> {
        (0..n).map(|_| shift + self.value(rng)).collect()
    }
}

/// The suite and the two stages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Suite {
    pub(crate) cells: usize,
    /// Number of these that are truly slower.
    pub(crate) slower: usize,
    /// By which fraction.
    pub(crate) effect: f64,
    pub(crate) screen_pairs: usize,
    pub(crate) screen_p: f64,
    /// Pairs of the second stage for each pair of the first.
    pub(crate) fresh: usize,
}

/// Results of a suite, on average.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    /// Share of the slower cells that were called.
    pub(crate) power: f64,
    /// Calls on cells that did not change, a suite.
    pub(crate) false_alarms: f64,
    /// Candidates of the second stage, a suite.
    pub(crate) candidates: f64,
}

/// Returns true if the interval lies wholly beyond the smallest effect, on either side.
fn beyond(differences: &[f64]) -> bool {
    let interval = pseudo_median(differences, CONFIDENCE).and_then(|shift| shift.interval);
    interval.is_some_and(|i| i.low > DELTA.ln_1p() || i.high < -DELTA.ln_1p())
}

/// Screens each cell, looks at the candidates again on fresh pairs, corrects by Holm, and calls what lies beyond the smallest
/// effect.
pub(crate) fn suites(suite: &Suite, spread: Spread, trials: u32, seed: u64) -> Outcome {
    let mut rng = Rng::with_seed(seed);
    let (mut called, mut invented, mut candidates) = (0, 0, 0);
    for _ in 0..trials {
        let shift = |cell: usize| if cell < suite.slower { suite.effect.ln_1p() } else { 0.0 };
        let again: Vec<(usize, Vec<f64>)> = (0..suite.cells)
            .filter(|cell| {
                let seen = spread.values(suite.screen_pairs, shift(*cell), &mut rng);
                signed_rank_p(&seen).is_some_and(|p| p <= suite.screen_p)
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|cell| {
                (cell, spread.values(suite.fresh * suite.screen_pairs, shift(cell), &mut rng))
            })
            .collect();
        candidates += again.len();
        let p: Vec<f64> =
            again.iter().map(|(_, fresh)| signed_rank_p(fresh).unwrap_or(1.0)).collect();
        for ((cell, fresh), p) in again.iter().zip(holm(&p)) {
            if p <= 1.0 - CONFIDENCE && beyond(fresh) {
                *(if *cell < suite.slower { &mut called } else { &mut invented }) += 1;
            }
        }
    }
    let suites = f64::from(trials);
    Outcome {
        power: f64::from(called) / (suites * suite.slower as f64),
        false_alarms: f64::from(invented) / suites,
        candidates: candidates as f64 / suites,
    }
}

/// Returns how often the interval of the pseudo-median of `n` values holds their median, what it says of that, and how often the
/// signed-rank p value is at most 5 %.
pub(crate) fn coverage(spread: Spread, n: usize, trials: u32, seed: u64) -> (f64, f64, f64) {
    let mut rng = Rng::with_seed(seed);
    let (mut held, mut small, mut promised) = (0, 0, 0.0);
    for _ in 0..trials {
        let seen = spread.values(n, 0.0, &mut rng);
        if let Some(i) = pseudo_median(&seen, CONFIDENCE).and_then(|shift| shift.interval) {
            held += u32::from(i.low <= 0.0 && 0.0 <= i.high);
            promised = i.confidence;
        }
        small += u32::from(signed_rank_p(&seen).is_some_and(|p| p <= 0.05));
    }
    let share = |count: u32| f64::from(count) / f64::from(trials);
    (share(held), promised, share(small))
}

/// Returns, for comparisons with `n` pairs each, the smallest detectable effect that the middle one states, as a fraction, and how often a
/// fresh comparison with just the effect stated calls it.
pub(crate) fn power_at_the_stated_effect(
    spread: Spread,
    n: usize,
    trials: u32,
    seed: u64,
) -> (f64, f64) {
    let mut rng = Rng::with_seed(seed);
    let (mut called, mut stated) = (0, Vec::new());
    for _ in 0..trials {
        let seen = spread.values(n, 0.0, &mut rng);
        let Some(effect) = smallest_detectable(&seen, n, DELTA.ln_1p(), CONFIDENCE, POWER) else {
            continue;
        };
        let fresh = spread.values(n, effect, &mut rng);
        let interval = pseudo_median(&fresh, CONFIDENCE).and_then(|shift| shift.interval);
        called += u32::from(interval.is_some_and(|i| i.low > DELTA.ln_1p()));
        stated.push(effect.exp_m1());
    }
    let median = ipcmark_stats::median(&stated).unwrap_or(f64::NAN);
    (median, f64::from(called) / f64::from(trials))
}
